//! What must hold, whatever happens: numbered, named, and pure. `docs/SIMULATION.md` has the list in prose.

use std::fmt;

use florin_engine::{Event, Ledger, Sequence};

use crate::book::Book;
use crate::clients::SentGroup;
use crate::history::History;

/// An invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// I1: debits = credits, in every asset, by the running sums and by the accounts themselves.
    Conserved,
    /// I2: what was acknowledged is there, with the outcome that was told; refusals too.
    AcknowledgedStays,
    /// I3: nothing is applied twice; the balances are what a naive sum of the journal gives.
    AppliedOnce,
    /// I4: nothing was answered from what was not durable.
    DurableOnly,
    /// I5: a replayed ledger equals the one that was live, digest by digest; and so does a second replay.
    ReplayEqualsLive,
    /// I6: a group is there as a whole, its members side by side, or not at all.
    GroupsWhole,
    /// I7: an id has one outcome, however often and in whichever content it is asked for.
    OneOutcome,
    /// I8: history stays: what one recovery found every later one finds, and what comes on top is what was
    /// decided, in that order.
    HistoryStays,
    /// I9: it opens after everything that was done to it, and nothing but what was done to it ends it.
    Opens,
    /// I10: nobody waits for ever: with a working disk everything that was taken is answered.
    Answered,
    /// I11: the feed tells what the journal holds, in order, without a gap, and never what a crash undoes.
    FeedIsTheJournal,
    /// I12: nothing falls due before its time, and whatever is reserved was captured, given back, or is still there.
    DueInTime,
    /// I13: a snapshot that is whole can be used: the journal holds all that it has seen.
    SnapshotsFit,
    /// I14: an archive that is out of reach is missed by who needs what is in it, and by nobody else.
    ArchiveApart,
    /// I15: what is restored from a backup is the past, up to the moment that was asked for.
    RestoredIsThePast,
    /// I16: ids that were found on disk once are found there for good.
    IdsStay,
}

impl Invariant {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conserved => "I1 debits = credits",
            Self::AcknowledgedStays => "I2 what was acknowledged is there",
            Self::AppliedOnce => "I3 nothing is applied twice",
            Self::DurableOnly => "I4 nothing is answered from what is not durable",
            Self::ReplayEqualsLive => "I5 replay = live",
            Self::GroupsWhole => "I6 groups are whole",
            Self::OneOutcome => "I7 an id has one outcome",
            Self::HistoryStays => "I8 history stays",
            Self::Opens => "I9 it opens again, and only faults end it",
            Self::Answered => "I10 nobody waits for ever",
            Self::FeedIsTheJournal => "I11 the feed is the journal",
            Self::DueInTime => "I12 holds add up and fall due in time",
            Self::SnapshotsFit => "I13 snapshots that are whole fit the journal",
            Self::ArchiveApart => "I14 nobody else misses the archive",
            Self::RestoredIsThePast => "I15 what is restored is the past",
            Self::IdsStay => "I16 ids on disk stay",
        }
    }
}

/// An invariant that does not hold.
#[derive(Debug, Clone)]
pub struct Violation {
    pub invariant: Invariant,
    pub detail: String,
}

pub type Verdict = Result<(), Violation>;

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant.name(), self.detail)
    }
}

/// The invariant does not hold unless this is so.
pub fn require(holds: bool, invariant: Invariant, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Violation { invariant, detail: otherwise() }) }
}

/// I1.
pub fn conserved(ledger: &Ledger) -> Verdict {
    require(ledger.is_conserved() && ledger.is_conserved_by_account(), Invariant::Conserved, || {
        format!("{:?}", ledger.assets())
    })
}

/// I2, by the journal.
pub fn acknowledged_stays(book: &Book, history: &History) -> Verdict {
    let lost = |detail| Violation { invariant: Invariant::AcknowledgedStays, detail };
    for (key, told) in book.transfers() {
        match history.transfer(key) {
            Some(event) if event == told => {}
            Some(event) => return Err(lost(format!("told {told:?}, there is {event:?}"))),
            None => return Err(lost(format!("transfer {key:x?} is gone, told {told:?}"))),
        }
    }
    for (key, told) in book.groups() {
        if history.group(*key) != Some((told.content_hash, told.first_sequence)) {
            return Err(lost(format!("group {key:x?} is gone or another, told {told:?}")));
        }
    }
    for (key, sequence) in book.accounts() {
        if history.account(key).map(|account| account.opened_sequence) != Some(sequence) {
            return Err(lost(format!("account {key:x?} is gone, opened by event {sequence}")));
        }
    }
    if let Some(code) = book.assets().iter().find(|code| !history.has_asset(**code)) {
        return Err(lost(format!("asset {code:?} is gone")));
    }
    if let Some(key) = book.used_ids().find(|key| history.transfer(*key).is_none()) {
        return Err(lost(format!("id {key:x?} was told to be in use and is not")));
    }
    if let Some(key) = book.used_group_ids().find(|key| history.group(*key).is_none()) {
        return Err(lost(format!("group id {key:x?} was told to be in use and is not")));
    }
    Ok(())
}

