//! Which field tells a request from the one that used its id first. A reversal and a plain transfer differ in
//! `reverses`; otherwise the fields come in the order of the contract.

use florin_engine::{PaymentTerms, Tenant, Transfer};

use super::Twin;

impl Twin {
    pub fn differing_field(&self, tenant: Tenant, again: &Transfer) -> &'static str {
        let first = self.first(tenant, again.id).expect("a known id");
        differing(&first.request, again, first.posted).unwrap_or("nothing")
    }

    pub fn differing_group_field(&self, tenant: Tenant, id: u128, again: &[Transfer]) -> String {
        let first = &self.groups[&(tenant, id)];
        if first.posted {
            for (index, (first, again)) in first.members.iter().zip(again).enumerate() {
                if first.id != again.id {
                    return format!("transfers[{index}].id");
                }
                if let Some(field) = differing(first, again, true) {
                    return format!("transfers[{index}].{field}");
                }
            }
        }
        "transfers".to_owned()
    }
}

fn differing(first: &Transfer, again: &Transfer, is_kept: bool) -> Option<&'static str> {
    let (terms, terms_again) = (first.terms(), again.terms());
    // Of a refused transfer these are not kept.
    let payments = payment(first).filter(|_| is_kept).zip(payment(again));
    let differs = [
        ("reverses", first.reverses() != again.reverses()),
        ("kind", terms.action != terms_again.action),
        ("hold", terms.hold != terms_again.hold),
        ("debit_account", first.debit_account != again.debit_account),
        ("credit_account", first.credit_account != again.credit_account),
        ("amount", first.amount_minor != again.amount_minor),
        ("amount_mode", first.up_to_available != again.up_to_available),
        ("due_at_ns", terms.due_at_ns != terms_again.due_at_ns),
        ("at_due", terms.at_due != terms_again.at_due),
        ("release_rest", terms.release_rest != terms_again.release_rest),
        ("code", first.code != again.code),
        ("value_date", first.value_date != again.value_date),
        ("fee", payments.is_some_and(|(first, again)| first.fee_minor != again.fee_minor)),
        ("score", payments.is_some_and(|(first, again)| first.score != again.score)),
        ("reference", payments.is_some_and(|(first, again)| first.reference != again.reference)),
        ("metadata", first.metadata() != again.metadata() || !is_kept),
        // Only one of them has what a payment has.
        ("metadata", payment(first) != payment(again)),
    ];
    differs.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}

fn payment(transfer: &Transfer) -> Option<&PaymentTerms> {
    transfer.extra.as_ref()?.payment.as_ref()
}
