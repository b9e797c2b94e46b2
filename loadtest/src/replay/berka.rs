//! `replay berka`: 15 months of a real bank, compared with the bank's own balance after every row.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use florin_proto::money::format_minor;
use florin_proto::v1::{
    CreateTransfersRequest, CreateTransfersResponse, TransferMode, TransferResult, floor,
};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::figures::{per_second, rounded};
use crate::ledger::Ledger;
use crate::names::NamedAccount;
use crate::progress;
use crate::replay::berka_rows::{Closing, Posting, Row, customer};
use crate::replay::book::{self, Opening};
use crate::replay::rows;
use crate::replay::waves::{self, Wave};
use crate::table::{rate, render, row, thousands};

const ASSET: &str = "CZK";
const SCALE: u32 = 2;

/// What `replay berka --json` prints; the keys are documented in `loadtest/REPORT.md`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BerkaReport {
    /// Rows of the bank.
    pub postings: u64,
    /// Transfers posted for them.
    pub transfers: u64,
    /// Rows after which the ledger's balance was not the bank's.
    pub balance_mismatches: u64,
    /// Sum of the customers' balances at the end, CZK.
    pub closing: String,
    /// Debits equal credits.
    pub conserved: bool,
    /// Customers whose closing balance is not the bank's; none if the bank's are not at hand.
    pub closing_mismatches: Option<u64>,
    /// Customers.
    pub accounts: u64,
    /// Rows that were posted as a group with their rounding.
    pub groups: u64,
    /// Transfers that the ledger knew from an earlier replay.
    pub replayed: u64,
    /// From the first posting to the last answer.
    pub seconds: f64,
    /// Transfers a second in that time.
    pub transfers_per_s: f64,
    /// Where the data are, if they are kept.
    pub data: Option<String>,
}

impl BerkaReport {
    /// Whether the ledger agrees with the bank.
    pub fn matches(&self) -> bool {
        self.balance_mismatches == 0 && self.conserved && self.closing_mismatches.unwrap_or(0) == 0
    }

    /// For people.
    pub fn render(&self) -> String {
        let closing_mismatches =
            self.closing_mismatches.map_or_else(|| "not at hand".into(), |count| count.to_string());
        render(&[
            row([&"rows of the bank", &thousands(self.postings)]),
            row([&"transfers posted", &thousands(self.transfers)]),
            row([&"  of them known before", &thousands(self.replayed)]),
            row([&"rows with their rounding as a group", &thousands(self.groups)]),
            row([&"customers", &thousands(self.accounts)]),
            row([&"balances unlike the bank's", &self.balance_mismatches]),
            row([&"closing balances unlike the bank's", &closing_mismatches]),
            row([&"closing balance, CZK", &self.closing]),
            row([&"conserved", &self.conserved]),
            row([&"transfers/s", &rate(self.transfers_per_s)]),
        ])
    }
}

/// Replays the bank's books.
pub async fn replay(ledger: &Ledger, dir: &Path) -> Result<BerkaReport> {
    let rows: Vec<Row> = rows::read(&dir.join("transactions.csv.gz"))?;
    ensure!(!rows.is_empty(), "no transactions in {}", dir.display());
    let postings = rows.iter().map(Posting::of).collect::<Result<Vec<_>>>()?;
    let expected = dir.join("expected_closing_balances.csv.gz");
    let closings: Option<Vec<Closing>> =
        if expected.is_file() { Some(rows::read(&expected)?) } else { None };

    let accounts = Accounts::of(&postings);
    let all = [accounts.customers.as_slice(), &accounts.own].concat();
    let opening = Opening { accounts: &all, floor: floor::Kind::None };
    book::open(ledger, ASSET, &[opening]).await?;

    let mut report = BerkaReport {
        postings: postings.len() as u64,
        accounts: accounts.customers.len() as u64,
        groups: postings.iter().filter(|p| p.is_group()).count() as u64,
        ..BerkaReport::default()
    };
    post(ledger, &postings, &mut report).await?;

    let customers = book::balances(ledger, &accounts.customers).await?;
    let own = book::balances(ledger, &accounts.own).await?;
    report.closing = format_minor(customers.iter().sum(), SCALE);
    report.conserved = book::conserved(ledger, customers.iter().chain(&own).copied()).await?;
    report.closing_mismatches = closings.map(|closings| {
        let found = accounts.customers.iter().map(|c| c.id).zip(customers).collect();
        closing_mismatches(&closings, &found)
    });
    Ok(report)
}

