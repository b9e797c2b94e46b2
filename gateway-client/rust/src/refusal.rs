//! Why something was refused, and what would have passed.

use florin_proto::v1;
/// Every reason, in order of precedence. A reason that is newer than this client reads as
/// `Unspecified`; the message still says what it is.
pub use florin_proto::v1::refusal::Reason;

use crate::id::AccountId;
use crate::wire::non_empty;

/// An explained refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({})", .reason.as_str_name())]
pub struct Refusal {
    /// The reason: decide on this.
    pub reason: Reason,
    /// One sentence for people.
    pub message: String,
    /// The account on which it failed.
    pub account_id: Option<AccountId>,
    /// What was asked for.
    pub asked_minor: Option<u128>,
    /// How much was missing.
    pub missing_minor: Option<u128>,
    /// The largest amount that would have passed this rule. For `GROUP_TOO_LARGE` it is a number of
    /// bytes.
    pub would_pass_minor: Option<u128>,
    /// The request's field that is malformed or differs.
    pub field: Option<String>,
    /// In a group's refusal: index of the member that decided.
    pub member: u32,
}

impl From<v1::Refusal> for Refusal {
    fn from(wire: v1::Refusal) -> Self {
        Self {
            reason: wire.reason(),
            message: wire.message,
            account_id: wire.account_id.map(AccountId::from),
            asked_minor: wire.asked.map(u128::from),
            missing_minor: wire.missing.map(u128::from),
            would_pass_minor: wire.would_pass.map(u128::from),
            field: non_empty(wire.field),
            member: wire.member,
        }
    }
}
