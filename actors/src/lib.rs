//! Who runs what in which order. The modules, read downwards, are a payment's way:
//!
//! * [`admit`]: weigh a request, take a permit or refuse;
//! * [`dispatch`]: from the edge to the partition, many requests in one message;
//! * [`partition`]: one actix actor on its own arbiter, single writer of its accounts: `collect → load →
//!   decide → evolve`;
//! * [`journal`]: one thread that makes a frame of everything that waits, and syncs it;
//! * [`reply`]: everybody whose event is durable, in one wake-up a sync;
//! * [`feed`]: the publish stage. What is durable goes to the [`directory`] and to those who follow; [`publish`] has the
//!   figures.
//!
//! Beside it: [`clock`], which says what has fallen due; [`load`], the readers that fetch records from the disk so
//! that the partition never waits for one; [`spare`], which zeroes the next journal segment ahead; and [`trace`], which
//! notes where the time of a request goes when somebody wants to know.
//!
//! What makes a restart quick and the past cheap: [`snapshots`] are taken, and segments that are over are given their index
//! and their ids by [`seal`], while payments go on; [`start`] puts the state together from them, [`rebuild`]ing what came
//! later from the journal. [`beside`] has their figures. [`archive`] takes old segments out of the hot set.

pub mod admit;
mod ahead;
pub mod archive;
pub mod beside;
mod chunks_ahead;
pub mod clock;
pub mod command;
pub mod directory;
pub mod dispatch;
pub mod feed;
pub mod journal;
pub mod load;
pub mod partition;
pub mod publish;
pub mod rebuild;
pub mod refusals;
pub mod reply;
pub mod seal;
pub mod sealed_ids;
pub mod snapshots;
pub mod spare;
pub mod start;
pub mod trace;

mod engine;

pub use dispatch::Begun;
pub use engine::{Engine, EngineOptions, OpenedEngine};