/// The accounts that take part, once each.
#[derive(Debug)]
struct Accounts {
    customers: Vec<NamedAccount>,
    own: Vec<NamedAccount>,
}

impl Accounts {
    fn of(postings: &[Posting]) -> Self {
        fn once<'a>(accounts: impl Iterator<Item = &'a NamedAccount>) -> Vec<NamedAccount> {
            let by_name: BTreeMap<&str, &NamedAccount> =
                accounts.map(|account| (account.name.as_str(), account)).collect();
            by_name.into_values().cloned().collect()
        }
        Self {
            customers: once(postings.iter().map(|p| &p.customer)),
            own: once(postings.iter().flat_map(|p| &p.counterparties)),
        }
    }
}

async fn post(ledger: &Ledger, postings: &[Posting], report: &mut BerkaReport) -> Result<()> {
    let kinds = postings.iter().map(|p| (p.customer.id, p.is_group()));
    let bar = progress::bar("posting", "rows", postings.len() as u64);
    let start = Instant::now();
    for wave in waves::cut(kinds) {
        send(ledger, postings, &wave, report, &bar).await?;
    }
    report.seconds = rounded(start.elapsed().as_secs_f64(), 3);
    report.transfers_per_s = rounded(per_second(report.transfers, start.elapsed()), 0);
    bar.finish_and_clear();
    Ok(())
}

/// Sends the calls of a wave side by side and checks every row of it.
async fn send(
    ledger: &Ledger,
    postings: &[Posting],
    wave: &Wave,
    report: &mut BerkaReport,
    bar: &ProgressBar,
) -> Result<()> {
    let groups = wave.groups.iter().map(|index| vec![*index]);
    let plain = std::iter::once(wave.plain.clone()).filter(|batch| !batch.is_empty());
    let mut calls = JoinSet::new();
    for members in groups.chain(plain) {
        let ledger = ledger.clone();
        let request = request(postings, &members);
        calls.spawn(async move { anyhow::Ok((members, ledger.create_transfers(&request).await?)) });
    }
    while let Some(answered) = calls.join_next().await {
        let (members, response) = answered??;
        check(postings, &members, &response, report);
        bar.inc(members.len() as u64);
    }
    Ok(())
}

fn request(postings: &[Posting], members: &[usize]) -> CreateTransfersRequest {
    let group = members.first().map(|i| &postings[*i]).filter(|p| p.is_group());
    CreateTransfersRequest {
        mode: group.map_or(TransferMode::Independent, |_| TransferMode::Group).into(),
        group_id: group.map(|posting| posting.group_id().into()),
        transfers: members
            .iter()
            .flat_map(|index| postings[*index].transfers.iter().cloned())
            .collect(),
    }
}

fn check(
    postings: &[Posting],
    members: &[usize],
    response: &CreateTransfersResponse,
    report: &mut BerkaReport,
) {
    let mut results = response.results.iter();
    for posting in members.iter().map(|index| &postings[*index]) {
        let mut after = None;
        for result in results.by_ref().take(posting.transfers.len()) {
            report.transfers += u64::from(book::refusal(result).is_none());
            report.replayed += u64::from(result.replayed);
            after = customers_balance(posting, result);
        }
        report.balance_mismatches += u64::from(after != Some(posting.balance_after));
    }
}

/// The customer's balance by the last answer of a row; none if that was refused.
fn customers_balance(posting: &Posting, last: &TransferResult) -> Option<i128> {
    let balance = if posting.last_credits_customer {
        last.credit_balance_after
    } else {
        last.debit_balance_after
    };
    balance.map(i128::from)
}

