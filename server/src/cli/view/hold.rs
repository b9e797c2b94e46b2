use std::fmt;

use florin_client::{AtDue, Hold};
use serde::Serialize;

use super::{amount_text, decimal, value_text};
use crate::cli::names::Names;
use crate::cli::{table, time};

/// A hold as it is. Where its accounts are not known, what follows from them is null.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct HoldView<'a> {
    id: String,
    state: String,
    debit_account: String,
    debit_account_id: String,
    credit_account: String,
    credit_account_id: String,
    asset: Option<&'a str>,
    amount: Option<String>,
    amount_minor: String,
    captured: Option<String>,
    captured_minor: String,
    released: Option<String>,
    released_minor: String,
    remaining: Option<String>,
    remaining_minor: String,
    /// Null if it never falls due.
    due_at: Option<String>,
    due_at_ns: Option<String>,
    at_due: &'static str,
    placed_sequence: u64,
    last_sequence: u64,
    #[serde(skip)]
    hold: &'a Hold,
    #[serde(skip)]
    names: &'a Names,
}

impl<'a> HoldView<'a> {
    pub fn new(hold: &'a Hold, names: &'a Names) -> Self {
        let asset = names.asset_of(hold.debit_account);
        Self {
            id: hold.id.to_string(),
            state: value_text(hold.state.as_str_name(), "HOLD_STATE_"),
            debit_account: names.of(hold.debit_account).to_string(),
            debit_account_id: hold.debit_account.to_string(),
            credit_account: names.of(hold.credit_account).to_string(),
            credit_account_id: hold.credit_account.to_string(),
            asset: asset.map(|asset| asset.code.as_str()),
            amount: decimal(hold.amount_minor, asset),
            amount_minor: hold.amount_minor.to_string(),
            captured: decimal(hold.captured_minor, asset),
            captured_minor: hold.captured_minor.to_string(),
            released: decimal(hold.released_minor, asset),
            released_minor: hold.released_minor.to_string(),
            remaining: decimal(hold.remaining_minor, asset),
            remaining_minor: hold.remaining_minor.to_string(),
            due_at: hold.due_at_ns.map(time::utc),
            due_at_ns: hold.due_at_ns.map(|ns| ns.to_string()),
            at_due: at_due_text(hold.at_due),
            placed_sequence: hold.placed_sequence,
            last_sequence: hold.last_sequence,
            hold,
            names,
        }
    }
}

impl fmt::Display for HoldView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asset = self.names.asset_of(self.hold.debit_account);
        let amount = |minor| amount_text(minor, asset);
        let lines = [
            ("hold", self.id.clone()),
            ("state", self.state.clone()),
            ("from", self.debit_account.clone()),
            ("to", self.credit_account.clone()),
            ("amount", amount(self.hold.amount_minor)),
            ("captured", amount(self.hold.captured_minor)),
            ("released", amount(self.hold.released_minor)),
            ("still held", amount(self.hold.remaining_minor)),
            ("due", due_text(self.hold.due_at_ns, self.hold.at_due)),
            ("last event", self.last_sequence.to_string()),
        ];
        f.write_str(&table::block(&lines))
    }
}

/// When something falls due, for people.
pub(super) fn due_text(due_at_ns: Option<u64>, at_due: AtDue) -> String {
    due_at_ns.map_or("never".to_owned(), |ns| format!("{}, {}", time::utc(ns), at_due_text(at_due)))
}

pub(super) fn at_due_text(at_due: AtDue) -> &'static str {
    match at_due {
        AtDue::Release => "release",
        AtDue::Capture => "capture",
    }
}
