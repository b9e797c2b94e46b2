//! What the histories have come across. A rule that no history meets is a rule that no history tests.

use std::collections::BTreeMap;
use std::fmt;

use florin_engine::{BatchOutcome, GroupOutcome, Opened, Reason, Refusal, Registered};

use crate::command::Batch;
use crate::model::Held;
use crate::record::{Fact, Record, Step};

/// A step by its name, and of what.
fn name(step: &Step) -> String {
    format!("{:?} {}", step.what, if step.of_payment { "payment" } else { "hold" })
}

/// How often each thing happened.
#[derive(Debug, Clone, Default)]
pub struct Coverage(BTreeMap<String, u64>);

/// Everything must have happened at least this often.
const AT_LEAST: u64 = 10;

impl Coverage {
    fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    pub fn batch(&mut self, batch: &Batch, outcome: &BatchOutcome, records: &[Record]) {
        for known in &outcome.known {
            self.count(if known.same { "transfer: known" } else { "transfer: ID_REUSED" });
        }
        match outcome.group {
            Some(GroupOutcome::Known { same: false, .. }) => self.count("group: ID_REUSED"),
            Some(GroupOutcome::Known { posted: true, .. }) => self.count("group: known, posted"),
            Some(GroupOutcome::Known { .. }) => self.count("group: known, refused"),
            Some(GroupOutcome::Posted) => {
                let large = batch.transfers.len() > 32;
                self.count(if large { "group: posted, large" } else { "group: posted" });
            }
            Some(GroupOutcome::Refused) | None => {}
        }
        for record in records {
            self.record(record);
        }
    }

    fn record(&mut self, record: &Record) {
        match &record.fact {
            Fact::Posted(posted) => {
                let member = if posted.place.len > 0 { ", in a group" } else { "" };
                let less = posted.amount_minor < posted.request.amount_minor;
                let kind = if posted.request.reverses().is_some() {
                    "reversal posted"
                } else if less {
                    "less than asked posted"
                } else {
                    "posted"
                };
                self.count(format!("transfer: {kind}{member}"));
            }
            Fact::Refused(refused) => {
                self.count(format!("transfer: {}", refused.refusal.reason.name()));
            }
            Fact::GroupRefused { refusal, .. } => {
                self.count(format!("group: {}", refusal.reason.name()));
            }
            Fact::Step(step) => {
                let member = if step.place.len > 0 { ", in a group" } else { "" };
                let large = step.amount_minor > 1 << 120;
                let rest = if step.released_minor > 0 { " and the rest" } else { "" };
                self.count(format!("step: {}{rest}{member}", name(step)));
                if large {
                    self.count("step: of nearly all there can be");
                }
            }
            Fact::AssetRegistered { .. }
            | Fact::AccountOpened(_)
            | Fact::AccountUpdated { .. }
            | Fact::DigestTaken => {}
        }
    }

    pub fn fell_due(&mut self, records: &[Record]) {
        for record in records {
            let Fact::Step(step) = &record.fact else { continue };
            let blocked = if step.blocked_by.is_some() { ", blocked" } else { "" };
            self.count(format!("step: {}{blocked}", name(step)));
        }
    }

    /// Where a hold or payment was at the end of its history.
    pub fn ended(&mut self, held: &Held) {
        self.count(if held.of_payment {
            format!("ended: payment {:?}", held.payment_state())
        } else {
            format!("ended: hold {:?}", held.state())
        });
    }

    pub fn registered(&mut self, registered: Registered) {
        self.count(match registered {
            Registered::Now => "asset: now".to_owned(),
            Registered::Before => "asset: before".to_owned(),
            Registered::Refused(fault) => format!("asset: {}", fault.reason.name()),
        });
    }

    pub fn opened(&mut self, opened: Opened) {
        self.count(match opened {
            Opened::Now(_) => "opening: now".to_owned(),
            Opened::Before(_) => "opening: before".to_owned(),
            Opened::Refused(fault) => {
                format!("opening: {} {}", fault.reason.name(), fault.field)
            }
        });
    }

