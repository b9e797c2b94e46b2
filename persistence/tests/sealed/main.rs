//! Indexes of sealed segments and the past that is found through them, against a scan of all events.

#[path = "../common/mod.rs"]
mod common;

mod book;
mod damage;
mod golden;
mod twin;
