//! The feed: everything that happens, in order, as soon as it is on disk.

mod event;
mod filter;
mod subscription;

pub use event::{AccountChanged, Event, EventBatch, EventBody, EventKind};
pub use filter::{Cursor, EventFilter, FeedFrom};
pub use subscription::Subscription;
