//! The ledger and its twin: one command to both, and everything that can be seen compared.

use std::fmt::Debug;

use florin_engine::{AccountState, Body, Counters, Event, GroupOutcome, Hold, Ledger};

use crate::account::Account;
use crate::command::{Batch, Command, What};
use crate::coverage::Coverage;
use crate::memory::Elsewhere;
use crate::model::{Held, Twin};
use crate::plant::Plant;
use crate::record::{Key, Reader, Record};

/// Where the two disagree.
pub type Difference = String;

pub struct Pair {
    pub ledger: Ledger,
    pub twin: Twin,
    pub journal: Vec<Event>,
    /// Accounts by slot.
    slots: Vec<Key>,
    elsewhere: Elsewhere,
    pub coverage: Coverage,
}

/// Tables of live ledger and replays are hashed differently: no result may depend on it.
const LIVE_SEED: u64 = 1;
const REPLAY_SEED: u64 = 0xdead_beef;

impl Pair {
    pub fn new(plant: Plant) -> Self {
        let mut ledger = Ledger::new(LIVE_SEED);
        Self {
            elsewhere: Elsewhere::begin(&mut ledger),
            ledger,
            twin: Twin::new(plant),
            journal: Vec::new(),
            slots: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    /// Runs a command on both.
    pub fn step(&mut self, command: &Command) -> Result<(), Difference> {
        let now_ns = command.now_ns;
        let mut events = Vec::new();
        let records = match &command.what {
            What::Register(new) => {
                let outcome = self.ledger.register_asset(*new, now_ns, &mut events);
                let (expected, records) = self.twin.register(*new, now_ns);
                same("outcome", &outcome, &expected)?;
                self.coverage.registered(outcome);
                records
            }
            What::Open(new) => {
                let outcome = self.ledger.open_account(new, now_ns, &mut events);
                let (expected, records) = self.twin.open(new, now_ns);
                same("outcome", &outcome, &expected)?;
                self.coverage.opened(outcome);
                records
            }
            What::Update(change) => {
                let outcome = self.ledger.update_account(change, now_ns, &mut events);
                let (expected, records) = self.twin.update(change, now_ns);
                same("outcome", &outcome, &expected)?;
                self.coverage.updated(&outcome, &records);
                records
            }
            What::Transfers(batch) => self.transfers(batch, now_ns, &mut events)?,
            What::FallDue(most) => {
                let made = self.ledger.fall_due(*most, now_ns, &mut events);
                let records = self.twin.fall_due(*most, now_ns);
                same("number of those that fell due", &made, &records.len())?;
                self.coverage.fell_due(&records);
                records
            }
            What::Trust(until_ns) => {
                self.ledger.hold_back_due(*until_ns);
                self.twin.trusted_ns = *until_ns;
                Vec::new()
            }
            What::TakeDigest => {
                self.ledger.take_digest(now_ns, &mut events);
                self.twin.take_digest(now_ns)
            }
        };
        self.take(&events, &records)?;
        if let What::Transfers(Batch { tenant, transfers, .. }) = &command.what {
            for id in transfers.iter().map(|transfer| transfer.id) {
                let found = self.ledger.transfer_sequence(*tenant, id);
                let expected = self.twin.transfer_sequence(*tenant, id);
                let forgotten = self.ledger.ids_forgotten_through();
                let may_be_gone = expected.is_some_and(|sequence| sequence <= forgotten);
                if found.is_some() || !may_be_gone {
                    same("sequence", &found, &expected)?;
                }
            }
        }
        let new = events.len();
        self.journal.append(&mut events);
        self.elsewhere.note(&self.journal, new);
        self.elsewhere.step(&mut self.ledger, &self.journal)?;
        self.compare_state()
    }

    fn transfers(
        &mut self,
        batch: &Batch,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> Result<Vec<Record>, Difference> {
        let sealed = batch.seal();
        let past = self.elsewhere.past(&self.ledger, &self.journal, &sealed);
        let known = self.ledger.is_known(&sealed, &past);
        let outcome = self.ledger.execute(&sealed, &past, now_ns, events);
        same("events of what is known", &known, &events.is_empty())?;
        let (expected, records) = self.twin.execute(batch, now_ns);
        same("outcome", &outcome, &expected)?;
        for known in outcome.known.iter().filter(|known| !known.same) {
            let transfer = &sealed.transfers[known.index as usize];
            let first = &self.journal[index(known.sequence)];
            let field = self.ledger.differing_field(first, transfer);
            let expected = self.twin.differing_field(batch.tenant, transfer);
            same("differing field", field, expected)?;
        }
        if let (Some(GroupOutcome::Known { sequence, same: false, .. }), Some(id)) =
            (outcome.group, batch.group)
        {
            let first = self.group_at(index(sequence));
            let field = self.ledger.differing_group_field(first, &sealed.transfers);
            let expected = self.twin.differing_group_field(batch.tenant, id, &batch.transfers);
            same("differing field of the group", &*field, expected.as_str())?;
        }
        self.coverage.batch(batch, &outcome, &records);
        Ok(records)
    }

    /// A group as it stands in the journal: its members, or its refusal.
    fn group_at(&self, first: usize) -> &[Event] {
        let len = match &self.journal[first].body {
            Body::GroupRefused(_) => 1,
            _ => usize::from(self.journal[first].group().len),
        };
        &self.journal[first..first + len]
    }

    fn take(&mut self, events: &[Event], records: &[Record]) -> Result<(), Difference> {
        let opened = events.iter().filter_map(|event| match &event.body {
            Body::AccountOpened(opened) => Some((opened.tenant, opened.id)),
            _ => None,
        });
        self.slots.extend(opened);
        let reader = Reader { ledger: &self.ledger, slots: &self.slots };
        let read: Vec<Record> = events.iter().map(|event| reader.read(event)).collect();
        for (event, record) in read.iter().zip(records) {
            same("event", event, record)?;
        }
        same("number of events", &read.len(), &records.len())?;
        let times = self.journal.last().into_iter().chain(events).map(|event| event.timestamp_ns);
        require(times.is_sorted_by(|a, b| a < b), "time does not go forward")
    }

    fn compare_state(&self) -> Result<(), Difference> {
        let (ledger, twin) = (&self.ledger, &self.twin);
        same("last sequence", &ledger.last_sequence(), &twin.last_sequence)?;
        same("last time", &ledger.last_timestamp_ns(), &twin.last_timestamp_ns)?;
        let counters = Counters { ids_used: twin.ids_len() as u64, ..twin.counters };
        same("counters", &ledger.counters(), &counters)?;
        same("number of accounts", &ledger.accounts_len(), &twin.accounts.len())?;
        require(ledger.is_conserved(), "debits are not credits")?;
        require(ledger.is_conserved_by_account(), "debits are not credits, by account")?;
        same("number of assets", &ledger.assets().len(), &twin.assets.len())?;
        for (asset, (code, scale)) in ledger.assets().iter().zip(&twin.assets) {
            same("asset", &(asset.code, asset.scale), &(*code, *scale))?;
            let pending_minor = asset.pending_minor;
            let (debits_minor, credits_minor) =
                (asset.debits_posted_minor, asset.credits_posted_minor);
            let totals = [debits_minor, credits_minor, pending_minor, pending_minor];
            same("totals", &totals, &twin.totals_minor(*code))?;
        }
        for (key, account) in &twin.accounts {
            let found = ledger.account(key.0, key.1).ok_or("an account is missing")?;
            compare_account(key.1, &found, account)
                .map_err(|difference| format!("account {key:?}, {found:?}: {difference}"))?;
        }
        self.compare_holds()
    }

    fn compare_holds(&self) -> Result<(), Difference> {
        let (ledger, twin) = (&self.ledger, &self.twin);
        for (key, held) in &twin.holds {
            let (found, accounts) = ledger.hold(key.0, key.1).ok_or("a hold is missing")?;
            compare_hold(found, accounts, held)
                .map_err(|difference| format!("hold {key:?}, {found:?}: {difference}"))?;
        }
        let open = twin.holds.values().filter(|held| held.is_open());
        let timers = open.clone().filter(|held| held.due_at_ns != 0);
        same("open holds", &ledger.open_holds_len(), &open.count())?;
        same("timers", &ledger.timers_len(), &timers.clone().count())?;
        same("next due", &ledger.next_due_ns(), &timers.map(|held| held.due_at_ns).min())
    }

    /// What holds at the end of a history, or anywhere in it, but takes too long to look at after each command.
    pub fn finish(&mut self) -> Result<(), Difference> {
        for (original, reversal) in &self.twin.reversed {
            same("reversal", &self.ledger.reversed_by(*original), &Some(*reversal))?;
        }
        for tenant in [0, 1] {
            let listed: Vec<Key> = self.list(tenant).into_iter().map(|id| (tenant, id)).collect();
            let opened = self.slots.iter().filter(|key| key.0 == tenant).copied();
            same("listing", &listed, &opened.collect())?;
        }
        for held in self.twin.holds.values() {
            self.coverage.ended(held);
        }
        let digest = self.ledger.digest();
        let middle = self.journal.len() / 2;
        let (before, after) = self.journal.split_at(middle);
        let mut again = Ledger::new(REPLAY_SEED);
        replay(&mut again, before)?;
        // Once more from the start: each is refused, and nothing changes.
        let half = again.digest();
        let refused = before.iter().all(|event| again.replay(event).is_err());
        require(refused, "an event is replayed twice")?;
        same("digest after a second replay", &again.digest(), &half)?;
        replay(&mut again, after)?;
        same("digest after replay", &again.digest(), &digest)?;
        require(again.is_conserved_by_account(), "debits are not credits, after replay")
    }

    /// All accounts of a tenant, by small pages.
    fn list(&self, tenant: u32) -> Vec<u128> {
        let (mut ids, mut from) = (Vec::new(), Some(0));
        while let Some(slot) = from {
            let page;
            (page, from) = self.ledger.accounts_from(tenant, slot, 3, 5);
            ids.extend(page.into_iter().map(|account| account.id));
        }
        ids
    }
}

fn replay(ledger: &mut Ledger, events: &[Event]) -> Result<(), Difference> {
    events.iter().try_for_each(|event| {
        ledger.replay(event).map_err(|error| format!("replay refuses {event:?}: {error}"))
    })
}

fn compare_account(id: u128, found: &AccountState, account: &Account) -> Result<(), Difference> {
    let opening = &account.opening;
    same("id", &found.id, &id)?;
    same("balance", &found.net_minor, &account.balance_minor)?;
    same("debits", &found.debits_posted_minor, &account.debits_minor)?;
    same("credits", &found.credits_posted_minor, &account.credits_minor)?;
    let pending = (found.debits_pending_minor, found.credits_pending_minor);
    same("pending", &pending, &(account.out_minor, account.in_minor))?;
    same("ceiling", &found.ceiling_minor, &account.ceiling)?;
    same("floor", &found.floor, &account.floor)?;
    same("freeze", &found.freeze, &account.freeze)?;
    same("closed", &found.closed, &account.closed)?;
    same("asset", &found.asset.code, &opening.asset)?;
    same("name", &found.name, &opening.name)?;
    same("metadata", &found.metadata, &opening.metadata)?;
    same("opening time", &found.opened_at_ns, &account.opened_at_ns)?;
    same("last sequence", &found.last_sequence, &account.last_sequence)?;
    require(account.is_available(found.available_minor), "available is not the most that may go")?;
    require(account.is_above_its_floor(), "the balance is below the floor")?;
    require(account.is_below_its_ceiling(), "the balance is above the ceiling")
}

fn compare_hold(found: &Hold, accounts: [u128; 2], held: &Held) -> Result<(), Difference> {
    same("accounts", &accounts, &[held.debit_account, held.credit_account])?;
    same("amount", &found.amount_minor, &held.amount_minor)?;
    same("captured", &found.captured_minor, &held.captured_minor)?;
    same("released", &found.released_minor, &held.released_minor)?;
    same("refunded", &found.refunded_minor, &held.refunded_minor)?;
    same("remaining", &found.remaining_minor(), &held.reserved_minor)?;
    same("due", &(found.due_at_ns, found.at_due), &(held.due_at_ns, held.at_due))?;
    same("payment", &found.of_payment, &held.of_payment)?;
    let sequences = (found.placed_sequence, found.last_sequence);
    same("sequences", &sequences, &(held.placed_sequence, held.last_sequence))?;
    let states = (found.state(), found.payment_state());
    same("state", &states, &(held.state(), held.payment_state()))?;
    let parts = found.captured_minor + found.released_minor + found.remaining_minor();
    require(parts == found.amount_minor, "captured, released and remaining are not the amount")?;
    require(found.refunded_minor <= found.captured_minor, "more was refunded than captured")
}

pub fn index(sequence: u64) -> usize {
    usize::try_from(sequence - 1).expect("a history is short")
}

pub fn same<T: PartialEq + Debug + ?Sized>(
    what: &str,
    ledger: &T,
    twin: &T,
) -> Result<(), Difference> {
    if ledger == twin {
        return Ok(());
    }
    Err(format!("{what}\n  ledger: {ledger:?}\n  twin:   {twin:?}"))
}

pub fn require(holds: bool, otherwise: &str) -> Result<(), Difference> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
