//! What clients get to see, so that a simulation that has become tame is noticed.

use std::collections::BTreeSet;

use florin_actors::command::{Answer, Explained, First, Unavailable};
use florin_engine::{Body, Event, GroupOutcome, HoldEvent, HoldStep, Opened, Reason, Registered};

use crate::report::Totals;

/// Kinds of answers that have been seen, by name.
#[derive(Debug, Clone, Default)]
pub struct Coverage(BTreeSet<&'static str>);

/// What must be seen in a day of many seeds, besides every reason that the state of the ledger can give.
const KINDS: [&str; 39] = [
    "a group posted",
    "a group known, posted",
    "a group known, refused",
    "a group of a hundred",
    "a known member",
    "a reversal",
    "less than was asked for",
    "metadata",
    "an account known",
    "an account refused",
    "an asset refused",
    "an update",
    "an update refused",
    "an account read",
    "an account not found",
    "a page with more behind it",
    "a transfer found in its group",
    "a transfer found reversed",
    "a transfer not found",
    "a hold placed",
    "a hold captured",
    "a hold captured, the rest released",
    "a hold released",
    "a hold changed",
    "a hold in a group",
    "a payment authorized",
    "a payment paid",
    "a payment captured",
    "a payment canceled",
    "a payment refunded",
    "a hold due, released",
    "a hold due, captured",
    "a hold read",
    "a payment read",
    "a clock accepted",
    "DISK_FULL",
    "OVERLOADED",
    "TOO_LARGE",
    "unreadable",
];

/// What has happened less than once in ten seeds, and has to happen more often.
pub fn too_rare(totals: &Totals) -> Vec<&'static str> {
    let counted = [
        ("snapshots", totals.snapshots),
        ("starts from one", totals.snapshot_starts),
        ("segments sealed", totals.segments_sealed),
        ("their indexes", totals.segments_indexed),
        ("merges", totals.id_merges),
        ("checkpoints", totals.checkpoints),
        ("segments archived", totals.segments_archived),
        ("starts behind an archive", totals.archive_starts),
        ("reads from it", totals.archive_reads),
        ("reads in vain", totals.archive_misses),
        ("backups", totals.backups),
        ("backups of what is archived", totals.backups_of_archived),
        ("restores", totals.restores),
        ("worlds that go on from one", totals.restored_worlds),
    ];
    let is_rare = |(_, times): &(_, u64)| times * 10 < totals.seeds;
    counted.into_iter().filter(is_rare).map(|(name, _)| name).collect()
}

impl Coverage {
    pub fn add(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// What should have been seen and was not.
    pub fn missing(&self) -> Vec<&'static str> {
        let reasons = Reason::ALL.iter().filter(|reason| !reason.is_malformed());
        let expected = reasons.map(|reason| reason.name()).chain(KINDS);
        // What decides against a group is the reason of a member; a thousand assets would be nothing else.
        let others = [Reason::GroupMemberRefused.name(), Reason::AssetLimit.name()];
        let expected = expected.filter(|name| !others.contains(name));
        expected.filter(|name| !self.0.contains(name)).collect()
    }

    fn saw(&mut self, name: &'static str) {
        self.0.insert(name);
    }

    fn saw_if(&mut self, is_so: bool, name: &'static str) {
        if is_so {
            self.saw(name);
        }
    }

