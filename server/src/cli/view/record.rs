use std::collections::BTreeMap;

use florin_client::{AccountId, Asset, Reason, TransferKind, TransferRecord};
use serde::Serialize;

use super::hold::at_due_text;
use super::{decimal, value_text};
use crate::cli::names::Names;
use crate::cli::time;

/// A transfer as it was decided, in a statement or in the feed. What does not apply is left out.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct RecordView<'a> {
    id: String,
    kind: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    amount_minor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<String>,
    requested_minor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_balance_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_balance_after_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_balance_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_balance_after_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_pending_after_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_pending_after_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_remaining: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_remaining_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at_ns: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_due: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    code: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_date: Option<u32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorFields<'a>>,
}

#[derive(Debug, Serialize)]
struct ErrorFields<'a> {
    reason: &'static str,
    message: &'a str,
}

impl<'a> RecordView<'a> {
    pub fn new(record: &'a TransferRecord, asset: Option<&Asset>, names: &Names) -> Self {
        let posted = record.outcome.as_ref().ok();
        let refused = record.outcome.as_ref().err();
        let name = |id: AccountId| names.of(id).to_string();
        let text = |minor: Option<u128>| minor.and_then(|minor| decimal(minor, asset));
        let digits = |minor: Option<u128>| minor.map(|minor| minor.to_string());
        let balance = |minor: i128| asset.map(|asset| asset.format_minor(minor));
        let amount_minor = posted.map_or(0, |posted| posted.amount_minor);
        let remaining = posted.and_then(|posted| posted.hold_remaining_minor);
        let debit_after = posted.map(|posted| posted.debit_balance_after_minor);
        let credit_after = posted.map(|posted| posted.credit_balance_after_minor);
        Self {
            id: record.id.to_string(),
            kind: kind_text(record),
            status: if posted.is_some() { "posted" } else { "refused" },
            debit_account: record.debit_account.map(name),
            debit_account_id: record.debit_account.map(|id| id.to_string()),
            credit_account: record.credit_account.map(name),
            credit_account_id: record.credit_account.map(|id| id.to_string()),
            amount: decimal(amount_minor, asset),
            amount_minor: amount_minor.to_string(),
            requested: decimal(record.requested_minor, asset),
            requested_minor: record.requested_minor.to_string(),
            debit_balance_after: debit_after.and_then(balance),
            debit_balance_after_minor: debit_after.map(|minor| minor.to_string()),
            credit_balance_after: credit_after.and_then(balance),
            credit_balance_after_minor: credit_after.map(|minor| minor.to_string()),
            debit_pending_after_minor: digits(record.debit_pending_after_minor),
            credit_pending_after_minor: digits(record.credit_pending_after_minor),
            hold: record.hold.map(|id| id.to_string()),
            hold_remaining: text(remaining),
            hold_remaining_minor: digits(remaining),
            released: text(record.released_minor),
            released_minor: digits(record.released_minor),
            due_at: record.due_at_ns.map(time::utc),
            due_at_ns: record.due_at_ns.map(|ns| ns.to_string()),
            at_due: record.due_at_ns.map(|_| at_due_text(record.at_due)),
            blocked_by: record.blocked_by.map(|reason| Reason::as_str_name(&reason)),
            reverses: record.reverses.map(|id| id.to_string()),
            group: record.group.map(|id| id.to_string()),
            code: record.code,
            value_date: record.value_date,
            metadata: &record.metadata,
            error: refused.map(|refused| ErrorFields {
                reason: refused.refusal.reason.as_str_name(),
                message: &refused.refusal.message,
            }),
        }
    }
}

/// The id under which a transfer is known. What happened because it was due has none of its own: that of its hold.
pub(in crate::cli) fn id_text(record: &TransferRecord) -> String {
    let own = (record.id.0 != 0).then_some(record.id);
    own.or(record.hold).unwrap_or(record.id).to_string()
}

/// What a transfer did: `move`, `reversal`, `hold`, `due_capture`.
pub(in crate::cli) fn kind_text(record: &TransferRecord) -> String {
    match record.kind {
        TransferKind::Unspecified | TransferKind::Move if record.reverses.is_some() => {
            "reversal".to_owned()
        }
        TransferKind::Unspecified => "move".to_owned(),
        kind => value_text(kind.as_str_name(), "TRANSFER_KIND_"),
    }
}
