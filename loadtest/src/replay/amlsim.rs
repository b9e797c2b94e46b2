//! `replay amlsim`: account-to-account transfers without overdraft, in file order, decided twice:
//! by the ledger, and by the four lines of the rule itself.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use florin_proto::BATCH_MEMBERS_MAX;
use florin_proto::v1::{
    AccountKey, CreateTransfersRequest, NewTransfer, TransferMode, TransferResult, floor,
};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::figures::{per_second, rounded};
use crate::ledger::Ledger;
use crate::names::{NamedAccount, transfer_id};
use crate::progress;
use crate::replay::book::{self, Opening};
use crate::replay::rows;
use crate::table::{rate, render, row, thousands};

const ASSET: &str = "USD";

#[derive(Debug, Clone, Deserialize)]
struct AccountRow {
    nodeid: u64,
    init_balance_minor: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct TransferRow {
    #[serde(rename = "sourceNodeId")]
    source: u64,
    #[serde(rename = "targetNodeId")]
    target: u64,
    value_minor: u64,
}

/// What `replay amlsim --json` prints; the keys are documented in `loadtest/REPORT.md`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AmlsimReport {
    /// Transfers sent.
    pub transfers: u64,
    /// Of them posted.
    pub accepted: u64,
    /// Of them refused, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Debits equal credits.
    pub conserved: bool,
    /// Transfers that the ledger decided otherwise than the rule.
    pub decision_mismatches: u64,
    /// Accounts whose balance at the end is not what the rule gives.
    pub balance_mismatches: u64,
    /// Accounts, the genesis account not counted.
    pub accounts: u64,
    /// Transfers that the ledger knew from an earlier replay.
    pub replayed: u64,
    /// From the first transfer to the last answer.
    pub seconds: f64,
    /// Transfers a second in that time.
    pub transfers_per_s: f64,
    /// Where the data are, if they are kept.
    pub data: Option<String>,
}

impl AmlsimReport {
    /// Whether the ledger agrees with the rule.
    pub fn matches(&self) -> bool {
        self.conserved && self.decision_mismatches == 0 && self.balance_mismatches == 0
    }

    /// For people.
    pub fn render(&self) -> String {
        let mut rows = vec![
            row([&"transfers sent", &thousands(self.transfers)]),
            row([&"  of them known before", &thousands(self.replayed)]),
            row([&"accepted", &thousands(self.accepted)]),
        ];
        for (reason, count) in &self.refused {
            rows.push(row([&format!("refused, {reason}"), &thousands(*count)]));
        }
        rows.extend([
            row([&"accounts", &thousands(self.accounts)]),
            row([&"decisions unlike the rule's", &self.decision_mismatches]),
            row([&"balances unlike the rule's", &self.balance_mismatches]),
            row([&"conserved", &self.conserved]),
            row([&"transfers/s", &rate(self.transfers_per_s)]),
        ]);
        render(&rows)
    }
}

/// The rule, written as simply as it can be: the ledger's twin.
#[derive(Debug, Default)]
struct Rule {
    balances: HashMap<u64, u128>,
}

impl Rule {
    /// Moves the money, or says why not.
    fn decide(&mut self, transfer: &TransferRow) -> Option<&'static str> {
        if transfer.source == transfer.target {
            return Some("SAME_ACCOUNT");
        }
        let Some(source) = self.balances.get(&transfer.source).copied() else {
            return Some("ACCOUNT_NOT_FOUND");
        };
        if !self.balances.contains_key(&transfer.target) {
            return Some("ACCOUNT_NOT_FOUND");
        }
        let value = u128::from(transfer.value_minor);
        if source < value {
            return Some("INSUFFICIENT_FUNDS");
        }
        *self.balances.entry(transfer.source).or_default() -= value;
        *self.balances.entry(transfer.target).or_default() += value;
        None
    }
}

