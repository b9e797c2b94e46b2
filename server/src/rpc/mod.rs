//! The gRPC edge: one file a service, and what they share.

mod admin;
mod backup;
mod balance;
mod event;
mod fault;
mod ledger;
mod listing;
mod oversize;
mod page;
mod past;
mod payment;
mod pool;
mod snapshots;
mod statement;
mod stream;
mod token;

pub use admin::Admin;
pub use backup::Backups;
pub use event::{Events, FeedLimits};
pub use ledger::{Ledger, RpcLimits};
pub use oversize::OversizeLayer;
pub use payment::Payments;
pub use pool::ReadPool;
