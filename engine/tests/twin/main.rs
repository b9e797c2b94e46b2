//! The ledger and a naive twin of it, side by side over long random histories: whatever is asked, both must
//! give the same answer and end in the same state.
//!
//! A history follows from its seed. When one fails, its seed and a shortened list of its commands are
//! printed, and the seed alone reproduces it:
//!
//! ```text
//! FLORIN_TWIN_SEED=17 cargo test -p florin-engine --test twin -- histories
//! FLORIN_TWIN_HISTORIES=20000 cargo test -p florin-engine --test twin -- histories
//! ```

mod account;
mod command;
mod coverage;
mod generate;
mod history;
mod memory;
mod model;
mod pair;
mod plant;
mod record;
mod rng;

use std::num::NonZero;
use std::str::FromStr;
use std::thread::{self, ScopedJoinHandle};

use coverage::Coverage;
use plant::Plant;

const HISTORIES: u64 = 400;
const COMMANDS: usize = 500;

/// A plant that survives this many histories is one that the twin cannot find.
const HISTORIES_TO_FIND_A_PLANT: u64 = 20;

fn from_env<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().ok().unwrap_or_else(|| panic!("{name} must be a number, not {text:?}")))
}

#[test]
fn histories() {
    if let Some(seed) = from_env("FLORIN_TWIN_SEED") {
        run(seed);
        return;
    }
    let histories = from_env("FLORIN_TWIN_HISTORIES").unwrap_or(HISTORIES);
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let share = |worker| move || (0..histories).skip(worker).step_by(workers).map(run).collect();
    let coverage: Coverage = thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|worker| scope.spawn(share(worker))).collect();
        let joined = running.into_iter().map(ScopedJoinHandle::join);
        joined.map(|share: thread::Result<Coverage>| share.expect("a history failed")).collect()
    });
    println!("{histories} histories of {COMMANDS} commands\n{coverage}");
    if histories >= HISTORIES {
        coverage.assert_complete();
    }
}

/// One history to its end, or the shortest way we find to where it fails.
fn run(seed: u64) -> Coverage {
    history::run(seed, COMMANDS, Plant::None).unwrap_or_else(|failure| {
        panic!("seed {seed}:\n{}", failure.shorten(Plant::None));
    })
}

/// A twin that never disagrees proves nothing: with a rule broken on purpose it must.
#[test]
fn every_planted_bug_is_found() {
    println!("{:32} {:>9} {:>9}", "plant", "histories", "commands");
    for plant in Plant::ALL {
        let found = (0..HISTORIES_TO_FIND_A_PLANT)
            .find_map(|seed| Some((seed, history::run(seed, COMMANDS, *plant).err()?)));
        let Some((seed, failure)) = found else {
            panic!("{plant:?} survived {HISTORIES_TO_FIND_A_PLANT} histories");
        };
        println!("{:32} {:>9} {:>9}", format!("{plant:?}"), seed + 1, failure.commands.len());
    }
}

/// What is printed for a failing seed must be short enough to read, and must still fail.
#[test]
fn a_failure_is_shortened() {
    let failure = history::run(0, COMMANDS, Plant::AppliesDuplicates).expect_err("planted");
    let before = failure.commands.len();
    let short = failure.shorten(Plant::AppliesDuplicates);
    assert!(short.commands.len() <= 8, "from {before} commands to\n{short}");
    assert!(history::replay(&short.commands, Plant::AppliesDuplicates).is_err());
    assert!(history::replay(&short.commands, Plant::None).is_ok());
}
