//! Between the contract's types and the engine's. The only place that knows both.

mod account;
mod balance;
mod bulk;
mod event;
mod filter;
mod found;
mod hold;
mod payment;
mod refusal;
mod terms;
mod transfer;
mod unique;

pub use account::{
    account_key, account_to_wire, asset_to_wire, ceiling_to_wire, change, floor_to_wire,
    freeze_to_wire, metadata_to_wire, new_account, new_asset,
};
pub use balance::{Then, balance_to_wire};
pub use bulk::{bulk_answer, bulk_batch, bulk_of_group};
pub use event::{event_to_wire, sides};
pub use filter::{Filter, is_name_prefix};
pub use found::{Beside, found_to_wire, transfer_kind, transfer_to_wire};
pub use hold::hold_to_wire;
pub use payment::{
    Asked, cancel_payment, capture_payment, create_payment, payment_answer, payment_to_wire,
    refund_payment,
};
pub use refusal::{describe_wire, fault_to_wire, refusal_to_wire};
pub use terms::at_due_to_wire;
pub use transfer::{Checked, stream_batch, too_large_group, transfers_answer, transfers_batch};

use florin_engine::Reason;
use florin_proto::v1::refusal::Reason as WireReason;

/// The same reason on the wire: names and numbers are the same, which a test holds.
pub fn reason_to_wire(reason: Reason) -> WireReason {
    WireReason::try_from(i32::from(reason as u16)).unwrap_or(WireReason::Unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_same_numbers_and_names_on_the_wire() {
        for reason in Reason::ALL {
            assert_eq!(reason_to_wire(*reason).as_str_name(), reason.name());
        }
    }
}
