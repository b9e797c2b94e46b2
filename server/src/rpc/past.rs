//! What all reading of the past begins with.

use florin_actors::command::{Answer, Command};
use florin_engine::AccountState;
use florin_persistence::ReadError;
use florin_proto::v1;
use florin_proto::v1::refusal::Reason;
use tonic::Status;

use super::fault;
use super::ledger::{Ledger, TENANT, other_answer};
use crate::translate;

/// Id of the account that is asked about.
///
/// # Errors
/// `ACCOUNT_KEY_MISSING`, `NAME_INVALID`.
pub(super) fn account_id(key: Option<&v1::AccountKey>) -> Result<u128, Status> {
    translate::account_key(key, "account")
        .map_err(|fault| fault::refusal(&translate::fault_to_wire(fault)))
}

/// An account as it is. Whatever that rests on is durable when this answers, and so is all that its chain leads to.
///
/// # Errors
/// `ACCOUNT_NOT_FOUND`, and whatever keeps the engine from answering.
pub(super) async fn account(ledger: &Ledger, id: u128) -> Result<AccountState, Status> {
    let command = Command::GetAccounts { tenant: TENANT, ids: vec![id] };
    let Answer::Accounts(found) = ledger.call(command).await? else { return Err(other_answer()) };
    found.into_iter().flatten().next().ok_or_else(|| {
        let metadata = [("account_id", format!("{id:032x}"))];
        fault::status(Reason::AccountNotFound, "there is no such account", metadata)
    })
}

/// `JOURNAL_UNREADABLE`.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(super) fn unreadable(error: ReadError) -> Status {
    let message = format!("the journal cannot be read: {error}");
    fault::status(Reason::JournalUnreadable, message, [])
}