    pub fn updated(&mut self, updated: &Result<(), Refusal>, records: &[Record]) {
        self.count(match updated {
            Ok(()) if records.is_empty() => "update: of nothing".to_owned(),
            Ok(()) => "update: done".to_owned(),
            Err(refusal) => format!("update: {}", refusal.reason.name()),
        });
    }

    pub fn assert_complete(&self) {
        let of_state = |reason: &&Reason| {
            (Reason::OriginalNotFound..=Reason::BalanceOverflow).contains(*reason)
        };
        let mut wanted: Vec<String> = Vec::new();
        for reason in Reason::ALL.iter().filter(of_state) {
            wanted.push(format!("transfer: {}", reason.name()));
            wanted.push(format!("group: {}", reason.name()));
        }
        let kinds = ["posted", "less than asked posted", "reversal posted"];
        for kind in kinds {
            wanted.push(format!("transfer: {kind}"));
            wanted.push(format!("transfer: {kind}, in a group"));
        }
        let steps = [
            "Place hold",
            "Capture hold",
            "Capture hold and the rest",
            "Release hold",
            "Change hold",
            "Place payment",
            "Pay payment",
            "Capture payment",
            "Capture payment and the rest",
            "Release payment",
            "Refund payment",
        ];
        for step in steps {
            wanted.push(format!("step: {step}"));
            wanted.push(format!("step: {step}, in a group"));
        }
        for object in ["hold", "payment"] {
            for step in ["DueRelease", "DueCapture"] {
                wanted.push(format!("step: {step} {object}"));
            }
            wanted.push(format!("step: DueRelease {object}, blocked"));
        }
        for state in ["Open", "Captured", "Released", "Expired"] {
            wanted.push(format!("ended: hold {state}"));
        }
        let states = [
            "RequiresCapture",
            "PartiallyCaptured",
            "Captured",
            "Canceled",
            "Expired",
            "PartiallyRefunded",
            "Refunded",
        ];
        for state in states {
            wanted.push(format!("ended: payment {state}"));
        }
        let others = [
            "asset: ID_REUSED",
            "asset: before",
            "asset: now",
            "group: GROUP_MIXED",
            "group: ID_REUSED",
            "group: known, posted",
            "group: known, refused",
            "group: posted",
            "group: posted, large",
            "opening: ASSET_NOT_FOUND asset",
            "opening: ID_REUSED asset",
            "opening: ID_REUSED ceiling",
            "opening: ID_REUSED floor",
            "opening: ID_REUSED key",
            "opening: ID_REUSED metadata",
            "opening: before",
            "opening: now",
            "transfer: ID_REUSED",
            "transfer: known",
            "update: ACCOUNT_CLOSED",
            "update: ACCOUNT_NOT_EMPTY",
            "update: ACCOUNT_NOT_FOUND",
            "step: of nearly all there can be",
            "update: BALANCE_ABOVE_CEILING",
            "update: BALANCE_BELOW_FLOOR",
            "update: done",
            "update: of nothing",
        ];
        wanted.extend(others.map(String::from));
        let often = |what: &String| self.0.get(what).is_some_and(|count| *count >= AT_LEAST);
        let rare: Vec<_> = wanted.iter().filter(|what| !often(what)).collect();
        assert!(rare.is_empty(), "happened less than {AT_LEAST} times: {rare:?}");
    }
}

impl FromIterator<Coverage> for Coverage {
    fn from_iter<T: IntoIterator<Item = Self>>(parts: T) -> Self {
        let mut sum = Self::default();
        for (what, count) in parts.into_iter().flat_map(|part| part.0) {
            *sum.0.entry(what).or_default() += count;
        }
        sum
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, count)| writeln!(f, "{count:>9}  {what}"))
    }
}
