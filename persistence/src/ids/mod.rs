//! Ids for good.

mod key;

pub use key::{IdEntry, IdKey, IdKind, ids_of};
