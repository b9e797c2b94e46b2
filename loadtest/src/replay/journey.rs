//! `replay journey`: every basket of a year paid on its own, then every balance compared.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use florin_proto::money::format_minor;
use florin_proto::v1::{AccountKey, CreateTransfersRequest, NewTransfer, TransferMode, floor};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::figures::{per_second, rounded};
use crate::latency::Latencies;
use crate::ledger::Ledger;
use crate::names::{NamedAccount, transfer_id, wide};
use crate::progress;
use crate::replay::baskets::{Basket, Expected};
use crate::replay::book::{self, Opening};
use crate::table::{rate, render, row, thousands};

const ASSET: &str = "USD";
const SCALE: u32 = 2;
/// Payments on their way at once, each a call of its own.
const IN_FLIGHT: usize = 64;

/// What `replay journey --json` and `run --json` print; the keys are documented in
/// `loadtest/REPORT.md`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct JourneyReport {
    /// Purchases.
    pub baskets: u64,
    /// Of them paid.
    pub paid: u64,
    /// Of them with nothing to pay.
    pub zero: u64,
    /// Sum of what was paid, USD.
    pub total: String,
    /// Stores.
    pub stores: u64,
    /// Stores whose balance is what the data say.
    pub stores_matching: u64,
    /// Debits equal credits.
    pub conserved: bool,
    /// Households.
    pub households: u64,
    /// Households whose balance is what the data say.
    pub households_matching: u64,
    /// Payments that the ledger knew from an earlier run.
    pub replayed: u64,
    /// From the first payment to the last answer.
    pub seconds: f64,
    /// Payments a second in that time.
    pub payments_per_s: f64,
    /// Median latency of a payment.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// Payments on their way at once.
    pub in_flight: usize,
    /// Whether the purchases were made up.
    pub synthetic: bool,
    /// Where the server is or was.
    pub server: String,
    /// Where the data are, if they are kept.
    pub data: Option<String>,
}

impl JourneyReport {
    /// Whether every balance is what the data say.
    pub fn matches(&self) -> bool {
        self.paid + self.zero == self.baskets
            && self.stores_matching == self.stores
            && self.households_matching == self.households
            && self.conserved
    }

    /// For people.
    pub fn render(&self) -> String {
        let of = |matching, all| format!("{} of {}", thousands(matching), thousands(all));
        render(&[
            row([&"baskets", &thousands(self.baskets)]),
            row([&"  with nothing to pay", &thousands(self.zero)]),
            row([&"  paid", &thousands(self.paid)]),
            row([&"  of them known before", &thousands(self.replayed)]),
            row([&"total, USD", &self.total]),
            row([&"payments/s", &rate(self.payments_per_s)]),
            row([&"latency p50 / p99 / p99.9, ms", &self.latency_ms()]),
            row([&"stores that match the data", &of(self.stores_matching, self.stores)]),
            row([&"households that match", &of(self.households_matching, self.households)]),
            row([&"conserved", &self.conserved]),
        ])
    }

    fn latency_ms(&self) -> String {
        let ms = |us: f64| format!("{:.2}", us / 1_000.0);
        format!("{} / {} / {}", ms(self.p50_us), ms(self.p99_us), ms(self.p999_us))
    }
}

/// Pays all baskets and compares all balances.
pub async fn replay(ledger: &Ledger, baskets: &[Basket], synthetic: bool) -> Result<JourneyReport> {
    let prefix = if synthetic { "synthetic" } else { "journey" };
    let expected = Expected::of(baskets);
    let household = |number: &u32| NamedAccount::new(format!("{prefix}:household:{number}"));
    let store = |number: &u32| NamedAccount::new(format!("{prefix}:store:{number}"));
    let households: Vec<_> = expected.households.keys().map(household).collect();
    let stores: Vec<_> = expected.stores.keys().map(store).collect();
    // Households pay on credit: what they have is not in the data.
    let open_households = Opening { accounts: &households, floor: floor::Kind::None };
    let open_stores = Opening { accounts: &stores, floor: floor::Kind::Zero };
    book::open(ledger, ASSET, &[open_households, open_stores]).await?;

    let to_pay = baskets.iter().filter(|basket| basket.amount_minor > 0);
    let payments: Vec<NewTransfer> = to_pay
        .map(|basket| NewTransfer {
            id: Some(transfer_id(&format!("{prefix}:basket:{}", basket.id)).into()),
            debit_account: Some(AccountKey::from(household(&basket.household).id)),
            credit_account: Some(AccountKey::from(store(&basket.store).id)),
            amount: Some(u128::from(basket.amount_minor).into()),
            value_date: basket.value_date,
            ..NewTransfer::default()
        })
        .collect();
    let mut report = JourneyReport {
        baskets: baskets.len() as u64,
        zero: expected.zero,
        stores: stores.len() as u64,
        households: households.len() as u64,
        in_flight: IN_FLIGHT,
        synthetic,
        ..JourneyReport::default()
    };
    pay(ledger, payments, &mut report).await?;

    let store_balances = book::balances(ledger, &stores).await?;
    let household_balances = book::balances(ledger, &households).await?;
    let matching = |expected: Vec<i128>, found: &[i128]| {
        expected.iter().zip(found).filter(|(expected, found)| expected == found).count() as u64
    };
    report.stores_matching = matching(expected.stores.into_values().collect(), &store_balances);
    report.households_matching =
        matching(expected.households.into_values().collect(), &household_balances);
    let all = store_balances.into_iter().chain(household_balances);
    report.conserved = book::conserved(ledger, all).await?;
    Ok(report)
}