/// I3, by balance. (That an id is in the journal once, [`History`] sees to.)
pub fn balances_equal(history: &History, ledger: &Ledger) -> Verdict {
    let wrong = |detail| Violation { invariant: Invariant::AppliedOnce, detail };
    if ledger.accounts_len() != history.accounts().len() {
        return Err(wrong(format!(
            "{} accounts in the ledger, {} in the journal",
            ledger.accounts_len(),
            history.accounts().len()
        )));
    }
    for naive in history.accounts() {
        let state = ledger.account(naive.tenant, naive.id);
        if !state.as_ref().is_some_and(|state| naive.is(state)) {
            return Err(wrong(format!("the journal gives {naive:?}, the ledger has {state:?}")));
        }
    }
    for naive in history.holds() {
        let hold = ledger.hold(naive.tenant, naive.id);
        if !hold.is_some_and(|(hold, _)| naive.is(hold)) {
            return Err(wrong(format!("the journal gives {naive:?}, the ledger has {hold:?}")));
        }
    }
    let counters = (ledger.counters().transfers_posted, ledger.counters().transfers_refused);
    require(
        counters == history.counters() && ledger.counters().ids_used == history.ids_len() as u64,
        Invariant::AppliedOnce,
        || format!("{counters:?} transfers in the ledger, {:?} in the journal", history.counters()),
    )
}

/// I4.
pub fn durable_only(highest_told: Sequence, last_recovered: Sequence) -> Verdict {
    require(highest_told <= last_recovered, Invariant::DurableOnly, || {
        format!("an answer rested on event {highest_told}, the journal ends with {last_recovered}")
    })
}

/// I5, for one sequence.
pub fn replay_equals_live(sequence: Sequence, live: [u8; 32], replayed: [u8; 32]) -> Verdict {
    require(live == replayed, Invariant::ReplayEqualsLive, || {
        format!("the digests after event {sequence} differ")
    })
}

/// I6, by what the clients asked for. (That the marks in the journal make whole groups, [`History`] sees
/// to.)
pub fn groups_whole(
    groups: &[SentGroup],
    is_exclusive: impl Fn(&SentGroup, u128) -> bool,
    history: &History,
) -> Verdict {
    for group in groups {
        // A member that other requests name too may be there because of them.
        let own = group.members.iter().filter(|(id, _)| is_exclusive(group, *id));
        let (mut members, mut posted) = (0, Vec::new());
        for (id, content_hash) in own {
            members += 1;
            posted.extend(history.posted((group.tenant, *id), *content_hash));
        }
        let is_all = posted.len() == members;
        let are_neighbours = posted.is_sorted()
            && posted.first().zip(posted.last()).is_none_or(|(first, last)| {
                members < group.members.len() || last - first + 1 == members as u64
            });
        require(posted.is_empty() || is_all && are_neighbours, Invariant::GroupsWhole, || {
            format!(
                "group {:x} has {members} members of its own, posted are events {posted:?}",
                group.id
            )
        })?;
    }
    Ok(())
}

/// I8.
pub fn history_stays(recovered: &[Event], decided: &[Event], now: &[Event]) -> Verdict {
    let known = recovered.iter().chain(decided);
    for (event, known) in now.iter().zip(known) {
        require(event == known, Invariant::HistoryStays, || {
            format!("event {} was {known:?}, now it is {event:?}", known.sequence)
        })?;
    }
    let (before, after) = (recovered.len(), now.len());
    require(after >= before, Invariant::HistoryStays, || {
        format!("the journal ended with event {before} once, now it ends with {after}")
    })?;
    require(after <= before + decided.len(), Invariant::HistoryStays, || {
        format!("{} events were decided, the journal has {after}", before + decided.len())
    })
}
