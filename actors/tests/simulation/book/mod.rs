//! What the clients were told. Nobody here knows what is on the disk: only what an honest engine must
//! never take back.

mod news;
mod transfers;

use std::collections::{BTreeMap, BTreeSet};

use florin_actors::command::{Answer, Command, FoundTransfer, Unavailable};
use florin_engine::{
    AccountState, AssetCode, Body, Event, Hold, Opened, Registered, Sequence, Slot,
};

use crate::history::{History, Key};
use crate::invariants::{Invariant, Verdict, Violation, require};

pub use news::News;

/// The outcome of a group, as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldGroup {
    pub content_hash: u64,
    pub first_sequence: Sequence,
    /// The event, if it was refused. (Members that were posted are told one by one.)
    refusal: Option<Event>,
}

/// What an answer means to who waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is done, or decided against.
    Done,
    /// It was not taken: nothing has happened.
    NotTaken,
    /// What has happened is not known.
    Unknown,
}

/// Counts the answers: a moment in what clients know.
pub type Moment = u64;

/// Something that was told, and when it was told first.
#[derive(Debug, Clone)]
struct Told<T> {
    what: T,
    at: Moment,
}

/// Everything that was told.
#[derive(Debug, Clone, Default)]
pub struct Book {
    now: Moment,
    /// The last event that answers rested on, by moment.
    highest_by_moment: Vec<Sequence>,
    transfers: BTreeMap<Key, Told<Event>>,
    groups: BTreeMap<Key, ToldGroup>,
    /// By which event they were opened.
    accounts: BTreeMap<Key, Told<Sequence>>,
    /// The last event that was told to have changed an account.
    changes: BTreeMap<Slot, Told<Sequence>>,
    /// The last event that was told to have changed a hold or payment.
    holds: BTreeMap<Key, Told<Sequence>>,
    assets: BTreeSet<AssetCode>,
    /// Ids of which it was told that they are in use, for other content.
    used: BTreeSet<Key>,
    used_groups: BTreeSet<Key>,
    /// The last event that any answer rested on.
    highest: Sequence,
    /// Told since [`Self::take_news`] was called: to be read back, and to be held against the journal.
    news: News,
}

const STAYS: Invariant = Invariant::AcknowledgedStays;

fn changed(detail: String) -> Violation {
    Violation { invariant: Invariant::OneOutcome, detail }
}

/// Whose id an event is about, and the content that it was asked with.
fn transfer_of(event: &Event) -> Option<(Key, u64)> {
    match &event.body {
        Body::TransferPosted(posted) => Some(((posted.tenant, posted.id), posted.content_hash)),
        Body::Hold(hold) => Some(((hold.tenant, hold.id), hold.content_hash)),
        Body::TransferRefused(refused) => {
            Some(((refused.tenant, refused.id), refused.content_hash))
        }
        _ => None,
    }
}

impl Book {
    /// Now: a request that is sent rests on everything that was told before.
    pub const fn now(&self) -> Moment {
        self.now
    }

    pub fn transfers(&self) -> impl Iterator<Item = (Key, &Event)> {
        self.transfers.iter().map(|(key, told)| (*key, &told.what))
    }

    pub const fn groups(&self) -> &BTreeMap<Key, ToldGroup> {
        &self.groups
    }

    pub fn accounts(&self) -> impl Iterator<Item = (Key, Sequence)> {
        self.accounts.iter().map(|(key, told)| (*key, told.what))
    }

    pub const fn assets(&self) -> &BTreeSet<AssetCode> {
        &self.assets
    }

    pub fn used_ids(&self) -> impl Iterator<Item = Key> {
        self.used.iter().copied()
    }

    pub fn used_group_ids(&self) -> impl Iterator<Item = Key> {
        self.used_groups.iter().copied()
    }

    pub const fn highest(&self) -> Sequence {
        self.highest
    }

    pub fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// The past ends earlier: what was told of anything behind it does not count any more.
    pub fn roll_back(&mut self, history: &History) {
        let last = history.last_sequence();
        self.news = News::default();
        self.highest = self.highest.min(last);
        self.highest_by_moment.iter_mut().for_each(|highest| *highest = last.min(*highest));
        self.transfers.retain(|_, told| told.what.sequence <= last);
        self.groups.retain(|_, told| told.first_sequence <= last);
        self.accounts.retain(|_, told| told.what <= last);
        self.changes.retain(|_, told| told.what <= last);
        self.holds.retain(|_, told| told.what <= last);
        self.assets.retain(|code| history.has_asset(*code));
        self.used.retain(|key| history.transfer(*key).is_some());
        self.used_groups.retain(|key| history.group(*key).is_some());
    }

