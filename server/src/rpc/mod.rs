//! The gRPC edge: one file a service, and what they share.

mod admin;
mod backup;
mod balance;
mod event;
pub(crate) mod fault;
mod fencing;
mod gate;
mod ledger;
mod listing;
mod oversize;
mod page;
mod past;
mod payment;
mod pool;
mod replication;
mod snapshots;
mod statement;
mod stream;
mod token;

pub use admin::Admin;
pub use backup::Backups;
pub use event::{ARCHIVED_READS_MAX, Events, FeedLimits};
pub(crate) use fencing::{Refused, check_token, keep_fence};
pub use gate::Gate;
pub use ledger::{Ledger, RpcLimits};
pub use oversize::OversizeLayer;
pub use payment::Payments;
pub use pool::ReadPool;
pub use replication::{Pieces, Replication};
