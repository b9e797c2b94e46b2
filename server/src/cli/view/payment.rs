use std::collections::BTreeMap;
use std::fmt;

use florin_client::{Payment, PaymentDone, PaymentState};
use serde::Serialize;

use super::hold::{at_due_text, due_text};
use super::value_text;
use crate::cli::names::Names;
use crate::cli::{table, time};

/// A payment as it is.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct PaymentView<'a> {
    id: String,
    state: String,
    source: String,
    source_id: String,
    destination: String,
    destination_id: String,
    currency: &'a str,
    amount: &'a str,
    amount_capturable: &'a str,
    amount_captured: &'a str,
    amount_refunded: &'a str,
    amount_released: &'a str,
    fee: Option<&'a str>,
    reference: Option<&'a str>,
    metadata: &'a BTreeMap<String, String>,
    score: Option<u32>,
    code: u32,
    value_date: Option<u32>,
    due_at: Option<String>,
    due_at_ns: Option<String>,
    at_due: &'static str,
    created_at: String,
    created_at_ns: String,
    created_sequence: u64,
    last_sequence: u64,
    #[serde(skip)]
    payment: &'a Payment,
}

impl<'a> PaymentView<'a> {
    pub fn new(payment: &'a Payment, names: &Names) -> Self {
        Self {
            id: payment.id.to_string(),
            state: payment_state_text(payment.state),
            source: names.of(payment.source).to_string(),
            source_id: payment.source.to_string(),
            destination: names.of(payment.destination).to_string(),
            destination_id: payment.destination.to_string(),
            currency: &payment.amount.currency,
            amount: &payment.amount.amount,
            amount_capturable: &payment.capturable.amount,
            amount_captured: &payment.captured.amount,
            amount_refunded: &payment.refunded.amount,
            amount_released: &payment.released.amount,
            fee: payment.fee.as_ref().map(|fee| fee.amount.as_str()),
            reference: payment.reference.as_deref(),
            metadata: &payment.metadata,
            score: payment.score,
            code: payment.code,
            value_date: payment.value_date,
            due_at: payment.due_at_ns.map(time::utc),
            due_at_ns: payment.due_at_ns.map(|ns| ns.to_string()),
            at_due: at_due_text(payment.at_due),
            created_at: time::utc(payment.created_at_ns),
            created_at_ns: payment.created_at_ns.to_string(),
            created_sequence: payment.created_sequence,
            last_sequence: payment.last_sequence,
            payment,
        }
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let Payment { amount, capturable, captured, refunded, released, .. } = self.payment;
        let mut lines = vec![
            ("payment", self.id.clone()),
            ("state", self.state.replace('_', " ")),
            ("from", self.source.clone()),
            ("to", self.destination.clone()),
            ("amount", amount.to_string()),
            ("capturable", capturable.to_string()),
            ("captured", captured.to_string()),
            ("refunded", refunded.to_string()),
            ("released", released.to_string()),
            ("due", due_text(self.payment.due_at_ns, self.payment.at_due)),
        ];
        // Callers may write anything, a terminal's control codes too.
        let reference = self.reference.map(|text| text.escape_debug().to_string());
        lines.extend(reference.map(|text| ("reference", text)));
        lines.extend(self.payment.fee.as_ref().map(|fee| ("fee", fee.to_string())));
        lines.extend(self.score.map(|score| ("score", score.to_string())));
        for (key, value) in self.metadata {
            lines.push(("metadata", format!("{}={}", key.escape_debug(), value.escape_debug())));
        }
        lines.push(("created", self.created_at.clone()));
        lines
    }
}

impl fmt::Display for PaymentView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&table::block(&self.lines()))
    }
}

/// Something that was done with a payment, and the payment after it.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct PaymentDoneView<'a> {
    status: &'static str,
    id: String,
    replayed: bool,
    sequence: u64,
    timestamp: String,
    timestamp_ns: String,
    amount: &'a str,
    currency: &'a str,
    payment: PaymentView<'a>,
    #[serde(skip)]
    done: &'a PaymentDone,
}

impl<'a> PaymentDoneView<'a> {
    pub fn new(done: &'a PaymentDone, names: &Names) -> Self {
        Self {
            status: "done",
            id: done.id.to_string(),
            replayed: done.replayed,
            sequence: done.sequence,
            timestamp: time::utc(done.timestamp_ns),
            timestamp_ns: done.timestamp_ns.to_string(),
            amount: &done.amount.amount,
            currency: &done.amount.currency,
            payment: PaymentView::new(&done.payment, names),
            done,
        }
    }
}

impl fmt::Display for PaymentDoneView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = if self.replayed { " (before: the first answer again)" } else { "" };
        let mut lines = vec![
            ("done", format!("{}{known}", self.id)),
            ("sequence", self.sequence.to_string()),
            ("time", self.timestamp.clone()),
            ("of it", self.done.amount.to_string()),
        ];
        lines.extend(self.payment.lines());
        f.write_str(&table::block(&lines))
    }
}

/// Where a payment is in its life: `requires_capture`.
pub(in crate::cli) fn payment_state_text(state: PaymentState) -> String {
    value_text(state.as_str_name(), "PAYMENT_STATE_")
}