    /// Writes down an answer to something that was sent at a moment, and holds it against what was told
    /// before.
    pub fn hear(
        &mut self,
        command: &Command,
        sent: Moment,
        answer: &Answer,
    ) -> Result<Heard, Violation> {
        self.now += 1;
        self.highest_by_moment.push(self.highest);
        match (command, answer) {
            (_, Answer::Unavailable(Unavailable::Unreadable(_))) => return Ok(Heard::Unknown),
            (_, Answer::Unavailable(_)) => return Ok(Heard::NotTaken),
            (Command::Transfers(batch), Answer::Transfers(answer)) => match batch.group {
                Some(key) => self.hear_group(batch, key, answer)?,
                None => self.hear_members(batch, answer)?,
            },
            (Command::OpenAccounts(accounts), Answer::Opened(opened))
                if accounts.len() == opened.len() =>
            {
                for (account, opened) in accounts.iter().zip(opened) {
                    self.hear_opened((account.tenant, account.id), *opened)?;
                }
            }
            (Command::RegisterAssets(assets), Answer::Registered(registered))
                if assets.len() == registered.len() =>
            {
                let there = assets.iter().zip(registered);
                let there = there.filter(|(_, told)| !matches!(told, Registered::Refused(_)));
                self.assets.extend(there.map(|(asset, _)| asset.code));
            }
            (Command::UpdateAccount(change), Answer::Updated(Ok(state))) => {
                self.hear_account(change.id, sent, state)?;
            }
            (Command::GetAccounts { tenant, ids }, Answer::Accounts(states))
                if ids.len() == states.len() =>
            {
                for (id, state) in ids.iter().zip(states) {
                    match state {
                        Some(state) => self.hear_account(*id, sent, state)?,
                        None => self.hear_no_account((*tenant, *id), sent)?,
                    }
                }
            }
            (Command::ListAccounts { .. }, Answer::Page(states, _)) => {
                for state in states {
                    self.hear_account(state.id, sent, state)?;
                }
            }
            (Command::ListAssets, Answer::Assets(assets)) => {
                self.assets.extend(assets.iter().map(|asset| asset.code));
            }
            (Command::GetTransfers { tenant, ids }, Answer::Found(found))
                if ids.len() == found.len() =>
            {
                for (id, found) in ids.iter().zip(found) {
                    let key = (*tenant, *id);
                    match found {
                        Some(found) => self.hear_found(key, found)?,
                        None => self.hear_not_found(key, sent)?,
                    }
                }
            }
            (Command::GetHolds { tenant, ids }, Answer::Holds(found))
                if ids.len() == found.len() =>
            {
                for (id, found) in ids.iter().zip(found) {
                    self.hear_hold((*tenant, *id), sent, found.as_ref().map(|found| &found.hold))?;
                }
            }
            (Command::GetPayments { tenant, ids }, Answer::Payments(found))
                if ids.len() == found.len() =>
            {
                for (id, found) in ids.iter().zip(found) {
                    let hold = found.as_ref().map(|found| &found.hold.hold);
                    self.hear_hold((*tenant, *id), sent, hold)?;
                    if let Some(found) = found {
                        self.learn((*tenant, *id), None, &found.created)?;
                    }
                }
            }
            (Command::GetFigures, Answer::Figures(figures)) => {
                require(figures.conserved, Invariant::Conserved, || format!("{figures:?}"))?;
                let known =
                    usize::try_from(sent).ok().and_then(|sent| self.highest_by_moment.get(sent));
                require(known.is_none_or(|known| *known <= figures.sequence), STAYS, || {
                    format!("event {known:?} was told before this was asked: {figures:?}")
                })?;
                self.rests_on(figures.sequence);
                self.news.figures.insert(figures.sequence, figures.clone());
            }
            (Command::UpdateAccount(_), Answer::Updated(Err(_)))
            | (Command::AcceptClock, Answer::ClockAccepted(_))
            | (Command::TakeDigest, Answer::Digest) => {}
            _ => return Err(changed(format!("{answer:?} is no answer to {command:?}"))),
        }
        Ok(Heard::Done)
    }

    fn rests_on(&mut self, sequence: Sequence) {
        self.highest = self.highest.max(sequence);
    }

