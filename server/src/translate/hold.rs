//! Holds as they are.

use florin_actors::command::FoundHold;
use florin_engine::HoldState;
use florin_proto::v1;

use super::terms::at_due_to_wire;

/// A hold as it is sent.
pub fn hold_to_wire(found: &FoundHold) -> v1::Hold {
    let hold = &found.hold;
    let state = match hold.state() {
        HoldState::Open => v1::HoldState::Open,
        HoldState::Captured => v1::HoldState::Captured,
        HoldState::Released => v1::HoldState::Released,
        HoldState::Expired => v1::HoldState::Expired,
    };
    v1::Hold {
        id: Some(hold.id.into()),
        state: state.into(),
        debit_account_id: Some(found.debit_account.into()),
        credit_account_id: Some(found.credit_account.into()),
        amount: Some(hold.amount_minor.into()),
        captured: Some(hold.captured_minor.into()),
        released: Some(hold.released_minor.into()),
        remaining: Some(hold.remaining_minor().into()),
        due_at_ns: hold.due_at_ns,
        at_due: at_due_to_wire(hold.at_due).into(),
        placed_sequence: hold.placed_sequence,
        last_sequence: hold.last_sequence,
    }
}
