//! The gaps between the chunks of one request, in bounded memory.

use crate::clock::Stamp;
use crate::record::ItlSummary;
use crate::stats::{self, Histogram};

/// How many gaps are kept one by one.
const EXACT: usize = 1 << 16;

/// Gaps in whole microseconds.
#[derive(Default)]
pub(in super::super) struct Gaps {
    exact: Vec<u64>,
    /// The gaps beyond [`EXACT`].
    more: Histogram,
}

impl Gaps {
    pub(in super::super) fn clear(&mut self) {
        self.exact.clear();
        self.more = Histogram::default();
    }

    pub(super) fn push(&mut self, gap: u64) {
        if self.exact.len() < EXACT {
            self.exact.push(gap);
        } else {
            self.more.record(gap);
        }
    }

    /// The gaps in figures, of which the longest is `max` and began at `max_from`. Percentiles are
    /// exact up to [`EXACT`] gaps, and at most 0.5% off beyond.
    pub(super) fn summarize(&mut self, max: u64, max_from: Stamp) -> Option<ItlSummary> {
        let Self { exact, more } = self;
        if more.count() > 0 {
            exact.drain(..).for_each(|gap| more.record(gap));
        }
        exact.sort_unstable();
        let sum = exact.iter().sum::<u64>() + more.sum();
        let exactly = |p| stats::percentile(p, exact.len(), |rank| exact[rank] as f64);
        let percentile = |p| more.percentile(p).or(exactly(p));
        Some(ItlSummary {
            mean: sum as f64 / (exact.len() as u64 + more.count()) as f64,
            p50: percentile(50.0)?,
            p99: percentile(99.0)?,
            max,
            max_from,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_beyond_the_exact_ones_cost_half_a_percent_and_no_memory() {
        let mut gaps = Gaps::default();
        for (count, off) in [(EXACT, 0.0), (3 * EXACT, 0.005)] {
            gaps.clear();
            let all = (0..count as u64).map(|n| 20_000 + n * 7_919 % 10_007);
            all.clone().for_each(|gap| gaps.push(gap));
            let mut sorted: Vec<_> = all.collect();
            sorted.sort_unstable();
            assert!(gaps.exact.capacity() <= EXACT);
            let itl = gaps.summarize(30_006, Stamp::ZERO).expect("gaps");
            let mean = sorted.iter().sum::<u64>() as f64 / count as f64;
            assert_eq!(itl.mean.to_bits(), mean.to_bits());
            for (p, shown) in [(50.0, itl.p50), (99.0, itl.p99)] {
                let exact = stats::percentile(p, count, |rank| sorted[rank] as f64);
                let exact = exact.expect("values");
                assert!((shown - exact).abs() <= exact * off, "{shown} {exact}");
            }
        }
    }
}