/// What the payers share.
#[derive(Debug)]
struct Till {
    payments: Vec<NewTransfer>,
    next: AtomicUsize,
    paid: AtomicU64,
    replayed: AtomicU64,
    total_minor: AtomicU64,
    latencies: Mutex<Latencies>,
    bar: ProgressBar,
}

async fn pay(
    ledger: &Ledger,
    payments: Vec<NewTransfer>,
    report: &mut JourneyReport,
) -> Result<()> {
    let till = Arc::new(Till {
        bar: progress::bar("paying", "baskets", payments.len() as u64),
        payments,
        next: AtomicUsize::new(0),
        paid: AtomicU64::new(0),
        replayed: AtomicU64::new(0),
        total_minor: AtomicU64::new(0),
        latencies: Mutex::new(Latencies::new()?),
    });
    let start = Instant::now();
    let mut payers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        payers.spawn(pay_from(Arc::clone(&till), ledger.clone()));
    }
    while let Some(payer) = payers.join_next().await {
        payer??;
    }
    let elapsed = start.elapsed();
    till.bar.finish_and_clear();
    let latencies = till.latencies.lock().unwrap_or_else(PoisonError::into_inner);
    let percentiles = latencies.percentiles();
    report.paid = till.paid.load(Ordering::Relaxed);
    report.replayed = till.replayed.load(Ordering::Relaxed);
    report.total = format_minor(till.total_minor.load(Ordering::Relaxed).into(), SCALE);
    report.seconds = rounded(elapsed.as_secs_f64(), 3);
    report.payments_per_s = rounded(per_second(report.paid, elapsed), 0);
    report.p50_us = rounded(percentiles.p50_us, 1);
    report.p99_us = rounded(percentiles.p99_us, 1);
    report.p999_us = rounded(percentiles.p999_us, 1);
    Ok(())
}

async fn pay_from(till: Arc<Till>, ledger: Ledger) -> Result<()> {
    while let Some(payment) = till.payments.get(till.next.fetch_add(1, Ordering::Relaxed)) {
        let request = CreateTransfersRequest {
            mode: TransferMode::Independent.into(),
            group_id: None,
            transfers: vec![payment.clone()],
        };
        let sent = Instant::now();
        let response = ledger.create_transfers(&request).await?;
        let latency = sent.elapsed();
        let result = response.results.first().context("a payment without an answer")?;
        if let Some(reason) = book::refusal(result) {
            bail!("payment {:032x} was refused: {reason}", wide(payment.id));
        }
        let moved = u64::try_from(wide(result.amount)).context("an amount beyond the data")?;
        till.paid.fetch_add(1, Ordering::Relaxed);
        till.replayed.fetch_add(result.replayed.into(), Ordering::Relaxed);
        till.total_minor.fetch_add(moved, Ordering::Relaxed);
        let mut latencies = till.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        latencies.record(latency);
        till.bar.inc(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_matches_only_if_everything_does() {
        let good = JourneyReport {
            baskets: 10,
            paid: 9,
            zero: 1,
            stores: 2,
            stores_matching: 2,
            households: 3,
            households_matching: 3,
            conserved: true,
            ..JourneyReport::default()
        };
        assert!(good.matches());
        let spoil: [fn(&mut JourneyReport); 4] = [
            |report| report.paid = 8,
            |report| report.stores_matching = 1,
            |report| report.households_matching = 2,
            |report| report.conserved = false,
        ];
        for spoil in spoil {
            let mut report = good.clone();
            spoil(&mut report);
            assert!(!report.matches(), "{report:?}");
        }
    }

    #[test]
    fn the_report_begins_as_scripts_expect() {
        let json = serde_json::to_string(&JourneyReport::default()).expect("serialises");
        let begins = r#"{"baskets":0,"paid":0,"zero":0,"total":"","stores":0,"stores_matching":0,"conserved":false,"#;
        assert!(json.starts_with(begins), "{json}");
    }
}
