//! The twin: the rules once more, written from the contract and as plainly as they can be said. Maps that are
//! looked up one by one, no slots, no hashes; a group is tried on a copy of everything.

mod accounts;
mod differ;
mod held;
mod judge;
mod steps;

use std::collections::BTreeMap;

use florin_engine::{
    AssetCode, BatchOutcome, Counters, GroupOutcome, GroupPlace, Known, Reason, Refusal, Sequence,
    Tenant, Transfer,
};

use crate::account::Account;
use crate::command::Batch;
use crate::plant::Plant;
use crate::record::{Fact, Key, Posted, Record, Refused, Side, content};
pub use held::Held;
use judge::Judgement;

#[derive(Debug, Clone)]
pub struct Twin {
    plant: Plant,
    pub assets: Vec<(AssetCode, u8)>,
    pub accounts: BTreeMap<Key, Account>,
    transfers: BTreeMap<Key, Answer>,
    groups: BTreeMap<Key, GroupAnswer>,
    /// Holds and payments, whatever became of them.
    pub holds: BTreeMap<Key, Held>,
    /// Original -> reversal.
    pub reversed: BTreeMap<Sequence, Sequence>,
    pub last_sequence: Sequence,
    pub last_timestamp_ns: u64,
    pub counters: Counters,
    /// The clock is believed up to this moment.
    pub trusted_ns: u64,
}

/// The first answer to a transfer id.
#[derive(Debug, Clone)]
struct Answer {
    sequence: Sequence,
    request: Transfer,
    posted: bool,
    /// Who paid, who received, how much; `None` if nothing moved that could move back.
    moved: Option<(u128, u128, u128)>,
}

/// The first answer to a group id.
#[derive(Debug, Clone)]
struct GroupAnswer {
    sequence: Sequence,
    posted: bool,
    members: Vec<Transfer>,
}

impl Twin {
    pub fn new(plant: Plant) -> Self {
        Self {
            plant,
            assets: Vec::new(),
            accounts: BTreeMap::new(),
            transfers: BTreeMap::new(),
            groups: BTreeMap::new(),
            holds: BTreeMap::new(),
            reversed: BTreeMap::new(),
            last_sequence: 0,
            last_timestamp_ns: 0,
            counters: Counters::default(),
            trusted_ns: u64::MAX,
        }
    }

    fn is(&self, plant: Plant) -> bool {
        self.plant == plant
    }

    /// The sums of all debits, of all credits, and of all that is pending out and in, in an asset, modulo 2^128.
    pub fn totals_minor(&self, asset: AssetCode) -> [u128; 4] {
        let accounts = self.accounts.values().filter(|account| account.opening.asset == asset);
        accounts.fold([0; 4], |sums, account| {
            let Account { debits_minor, credits_minor, out_minor, in_minor, .. } = *account;
            let parts = [debits_minor, credits_minor, out_minor, in_minor];
            std::array::from_fn(|place| u128::wrapping_add(sums[place], parts[place]))
        })
    }

    pub fn ids_len(&self) -> usize {
        self.transfers.len() + self.groups.len()
    }

    /// Where the first answer to a transfer stands.
    pub fn transfer_sequence(&self, tenant: Tenant, id: u128) -> Option<Sequence> {
        Some(self.first(tenant, id)?.sequence)
    }

    pub fn is_posted(&self, tenant: Tenant, id: u128) -> bool {
        self.first(tenant, id).is_some_and(|first| first.moved.is_some())
    }

    fn first(&self, tenant: Tenant, id: u128) -> Option<&Answer> {
        self.transfers.get(&self.key(tenant, id))
    }

    fn key(&self, tenant: Tenant, id: u128) -> Key {
        if self.is(Plant::SharesIdsAmongTenants) { (0, id) } else { (tenant, id) }
    }

    fn same(&self, first: &Transfer, again: &Transfer) -> bool {
        let guard = |transfer: &Transfer| transfer.extra.as_ref().and_then(|extra| extra.asset);
        let what = |transfer: &Transfer| {
            let mut content = content(transfer);
            if self.is(Plant::IgnoresMetadata)
                && let Some(extra) = &mut content.extra
            {
                extra.metadata = Box::default();
            }
            (content, guard(transfer).filter(|_| self.is(Plant::TakesTheGuardForContent)))
        };
        what(first) == what(again)
    }