    /// Takes up an answer.
    pub fn see(&mut self, answer: &Answer) {
        match answer {
            Answer::Transfers(answer) => {
                answer.events.iter().for_each(|event| self.see_event(event));
                match answer.outcome.group {
                    Some(GroupOutcome::Posted) => {
                        self.saw("a group posted");
                        self.saw_if(answer.events.len() >= 100, "a group of a hundred");
                    }
                    Some(GroupOutcome::Known { posted: true, same: true, .. }) => {
                        self.saw("a group known, posted");
                    }
                    Some(GroupOutcome::Known { posted: false, same: true, .. }) => {
                        self.saw("a group known, refused");
                    }
                    _ => {}
                }
                match &answer.explained {
                    Explained::Members(first) => {
                        let answers = first.iter().any(|first| matches!(first, First::Answer(_)));
                        let reused = first.iter().any(|first| matches!(first, First::Reused(_)));
                        self.saw_if(answers, "a known member");
                        self.saw_if(reused, Reason::IdReused.name());
                    }
                    Explained::GroupReused(_) => self.saw(Reason::IdReused.name()),
                    Explained::Nothing | Explained::Group(_) => {}
                }
            }
            Answer::Opened(opened) => {
                for opened in opened {
                    match opened {
                        Opened::Now(_) => {}
                        Opened::Before(_) => self.saw("an account known"),
                        Opened::Refused(fault) => {
                            self.saw("an account refused");
                            self.saw(fault.reason.name());
                        }
                    }
                }
            }
            Answer::Registered(registered) => {
                let refused = |told: &Registered| matches!(told, Registered::Refused(_));
                self.saw_if(registered.iter().any(refused), "an asset refused");
            }
            Answer::Updated(Ok(_)) => self.saw("an update"),
            Answer::Updated(Err(refusal)) => {
                self.saw("an update refused");
                self.saw(refusal.reason.name());
            }
            Answer::Accounts(states) => {
                self.saw_if(states.iter().any(Option::is_some), "an account read");
                self.saw_if(states.iter().any(Option::is_none), "an account not found");
            }
            Answer::Page(_, next) => self.saw_if(next.is_some(), "a page with more behind it"),
            Answer::Found(found) => {
                self.saw_if(found.iter().any(Option::is_none), "a transfer not found");
                for found in found.iter().flatten() {
                    self.saw_if(found.group.is_some(), "a transfer found in its group");
                    self.saw_if(found.reversed_by.is_some(), "a transfer found reversed");
                }
            }
            Answer::Holds(found) => self.saw_if(found.iter().any(Option::is_some), "a hold read"),
            Answer::Payments(found) => {
                self.saw_if(found.iter().any(Option::is_some), "a payment read");
            }
            Answer::ClockAccepted(was_paused) => self.saw_if(*was_paused, "a clock accepted"),
            Answer::Unavailable(unavailable) => self.saw(match unavailable {
                Unavailable::ShuttingDown => "SHUTTING_DOWN",
                Unavailable::Fenced => "FENCED",
                Unavailable::DiskFull => "DISK_FULL",
                Unavailable::Overloaded => "OVERLOADED",
                Unavailable::TooLarge { .. } => "TOO_LARGE",
                Unavailable::Unreadable(_) => "unreadable",
            }),
            Answer::Assets(_) | Answer::Figures(_) | Answer::Digest => {}
        }
    }

    fn see_event(&mut self, event: &Event) {
        match &event.body {
            Body::TransferPosted(posted) => {
                self.saw_if(posted.original_sequence != 0, "a reversal");
                if let Some(extra) = &posted.extra {
                    let requested = extra.requested_minor;
                    let is_less = requested.is_some_and(|asked| asked > posted.amount_minor);
                    self.saw_if(is_less, "less than was asked for");
                    self.saw_if(!extra.metadata.is_empty(), "metadata");
                }
            }
            Body::Hold(hold) => self.see_step(hold),
            Body::TransferRefused(refused) => self.saw(refused.refusal.reason.name()),
            Body::GroupRefused(refused) => self.saw(refused.refusal.reason.name()),
            _ => {}
        }
    }

    /// Takes up what nobody asked for.
    pub fn see_due(&mut self, event: &Event) {
        match &event.body {
            Body::Hold(hold) if hold.id == 0 => self.see_step(hold),
            _ => {}
        }
    }

    fn see_step(&mut self, hold: &HoldEvent) {
        self.saw_if(hold.group.len > 1, "a hold in a group");
        self.saw_if(hold.released_minor > 0, "a hold captured, the rest released");
        self.saw(match (hold.step, hold.of_payment) {
            (HoldStep::Place, false) => "a hold placed",
            (HoldStep::Capture, false) => "a hold captured",
            (HoldStep::Release, false) => "a hold released",
            (HoldStep::Change, _) => "a hold changed",
            (HoldStep::Place, true) => "a payment authorized",
            (HoldStep::Pay, _) => "a payment paid",
            (HoldStep::Capture, true) => "a payment captured",
            (HoldStep::Release, true) => "a payment canceled",
            (HoldStep::Refund, _) => "a payment refunded",
            (HoldStep::DueRelease, _) => "a hold due, released",
            (HoldStep::DueCapture, _) => "a hold due, captured",
        });
    }
}
