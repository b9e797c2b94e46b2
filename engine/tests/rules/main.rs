//! The rules as tables: one line a case.
//!
//! A line is a short history in a small ledger of its own, commands separated by `|`. The language is
//! described in [`world`]; what it checks on the way, for every line, too: what is refused changes nothing but the id
//! that it uses up, what is known changes nothing at all, every id gives its first answer again at the end,
//! and replay arrives at the same state.

mod accounts;
mod ceilings;
mod due;
mod holds;
mod listing;
mod payments;
mod precedence;
mod repeats;
mod script;
mod transfers;
mod world;

use world::World;

/// What every case begins with: 1 and 6 pay without limit, 2 has nothing, 3 an agreed overdraft; 4 and
/// 5 are the same in another asset. Nobody has an account 7.
const ACCOUNTS: &str = "
    open 1 EUR none | open 2 EUR | open 3 EUR overdraft=50 | open 4 JPY none | open 5 JPY | open 6 EUR none
";

/// Runs each line in a ledger of its own.
fn cases(rows: &str) {
    for row in script::lines(rows) {
        let mut world = World::new();
        for command in script::commands(ACCOUNTS).chain(script::commands(row)) {
            world.expect(command, row);
        }
        world.finish(row);
    }
}
