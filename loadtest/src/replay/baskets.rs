//! Purchases: the real ones from a file, or synthetic ones of the same shape.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::replay::rows;
use crate::rng::SplitMix64;

/// A row of the baskets file that `scripts/baskets.py` writes.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    basket_id: u64,
    household_id: u32,
    store_id: u32,
    timestamp: String,
    amount_minor: u64,
}

/// One purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basket {
    /// Its id in the data.
    pub id: u64,
    /// Who bought.
    pub household: u32,
    /// Where.
    pub store: u32,
    /// When, as YYYYMMDD.
    pub value_date: u32,
    /// For how much, cents.
    pub amount_minor: u64,
}

/// Reads a baskets file.
pub fn read(path: &Path) -> Result<Vec<Basket>> {
    let rows: Vec<Row> = rows::read(path)?;
    from_rows(&rows).with_context(|| format!("in {}", path.display()))
}

fn from_rows(rows: &[Row]) -> Result<Vec<Basket>> {
    let mut seen = BTreeSet::new();
    let mut baskets = Vec::with_capacity(rows.len());
    for (row, line) in rows.iter().zip(2u64..) {
        if !seen.insert(row.basket_id) {
            bail!("line {line}: basket {} is there twice", row.basket_id);
        }
        baskets.push(Basket {
            id: row.basket_id,
            household: row.household_id,
            store: row.store_id,
            value_date: rows::value_date(&row.timestamp).with_context(|| format!("line {line}"))?,
            amount_minor: row.amount_minor,
        });
    }
    ensure!(!baskets.is_empty(), "no baskets");
    Ok(baskets)
}

/// The shape of the real data, for when they cannot be had.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Purchases.
    pub baskets: u64,
    /// Of them with nothing to pay.
    pub zero: u64,
    /// Buyers.
    pub households: u32,
    /// Sellers.
    pub stores: u32,
}

/// The real data's shape.
pub const REAL_SHAPE: Shape = Shape { baskets: 155_848, zero: 478, households: 2_469, stores: 457 };

impl Shape {
    /// The same shape with another number of purchases.
    pub fn scaled_to(self, baskets: u64) -> Self {
        Self { zero: baskets * self.zero / self.baskets, baskets, ..self }
    }

    /// Purchases of this shape, the same ones for the same seed. Every household and every store takes
    /// part where there are purchases enough; a few stores are much busier than the others.
    pub fn generate(self, seed: u64) -> Vec<Basket> {
        let mut rng = SplitMix64::new(seed);
        let number = |x: u64| u32::try_from(x).unwrap_or(u32::MAX);
        let everyone = u64::from(self.households.max(self.stores));
        (0..self.baskets)
            .map(|index| {
                let (household, store) = if index < everyone {
                    (number(index) % self.households, number(index) % self.stores)
                } else {
                    let busy = rng.below(self.stores.into()).min(rng.below(self.stores.into()));
                    (number(rng.below(self.households.into())), number(busy))
                };
                let day = index * 365 / self.baskets;
                let zero =
                    index * self.zero / self.baskets != (index + 1) * self.zero / self.baskets;
                // Mostly small, sometimes large: the product of two even draws.
                let amount_minor = 1 + rng.below(100) * rng.below(120);
                Basket {
                    id: index + 1,
                    household: household + 1,
                    store: store + 1,
                    value_date: day_of_2017(day),
                    amount_minor: if zero { 0 } else { amount_minor },
                }
            })
            .collect()
    }
}

/// Day 0 to 364 of 2017 as YYYYMMDD.
fn day_of_2017(day: u64) -> u32 {
    const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut left = u32::try_from(day % 365).unwrap_or(0);
    let mut month = 1;
    for days in DAYS {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    20_170_000 + month * 100 + left + 1
}

/// Purchases with what must come of them.
#[derive(Debug)]
pub struct Expected {
    /// What each store must have at the end, cents.
    pub stores: BTreeMap<u32, i128>,
    /// What each household must have at the end: nothing or less.
    pub households: BTreeMap<u32, i128>,
    /// Purchases with nothing to pay.
    pub zero: u64,
    /// Sum of all, cents.
    pub total_minor: i128,
}

impl Expected {
    /// Adds the purchases up.
    pub fn of(baskets: &[Basket]) -> Self {
        let mut expected =
            Self { stores: BTreeMap::new(), households: BTreeMap::new(), zero: 0, total_minor: 0 };
        for basket in baskets {
            let amount = i128::from(basket.amount_minor);
            *expected.stores.entry(basket.store).or_default() += amount;
            *expected.households.entry(basket.household).or_default() -= amount;
            expected.zero += u64::from(amount == 0);
            expected.total_minor += amount;
        }
        expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Basket>> {
        from_rows(&rows::parse::<Row>(text.as_bytes())?)
    }

    #[test]
    fn a_baskets_file() {
        let text = "basket_id,household_id,store_id,timestamp,amount_minor\n\
                    31198570044,900,330,2017-01-01 11:53:26,478\n\
                    31198570047,900,331,2017-01-02 12:10:28,0\n";
        let baskets = parse(text).expect("sound");
        let first = Basket {
            id: 31_198_570_044,
            household: 900,
            store: 330,
            value_date: 20_170_101,
            amount_minor: 478,
        };
        assert_eq!(baskets[0], first);
        let expected = Expected::of(&baskets);
        assert_eq!((expected.zero, expected.total_minor), (1, 478));
        assert_eq!(expected.stores, BTreeMap::from([(330, 478), (331, 0)]));
        assert_eq!(expected.households, BTreeMap::from([(900, -478)]));
    }

    #[test]
    fn complaints_name_the_line() {
        let header = "basket_id,household_id,store_id,timestamp,amount_minor";
        for (lines, complaint) in [
            ("1,1,1,2017-01-01,5\n1,1,1,2017-01-01,5", "line 3: basket 1 is there twice"),
            ("1,1,1,2017-01-01,-5", "line 2: field 4"),
            ("1,1,1,2017-01-01,5.0", "line 2: field 4"),
            ("1,1,1,yesterday,5", "line 2"),
            ("", "no baskets"),
        ] {
            let error = parse(&format!("{header}\n{lines}\n")).expect_err(lines);
            assert!(format!("{error:#}").contains(complaint), "{error:#}");
        }
    }

    #[test]
    fn synthetic_purchases_have_the_shape_of_the_real_ones() {
        let baskets = REAL_SHAPE.generate(1);
        let expected = Expected::of(&baskets);
        let ids: BTreeSet<u64> = baskets.iter().map(|basket| basket.id).collect();
        assert_eq!(baskets.len() as u64, REAL_SHAPE.baskets);
        assert_eq!(ids.len(), baskets.len());
        assert_eq!(expected.stores.len(), 457);
        assert_eq!(expected.households.len(), 2_469);
        assert_eq!(expected.zero, 478);
        assert_eq!(baskets, REAL_SHAPE.generate(1));
        assert_ne!(baskets, REAL_SHAPE.generate(2));
        let dates: BTreeSet<u32> = baskets.iter().map(|basket| basket.value_date).collect();
        assert_eq!(dates.len(), 365);
        assert_eq!(dates.first().zip(dates.last()), Some((&20_170_101, &20_171_231)));
    }

    #[test]
    fn days_are_calendar_dates() {
        for (day, date) in [
            (0, 20_170_101),
            (30, 20_170_131),
            (31, 20_170_201),
            (58, 20_170_228),
            (59, 20_170_301),
            (364, 20_171_231),
        ] {
            assert_eq!(day_of_2017(day), date);
        }
    }
}
