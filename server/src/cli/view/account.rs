use std::collections::BTreeMap;
use std::fmt;

use florin_client::{Account, AccountKey, Floor, Freeze, Opened, money};
use serde::Serialize;

use super::{amount_text, balance_text};
use crate::cli::{table, time};

/// An account that was just opened, or was before.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct OpenedView {
    status: &'static str,
    account: String,
    id: String,
    asset: String,
    replayed: bool,
    sequence: u64,
}

impl OpenedView {
    pub fn new(key: &AccountKey, asset: &str, opened: Opened) -> Self {
        Self {
            status: "opened",
            account: key.to_string(),
            id: opened.id.to_string(),
            asset: asset.to_owned(),
            replayed: opened.replayed,
            sequence: opened.sequence,
        }
    }
}

impl fmt::Display for OpenedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = if self.replayed { " (was open before)" } else { "" };
        let lines = [
            ("opened", format!("{}{before}", self.account)),
            ("id", self.id.clone()),
            ("asset", self.asset.clone()),
            ("sequence", self.sequence.to_string()),
        ];
        f.write_str(&table::block(&lines))
    }
}

/// An account as it is.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct AccountView<'a> {
    account: String,
    id: String,
    name: Option<&'a str>,
    asset: &'a str,
    scale: u32,
    balance: String,
    balance_minor: String,
    /// Null where nothing limits it.
    available: Option<String>,
    available_minor: Option<String>,
    debits_posted: String,
    debits_posted_minor: String,
    credits_posted: String,
    credits_posted_minor: String,
    debits_pending: String,
    debits_pending_minor: String,
    credits_pending: String,
    credits_pending_minor: String,
    floor: String,
    /// Null where there is none.
    ceiling: Option<String>,
    ceiling_minor: Option<String>,
    freeze: &'static str,
    closed: bool,
    metadata: &'a BTreeMap<String, String>,
    opened_at: String,
    opened_at_ns: String,
    last_sequence: u64,
    #[serde(skip)]
    source: &'a Account,
}

impl<'a> AccountView<'a> {
    pub fn new(account: &'a Account) -> Self {
        let decimal = |minor| money::format_minor_unsigned(minor, account.asset.scale);
        Self {
            account: account.key().to_string(),
            id: account.id.to_string(),
            name: account.name.as_deref(),
            asset: &account.asset.code,
            scale: account.asset.scale,
            balance: account.asset.format_minor(account.balance_minor),
            balance_minor: account.balance_minor.to_string(),
            available: account.available_minor.map(decimal),
            available_minor: account.available_minor.map(|minor| minor.to_string()),
            debits_posted: decimal(account.debits_posted_minor),
            debits_posted_minor: account.debits_posted_minor.to_string(),
            credits_posted: decimal(account.credits_posted_minor),
            credits_posted_minor: account.credits_posted_minor.to_string(),
            debits_pending: decimal(account.debits_pending_minor),
            debits_pending_minor: account.debits_pending_minor.to_string(),
            credits_pending: decimal(account.credits_pending_minor),
            credits_pending_minor: account.credits_pending_minor.to_string(),
            floor: floor_text(account),
            ceiling: account.ceiling_minor.map(decimal),
            ceiling_minor: account.ceiling_minor.map(|minor| minor.to_string()),
            freeze: freeze_text(account.freeze),
            closed: account.closed,
            metadata: &account.metadata,
            opened_at: time::utc(account.opened_at_ns),
            opened_at_ns: account.opened_at_ns.to_string(),
            last_sequence: account.last_sequence,
            source: account,
        }
    }
}

impl fmt::Display for AccountView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { asset, .. } = self.source;
        let amount = |minor| amount_text(minor, Some(asset));
        let mut lines = vec![
            ("account", self.account.clone()),
            ("id", self.id.clone()),
            ("balance", balance_text(self.source.balance_minor, Some(asset))),
            ("available", self.source.available_minor.map_or("unlimited".to_owned(), amount)),
            ("debits", amount(self.source.debits_posted_minor)),
            ("credits", amount(self.source.credits_posted_minor)),
            ("reserved of it", amount(self.source.debits_pending_minor)),
            ("reserved for it", amount(self.source.credits_pending_minor)),
            ("floor", self.floor.clone()),
            ("ceiling", ceiling_text(self.source)),
            ("state", state_text(self.source).to_owned()),
            ("opened", self.opened_at.clone()),
            ("last event", self.last_sequence.to_string()),
        ];
        for (key, value) in self.metadata {
            // Callers may attach anything, a terminal's control codes too.
            lines.push(("metadata", format!("{}={}", key.escape_debug(), value.escape_debug())));
        }
        f.write_str(&table::block(&lines))
    }
}

/// A floor as the command line takes it.
pub(in crate::cli) fn floor_text(account: &Account) -> String {
    match account.floor {
        Floor::Zero => "zero".to_owned(),
        Floor::None => "none".to_owned(),
        Floor::Overdraft { minor } => {
            format!("overdraft:{}", money::format_minor_unsigned(minor, account.asset.scale))
        }
    }
}

/// A ceiling as the command line takes it.
pub(in crate::cli) fn ceiling_text(account: &Account) -> String {
    let decimal = |minor| money::format_minor_unsigned(minor, account.asset.scale);
    account.ceiling_minor.map_or("none".to_owned(), decimal)
}

/// Whether money may move.
pub(in crate::cli) fn state_text(account: &Account) -> &'static str {
    match (account.closed, account.freeze) {
        (true, _) => "closed",
        (false, Freeze::None) => "open",
        (false, Freeze::Debits) => "debits frozen",
        (false, Freeze::Credits) => "credits frozen",
        (false, Freeze::Both) => "frozen",
    }
}

pub(super) fn freeze_text(freeze: Freeze) -> &'static str {
    match freeze {
        Freeze::None => "none",
        Freeze::Debits => "debits",
        Freeze::Credits => "credits",
        Freeze::Both => "both",
    }
}
