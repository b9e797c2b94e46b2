//! The gRPC edge: one file a service, and what they share.

mod admin;
mod fault;
mod ledger;
mod oversize;
mod page_token;
mod payment;
mod stream;

pub use admin::Admin;
pub use ledger::{Ledger, RpcLimits};
pub use oversize::OversizeLayer;
pub use payment::Payments;
