//! A CSV file: its bytes, its rows, its columns, what stands in its cells, and what is wrong with it.

mod cells;
mod columns;
mod finding;
mod lines;
mod rows;
mod source;

pub(super) use cells::{Cells, DateFormat};
pub(super) use columns::{Columns, Field, Mapped, REFUSED_ID, REFUSED_WHY, Wishes};
pub(super) use finding::{Finding, Findings, bad_file, shown};
pub(super) use rows::{Row, Rows};
pub(super) use source::{Source, folder_of};
