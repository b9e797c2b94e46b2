//! Naming the field in which a request differs from the one that used its id first.

use alloc::borrow::Cow;
use alloc::format;

use crate::{AMOUNT_MAX_MINOR, Body, Event, Ledger, Transfer};

impl Ledger {
    /// The first field, by its name in the contract, in which `transfer` differs from what stands in the journal
    /// under its id.
    pub fn differing_field(&self, first: &Event, transfer: &Transfer) -> &'static str {
        let id_at = |slot| self.account_id(slot).unwrap_or(0);
        let (reverses, debit, credit, requested, up_to_available, code, value_date) =
            match &first.body {
                Body::TransferPosted(posted) => {
                    let extra = posted.extra.as_deref();
                    let requested = extra.and_then(|extra| extra.requested_minor);
                    (
                        extra.and_then(|extra| extra.reverses),
                        id_at(posted.debit.slot),
                        id_at(posted.credit.slot),
                        requested.unwrap_or(posted.amount_minor),
                        requested.is_some(),
                        posted.code,
                        posted.value_date,
                    )
                }
                Body::TransferRefused(refused) => (
                    refused.reverses,
                    refused.debit_account,
                    refused.credit_account,
                    refused.requested_minor,
                    refused.up_to_available,
                    refused.code,
                    refused.value_date,
                ),
                _ => return "id",
            };
        debug_assert!(requested <= AMOUNT_MAX_MINOR);
        // Accounts and amount of a reversal follow from its original: they are not in the request.
        let plain = reverses.is_none();
        match () {
            () if reverses != transfer.reverses() => "reverses",
            () if plain && debit != transfer.debit_account => "debit_account",
            () if plain && credit != transfer.credit_account => "credit_account",
            () if plain && requested != transfer.amount_minor => "amount",
            () if up_to_available != transfer.up_to_available => "amount_mode",
            () if code != transfer.code => "code",
            () if value_date != transfer.value_date => "value_date",
            () => "metadata",
        }
    }

    /// The same for a group: `first` are its members as they stand in the journal, or its refusal.
    pub fn differing_group_field(
        &self,
        first: &[Event],
        transfers: &[Transfer],
    ) -> Cow<'static, str> {
        for (index, (event, transfer)) in first.iter().zip(transfers).enumerate() {
            match &event.body {
                Body::TransferPosted(posted) if posted.id != transfer.id => {
                    return format!("transfers[{index}].id").into();
                }
                Body::TransferPosted(posted) if posted.content_hash != transfer.content_hash => {
                    let field = self.differing_field(event, transfer);
                    return format!("transfers[{index}].{field}").into();
                }
                _ => {}
            }
        }
        "transfers".into()
    }
}