    /// The outcome of a transfer: the first that was told is the only one.
    fn learn(&mut self, key: Key, content_hash: Option<u64>, event: &Event) -> Verdict {
        let about = transfer_of(event);
        let fits = about.is_some_and(|(of, hash)| {
            of == key && content_hash.is_none_or(|content_hash| content_hash == hash)
        });
        require(fits, Invariant::OneOutcome, || format!("{event:?} is no answer about {key:x?}"))?;
        self.rests_on(event.sequence);
        self.news.sequences.insert(event.sequence);
        if let Body::Hold(hold) = &event.body {
            self.hold_changed((hold.tenant, hold.hold_id), event.sequence);
        }
        for leg in event.legs().into_iter().flatten() {
            self.changed(leg.slot, event.sequence);
        }
        let at = self.now;
        let told = self.transfers.entry(key).or_insert_with(|| Told { what: event.clone(), at });
        require(told.what == *event, Invariant::OneOutcome, || {
            format!("first it was {:?}, now it is {event:?}", told.what)
        })
    }

    /// It was told that an event changed an account.
    fn changed(&mut self, slot: Slot, sequence: Sequence) {
        let at = self.now;
        let last = self.changes.entry(slot).or_insert(Told { what: sequence, at });
        if last.what < sequence {
            *last = Told { what: sequence, at };
        }
    }

    fn hear_opened(&mut self, key: Key, opened: Opened) -> Verdict {
        let (Opened::Now(sequence) | Opened::Before(sequence)) = opened else { return Ok(()) };
        self.rests_on(sequence);
        let at = self.now;
        let first = self.accounts.entry(key).or_insert(Told { what: sequence, at }).what;
        require(first == sequence, Invariant::OneOutcome, || {
            format!("account {key:x?} was opened by event {first}, and by event {sequence}")
        })
    }

    fn hear_account(&mut self, id: u128, sent: Moment, state: &AccountState) -> Verdict {
        let known = self.changes.get(&state.slot).filter(|told| told.at <= sent);
        require(known.is_none_or(|told| told.what <= state.last_sequence), STAYS, || {
            format!("{known:?} was told before this was asked: {state:?}")
        })?;
        self.changed(state.slot, state.last_sequence);
        self.rests_on(state.last_sequence);
        self.news.accounts.insert((state.last_sequence, state.slot), state.clone());
        require(state.id == id, Invariant::OneOutcome, || format!("asked for {id:x}: {state:?}"))
    }

    fn hear_hold(&mut self, key: Key, sent: Moment, hold: Option<&Hold>) -> Verdict {
        let Some(hold) = hold else {
            // Asked for as the other: a hold as a payment, or the other way round.
            return Ok(());
        };
        let known = self.holds.get(&key).filter(|told| told.at <= sent);
        require(known.is_none_or(|told| told.what <= hold.last_sequence), STAYS, || {
            format!("{known:?} was told before this was asked: {hold:?}")
        })?;
        self.rests_on(hold.last_sequence);
        self.news.holds.insert((hold.last_sequence, key), hold.clone());
        self.hold_changed(key, hold.last_sequence);
        require((hold.tenant, hold.id) == key, Invariant::OneOutcome, || {
            format!("asked for {key:x?}: {hold:?}")
        })
    }

    /// It was told that an event changed a hold.
    fn hold_changed(&mut self, key: Key, sequence: Sequence) {
        let at = self.now;
        let last = self.holds.entry(key).or_insert(Told { what: sequence, at });
        if last.what < sequence {
            *last = Told { what: sequence, at };
        }
    }

    fn hear_no_account(&self, key: Key, sent: Moment) -> Verdict {
        let was_told = self.accounts.get(&key).is_some_and(|told| told.at <= sent);
        require(!was_told, STAYS, || format!("account {key:x?} was told open, and is not found"))
    }

    fn hear_not_found(&self, key: Key, sent: Moment) -> Verdict {
        let was_told = self.transfers.get(&key).is_some_and(|told| told.at <= sent);
        require(!was_told, STAYS, || format!("transfer {key:x?} was told, and is not found"))
    }

    fn hear_found(&mut self, key: Key, found: &FoundTransfer) -> Verdict {
        self.learn(key, None, &found.event)?;
        self.used_groups.extend(found.group.map(|group| (key.0, group)));
        if let Some(reversal) = found.reversed_by {
            self.rests_on(reversal);
            self.news.reversals.insert(found.event.sequence, reversal);
        }
        Ok(())
    }
}
