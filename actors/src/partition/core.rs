//! `collect → load → decide → evolve`: what a partition does with the requests of one step.

use std::collections::VecDeque;
use std::sync::Arc;

use florin_engine::{Asset, Body, Event, Forgotten, Ledger, TransferBatch};
use florin_persistence::{FRAME_RECORDS_MAX, IdKey, IdKind};

use super::due::DueNow;
use super::entry::{Basis, Entry, Next, Parked, Request, Stage};
use crate::admit::weigh;
use crate::clock::{ClockWatch, Now};
use crate::command::{
    Answer, Command, Explained, Figures, FoundHold, FoundPayment, TransfersAnswer, Unavailable,
};
use crate::load::{Found, Loaded, Records};
use crate::publish::Gauge;
use crate::sealed_ids::{NothingSealed, OldIds, SealedIds};

/// Slots that one page of a listing may look at.
const LIST_SCAN_SLOTS: u32 = 8_192;

/// Whether the journal has room for an event.
pub(super) enum Room {
    /// For certain.
    Now,
    /// When the next segment has been made.
    Later,
    /// Not until someone makes space.
    Never,
}

/// The partition.
#[derive(Debug)]
pub struct Core<P> {
    pub(super) ledger: Ledger,
    pub(super) watch: ClockWatch,
    /// Up to when things have fallen due, as of the last step.
    pub(super) trusted_ns: u64,
    pub(super) due: DueNow,
    pub(super) gauge: Arc<Gauge>,
    pub(super) frame_bytes_max: u64,
    /// Writes that came when no room was certain. They keep their order.
    pub(super) waiting: VecDeque<(Request<P>, Basis)>,
    old_ids: OldIds,
    /// Most ids in memory.
    ids_kept_max: usize,
}

impl<P> Core<P> {
    /// A partition with a recovered ledger. `frame_bytes_max` is what fits one frame.
    pub fn new(ledger: Ledger, watch: ClockWatch, gauge: Arc<Gauge>, frame_bytes_max: u64) -> Self {
        gauge.refusals().begin(&ledger);
        Self {
            ledger,
            watch,
            trusted_ns: 0,
            due: DueNow::Nothing,
            gauge,
            frame_bytes_max,
            waiting: VecDeque::new(),
            old_ids: OldIds::new(Arc::new(NothingSealed)),
            ids_kept_max: usize::MAX,
        }
    }

    /// Holds writes back while so many ids are in memory, until more of them are sealed. It has to be well above what
    /// the segment that is written can hold: those cannot be sealed yet.
    #[must_use]
    pub fn keeping_ids(self, most: usize) -> Self {
        Self { ids_kept_max: most, ..self }
    }

