use std::fmt::Write as _;

use florin_client::{
    AccountChanged, Asset, Event, EventBody, EventKind, Freeze, GroupRefused, TransferKind,
    TransferRecord,
};
use serde::Serialize;

use super::record::{RecordView, id_text, kind_text};
use super::{amount_text, value_text};
use crate::cli::names::Names;
use crate::cli::time;

/// An event of the feed.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct EventView<'a> {
    sequence: u64,
    timestamp: String,
    timestamp_ns: String,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<AssetFields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_members: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountFields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<RecordView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupFields<'a>>,
    /// Only where everything up to here was printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(skip)]
    source: &'a Event,
    #[serde(skip)]
    names: &'a Names,
}

#[derive(Debug, Serialize)]
struct AssetFields<'a> {
    code: &'a str,
    scale: u32,
}

#[derive(Debug, Serialize)]
struct AccountFields<'a> {
    account: String,
    id: String,
    name: Option<&'a str>,
    freeze: &'static str,
    closed: bool,
    ceiling_minor: Option<String>,
    balance: Option<String>,
    balance_minor: String,
}

#[derive(Debug, Serialize)]
struct GroupFields<'a> {
    id: String,
    reason: &'static str,
    message: &'a str,
    member: u32,
}

impl<'a> EventView<'a> {
    pub fn new(event: &'a Event, cursor: Option<&'a str>, names: &'a Names) -> Self {
        let mut view = Self {
            sequence: event.sequence,
            timestamp: time::utc(event.timestamp_ns),
            timestamp_ns: event.timestamp_ns.to_string(),
            event: value_text(event.kind.as_str_name(), "EVENT_KIND_"),
            asset: event.asset.as_ref().map(AssetFields::of),
            group_index: event.group.map(|(index, _)| index),
            group_members: event.group.map(|(_, members)| members),
            account: None,
            transfer: None,
            group: None,
            cursor,
            source: event,
            names,
        };
        match &event.body {
            EventBody::Asset(asset) => view.asset = Some(AssetFields::of(asset)),
            EventBody::Account(account) => {
                view.account = Some(AccountFields::of(account, event.asset.as_ref()));
            }
            EventBody::Transfer(record) => {
                view.transfer = Some(RecordView::new(record, event.asset.as_ref(), names));
            }
            EventBody::Group(group) => view.group = Some(GroupFields::of(group)),
            _ => {}
        }
        view
    }

    /// One line for people.
    pub fn line(&self, coloured: bool) -> String {
        let (what, colour) = self.what();
        let what = format!("{what:<17}");
        let what = if coloured { format!("\u{1b}[{colour}m{what}\u{1b}[0m") } else { what };
        let time = time::utc_ms(self.source.timestamp_ns);
        let line = format!("{:>9}  {time}  {what}  {}", self.sequence, self.details());
        line.trim_end().to_owned()
    }

    /// What happened, and in which colour: green for money that moved, yellow for what is reserved, red for what was
    /// refused.
    fn what(&self) -> (String, u8) {
        const RED: u8 = 31;
        const GREEN: u8 = 32;
        const YELLOW: u8 = 33;
        const GREY: u8 = 90;
        match (self.source.kind, &self.source.body) {
            (EventKind::TransferRefused | EventKind::GroupRefused, _) => {
                (self.event.replace('_', " "), RED)
            }
            (_, EventBody::Transfer(record)) => {
                let moved = matches!(
                    record.kind,
                    TransferKind::Unspecified
                        | TransferKind::Move
                        | TransferKind::Capture
                        | TransferKind::DueCapture
                        | TransferKind::PaymentPay
                        | TransferKind::PaymentCapture
                        | TransferKind::PaymentDueCapture
                        | TransferKind::PaymentRefund
                );
                let kind = kind_text(record).replace('_', " ");
                (kind, if moved { GREEN } else { YELLOW })
            }
            _ => (self.event.replace('_', " "), GREY),
        }
    }

    fn details(&self) -> String {
        let asset = self.source.asset.as_ref();
        match &self.source.body {
            EventBody::Asset(asset) => format!("{} with {} decimals", asset.code, asset.scale),
            EventBody::Account(account) => account_text(account, asset),
            EventBody::Transfer(record) => self.transfer_text(record, asset),
            EventBody::Group(group) => format!(
                "{}  member {}: {}",
                group.id,
                group.refusal.member,
                group.refusal.reason.as_str_name()
            ),
            _ => String::new(),
        }
    }

    fn transfer_text(&self, record: &TransferRecord, asset: Option<&Asset>) -> String {
        let name = |id: Option<_>| id.map_or("?".to_owned(), |id| self.names.of(id).to_string());
        let mut text = format!("{} → {}", name(record.debit_account), name(record.credit_account));
        let posted = match &record.outcome {
            Ok(posted) => posted,
            Err(refused) => {
                let reason = refused.refusal.reason.as_str_name();
                let asked = amount_text(record.requested_minor, asset);
                let _ = write!(text, "  {asked}  {reason}  {}", record.id);
                return text;
            }
        };
        let _ = write!(text, "  {}", amount_text(posted.amount_minor, asset));
        if let Some(remaining) = posted.hold_remaining_minor {
            let _ = write!(text, ", {} still held", amount_text(remaining, asset));
        }
        if let Some(reason) = record.blocked_by {
            let _ = write!(text, ", not captured: {}", reason.as_str_name());
        }
        let _ = write!(text, "  {}", id_text(record));
        text
    }
}

fn account_text(account: &AccountChanged, asset: Option<&Asset>) -> String {
    let mut text = account.key().to_string();
    if let Some(asset) = asset {
        let _ = write!(text, "  {} {}", asset.format_minor(account.balance_minor), asset.code);
    }
    match (account.closed, account.freeze) {
        (true, _) => text.push_str("  closed"),
        (false, Freeze::None) => {}
        (false, Freeze::Debits) => text.push_str("  debits frozen"),
        (false, Freeze::Credits) => text.push_str("  credits frozen"),
        (false, Freeze::Both) => text.push_str("  frozen"),
    }
    text
}

impl<'a> AssetFields<'a> {
    fn of(asset: &'a Asset) -> Self {
        Self { code: &asset.code, scale: asset.scale }
    }
}

impl<'a> AccountFields<'a> {
    fn of(account: &'a AccountChanged, asset: Option<&Asset>) -> Self {
        Self {
            account: account.key().to_string(),
            id: account.id.to_string(),
            name: account.name.as_deref(),
            freeze: super::account::freeze_text(account.freeze),
            closed: account.closed,
            ceiling_minor: account.ceiling_minor.map(|minor| minor.to_string()),
            balance: asset.map(|asset| asset.format_minor(account.balance_minor)),
            balance_minor: account.balance_minor.to_string(),
        }
    }
}

impl<'a> GroupFields<'a> {
    fn of(group: &'a GroupRefused) -> Self {
        Self {
            id: group.id.to_string(),
            reason: group.refusal.reason.as_str_name(),
            message: &group.refusal.message,
            member: group.refusal.member,
        }
    }
}