/// Replays the simulated transfers.
pub async fn replay(ledger: &Ledger, dir: &Path) -> Result<AmlsimReport> {
    let openings: Vec<AccountRow> = rows::read(&dir.join("accounts.csv.gz"))?;
    let transfers: Vec<TransferRow> = rows::read(&dir.join("transactions_train.csv.gz"))?;
    ensure!(!transfers.is_empty(), "no transfers in {}", dir.display());

    let genesis = [NamedAccount::new("amlsim:genesis".into())];
    let accounts: Vec<_> = openings.iter().map(|row| account(row.nodeid)).collect();
    let open_genesis = Opening { accounts: &genesis, floor: floor::Kind::None };
    let open_accounts = Opening { accounts: &accounts, floor: floor::Kind::Zero };
    book::open(ledger, ASSET, &[open_genesis, open_accounts]).await?;
    post_openings(ledger, genesis[0].id, &openings).await?;

    let mut rule = Rule::default();
    rule.balances.extend(openings.iter().map(|row| (row.nodeid, row.init_balance_minor.into())));
    let mut report = AmlsimReport { accounts: accounts.len() as u64, ..AmlsimReport::default() };
    let bar = progress::bar("posting", "transfers", transfers.len() as u64);
    let start = Instant::now();
    post(ledger, &transfers, &mut rule, &mut report, &bar).await?;
    report.seconds = rounded(start.elapsed().as_secs_f64(), 3);
    report.transfers_per_s = rounded(per_second(report.transfers, start.elapsed()), 0);
    bar.finish_and_clear();

    let balances = book::balances(ledger, &accounts).await?;
    let own = book::balances(ledger, &genesis).await?;
    let expected = openings.iter().map(|row| rule.balances.get(&row.nodeid));
    let wrong = expected
        .zip(&balances)
        .filter(|(expected, found)| expected.map(|minor| minor.cast_signed()) != Some(**found));
    report.balance_mismatches = wrong.count() as u64;
    report.conserved = book::conserved(ledger, balances.into_iter().chain(own)).await?;
    Ok(report)
}

fn account(nodeid: u64) -> NamedAccount {
    NamedAccount::new(format!("amlsim:account:{nodeid}"))
}

fn independent(transfers: Vec<NewTransfer>) -> CreateTransfersRequest {
    CreateTransfersRequest { mode: TransferMode::Independent.into(), group_id: None, transfers }
}

fn transfer(what: &str, debit: u128, credit: u128, minor: u64) -> NewTransfer {
    NewTransfer {
        id: Some(transfer_id(what).into()),
        debit_account: Some(AccountKey::from(debit)),
        credit_account: Some(AccountKey::from(credit)),
        amount: Some(u128::from(minor).into()),
        ..NewTransfer::default()
    }
}

/// Opening balances come from the genesis account; there is no other way for money to appear.
async fn post_openings(ledger: &Ledger, genesis: u128, openings: &[AccountRow]) -> Result<()> {
    let funded: Vec<_> = openings.iter().filter(|row| row.init_balance_minor > 0).collect();
    for batch in funded.chunks(BATCH_MEMBERS_MAX) {
        let transfers = batch.iter().map(|row| {
            let what = format!("amlsim:opening:{}", row.nodeid);
            transfer(&what, genesis, account(row.nodeid).id, row.init_balance_minor)
        });
        let response = ledger.create_transfers(&independent(transfers.collect())).await?;
        if let Some(reason) = response.results.iter().find_map(book::refusal) {
            return Err(anyhow::anyhow!(reason)).context("an opening balance was refused");
        }
    }
    Ok(())
}

/// Batches one after the other: in file order means in file order.
async fn post(
    ledger: &Ledger,
    transfers: &[TransferRow],
    rule: &mut Rule,
    report: &mut AmlsimReport,
    bar: &ProgressBar,
) -> Result<()> {
    // The row's number is part of its id: the same pair may pay the same amount twice.
    let numbered: Vec<_> = transfers.iter().zip(1u64..).collect();
    for batch in numbered.chunks(BATCH_MEMBERS_MAX) {
        let request = batch.iter().map(|(row, number)| {
            let what = format!("amlsim:transfer:{number}");
            let (debit, credit) = (account(row.source).id, account(row.target).id);
            transfer(&what, debit, credit, row.value_minor)
        });
        let response = ledger.create_transfers(&independent(request.collect())).await?;
        for ((row, _), result) in batch.iter().zip(&response.results) {
            count(result, rule.decide(row), report);
        }
        bar.inc(batch.len() as u64);
    }
    Ok(())
}