    /// Whether writes are held back until there is room.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.due == DueNow::WaitsForRoom
    }

    /// The state.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes everything that has come, decides it, and says what goes to the journal.
    pub fn step(&mut self, requests: Vec<Request<P>>, now: Now) -> Vec<Entry<P>> {
        let now_ns = now.wall_ns;
        let mut entries = Vec::with_capacity(requests.len());
        self.retry(now_ns, &mut entries);
        self.fall_due(now, &mut entries);
        self.prefetch(&requests);
        for request in requests {
            self.take(request, Basis::default(), now_ns, &mut entries);
        }
        self.gauge.set_waiting(self.is_waiting());
        entries
    }

    /// Goes on with requests whose records were read.
    pub fn resume(&mut self, loaded: Vec<Loaded<P>>, now: Now) -> Vec<Entry<P>> {
        let now_ns = now.wall_ns;
        let mut entries = Vec::with_capacity(loaded.len());
        self.retry(now_ns, &mut entries);
        self.fall_due(now, &mut entries);
        for Loaded { parked: Parked { request, stage, .. }, found } in loaded {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    let unreadable = Unavailable::Unreadable(error);
                    entries.push(Entry::unavailable(request.port, unreadable));
                    continue;
                }
            };
            match (stage, request.command) {
                (Stage::Explain(events, outcome), Command::Transfers(batch)) => {
                    let explained = self.explain(&batch, &outcome, &found.records);
                    let answer = TransfersAnswer { events, outcome, explained, asset: None };
                    entries.push(Entry::reply(request.port, Answer::Transfers(answer)));
                }
                (Stage::Find(sequences), Command::GetTransfers { tenant, ids }) => {
                    let Found { records, ids: looked_up } = found;
                    let on_disk = |id| {
                        let key = IdKey { id, tenant, kind: IdKind::Transfer };
                        looked_up.ids.get(&key).copied().flatten()
                    };
                    let sequences =
                        sequences.iter().zip(ids).map(|(known, id)| known.or_else(|| on_disk(id)));
                    let found = sequences.map(|sequence| self.found(sequence, &records));
                    let answer = Answer::Found(found.collect());
                    entries.push(Entry::reply(request.port, answer));
                }
                (Stage::Payments(holds), _) => {
                    let found =
                        holds.into_iter().map(|hold| self.found_payment(hold?, &found.records));
                    let answer = Answer::Payments(found.collect());
                    entries.push(Entry::reply(request.port, answer));
                }
                (stage @ (Stage::Decide(_) | Stage::Find(_) | Stage::Explain(..)), command) => {
                    let (past, looked_up) = found.past(&command);
                    let asked_through =
                        if let Stage::Decide(through) = stage { through } else { 0 };
                    let request = Request { command, port: request.port };
                    let basis = Basis { past, looked_up, asked_through };
                    self.take(request, basis, now_ns, &mut entries);
                }
            }
        }
        self.gauge.set_waiting(self.is_waiting());
        entries
    }

    /// Asks for the cache lines of all single transfers that wait, so that their misses overlap. Larger batches
    /// do it for themselves.
    fn prefetch(&self, requests: &[Request<P>]) {
        let single = || {
            requests.iter().filter_map(|request| match &request.command {
                Command::Transfers(batch) if batch.transfers.len() == 1 => Some(batch),
                _ => None,
            })
        };
        single().for_each(|batch| self.ledger.prefetch_tables(batch.tenant, &batch.transfers));
        single().for_each(|batch| self.ledger.prefetch_accounts(batch.tenant, &batch.transfers));
    }

    /// Gives what had to wait another try, in order.
    fn retry(&mut self, now_ns: u64, entries: &mut Vec<Entry<P>>) {
        while let Some((request, basis)) = self.waiting.pop_front() {
            // While it waited, what it rests on may have been sealed, or posted.
            let request = match self.load_first(request, &basis) {
                Ok(request) => request,
                Err(parked) => {
                    entries.push(Entry::load(*parked));
                    continue;
                }
            };
            let bytes = weigh(&request.command);
            match self.room_for(bytes) {
                Room::Now => self.write(request, &basis, bytes, now_ns, entries),
                Room::Never => {
                    entries.push(Entry::unavailable(request.port, Unavailable::DiskFull));
                }
                Room::Later => {
                    self.waiting.push_front((request, basis));
                    return;
                }
            }
        }
    }

    fn take(
        &mut self,
        request: Request<P>,
        basis: Basis,
        now_ns: u64,
        entries: &mut Vec<Entry<P>>,
    ) {
        if !request.command.writes() {
            entries.push(self.read(request));
            return;
        }
        let request = match self.load_first(request, &basis) {
            Ok(request) => request,
            Err(parked) => {
                entries.push(Entry::load(*parked));
                return;
            }
        };
        // What was answered before needs no room to be answered again, and counts although limits may have
        // changed since.
        if matches!(&request.command, Command::Transfers(batch) if self.ledger.is_known(batch, &basis.past))
        {
            self.write(request, &basis, 0, now_ns, entries);
            return;
        }
        let bytes = weigh(&request.command);
        let limit_bytes = self.frame_bytes_max.min(self.gauge.segment_room_bytes());
        if bytes > limit_bytes {
            let too_large = Unavailable::TooLarge { bytes, limit_bytes };
            entries.push(Entry::unavailable(request.port, too_large));
            return;
        }
        // Nobody overtakes who came first.
        let room = if self.waiting.is_empty() { self.room_for(bytes) } else { Room::Later };
        match room {
            Room::Now => self.write(request, &basis, bytes, now_ns, entries),
            Room::Never => entries.push(Entry::unavailable(request.port, Unavailable::DiskFull)),
            Room::Later => self.waiting.push_back((request, basis)),
        }
    }

    /// The request, if all that it rests on is in memory or was found; otherwise what is to be found first. All of
    /// it, found before or not: what a request comes back with is all that it has.
    fn load_first(
        &mut self,
        request: Request<P>,
        basis: &Basis,
    ) -> Result<Request<P>, Box<Parked<P>>> {
        let Command::Transfers(batch) = &request.command else { return Ok(request) };
        let needs = self.ledger.originals_needed(batch);
        let has_originals = needs.iter().all(|needed| basis.past.originals.contains_key(needed));
        let through = self.old_ids.through();
        // To ask for a whole batch costs about as much as to decide it: once is enough, while nothing more was sealed.
        let was_asked = basis.asked_through >= through && basis.looked_up.through >= through;
        if has_originals && was_asked {
            return Ok(request);
        }
        let ids = self.old_ids.of_batch(&self.ledger, batch);
        if has_originals && ids.iter().all(|key| basis.looked_up.has(key, through)) {
            return Ok(request);
        }
        Err(Box::new(Parked { request, stage: Stage::Decide(through), needs, ids }))
    }

    /// Ids of sealed segments are found here from now on. Those that are in memory still are forgotten: to drop them
    /// takes a while.
    ///
    /// A set that does not reach as far as what was forgotten has lost a run, which is being made again: the one of before
    /// stays, or ids that nobody remembers would pass for new ones.
    pub fn ids_sealed(&mut self, sealed: Arc<dyn SealedIds>) -> Forgotten {
        let through = sealed.through();
        if through < self.ledger.ids_forgotten_through() {
            return Forgotten::default();
        }
        self.old_ids.replace(sealed);
        self.ledger.forget_ids(through)
    }

    fn has_too_many_ids(&self) -> bool {
        self.ledger.ids_kept_len() >= self.ids_kept_max
    }

    pub(super) fn room_for(&self, bytes: u64) -> Room {
        match () {
            () if self.has_too_many_ids() && self.gauge.is_sealing_stuck() => Room::Never,
            () if self.has_too_many_ids() => Room::Later,
            () if self.gauge.has_room(bytes) => Room::Now,
            () if self.gauge.is_out_of_space() => Room::Never,
            () => Room::Later,
        }
    }

    fn write(
        &mut self,
        request: Request<P>,
        basis: &Basis,
        bytes: u64,
        now_ns: u64,
        entries: &mut Vec<Entry<P>>,
    ) {
        let Request { command, port } = request;
        let mut events = Vec::new();
        let answer = match command {
            Command::Transfers(batch) => {
                let entry = self.transfer(batch, port, basis, now_ns);
                self.send(entry, bytes, entries);
                return;
            }
            Command::OpenAccounts(accounts) => {
                events.reserve(accounts.len());
                let open = |new| self.ledger.open_account(new, now_ns, &mut events);
                Answer::Opened(accounts.iter().map(open).collect())
            }
            Command::RegisterAssets(assets) => {
                let register = |new| self.ledger.register_asset(new, now_ns, &mut events);
                Answer::Registered(assets.into_iter().map(register).collect())
            }
            Command::UpdateAccount(change) => {
                let updated = self.ledger.update_account(&change, now_ns, &mut events);
                let account = self.ledger.account(change.tenant, change.id).map(Box::new);
                Answer::Updated(updated.map(|()| account.expect("an updated account exists")))
            }
            Command::TakeDigest => {
                self.ledger.take_digest(now_ns, &mut events);
                Answer::Digest
            }
            Command::GetAccounts { .. }
            | Command::ListAccounts { .. }
            | Command::ListAssets
            | Command::GetTransfers { .. }
            | Command::GetHolds { .. }
            | Command::GetPayments { .. }
            | Command::AcceptClock
            | Command::GetFigures => unreachable!("`take` has sent reads to `read`"),
        };
        let entry = Entry::new(Arc::new(events), Next::Reply(port, answer));
        self.send(entry, bytes, entries);
    }

    /// Sets room aside and queues; what exceeds a frame's records is cut between events. (A group never
    /// does: its members are a batch at most.)
    fn send(&self, mut entry: Entry<P>, bytes: u64, entries: &mut Vec<Entry<P>>) {
        if entry.events.is_empty() {
            entries.push(entry);
            return;
        }
        self.gauge.refusals().note(&self.ledger, &entry.events);
        entry.weight_bytes = bytes;
        while entry.range.len() > FRAME_RECORDS_MAX {
            let cut = entry.range.start + FRAME_RECORDS_MAX;
            self.gauge.decided(bytes);
            entries.push(Entry {
                events: Arc::clone(&entry.events),
                range: entry.range.start..cut,
                weight_bytes: bytes,
                next: Next::Nothing,
            });
            entry.range.start = cut;
        }
        self.gauge.decided(bytes);
        entries.push(entry);
    }

    fn transfer(&mut self, batch: TransferBatch, port: P, basis: &Basis, now_ns: u64) -> Entry<P> {
        let mut events = Vec::with_capacity(batch.transfers.len());
        let outcome = self.ledger.execute(&batch, &basis.past, now_ns, &mut events);
        let events = Arc::new(events);
        let needs = self.explanation_needs(&batch, &outcome);
        let next = if needs.is_empty() {
            let answer = TransfersAnswer {
                events: Arc::clone(&events),
                outcome,
                explained: Explained::Nothing,
                asset: self.asset_of_step(&events),
            };
            Next::Reply(port, Answer::Transfers(answer))
        } else {
            let request = Request { command: Command::Transfers(batch), port };
            let stage = Stage::Explain(Arc::clone(&events), outcome);
            Next::Load(Parked { request, stage, needs, ids: Vec::new() })
        };
        Entry::new(events, next)
    }

    fn read(&mut self, request: Request<P>) -> Entry<P> {
        let answer = match request.command {
            Command::GetAccounts { tenant, ref ids } => {
                Answer::Accounts(ids.iter().map(|id| self.ledger.account(tenant, *id)).collect())
            }
            Command::ListAccounts { tenant, from, limit } => {
                let (page, next) = self.ledger.accounts_from(tenant, from, limit, LIST_SCAN_SLOTS);
                Answer::Page(page, next)
            }
            Command::ListAssets => Answer::Assets(self.ledger.assets().to_vec()),
            Command::GetTransfers { tenant, ref ids } => {
                let find = |id: &u128| self.ledger.transfer_sequence(tenant, *id);
                let found: Vec<_> = ids.iter().map(find).collect();
                let needs: Vec<_> = found.iter().copied().flatten().collect();
                let old = self.old_ids.of_transfers(&self.ledger, tenant, ids);
                if !needs.is_empty() || !old.is_empty() {
                    let stage = Stage::Find(found);
                    return Entry::load(Parked { request, stage, needs, ids: old });
                }
                Answer::Found(vec![None; ids.len()])
            }
            Command::GetHolds { tenant, ref ids } => {
                Answer::Holds(ids.iter().map(|id| self.find_hold(tenant, *id, false)).collect())
            }
            Command::GetPayments { tenant, ref ids } => {
                let found = ids.iter().map(|id| self.find_hold(tenant, *id, true));
                let found: Vec<_> = found.collect();
                let created = found.iter().flatten().map(|found| found.hold.placed_sequence);
                let needs: Vec<_> = created.collect();
                if !needs.is_empty() {
                    let (stage, ids) = (Stage::Payments(found), Vec::new());
                    return Entry::load(Parked { request, stage, needs, ids });
                }
                Answer::Payments(vec![None; ids.len()])
            }
            Command::AcceptClock => Answer::ClockAccepted(self.accept_clock()),
            _ => Answer::Figures(self.figures()),
        };
        Entry::reply(request.port, answer)
    }

    fn asset_of_step(&self, events: &[Event]) -> Option<Asset> {
        match events {
            [Event { body: Body::Hold(hold), .. }] => {
                self.ledger.assets().get(hold.asset as usize).copied()
            }
            _ => None,
        }
    }

    fn find_hold(&self, tenant: u32, id: u128, of_payment: bool) -> Option<FoundHold> {
        let (hold, [debit_account, credit_account]) = self.ledger.hold(tenant, id)?;
        let hold = Some(hold).filter(|hold| hold.of_payment == of_payment)?.clone();
        Some(FoundHold { hold, debit_account, credit_account })
    }

    fn found_payment(&self, hold: FoundHold, records: &Records) -> Option<FoundPayment> {
        let created = records.get(&hold.hold.placed_sequence)?.clone();
        let Body::Hold(event) = &created.body else { return None };
        let asset = *self.ledger.assets().get(event.asset as usize)?;
        Some(FoundPayment { hold, asset, created })
    }

    fn figures(&self) -> Figures {
        Figures {
            sequence: self.ledger.last_sequence(),
            accounts: self.ledger.accounts_len(),
            ids: usize::try_from(self.ledger.counters().ids_used).unwrap_or(usize::MAX),
            ids_kept: self.ledger.ids_kept_len(),
            counters: self.ledger.counters(),
            conserved: self.ledger.is_conserved(),
            assets: self.ledger.assets().to_vec(),
            account_bytes: self.ledger.account_bytes(),
            open_holds: self.ledger.open_holds_len(),
            timers: self.ledger.timers_len(),
            due_paused: self.watch.is_paused(),
        }
    }
}

#[cfg(test)]
mod tests;
