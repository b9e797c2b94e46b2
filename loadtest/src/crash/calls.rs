//! The calls that clients make: a random mix that a seed repeats, and that can be sent again.

use florin_proto::v1::{
    AccountKey, AmountMode, BulkTransfersRequest, CreateTransfersRequest, NewAccount, NewTransfer,
    TransferMode, Uint128, floor,
};

use crate::names::NamedAccount;
use crate::rng::SplitMix64;

/// Accounts that may fall below zero and feed the others.
const TREASURIES: u64 = 8;
/// Accounts that may not, so that some transfers are refused for want of money.
const CUSTOMERS: u64 = 1_000;
const ASSET: &str = "EUR";

/// The accounts of the crash test; the last one is never opened.
#[derive(Debug)]
pub struct Accounts {
    ids: Vec<u128>,
    openings: Vec<NewAccount>,
}

impl Accounts {
    /// All of them.
    pub fn new() -> Self {
        let treasury = |number| (format!("crash:treasury:{number}"), floor::Kind::None);
        let customer = |number| (format!("crash:customer:{number}"), floor::Kind::Zero);
        let named: Vec<_> = (0..TREASURIES)
            .map(treasury)
            .chain((0..CUSTOMERS).map(customer))
            .map(|(name, floor)| (NamedAccount::new(name), floor))
            .collect();
        let openings = named.iter().map(|(account, kind)| account.to_open(ASSET, *kind));
        let unknown = NamedAccount::new("crash:unknown".into());
        Self {
            openings: openings.collect(),
            ids: named.iter().map(|(a, _)| a.id).chain([unknown.id]).collect(),
        }
    }

    /// The requests to open them.
    pub fn openings(&self) -> &[NewAccount] {
        &self.openings
    }

    /// The ids of those that are opened; an account's index is its place here.
    pub fn opened(&self) -> &[u128] {
        &self.ids[..self.openings.len()]
    }

    /// The id of an account by index.
    pub fn id(&self, index: u32) -> u128 {
        self.ids[index as usize]
    }
}

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
}

/// One transfer of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: u128,
    /// Index of the account that pays.
    pub debit: u32,
    /// Index of the account that receives.
    pub credit: u32,
    /// Minor units.
    pub amount: u64,
    /// Or as much as there is.
    pub up_to_available: bool,
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
    pub fn draw(kind: Kind, low: u64, high: u64, rng: &mut SplitMix64) -> Self {
        let count = rng.between(low, high);
        let members = (0..count).map(|_| Member::draw(kind, rng));
        Self { kind, members: members.collect() }
    }

    /// Whether it is all or nothing.
    pub fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Group(_))
    }

    /// The call as `CreateTransfers`.
    pub fn request(&self, accounts: &Accounts) -> CreateTransfersRequest {
        let transfer = |member: &Member| NewTransfer {
            id: Some(member.id.into()),
            debit_account: Some(AccountKey::from(accounts.id(member.debit))),
            credit_account: Some(AccountKey::from(accounts.id(member.credit))),
            amount: Some(u128::from(member.amount).into()),
            amount_mode: if member.up_to_available {
                AmountMode::UpToAvailable.into()
            } else {
                AmountMode::Exact.into()
            },
            ..NewTransfer::default()
        };
        let group_id = match self.kind {
            Kind::Group(id) => Some(id.into()),
            Kind::Unary | Kind::Batch | Kind::Bulk => None,
        };
        let mode = group_id.map_or(TransferMode::Independent, |_: Uint128| TransferMode::Group);
        CreateTransfersRequest {
            mode: mode.into(),
            group_id,
            transfers: self.members.iter().map(transfer).collect(),
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
        let (debit_account_lo, debit_account_hi) = column(&|member| accounts.id(member.debit));
        let (credit_account_lo, credit_account_hi) = column(&|member| accounts.id(member.credit));
        BulkTransfersRequest {
            mode: TransferMode::Independent.into(),
            id_lo,
            id_hi,
            debit_account_lo,
            debit_account_hi,
            credit_account_lo,
            credit_account_hi,
            amount_lo: self.members.iter().map(|member| member.amount).collect(),
            ..BulkTransfersRequest::default()
        }
    }
}

