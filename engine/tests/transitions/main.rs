//! Every transition of holds and payments, walked: from nothing, by every action with every kind of amount, due or not,
//! frozen or not, to every state that a hold of 3 or a payment of 4 can reach. At each edge the ledger must do what
//! [`table`] says, its numbers must be those of the walk's own arithmetic, and replay must give the same state.
//!
//! How it fails: at the first edge where ledger and table disagree, with state, action and both answers; and at the end
//! with a cell of the table that no edge has met. That a wrong cell is noticed is a test of its own below.

mod table;
mod walk;

use table::{Cell, HOLDS, PAYMENTS, Table};
use walk::walk;

/// How far apart the cells are that are changed. It has been run with 1.
const EVERY: usize = 23;

fn check(name: &str, text: &str, is_payment: bool) {
    let table = Table::new(text, is_payment);
    let walked = walk(&table, is_payment).unwrap_or_else(|why| panic!("{name}: {why}"));
    println!(
        "{name}: {} states and {} edges walked, {} cells of the table met",
        walked.nodes,
        walked.edges,
        walked.cases.len()
    );
    for (case, cell) in &table.0 {
        let met = walked.cases.contains(case);
        assert_eq!(met, *cell != Cell::Never, "{name}: {case:?} is {cell:?}, met: {met}");
    }
}

#[test]
fn holds() {
    check("holds", HOLDS, false);
}

#[test]
fn payments() {
    check("payments", PAYMENTS, true);
}

/// Cells are changed, one at a time, here and there all over the tables; the walk must notice each.
#[test]
fn a_wrong_cell_is_noticed() {
    for (text, is_payment) in [(HOLDS, false), (PAYMENTS, true)] {
        let table = Table::new(text, is_payment);
        let mut changed = 0;
        for place in (0..table.0.len()).step_by(EVERY) {
            let mut wrong = table.clone();
            let (case, cell) = &mut wrong.0[place];
            let other = match cell {
                Cell::Never => continue,
                Cell::Nothing => Cell::Reason("HOLD_NOT_FOUND".to_owned()),
                Cell::State(_) => Cell::State("Lost".to_owned()),
                Cell::Reason(_) => Cell::Nothing,
            };
            *cell = other;
            let case = case.clone();
            assert!(walk(&wrong, is_payment).is_err(), "{case:?} can be anything");
            changed += 1;
        }
        println!("{changed} cells changed, each noticed");
    }
}
