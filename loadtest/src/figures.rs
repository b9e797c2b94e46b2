//! From counts to figures: rates, medians, spreads.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// A count as a float. Counts here stay far below 2^53.
#[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// Per second.
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    ratio(float(count), elapsed.as_secs_f64())
}

/// A quotient that is 0 where there is nothing to divide by: JSON has no infinity.
pub fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Rounded to `decimals`: measurement noise is no information.
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (value * unit).round() / unit
}

/// Smallest and largest of repeated runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

/// Spreads by the name of their figure.
pub type Spreads = BTreeMap<&'static str, Spread>;

/// The middle of the runs; of an even number, the mean of the two in the middle.
pub fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Smallest and largest, rounded.
pub fn spread_of(values: &[f64], decimals: i32) -> Spread {
    let fold = |pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick).unwrap_or(0.0);
    Spread { min: rounded(fold(f64::min), decimals), max: rounded(fold(f64::max), decimals) }
}

/// Takes the median of one figure over all runs, notes its spread, and rounds both.
pub fn summarise<T>(
    runs: &[T],
    name: &'static str,
    decimals: i32,
    spreads: &mut Spreads,
    figure: impl Fn(&T) -> f64,
) -> f64 {
    let values: Vec<f64> = runs.iter().map(figure).collect();
    spreads.insert(name, spread_of(&values, decimals));
    rounded(median(&values), decimals)
}

/// As [`summarise`], for a figure that only a server on this machine has.
pub fn summarise_known<T>(
    runs: &[T],
    name: &'static str,
    decimals: i32,
    spreads: &mut Spreads,
    figure: impl Fn(&T) -> Option<f64>,
) -> Option<f64> {
    let known: Vec<f64> = runs.iter().filter_map(figure).collect();
    if known.is_empty() {
        return None;
    }
    Some(summarise(&known, name, decimals, spreads, |value| *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        for (runs, middle) in [
            (&[][..], 0.0),
            (&[3.0], 3.0),
            (&[3.0, 1.0], 2.0),
            (&[9.0, 1.0, 2.0], 2.0),
            (&[4.0, 1.0, 3.0, 2.0], 2.5),
        ] {
            assert!((median(runs) - middle).abs() < 1e-9, "{runs:?}");
        }
    }

    #[test]
    fn a_summary_is_the_median_with_its_spread() {
        let mut spreads = Spreads::new();
        let middle = summarise(&[10.04, 30.0, 20.06], "rps", 1, &mut spreads, |run| *run);
        assert!((middle - 20.1).abs() < 1e-9, "{middle}");
        let expected = Spread { min: 10.0, max: 30.0 };
        assert_eq!(spreads["rps"], expected);
        assert_eq!(summarise_known(&[0u8], "cpu", 1, &mut spreads, |_| None), None);
        assert!(!spreads.contains_key("cpu"));
    }

    #[test]
    fn nothing_over_nothing_is_no_infinity() {
        assert!(per_second(5, Duration::ZERO).abs() < f64::EPSILON);
        assert!((per_second(5, Duration::from_millis(500)) - 10.0).abs() < 1e-9);
    }
}
