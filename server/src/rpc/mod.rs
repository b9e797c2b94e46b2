//! The gRPC edge: one file a service, and what they share.

mod admin;
mod fault;
mod ledger;
mod oversize;
mod page_token;

pub use admin::Admin;
pub use ledger::{Ledger, RpcLimits};
pub use oversize::OversizeLayer;