fn closing_mismatches(closings: &[Closing], found: &BTreeMap<u128, i128>) -> u64 {
    let agree = |closing: &Closing| {
        let balance = found.get(&customer(closing.account_id).id);
        balance == Some(&closing.closing_balance_minor.into())
    };
    let wrong = closings.iter().filter(|closing| !agree(closing)).count();
    // A customer of whom the bank knows nothing is a mismatch too.
    (wrong + found.len().saturating_sub(closings.len())) as u64
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::{Int128, TransferStatus};

    use super::*;

    const ROWS: &str = "\
        seq,trans_id,account_id,date,direction,type_cz,operation_cz,amount_minor,balance_after_minor,src_rounding_minor,k_symbol,partner_bank,partner_account\n\
        1,1,8,1993-01-01,CREDIT,PRIJEM,VKLAD,700,700,0,,,\n\
        2,2,8,1993-01-31,CREDIT,PRIJEM,,13,703,-10,UROK,,\n";

    fn postings() -> Vec<Posting> {
        let rows: Vec<Row> = rows::parse(ROWS.as_bytes()).expect("sound");
        rows.iter().map(|row| Posting::of(row).expect("sound")).collect()
    }

    fn posted(debit_after: i128, credit_after: i128) -> TransferResult {
        TransferResult {
            status: TransferStatus::Posted.into(),
            debit_balance_after: Some(Int128::from(debit_after)),
            credit_balance_after: Some(Int128::from(credit_after)),
            ..TransferResult::default()
        }
    }

    #[test]
    fn a_row_with_its_rounding_is_one_group() {
        let postings = postings();
        let plain = request(&postings, &[0]);
        assert_eq!((plain.mode(), plain.group_id), (TransferMode::Independent, None));
        let group = request(&postings, &[1]);
        assert_eq!((group.mode(), group.transfers.len()), (TransferMode::Group, 2));
        assert_eq!(group.group_id.map(u128::from), Some(postings[1].group_id()));
    }

    #[test]
    fn the_balance_is_compared_after_each_row() {
        let postings = postings();
        let refused =
            TransferResult { status: TransferStatus::Refused.into(), ..TransferResult::default() };
        let rounded_by = posted(703, 10);
        for (members, results, mismatches, transfers) in [
            (vec![0], vec![posted(-700, 700)], 0, 1),
            (vec![0], vec![posted(700, -700)], 1, 1),
            (vec![0], vec![refused.clone()], 1, 0),
            (vec![1], vec![posted(-13, 713), rounded_by.clone()], 0, 2),
            (vec![1], vec![posted(-13, 713), posted(704, 10)], 1, 2),
            (vec![1], vec![refused.clone(), refused], 1, 0),
        ] {
            let response = CreateTransfersResponse { results, group: None };
            let mut report = BerkaReport::default();
            check(&postings, &members, &response, &mut report);
            assert_eq!(report.balance_mismatches, mismatches, "{response:?}");
            assert_eq!(report.transfers, transfers, "{response:?}");
        }
    }

    #[test]
    fn closing_balances_must_be_the_banks_for_the_same_customers() {
        let closing =
            |account_id, closing_balance_minor| Closing { account_id, closing_balance_minor };
        let found: BTreeMap<u128, i128> = [(customer(1).id, 10), (customer(2).id, -20)].into();
        for (closings, mismatches) in [
            (vec![closing(1, 10), closing(2, -20)], 0),
            (vec![closing(1, 10), closing(2, -21)], 1),
            (vec![closing(1, 10)], 1),
            (vec![closing(1, 10), closing(2, -20), closing(3, 0)], 1),
        ] {
            assert_eq!(closing_mismatches(&closings, &found), mismatches, "{closings:?}");
        }
    }

    #[test]
    fn accounts_are_opened_once() {
        let accounts = Accounts::of(&postings());
        assert_eq!(accounts.customers.len(), 1);
        let own: Vec<&str> = accounts.own.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(own, ["berka:CASH", "berka:INTEREST_EXPENSE", "berka:ROUNDING"]);
    }
}
