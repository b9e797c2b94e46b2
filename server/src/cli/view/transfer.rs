use std::fmt;

use florin_client::{AccountKey, Asset, Posted};
use serde::Serialize;

use super::{amount_text, balance_text, decimal};
use crate::cli::{table, time};

/// Between whom money moves or is reserved, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Parties {
    pub debit: AccountKey,
    pub credit: AccountKey,
    pub asset: Asset,
}

/// A transfer that was posted. Where the parties are not known, what follows from them is null.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct PostedView<'a> {
    status: &'static str,
    id: String,
    replayed: bool,
    sequence: u64,
    timestamp: String,
    timestamp_ns: String,
    asset: Option<&'a str>,
    amount: Option<String>,
    amount_minor: String,
    debit_account: Option<String>,
    debit_balance_after: Option<String>,
    debit_balance_after_minor: String,
    credit_account: Option<String>,
    credit_balance_after: Option<String>,
    credit_balance_after_minor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_remaining: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_remaining_minor: Option<String>,
    #[serde(skip)]
    posted: &'a Posted,
    #[serde(skip)]
    parties: Option<&'a Parties>,
}

impl<'a> PostedView<'a> {
    pub fn new(posted: &'a Posted, parties: Option<&'a Parties>) -> Self {
        let asset = parties.map(|parties| &parties.asset);
        let balance = |minor| asset.map(|asset| asset.format_minor(minor));
        Self {
            status: "posted",
            id: posted.id.to_string(),
            replayed: posted.replayed,
            sequence: posted.sequence,
            timestamp: time::utc(posted.timestamp_ns),
            timestamp_ns: posted.timestamp_ns.to_string(),
            asset: asset.map(|asset| asset.code.as_str()),
            amount: decimal(posted.amount_minor, asset),
            amount_minor: posted.amount_minor.to_string(),
            debit_account: parties.map(|parties| parties.debit.to_string()),
            debit_balance_after: balance(posted.debit_balance_after_minor),
            debit_balance_after_minor: posted.debit_balance_after_minor.to_string(),
            credit_account: parties.map(|parties| parties.credit.to_string()),
            credit_balance_after: balance(posted.credit_balance_after_minor),
            credit_balance_after_minor: posted.credit_balance_after_minor.to_string(),
            hold_remaining: posted.hold_remaining_minor.and_then(|minor| decimal(minor, asset)),
            hold_remaining_minor: posted.hold_remaining_minor.map(|minor| minor.to_string()),
            posted,
            parties,
        }
    }
}

impl fmt::Display for PostedView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asset = self.parties.map(|parties| &parties.asset);
        let known = if self.replayed { " (before: the first answer again)" } else { "" };
        let side = |account: &Option<String>, balance: i128| {
            let balance = balance_text(balance, asset);
            match account {
                Some(account) => format!("{account}, now {balance}"),
                None => format!("now {balance}"),
            }
        };
        let mut lines = vec![
            ("posted", format!("{}{known}", self.id)),
            ("sequence", self.sequence.to_string()),
            ("time", self.timestamp.clone()),
            ("amount", amount_text(self.posted.amount_minor, asset)),
            ("from", side(&self.debit_account, self.posted.debit_balance_after_minor)),
            ("to", side(&self.credit_account, self.posted.credit_balance_after_minor)),
        ];
        if let Some(minor) = self.posted.hold_remaining_minor {
            lines.push(("still held", amount_text(minor, asset)));
        }
        f.write_str(&table::block(&lines))
    }
}
