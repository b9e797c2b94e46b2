//! What subscribers ask for, and the test's own opinion on what that is.

use std::collections::HashSet;

use florin_proto::v1::{AccountKey, EventFilter, EventKind};

use crate::crash::accounts::Accounts;
use crate::crash::feed::story::Heard;

/// Beginning of the names of 111 customers.
const PREFIX: &str = "crash:customer:1";
/// Accounts that are followed by their ids: treasuries, which are in much of what happens.
const ACCOUNTS: u32 = 4;

/// What a subscriber wants.
#[derive(Debug, Clone)]
pub enum Filter {
    /// Everything.
    Everything,
    /// What is about accounts with names that begin alike.
    Names(HashSet<u128>),
    /// What happens to holds and payments.
    Reserved,
    /// What is about some accounts.
    Accounts(HashSet<u128>),
}

impl Filter {
    /// Of subscriber number `number`: the first one gets everything, the others are different.
    pub fn of(number: usize, accounts: &Accounts) -> Self {
        match number % 4 {
            0 => Self::Everything,
            1 => Self::Names(accounts.named(PREFIX).collect()),
            2 => Self::Reserved,
            _ => Self::Accounts((0..ACCOUNTS).map(|index| accounts.id(index)).collect()),
        }
    }

    /// As the contract has it.
    pub fn wire(&self) -> EventFilter {
        let mut filter = EventFilter::default();
        match self {
            Self::Everything => {}
            Self::Names(_) => filter.name_prefixes = vec![PREFIX.to_owned()],
            Self::Reserved => {
                filter.kinds = vec![EventKind::Hold.into(), EventKind::Payment.into()];
            }
            Self::Accounts(ids) => {
                filter.accounts = ids.iter().copied().map(AccountKey::from).collect();
            }
        }
        filter
    }

    /// Whether nothing is left out, so that sequences have no gaps.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// Whether it lets an event through.
    pub fn passes(&self, event: &Heard) -> bool {
        let about = |ids: &HashSet<u128>| event.accounts.iter().any(|id| ids.contains(id));
        match self {
            Self::Everything => true,
            Self::Names(ids) => about(ids),
            Self::Reserved => [EventKind::Hold, EventKind::Payment].contains(&event.kind),
            // Of a refused group the account is known on which it failed.
            Self::Accounts(ids) => about(ids) || ids.contains(&event.failed_on),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_pass_by_kind_and_by_account() {
        let accounts = Accounts::new();
        let customer = accounts.named("crash:customer:17").next().expect("it is opened");
        let other = accounts.named("crash:customer:2").next().expect("it is opened");
        let treasury = accounts.id(0);
        let event = |kind, one, two, failed_on| Heard {
            sequence: 1,
            kind,
            accounts: [one, two],
            failed_on,
            transfer: None,
        };
        for (event, passes) in [
            (event(EventKind::TransferPosted, other, customer, 0), [true, true, false, false]),
            (event(EventKind::TransferRefused, treasury, other, 0), [true, false, false, true]),
            (event(EventKind::Hold, other, other, 0), [true, false, true, false]),
            (event(EventKind::Payment, treasury, customer, 0), [true, true, true, true]),
            (event(EventKind::GroupRefused, 0, 0, treasury), [true, false, false, true]),
            (event(EventKind::GroupRefused, 0, 0, customer), [true, false, false, false]),
            (event(EventKind::Checkpoint, 0, 0, 0), [true, false, false, false]),
        ] {
            let found = [0, 1, 2, 3].map(|number| Filter::of(number, &accounts).passes(&event));
            assert_eq!(found, passes, "{event:?}");
        }
        let is_everything = |number| Filter::of(number, &accounts).wire() == EventFilter::default();
        assert_eq!([0, 1, 2, 3, 4].map(is_everything), [true, false, false, false, true]);
    }
}
