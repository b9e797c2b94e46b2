//! The table "What recovery does" of `docs/JOURNAL_FORMAT.md`, row by row.

mod case;
#[path = "../common/mod.rs"]
mod common;
mod contents;
mod frames;
mod segments;