    pub fn execute(&mut self, batch: &Batch, now_ns: u64) -> (BatchOutcome, Vec<Record>) {
        match batch.group {
            None => self.execute_independent(batch, now_ns),
            Some(id) => self.execute_group(batch, id, now_ns),
        }
    }

    fn execute_independent(&mut self, batch: &Batch, now_ns: u64) -> (BatchOutcome, Vec<Record>) {
        let mut outcome = BatchOutcome::default();
        let mut records = Vec::new();
        for (index, transfer) in (0..).zip(&batch.transfers) {
            let group = self.is(Plant::SharesIdsOfGroupsAndTransfers)
                && self.groups.contains_key(&(batch.tenant, transfer.id));
            if let Some(first) = self.first(batch.tenant, transfer.id)
                && !self.is(Plant::AppliesDuplicates)
            {
                let same = self.same(&first.request, transfer);
                outcome.known.push(Known { index, sequence: first.sequence, same });
                continue;
            } else if group {
                outcome.known.push(Known { index, sequence: 0, same: false });
                continue;
            }
            let judgement = self.judge(batch, transfer, now_ns);
            records.push(if let Some(refusal) = judgement.refusal {
                outcome.refused += 1;
                self.refuse(batch, transfer, &judgement, refusal, now_ns)
            } else {
                outcome.posted += 1;
                self.post(batch, transfer, &judgement, GroupPlace::default(), now_ns)
            });
        }
        (outcome, records)
    }

    fn execute_group(
        &mut self,
        batch: &Batch,
        id: u128,
        now_ns: u64,
    ) -> (BatchOutcome, Vec<Record>) {
        let group = (batch.tenant, id);
        let mut outcome = BatchOutcome::default();
        if let Some(GroupAnswer { sequence, posted, members }) = self.groups.get(&group) {
            let same = members.len() == batch.transfers.len()
                && members.iter().zip(&batch.transfers).all(|(a, b)| self.same(a, b));
            let (sequence, posted) = (*sequence, *posted);
            outcome.group = Some(GroupOutcome::Known { sequence, posted, same });
            return (outcome, Vec::new());
        }
        let len = u16::try_from(batch.transfers.len()).expect("a batch has at most 8,190 members");
        let mut trial = self.clone();
        let (posted, records) = match self.try_group(&mut trial, batch, len, now_ns) {
            Ok(records) => {
                *self = trial;
                (outcome.posted, outcome.group) = (len.into(), Some(GroupOutcome::Posted));
                (true, records)
            }
            Err((member, refusal)) => {
                if self.is(Plant::KeepsHalfAGroup) {
                    self.accounts = trial.accounts;
                }
                if self.is(Plant::UsesUpMembersOfRefusedGroups) {
                    self.transfers = trial.transfers;
                }
                (outcome.refused, outcome.group) = (1, Some(GroupOutcome::Refused));
                self.counters.transfers_refused += 1;
                let fact = Fact::GroupRefused { group, len, member, refusal };
                (false, vec![self.record(now_ns, fact)])
            }
        };
        let (sequence, members) = (records[0].sequence, batch.transfers.clone());
        self.groups.insert(group, GroupAnswer { sequence, posted, members });
        (outcome, records)
    }

    /// Posts the members one after the other on a copy, until one is refused.
    fn try_group(
        &self,
        trial: &mut Self,
        batch: &Batch,
        len: u16,
        now_ns: u64,
    ) -> Result<Vec<Record>, (u16, Refusal)> {
        let known = |transfer: &Transfer| self.first(batch.tenant, transfer.id).is_some();
        if let Some((member, _)) = (0..).zip(&batch.transfers).find(|(_, member)| known(member)) {
            return Err((member, refusal(Reason::GroupMixed, 0, 0, None)));
        }
        let mut records = Vec::new();
        for (index, transfer) in (0..).zip(&batch.transfers) {
            let hidden = self.is(Plant::HidesMembersFromEachOther);
            let judgement = if hidden { self } else { &*trial }.judge(batch, transfer, now_ns);
            if let Some(refusal) = judgement.refusal {
                return Err((index, refusal));
            }
            let place = GroupPlace { index, len };
            records.push(trial.post(batch, transfer, &judgement, place, now_ns));
        }
        Ok(records)
    }

