//! Which field tells a request from the one that used its id first. A reversal and a plain transfer differ in
//! `reverses`; otherwise the fields come in the order of the contract.

use florin_engine::{Tenant, Transfer};

use super::Twin;

impl Twin {
    pub fn differing_field(&self, tenant: Tenant, again: &Transfer) -> &'static str {
        let first = self.first(tenant, again.id).expect("a known id");
        differing(&first.request, again, first.moved.is_some()).unwrap_or("nothing")
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

fn differing(first: &Transfer, again: &Transfer, keeps_metadata: bool) -> Option<&'static str> {
    let differs = [
        ("reverses", first.reverses() != again.reverses()),
        ("debit_account", first.debit_account != again.debit_account),
        ("credit_account", first.credit_account != again.credit_account),
        ("amount", first.amount_minor != again.amount_minor),
        ("amount_mode", first.up_to_available != again.up_to_available),
        ("code", first.code != again.code),
        ("value_date", first.value_date != again.value_date),
        ("metadata", first.metadata() != again.metadata() || !keeps_metadata),
    ];
    differs.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}
