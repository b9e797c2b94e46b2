use std::fmt;

use florin_client::{AccountKey, Asset, PaymentRefused, Refusal, Refused};
use serde::Serialize;

use super::{Parties, amount_text, decimal};
use crate::cli::table;

/// Something that was refused, and why.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct RefusedView<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    error: RefusalFields<'a>,
    #[serde(skip)]
    refusal: &'a Refusal,
    #[serde(skip)]
    asset: Option<&'a Asset>,
    /// What was refused, for people.
    #[serde(skip)]
    subject: String,
}

#[derive(Debug, Serialize)]
struct RefusalFields<'a> {
    reason: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_minor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_pass: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_pass_minor: Option<String>,
}

impl<'a> RefusedView<'a> {
    /// A refused account or asset.
    pub fn object(subject: &str, refusal: &'a Refusal, asset: Option<&'a Asset>) -> Self {
        Self::new(subject.to_owned(), refusal, asset, None)
    }

    /// A refused transfer.
    pub fn transfer(refused: &'a Refused, parties: Option<&'a Parties>) -> Self {
        let refusal: &Refusal = &refused.refusal;
        let asset = parties.map(|parties| &parties.asset);
        // People know the account by what they called it.
        let known = parties.and_then(|parties| {
            let parties = [&parties.debit, &parties.credit];
            parties.into_iter().find(|key| Some(key.id()) == refusal.account_id)
        });
        Self {
            id: Some(refused.id.to_string()),
            replayed: Some(refused.replayed),
            sequence: Some(refused.sequence),
            ..Self::new(refused.id.to_string(), refusal, asset, known)
        }
    }

    /// A payment, or something about one, that was refused.
    pub fn payment(refused: &'a PaymentRefused, asset: Option<&'a Asset>) -> Self {
        Self {
            id: Some(refused.id.to_string()),
            replayed: Some(refused.replayed),
            sequence: Some(refused.sequence),
            ..Self::new(refused.id.to_string(), &refused.refusal, asset, None)
        }
    }

    fn new(
        subject: String,
        refusal: &'a Refusal,
        asset: Option<&'a Asset>,
        known: Option<&AccountKey>,
    ) -> Self {
        let account = match (known, refusal.account_id) {
            (Some(key), _) => Some(key.to_string()),
            (None, Some(id)) => Some(AccountKey::Id(id).to_string()),
            (None, None) => None,
        };
        let text = |minor: Option<u128>| minor.and_then(|minor| decimal(minor, asset));
        let digits = |minor: Option<u128>| minor.map(|minor| minor.to_string());
        let error = RefusalFields {
            reason: refusal.reason.as_str_name(),
            message: &refusal.message,
            field: refusal.field.as_deref(),
            account,
            account_id: refusal.account_id.map(|id| id.to_string()),
            asked: text(refusal.asked_minor),
            asked_minor: digits(refusal.asked_minor),
            missing: text(refusal.missing_minor),
            missing_minor: digits(refusal.missing_minor),
            would_pass: text(refusal.would_pass_minor),
            would_pass_minor: digits(refusal.would_pass_minor),
        };
        Self {
            status: "refused",
            id: None,
            replayed: None,
            sequence: None,
            error,
            refusal,
            asset,
            subject,
        }
    }
}

impl fmt::Display for RefusedView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.replayed == Some(true);
        let known = if known { " (before: the first answer again)" } else { "" };
        let mut lines = vec![
            ("refused", format!("{}{known}", self.subject)),
            ("reason", self.error.reason.to_owned()),
            ("message", self.refusal.message.clone()),
        ];
        let amount = |minor: Option<u128>| minor.map(|minor| amount_text(minor, self.asset));
        for (name, value) in [
            ("field", self.refusal.field.clone()),
            ("account", self.error.account.clone()),
            ("asked", amount(self.refusal.asked_minor)),
            ("missing", amount(self.refusal.missing_minor)),
            ("would pass", amount(self.refusal.would_pass_minor)),
        ] {
            lines.extend(value.map(|value| (name, value)));
        }
        f.write_str(&table::block(&lines))
    }
}