    fn post(
        &mut self,
        batch: &Batch,
        transfer: &Transfer,
        judgement: &Judgement,
        place: GroupPlace,
        now_ns: u64,
    ) -> Record {
        if let Some(step) = judgement.step {
            return self.take_step(batch, transfer, judgement, step, place, now_ns);
        }
        let Judgement { debit_account, credit_account, moved_minor, original_sequence, .. } =
            *judgement;
        let (debit, credit) = ((batch.tenant, debit_account), (batch.tenant, credit_account));
        let sequence = self.last_sequence + 1;
        let asset = self.accounts[&debit].opening.asset;
        let posted = Posted {
            tenant: batch.tenant,
            request: content(transfer),
            debit: self.pay(debit, moved_minor, sequence),
            credit: self.receive(credit, moved_minor, sequence),
            amount_minor: moved_minor,
            asset,
            original_sequence,
            place,
            group: batch.group.filter(|_| place.index == 0),
        };
        if original_sequence != 0 {
            self.reversed.insert(original_sequence, sequence);
        }
        self.counters.transfers_posted += 1;
        let moved = Some((debit_account, credit_account, moved_minor));
        self.keep_answer(batch.tenant, transfer, sequence, moved);
        self.record(now_ns, Fact::Posted(Box::new(posted)))
    }

    /// The first answer to an id of what was done.
    fn keep_answer(
        &mut self,
        tenant: Tenant,
        transfer: &Transfer,
        sequence: Sequence,
        moved: Option<(u128, u128, u128)>,
    ) {
        let answer = Answer { sequence, request: transfer.clone(), posted: true, moved };
        self.transfers.insert(self.key(tenant, transfer.id), answer);
    }

    fn pay(&mut self, key: Key, amount_minor: u128, sequence: Sequence) -> Side {
        let account = self.accounts.get_mut(&key).expect("judged to be there");
        if let Some(after) = account.after_paying(amount_minor) {
            (account.balance_minor, account.debits_minor) = after;
        }
        side(key, account, sequence)
    }

    fn receive(&mut self, key: Key, amount_minor: u128, sequence: Sequence) -> Side {
        let account = self.accounts.get_mut(&key).expect("judged to be there");
        if let Some(after) = account.after_receiving(amount_minor) {
            (account.balance_minor, account.credits_minor) = after;
        }
        side(key, account, sequence)
    }

    fn refuse(
        &mut self,
        batch: &Batch,
        transfer: &Transfer,
        judgement: &Judgement,
        refusal: Refusal,
        now_ns: u64,
    ) -> Record {
        let sequence = self.last_sequence + 1;
        let answer = Answer { sequence, request: transfer.clone(), posted: false, moved: None };
        if !self.is(Plant::ForgetsRefusals) {
            self.transfers.insert(self.key(batch.tenant, transfer.id), answer);
        }
        self.counters.transfers_refused += 1;
        let found = |id| Some((batch.tenant, id)).filter(|key| self.accounts.contains_key(key));
        let refused = Refused {
            tenant: batch.tenant,
            id: transfer.id,
            debit_account: judgement.debit_account,
            credit_account: judgement.credit_account,
            found: [found(judgement.debit_account), found(judgement.credit_account)],
            requested_minor: judgement.asked_minor,
            up_to_available: transfer.up_to_available,
            code: transfer.code,
            value_date: transfer.value_date,
            reverses: transfer.reverses(),
            terms: transfer.terms(),
            refusal,
        };
        self.record(now_ns, Fact::Refused(Box::new(refused)))
    }

    fn record(&mut self, now_ns: u64, fact: Fact) -> Record {
        let after_the_last = self.last_timestamp_ns + 1;
        let back = self.is(Plant::FollowsTheClockBack);
        self.last_timestamp_ns = if back { now_ns } else { now_ns.max(after_the_last) };
        self.last_sequence += 1;
        Record { sequence: self.last_sequence, timestamp_ns: self.last_timestamp_ns, fact }
    }
}

/// An account's part in what has just changed it.
fn side(key: Key, account: &mut Account, sequence: Sequence) -> Side {
    let previous_sequence = account.last_sequence;
    account.last_sequence = sequence;
    Side {
        account: Some(key),
        previous_sequence,
        balance_after_minor: account.balance_minor,
        pending_debits_after_minor: account.out_minor,
    }
}

/// A refusal: of `asked` this much would have passed, where an amount was the matter.
fn refusal(reason: Reason, account: u128, asked_minor: u128, would_pass: Option<u128>) -> Refusal {
    Refusal {
        reason,
        account,
        asked_minor,
        missing_minor: would_pass.map_or(0, |minor| asked_minor - minor),
        would_pass_minor: would_pass.unwrap_or(0),
    }
}