impl Member {
    fn draw(kind: Kind, rng: &mut SplitMix64) -> Self {
        let treasury = |rng: &mut SplitMix64| rng.below(TREASURIES);
        let customer = |rng: &mut SplitMix64| TREASURIES + rng.below(CUSTOMERS);
        let (debit, credit) = match rng.below(100) {
            0..50 => (treasury(rng), customer(rng)),
            50..90 => (customer(rng), customer(rng)),
            90..99 => (customer(rng), treasury(rng)),
            // Nobody opened this one: refused, and the refusal is kept like any other answer.
            _ => (customer(rng), TREASURIES + CUSTOMERS),
        };
        // The same account twice would be malformed, which uses up no id.
        let debit = if debit == credit { 0 } else { debit };
        let narrow = |index: u64| u32::try_from(index).unwrap_or_default();
        Self {
            id: draw_id(rng),
            debit: narrow(debit),
            credit: narrow(credit),
            amount: rng.between(1, 500),
            up_to_available: kind != Kind::Bulk && debit >= TREASURIES && rng.chance(5),
        }
    }
}

/// A random id, never zero.
pub fn draw_id(rng: &mut SplitMix64) -> u128 {
    u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64() | 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn members_are_well_formed_and_a_few_name_an_unknown_account() {
        let mut rng = SplitMix64::new(1);
        let call = Call::draw(Kind::Batch, 20_000, 20_000, &mut rng);
        let accounts = Accounts::new();
        let unknown = u32::try_from(accounts.opened().len()).expect("few accounts");
        let ids: HashSet<u128> = call.members.iter().map(|m| m.id).collect();
        assert_eq!(ids.len(), 20_000);
        assert!(call.members.iter().all(|m| m.debit != m.credit && m.debit < unknown));
        assert!(call.members.iter().all(|m| m.credit <= unknown && m.amount > 0));
        let strays = call.members.iter().filter(|m| m.credit == unknown).count();
        assert!((100..400).contains(&strays), "{strays}");
        assert!(call.members.iter().any(|m| m.up_to_available));
    }

    #[test]
    fn a_call_is_the_same_every_time_it_is_sent() {
        let accounts = Accounts::new();
        let draw = || Call::draw(Kind::Group(9), 2, 10, &mut SplitMix64::new(4));
        assert_eq!(draw(), draw());
        let request = draw().request(&accounts);
        assert_eq!(request, draw().request(&accounts));
        assert_eq!(request.mode(), TransferMode::Group);
        assert_eq!(request.group_id.map(u128::from), Some(9));

        let bulk = Call::draw(Kind::Bulk, 5, 5, &mut SplitMix64::new(4));
        let columns = bulk.bulk_request(&accounts);
        let rows = bulk.request(&accounts);
        for (i, transfer) in rows.transfers.iter().enumerate() {
            let id = Uint128 { lo: columns.id_lo[i], hi: columns.id_hi[i] };
            let debit =
                Uint128 { lo: columns.debit_account_lo[i], hi: columns.debit_account_hi[i] };
            assert_eq!(transfer.id, Some(id));
            assert_eq!(transfer.debit_account, Some(AccountKey::from(u128::from(debit))));
            assert_eq!(transfer.amount, Some(u128::from(columns.amount_lo[i]).into()));
        }
        assert!(rows.transfers.iter().all(|t| t.amount_mode() == AmountMode::Exact));
    }

    #[test]
    fn accounts_are_opened_with_the_floor_of_their_kind() {
        let accounts = Accounts::new();
        let floors: Vec<i32> =
            accounts.openings().iter().filter_map(|opening| Some(opening.floor?.kind)).collect();
        assert_eq!(floors.len(), 1_008);
        let without = floors.iter().filter(|kind| **kind == i32::from(floor::Kind::None)).count();
        assert_eq!(without, 8);
        assert_eq!(accounts.opened().len(), 1_008);
    }
}
