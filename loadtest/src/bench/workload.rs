//! Which accounts pay which: uniform, skewed, or one that everybody pays.

use clap::ValueEnum;

use crate::figures::float;
use crate::rng::{SplitMix64, mix};

/// How accounts are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Both accounts at random
    #[default]
    Uniform,
    /// Both accounts by Zipf's law with exponent 0.99: a few are in almost everything
    Zipf,
    /// One account receives 9 of 10 transfers; the rest is uniform
    Hot,
}

impl Workload {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
            Self::Hot => "hot",
        }
    }
}

/// The id of account number `index`: 128 bits without order, and never zero.
pub fn account_id(index: u64) -> (u64, u64) {
    const SALT: u64 = 0x5f10_11a6_0c2e_93d7;
    (mix(index + 1), mix(index ^ SALT) | 1)
}

/// Draws pairs of accounts.
#[derive(Debug, Clone)]
pub struct Pairs {
    workload: Workload,
    accounts: u64,
    zipf: Zipf,
}

impl Pairs {
    /// Among `accounts`, of which there must be two or more.
    pub fn new(workload: Workload, accounts: u64) -> Self {
        Self {
            workload,
            accounts: accounts.max(2),
            zipf: match workload {
                Workload::Zipf => Zipf::new(accounts.max(2)),
                // Cheap to make and never drawn from.
                Workload::Uniform | Workload::Hot => Zipf::new(2),
            },
        }
    }

    /// Debit and credit account, by number; never the same.
    pub fn draw(&self, rng: &mut SplitMix64) -> (u64, u64) {
        let (debit, credit) = match self.workload {
            Workload::Zipf => (self.scattered(rng), self.scattered(rng)),
            Workload::Hot if rng.below(10) < 9 => (rng.below(self.accounts), 0),
            Workload::Uniform | Workload::Hot => {
                (rng.below(self.accounts), rng.below(self.accounts))
            }
        };
        if debit != credit {
            (debit, credit)
        } else if debit + 1 < self.accounts {
            (debit + 1, credit)
        } else {
            (0, credit)
        }
    }

    fn scattered(&self, rng: &mut SplitMix64) -> u64 {
        scatter(self.zipf.draw(rng), self.accounts)
    }
}

/// Scatters ranks, so that popular accounts are not also neighbours in memory. One to one, since a
/// prime above the number of accounts has no factor in common with it.
fn scatter(rank: u64, accounts: u64) -> u64 {
    const PRIME: u128 = 18_446_744_073_709_551_557;
    let place = u128::from(rank) * PRIME % u128::from(accounts);
    u64::try_from(place).unwrap_or_default()
}

/// Ranks by Zipf's law in constant time (Gray et al., "Quickly generating billion-record synthetic
/// databases", 1994).
#[derive(Debug, Clone)]
struct Zipf {
    ranks: u64,
    alpha: f64,
    eta: f64,
    zeta: f64,
}

impl Zipf {
    const EXPONENT: f64 = 0.99;

    fn new(ranks: u64) -> Self {
        let zeta = |n: u64| -> f64 { (1..=n).map(|i| float(i).powf(-Self::EXPONENT)).sum() };
        let whole = zeta(ranks);
        let tail = 1.0 - (2.0 / float(ranks)).powf(1.0 - Self::EXPONENT);
        Self {
            ranks,
            alpha: 1.0 / (1.0 - Self::EXPONENT),
            eta: tail / (1.0 - zeta(2) / whole),
            zeta: whole,
        }
    }

    /// A rank from 0, the most frequent.
    fn draw(&self, rng: &mut SplitMix64) -> u64 {
        let unit = rng.unit();
        let scaled = unit * self.zeta;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < 1.0 + 0.5f64.powf(Self::EXPONENT) {
            return 1;
        }
        let rank = float(self.ranks) * (self.eta * unit - self.eta + 1.0).powf(self.alpha);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the number of ranks"
        )]
        let rank = rank as u64;
        rank.min(self.ranks - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn account_ids_are_distinct_and_not_zero() {
        let ids: HashSet<(u64, u64)> = (0..100_000).map(account_id).collect();
        assert_eq!(ids.len(), 100_000);
        assert!(ids.iter().all(|(_, hi)| *hi != 0));
    }

    #[test]
    fn nobody_pays_himself_and_nobody_else_is_paid() {
        for workload in [Workload::Uniform, Workload::Zipf, Workload::Hot] {
            for accounts in [2, 3, 1_000] {
                let pairs = Pairs::new(workload, accounts);
                let mut rng = SplitMix64::new(1);
                for _ in 0..5_000 {
                    let (debit, credit) = pairs.draw(&mut rng);
                    assert_ne!(debit, credit, "{workload:?}");
                    assert!(debit < accounts && credit < accounts, "{workload:?}");
                }
            }
        }
    }

    #[test]
    fn the_most_popular_account_has_its_share() {
        const DRAWS: u32 = 100_000;
        for (workload, low, high) in [
            (Workload::Uniform, 0.0, 0.01),
            // 1 / zeta(1000, 0.99) is 12.9 %.
            (Workload::Zipf, 0.12, 0.14),
            (Workload::Hot, 0.89, 0.91),
        ] {
            let pairs = Pairs::new(workload, 1_000);
            let mut rng = SplitMix64::new(7);
            let mut credits: HashMap<u64, u32> = HashMap::new();
            for _ in 0..DRAWS {
                *credits.entry(pairs.draw(&mut rng).1).or_default() += 1;
            }
            let most = credits.values().max().copied().unwrap_or(0);
            let share = f64::from(most) / f64::from(DRAWS);
            assert!((low..=high).contains(&share), "{workload:?} {share}");
        }
    }

    #[test]
    fn scattering_meets_every_account_once() {
        for accounts in [2, 1_000, 65_536] {
            let places: HashSet<u64> = (0..accounts).map(|rank| scatter(rank, accounts)).collect();
            assert_eq!(places.len() as u64, accounts);
        }
    }
}
