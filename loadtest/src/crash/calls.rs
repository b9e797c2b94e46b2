//! The calls that clients make: a random mix that a seed repeats, due times aside, and that can be sent again.

use florin_proto::v1::{
    AccountKey, AmountMode, AtDue, BulkTransfersRequest, CreateTransfersRequest, NewTransfer,
    TransferMode, Uint128,
};

use crate::crash::accounts::Accounts;
use crate::crash::member::{Deed, Member};
use crate::crash::pool::Pool;
use crate::rng::SplitMix64;

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `CreateTransfers` of one.
    Unary,
    /// `CreateTransfers`, independent.
    Batch,
    /// `CreateTransfers`, all or nothing, under this id.
    Group(u128),
    /// `BulkTransfers`, independent.
    Bulk,
    /// A call of the payment service, about one payment.
    Payment,
}

/// A call that can be sent any number of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// How it is made.
    pub kind: Kind,
    /// What it moves.
    pub members: Vec<Member>,
}

impl Call {
    /// Draws a call with `low` to `high` members.
    pub fn draw(kind: Kind, low: u64, high: u64, pool: &Pool, rng: &mut SplitMix64) -> Self {
        let count = rng.between(low, high);
        let members = (0..count).map(|_| Member::draw(kind, pool, rng));
        Self { kind, members: members.collect() }
    }

    /// Whether it is all or nothing.
    pub fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Group(_))
    }

    /// The call as `CreateTransfers`.
    pub fn request(&self, accounts: &Accounts) -> CreateTransfersRequest {
        let group_id = match self.kind {
            Kind::Group(id) => Some(id.into()),
            Kind::Unary | Kind::Batch | Kind::Bulk | Kind::Payment => None,
        };
        let mode = group_id.map_or(TransferMode::Independent, |_: Uint128| TransferMode::Group);
        CreateTransfersRequest {
            mode: mode.into(),
            group_id,
            transfers: self.members.iter().map(|member| member.transfer(accounts)).collect(),
        }
    }

    /// The call as `BulkTransfers`.
    pub fn bulk_request(&self, accounts: &Accounts) -> BulkTransfersRequest {
        let column = |id: &dyn Fn(&Member) -> u128| -> (Vec<u64>, Vec<u64>) {
            let halves = |member| {
                let Uint128 { lo, hi } = id(member).into();
                (lo, hi)
            };
            self.members.iter().map(halves).unzip()
        };
        let (id_lo, id_hi) = column(&|member| member.id);
        // The accounts of a step follow from its hold.
        let account = |member: &Member, index| {
            if member.deed.of() == 0 { accounts.id(index) } else { 0 }
        };
        let (debit_account_lo, debit_account_hi) = column(&|member| account(member, member.debit));
        let (credit_account_lo, credit_account_hi) =
            column(&|member| account(member, member.credit));
        let (hold_lo, hold_hi) = column(&|member| member.deed.of());
        let deeds = || self.members.iter().map(|member| member.deed);
        BulkTransfersRequest {
            mode: TransferMode::Independent.into(),
            id_lo,
            id_hi,
            debit_account_lo,
            debit_account_hi,
            credit_account_lo,
            credit_account_hi,
            amount_lo: self.members.iter().map(|member| member.amount).collect(),
            kind: deeds().map(|deed| deed.kind(false).into()).collect(),
            hold_lo,
            hold_hi,
            due_at_ns: deeds().map(|deed| deed.due().at_ns).collect(),
            at_due: deeds().map(|deed| at_due(deed).into()).collect(),
            release_rest: deeds().map(releases_rest).collect(),
            ..BulkTransfersRequest::default()
        }
    }
}

impl Member {
    /// The member as a transfer.
    pub fn transfer(&self, accounts: &Accounts) -> NewTransfer {
        let is_step = self.deed.of() != 0;
        let account = |index| (!is_step).then(|| AccountKey::from(accounts.id(index)));
        NewTransfer {
            id: Some(self.id.into()),
            debit_account: account(self.debit),
            credit_account: account(self.credit),
            amount: (self.amount != 0).then(|| u128::from(self.amount).into()),
            amount_mode: if self.up_to_available {
                AmountMode::UpToAvailable.into()
            } else {
                AmountMode::Unspecified.into()
            },
            kind: self.deed.kind(false).into(),
            hold: is_step.then(|| self.deed.of().into()),
            due_at_ns: self.deed.due().at_ns,
            at_due: at_due(self.deed).into(),
            release_rest: releases_rest(self.deed),
            ..NewTransfer::default()
        }
    }
}

/// Said once, when a hold is placed.
fn at_due(deed: Deed) -> AtDue {
    if let Deed::Place(due) = deed { due.at_due() } else { AtDue::Unspecified }
}

fn releases_rest(deed: Deed) -> bool {
    matches!(deed, Deed::Capture { release_rest: true, .. })
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::account_key::Key;

    use super::*;
    use crate::crash::pool::Open;

    #[test]
    fn a_call_is_the_same_every_time_it_is_sent() {
        let accounts = Accounts::new();
        let call = Call::draw(Kind::Group(9), 2, 10, &Pool::default(), &mut SplitMix64::new(4));
        let request = call.request(&accounts);
        assert_eq!(request, call.request(&accounts));
        assert_eq!(request.mode(), TransferMode::Group);
        assert_eq!(request.group_id.map(u128::from), Some(9));
    }

    #[test]
    fn columns_say_what_transfers_say() {
        let accounts = Accounts::new();
        let mut pool = Pool::default();
        pool.keep(Open { id: 7, debit: 1, credit: 20, amount: 300 }, false);
        let bulk = Call::draw(Kind::Bulk, 500, 500, &pool, &mut SplitMix64::new(4));
        let columns = bulk.bulk_request(&accounts);
        let wide =
            |lo: &[u64], hi: &[u64], i: usize| -> u128 { Uint128 { lo: lo[i], hi: hi[i] }.into() };
        let of_key = |key: Option<AccountKey>| match key.and_then(|key| key.key) {
            Some(Key::Id(id)) => u128::from(id),
            _ => 0,
        };
        for (i, transfer) in bulk.request(&accounts).transfers.into_iter().enumerate() {
            let row = (
                wide(&columns.id_lo, &columns.id_hi, i),
                wide(&columns.debit_account_lo, &columns.debit_account_hi, i),
                wide(&columns.credit_account_lo, &columns.credit_account_hi, i),
                wide(&columns.hold_lo, &columns.hold_hi, i),
                u128::from(columns.amount_lo[i]),
                (columns.kind[i], columns.due_at_ns[i], columns.at_due[i], columns.release_rest[i]),
            );
            let number = |number: Option<Uint128>| number.map_or(0, u128::from);
            let expected = (
                number(transfer.id),
                of_key(transfer.debit_account),
                of_key(transfer.credit_account),
                number(transfer.hold),
                number(transfer.amount),
                (transfer.kind, transfer.due_at_ns, transfer.at_due, transfer.release_rest),
            );
            assert_eq!(row, expected);
            assert_eq!(transfer.amount_mode, i32::from(AmountMode::Unspecified));
        }
        assert!(columns.release_rest.contains(&true) && columns.due_at_ns.iter().any(|ns| *ns > 0));
    }
}
