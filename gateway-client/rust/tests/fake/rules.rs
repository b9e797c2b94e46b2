//! Just enough of a ledger to tell right answers from wrong ones.

use std::collections::{BTreeMap, HashMap};

use florin_proto::v1::refusal::Reason;
use florin_proto::v1::{self, TransferKind, TransferStatus, account_key::Key};

#[derive(Debug, Default)]
pub struct State {
    pub assets: Vec<v1::Asset>,
    pub accounts: BTreeMap<u128, v1::Account>,
    pub balances: HashMap<u128, i128>,
    pub transfers: HashMap<u128, v1::TransferResult>,
    pub groups: HashMap<u128, v1::GroupResult>,
    pub holds: HashMap<u128, v1::Hold>,
    pub payments: BTreeMap<u128, v1::Payment>,
    pub statement_request: Option<v1::ListAccountTransfersRequest>,
    pub clock_accepted: bool,
}

pub fn id_of(key: Option<&v1::AccountKey>) -> u128 {
    match key.and_then(|key| key.key.as_ref()) {
        Some(Key::Id(id)) => (*id).into(),
        Some(Key::Name(name)) => florin_proto::name::account_id(name),
        None => 0,
    }
}

pub fn refusal(reason: Reason, message: &str) -> v1::Refusal {
    v1::Refusal { reason: reason.into(), message: message.to_owned(), ..v1::Refusal::default() }
}

impl State {
    pub fn create_asset(&mut self, asset: v1::Asset) -> v1::CreateAssetResult {
        let mut result =
            v1::CreateAssetResult { code: asset.code.clone(), ..v1::CreateAssetResult::default() };
        match self.assets.iter().find(|known| known.code == asset.code) {
            None => self.assets.push(asset),
            Some(known) if *known == asset => result.replayed = true,
            Some(_) => {
                result.refusal = Some(v1::Refusal {
                    field: "scale".to_owned(),
                    ..refusal(Reason::IdReused, "the scale differs")
                });
            }
        }
        result
    }

    pub fn create_account(&mut self, new: v1::NewAccount) -> v1::CreateAccountResult {
        let id = id_of(new.key.as_ref());
        if new.asset != "EUR" {
            return v1::CreateAccountResult {
                id: Some(id.into()),
                refusal: Some(refusal(Reason::AssetNotFound, "no such asset")),
                ..v1::CreateAccountResult::default()
            };
        }
        let replayed = self.accounts.contains_key(&id);
        let name = match new.key.and_then(|key| key.key) {
            Some(Key::Name(name)) => name,
            _ => String::new(),
        };
        let sequence = self.accounts.len() as u64 + 1;
        self.accounts.entry(id).or_insert(v1::Account {
            id: Some(id.into()),
            name,
            asset: Some(v1::Asset { code: new.asset, scale: 2 }),
            floor: new.floor,
            freeze: v1::Freeze::None.into(),
            metadata: new.metadata,
            ceiling: new.ceiling,
            opened_at_ns: 1,
            last_sequence: sequence,
            ..v1::Account::default()
        });
        v1::CreateAccountResult { id: Some(id.into()), replayed, sequence, refusal: None }
    }

    pub fn account(&self, id: u128) -> Option<v1::Account> {
        let account = self.accounts.get(&id)?.clone();
        let balance = self.balances.get(&id).copied().unwrap_or_default();
        Some(v1::Account {
            balance: Some(balance.into()),
            available: u128::try_from(balance).ok().map(Into::into),
            ..account
        })
    }

    /// The first answer to an id is the answer for good. Accounts that do not exist are refused,
    /// except that without any account everything goes: most tests need none.
    pub fn transfer(&mut self, new: &v1::NewTransfer) -> v1::TransferResult {
        let id = new.id.map_or(0, u128::from);
        if let Some(first) = self.transfers.get(&id) {
            return v1::TransferResult { replayed: true, ..first.clone() };
        }
        let result = self.decide(new);
        self.transfers.insert(id, result.clone());
        result
    }

    fn decide(&mut self, new: &v1::NewTransfer) -> v1::TransferResult {
        let debit = id_of(new.debit_account.as_ref());
        let credit = id_of(new.credit_account.as_ref());
        let sequence = self.transfers.len() as u64 + 1;
        let amount = new.amount.map_or(0, u128::from);
        if new.hold.is_some() {
            return self.hold(new, amount, sequence);
        }
        let known = |id: &u128| self.accounts.is_empty() || self.accounts.contains_key(id);
        if let Some(unknown) = [debit, credit].into_iter().find(|id| !known(id)) {
            let refusal = v1::Refusal {
                account_id: Some(unknown.into()),
                ..refusal(Reason::AccountNotFound, "no such account")
            };
            return v1::TransferResult {
                id: new.id,
                status: TransferStatus::Refused.into(),
                sequence,
                timestamp_ns: 1,
                refusal: Some(refusal),
                ..v1::TransferResult::default()
            };
        }
        if new.kind() != TransferKind::Unspecified {
            return self.hold(new, amount, sequence);
        }
        let moved = i128::try_from(amount).expect("tests move little");
        *self.balances.entry(debit).or_default() -= moved;
        *self.balances.entry(credit).or_default() += moved;
        v1::TransferResult {
            id: new.id,
            status: TransferStatus::Posted.into(),
            sequence,
            timestamp_ns: 1,
            amount: Some(amount.into()),
            debit_balance_after: Some(self.balances[&debit].into()),
            credit_balance_after: Some(self.balances[&credit].into()),
            ..v1::TransferResult::default()
        }
    }

    /// Holds are kept, and what is left of them is counted.
    fn hold(&mut self, new: &v1::NewTransfer, amount: u128, sequence: u64) -> v1::TransferResult {
        let of = |id: Option<v1::Uint128>| id.map_or(0, u128::from);
        let add = |to: Option<v1::Uint128>, more: u128| Some((of(to) + more).into());
        let id = if new.kind() == TransferKind::Hold { new.id } else { new.hold };
        let fresh = v1::Hold {
            id,
            debit_account_id: Some(id_of(new.debit_account.as_ref()).into()),
            credit_account_id: Some(id_of(new.credit_account.as_ref()).into()),
            due_at_ns: new.due_at_ns,
            at_due: new.at_due,
            placed_sequence: sequence,
            ..v1::Hold::default()
        };
        let hold = self.holds.entry(of(id)).or_insert(fresh);
        let left = of(hold.remaining);
        let taken = if amount == 0 { left } else { amount };
        let (remaining, moved) = match new.kind() {
            TransferKind::Hold | TransferKind::Change => {
                hold.amount = add(hold.amount, amount);
                (left + amount, amount)
            }
            TransferKind::Capture => {
                hold.captured = add(hold.captured, taken);
                let rest = if new.release_rest { 0 } else { left - taken };
                hold.released = add(hold.released, left - taken - rest);
                (rest, taken)
            }
            _ => {
                hold.released = add(hold.released, taken);
                (left - taken, taken)
            }
        };
        hold.remaining = Some(remaining.into());
        hold.last_sequence = sequence;
        hold.set_state(match (remaining, of(hold.captured)) {
            (0, 0) => v1::HoldState::Released,
            (0, _) => v1::HoldState::Captured,
            _ => v1::HoldState::Open,
        });
        v1::TransferResult {
            id: new.id,
            status: TransferStatus::Posted.into(),
            sequence,
            timestamp_ns: 1,
            amount: Some(moved.into()),
            hold_remaining: Some(remaining.into()),
            ..v1::TransferResult::default()
        }
    }
}
