//! What `crash --json` prints. The keys are documented in `loadtest/REPORT.md`.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::crash::feed;
use crate::table::{render, row, thousands};

/// The report.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CrashReport {
    /// Times the server was killed.
    pub kills: u64,
    /// Transfers whose fate was told to a client before a kill.
    pub acknowledged: u64,
    /// Kills that cut off at least one call.
    pub kills_with_calls_in_flight: u64,
    /// Of the acknowledged, or of those shown to a reader, not there afterwards.
    pub acknowledged_lost: u64,
    /// Transfers applied more than once, by answers, by count or by balance.
    pub applied_twice: u64,
    /// Debits equal credits, after every crash and at the end.
    pub conserved: bool,
    /// Sequences that were left out for a subscriber, and what was acknowledged and never came.
    pub feed_gaps: u64,
    /// Events that a subscriber was told twice, although it went on from its cursor.
    pub feed_duplicates: u64,
    /// Events that subscribers were told.
    pub feed_events: u64,
    /// Subscribers.
    pub subscribers: u64,
    /// Events that came after a later one.
    pub feed_out_of_order: u64,
    /// Events that were told otherwise than they are kept, or not asked for.
    pub feed_differs: u64,
    /// How often subscribers went on from their cursors.
    pub feed_resumptions: u64,
    /// Holds and payments that are otherwise than their steps make them.
    pub reservations_wrong: u64,
    /// Groups of which only a part was there.
    pub groups_split: u64,
    /// Transfers that were there otherwise than they were told.
    pub answers_changed: u64,
    /// Answers under load that contradict an earlier one, or each other.
    pub contradictions: u64,
    /// Accounts that hold less than their transfers, and transfers the ledger counts too few.
    pub balances_short: u64,
    /// Calls that were sent.
    pub calls: u64,
    /// Groups among them.
    pub groups: u64,
    /// Transfers refused among the acknowledged.
    pub refused: u64,
    /// Holds that were placed.
    pub holds: u64,
    /// Payments that were created.
    pub payments: u64,
    /// Of both, those that fell due.
    pub fell_due: u64,
    /// Transfers that readers were shown.
    pub read: u64,
    /// Calls that were cut off by a kill.
    pub calls_cut_off: u64,
    /// Transfers of cut-off calls that were there after the crash.
    pub unanswered_kept: u64,
    /// Transfers of cut-off calls that were not, until they were sent again.
    pub unanswered_forgotten: u64,
    /// Standbys that took over.
    pub promotions: u64,
    /// Transfers that were acknowledged in the last second before a kill and were not followed yet.
    pub lost_within_rpo: u64,
    /// Those that were acknowledged before that.
    pub acknowledged_lost_beyond_rpo: u64,
    /// The oldest of both when the leader died, milliseconds since its decision.
    pub rpo_ms_max: u64,
    /// From the promotion's begin to the first payment answered, milliseconds: median.
    pub promotion_ms_median: u64,
    /// The same: longest.
    pub promotion_ms_max: u64,
    /// All of them.
    #[serde(skip)]
    pub promotions_ms: Vec<u64>,
    /// Longest time from the start of the process to serving, milliseconds.
    pub restart_ms_max: u64,
    /// Seed of the load. The moments of the kills are real time and differ from run to run.
    pub seed: u64,
    /// How long all of it took.
    pub seconds: f64,
    /// Where the data are, if they are kept.
    pub data: Option<String>,
}

impl CrashReport {
    /// Whether the server kept its word.
    pub fn holds(&self) -> bool {
        self.acknowledged_lost == 0
            && self.acknowledged_lost_beyond_rpo == 0
            && self.applied_twice == 0
            && self.feed_gaps == 0
            && self.feed_duplicates == 0
            && self.feed_out_of_order == 0
            && self.feed_differs == 0
            && self.reservations_wrong == 0
            && self.groups_split == 0
            && self.answers_changed == 0
            && self.contradictions == 0
            && self.balances_short == 0
            && self.conserved
    }

    /// Notes what subscribers were told.
    pub fn hear(&mut self, heard: feed::Findings) {
        self.feed_gaps = heard.gaps;
        self.feed_duplicates = heard.duplicates;
        self.feed_out_of_order = heard.out_of_order;
        self.feed_differs = heard.differs;
        self.feed_events = heard.events;
        self.feed_resumptions = heard.resumptions;
    }