fn count(result: &TransferResult, by_rule: Option<&'static str>, report: &mut AmlsimReport) {
    report.transfers += 1;
    report.replayed += u64::from(result.replayed);
    let by_ledger = book::refusal(result);
    match by_ledger {
        None => report.accepted += 1,
        Some(reason) => *report.refused.entry(reason).or_default() += 1,
    }
    report.decision_mismatches += u64::from(by_ledger != by_rule);
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::TransferStatus;

    use super::*;

    #[test]
    fn the_rule() {
        let mut rule = Rule::default();
        rule.balances.extend([(1, 100), (2, 0)]);
        for (source, target, value_minor, refusal) in [
            (2, 1, 1, Some("INSUFFICIENT_FUNDS")),
            (1, 2, 101, Some("INSUFFICIENT_FUNDS")),
            (1, 2, 60, None),
            (1, 2, 41, Some("INSUFFICIENT_FUNDS")),
            (1, 1, 1, Some("SAME_ACCOUNT")),
            (2, 1, 60, None),
            (1, 3, 1, Some("ACCOUNT_NOT_FOUND")),
            (3, 1, 1, Some("ACCOUNT_NOT_FOUND")),
            (1, 2, 100, None),
        ] {
            let transfer = TransferRow { source, target, value_minor };
            assert_eq!(rule.decide(&transfer), refusal, "{transfer:?}");
        }
        assert_eq!(rule.balances, HashMap::from([(1, 0), (2, 100)]));
    }

    #[test]
    fn answers_are_counted_and_compared_with_the_rule() {
        let mut report = AmlsimReport::default();
        let posted =
            TransferResult { status: TransferStatus::Posted.into(), ..TransferResult::default() };
        count(&posted, None, &mut report);
        count(&posted, Some("INSUFFICIENT_FUNDS"), &mut report);
        count(&TransferResult::default(), None, &mut report);
        assert_eq!((report.transfers, report.accepted), (3, 2));
        assert_eq!(report.refused.get("UNKNOWN_STATUS"), Some(&1));
        assert_eq!(report.decision_mismatches, 2);
        assert!(!report.matches());
    }

    #[test]
    fn rows_are_read_by_their_column_names() {
        let text = "sourceNodeId,targetNodeId,time,value_minor\n216,14730,1,16330\n";
        let rows: Vec<TransferRow> = rows::parse(text.as_bytes()).expect("sound");
        assert_eq!((rows[0].source, rows[0].target, rows[0].value_minor), (216, 14_730, 16_330));
    }

    #[test]
    fn the_rule_decides_the_simulated_transfers_as_their_readme_says() {
        let Some(dir) = rows::shared_data("amlsim_20k") else { return };
        let openings: Vec<AccountRow> = rows::read(&dir.join("accounts.csv.gz")).expect("sound");
        let transfers: Vec<TransferRow> =
            rows::read(&dir.join("transactions_train.csv.gz")).expect("sound");
        let opened = openings.iter().map(|row| (row.nodeid, row.init_balance_minor.into()));
        let mut rule = Rule { balances: opened.collect() };
        let mut decisions: BTreeMap<_, u64> = BTreeMap::new();
        for transfer in &transfers {
            *decisions.entry(rule.decide(transfer)).or_default() += 1;
        }
        let expected = BTreeMap::from([
            (None, 41_035),
            (Some("INSUFFICIENT_FUNDS"), 55_854),
            (Some("SAME_ACCOUNT"), 14),
        ]);
        assert_eq!(decisions, expected);
    }
}
