//! Latencies in an HDR histogram: every call counts, no sampling, no averages.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::figures::float;

/// Longest latency that is told apart, 60 s; longer ones count as this.
const LONGEST_NS: u64 = 60_000_000_000;

/// Latencies of many calls.
#[derive(Debug, Clone)]
pub struct Latencies {
    histogram: Histogram<u64>,
}

/// The percentiles that are reported, microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[allow(clippy::struct_field_names, reason = "the unit belongs in the name")]
pub struct Percentiles {
    /// Median.
    pub p50_us: f64,
    /// 99th.
    pub p99_us: f64,
    /// 99.9th.
    pub p999_us: f64,
}

impl Latencies {
    /// None yet. Values are kept to three digits.
    pub fn new() -> Result<Self> {
        Ok(Self { histogram: Histogram::new_with_bounds(1, LONGEST_NS, 3)? })
    }

    /// Counts one call.
    pub fn record(&mut self, latency: Duration) {
        let ns = u64::try_from(latency.as_nanos()).unwrap_or(LONGEST_NS);
        self.histogram.saturating_record(ns.max(1));
    }

    /// Counts all calls of another histogram.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        Ok(self.histogram.add(&other.histogram)?)
    }

    /// How many calls there were.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The percentiles of all calls so far.
    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| float(self.histogram.value_at_quantile(quantile)) / 1_000.0;
        Percentiles { p50_us: at(0.5), p99_us: at(0.99), p999_us: at(0.999) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_thousand_calls() {
        let mut latencies = Latencies::new().expect("bounds are constant");
        for us in 1..=1000 {
            latencies.record(Duration::from_micros(us));
        }
        let percentiles = latencies.percentiles();
        for (found, expected) in
            [(percentiles.p50_us, 500.0), (percentiles.p99_us, 990.0), (percentiles.p999_us, 999.0)]
        {
            assert!((found - expected).abs() <= expected * 0.002, "{found}");
        }
    }

    #[test]
    fn histograms_add_up() {
        let mut sum = Latencies::new().expect("bounds are constant");
        for us in [100, 100, 5_000] {
            let mut one = Latencies::new().expect("bounds are constant");
            one.record(Duration::from_micros(us));
            sum.add(&one).expect("same bounds");
        }
        assert_eq!(sum.count(), 3);
        assert!(sum.percentiles().p50_us < 200.0 && sum.percentiles().p99_us > 4_900.0);
    }

    #[test]
    fn a_stall_of_minutes_counts_as_the_longest_and_an_empty_histogram_as_zero() {
        let mut latencies = Latencies::new().expect("bounds are constant");
        assert_eq!(latencies.percentiles(), Percentiles::default());
        latencies.record(Duration::from_secs(300));
        assert!(latencies.percentiles().p50_us >= 59_900_000.0);
    }
}
