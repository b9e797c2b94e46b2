//! Which events, and from where.

use std::fmt;

use florin_proto::v1;

use super::EventKind;
use crate::key::AccountKey;

/// A place in the feed. Opaque: made by the server. Keep it with what you have done with the events before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor that was kept as text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedFrom {
    /// With the first event.
    Beginning,
    /// Right after this cursor.
    Cursor(Cursor),
    /// With what happens from now on.
    End,
}

impl From<FeedFrom> for v1::subscribe_request::From {
    fn from(from: FeedFrom) -> Self {
        match from {
            FeedFrom::Beginning => Self::Beginning(true),
            FeedFrom::Cursor(cursor) => Self::Cursor(cursor.0),
            FeedFrom::End => Self::End(true),
        }
    }
}

/// Which events. Each kind of condition narrows it down further; within one kind, one match is enough.
///
/// ```
/// use florin_client::{EventFilter, EventKind};
/// let wallets = EventFilter::everything()
///     .name_prefix("customer:")
///     .kind(EventKind::TransferPosted)
///     .kind(EventKind::Payment);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventFilter {
    pub(super) wire: v1::EventFilter,
}

impl EventFilter {
    /// Every event.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Those that change this account, or another one that is named here.
    #[must_use]
    pub fn account(mut self, account: impl Into<AccountKey>) -> Self {
        self.wire.accounts.push(account.into().into());
        self
    }

    /// Those that change an account whose name begins with this.
    #[must_use]
    pub fn name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.wire.name_prefixes.push(prefix.into());
        self
    }

    /// Those of the asset with this code.
    #[must_use]
    pub fn asset(mut self, code: impl Into<String>) -> Self {
        self.wire.assets.push(code.into());
        self
    }

    /// Those of this kind.
    #[must_use]
    pub fn kind(mut self, kind: EventKind) -> Self {
        self.wire.kinds.push(kind.into());
        self
    }
}