    /// Notes a promotion.
    pub fn promoted(&mut self, took: Duration) {
        self.promotions += 1;
        let took_ms = took.as_millis().try_into().unwrap_or(u64::MAX);
        let at = self.promotions_ms.partition_point(|other| *other < took_ms);
        self.promotions_ms.insert(at, took_ms);
        self.promotion_ms_median = self.promotions_ms[self.promotions_ms.len() / 2];
        self.promotion_ms_max = took_ms.max(self.promotion_ms_max);
    }

    /// For people.
    pub fn render(&self) -> String {
        let count = |name: &str, count: u64| row([&name, &thousands(count)]);
        let mut text = render(&[
            count("kills", self.kills),
            count("  with calls in flight", self.kills_with_calls_in_flight),
            count("calls", self.calls),
            count("  cut off by a kill", self.calls_cut_off),
            count("transfers acknowledged", self.acknowledged),
            count("  of them refused", self.refused),
            count("groups", self.groups),
            count("holds", self.holds),
            count("payments", self.payments),
            count("  of both fell due", self.fell_due),
            count("transfers shown to readers", self.read),
            count("subscribers", self.subscribers),
            count("  events told", self.feed_events),
            count("  went on from a cursor", self.feed_resumptions),
            count("unanswered, there after the crash", self.unanswered_kept),
            count("unanswered, not there", self.unanswered_forgotten),
            count("longest restart, ms", self.restart_ms_max),
            count("standbys promoted", self.promotions),
            count("  median, ms", self.promotion_ms_median),
            count("  longest, ms", self.promotion_ms_max),
            count("  not followed, within 1 s", self.lost_within_rpo),
            count("  the oldest of these, ms", self.rpo_ms_max),
            row([]),
            count("lost from before that second", self.acknowledged_lost_beyond_rpo),
            count("acknowledged and lost", self.acknowledged_lost),
            count("applied twice", self.applied_twice),
            count("holds and payments wrong", self.reservations_wrong),
            count("groups split", self.groups_split),
            count("answers changed", self.answers_changed),
            count("contradictions under load", self.contradictions),
            count("balances short", self.balances_short),
            count("feed: gaps", self.feed_gaps),
            count("feed: told twice", self.feed_duplicates),
            count("feed: out of order", self.feed_out_of_order),
            count("feed: told otherwise", self.feed_differs),
            row([&"conserved", &self.conserved]),
        ]);
        let verdict = if self.holds() { "the server kept its word" } else { "BROKEN PROMISES" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n  {verdict} (seed {})", self.seed);
        if let Some(data) = &self.data {
            let _ = writeln!(text, "  data: {data}; check it with `florin verify --data {data}`");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_promise_is_enough() {
        let good = CrashReport { conserved: true, ..CrashReport::default() };
        assert!(good.holds());
        let spoil: [fn(&mut CrashReport); 13] = [
            |report| report.acknowledged_lost_beyond_rpo = 1,
            |report| report.acknowledged_lost = 1,
            |report| report.applied_twice = 1,
            |report| report.feed_gaps = 1,
            |report| report.feed_duplicates = 1,
            |report| report.feed_out_of_order = 1,
            |report| report.feed_differs = 1,
            |report| report.reservations_wrong = 1,
            |report| report.groups_split = 1,
            |report| report.answers_changed = 1,
            |report| report.contradictions = 1,
            |report| report.balances_short = 1,
            |report| report.conserved = false,
        ];
        for spoil in spoil {
            let mut report = good.clone();
            spoil(&mut report);
            assert!(!report.holds(), "{report:?}");
            assert!(report.render().contains("BROKEN"));
        }
    }

    #[test]
    fn the_report_begins_as_scripts_expect() {
        let json = serde_json::to_string(&CrashReport::default()).expect("serialises");
        let begins = "{\"kills\":0,\"acknowledged\":0,\"kills_with_calls_in_flight\":0,\
                      \"acknowledged_lost\":0,\"applied_twice\":0,\"conserved\":false,\
                      \"feed_gaps\":0,\"feed_duplicates\":0,\"feed_events\":0,\"subscribers\":0,";
        assert!(json.starts_with(begins), "{json}");
    }
}
