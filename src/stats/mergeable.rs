//! Figures with a histogram, which can be merged with those of other runs.

use super::{Distribution, Histogram, Statistics};

/// Figures of values, and their buckets: percentiles cannot be merged, buckets can.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mergeable {
    /// The figures, in the values' unit: exact of one run, with percentiles at most 0.5% off of
    /// several. `None` without values.
    pub statistics: Option<Statistics>,
    /// The same values in thousandths of their unit.
    pub histogram: Histogram,
}

impl Mergeable {
    /// The values of a distribution.
    #[must_use]
    pub fn of(distribution: &Distribution) -> Self {
        let mut histogram = Histogram::default();
        for value in distribution.values() {
            histogram.record(value);
        }
        Self {
            statistics: distribution.snapshot(),
            histogram,
        }
    }

    /// Whether the histogram has all values. A run that an early version saved has no histograms.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.histogram.count() == self.statistics.map_or(0, |statistics| statistics.count)
    }

    /// Adds the values of another run.
    pub fn merge(&mut self, other: &Self) {
        self.histogram.merge(&other.histogram);
        self.statistics = self.histogram.snapshot();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::tests::distribution;

    fn of(values: &[u64]) -> Mergeable {
        Mergeable::of(&distribution(values))
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9
    }

    #[test]
    fn of_one_run_all_figures_are_exact() {
        let figures = of(&[100_001, 300_007]).statistics.unwrap();
        assert!(close(figures.p50, 200.004), "{}", figures.p50);
        assert_eq!(of(&[]), Mergeable::default());
    }

    #[test]
    fn of_several_runs_percentiles_are_off_a_little_and_the_others_are_exact() {
        let mut merged = of(&[100_001, 300_007]);
        merged.merge(&of(&[200_003]));
        let figures = merged.statistics.unwrap();
        let exact = of(&[100_001, 200_003, 300_007]).statistics.unwrap();
        let parts = |of: Statistics| [of.mean, of.min, of.max].into_iter();
        for (figure, exact) in parts(figures).zip(parts(exact)) {
            assert!(close(figure, exact), "{figure}, not {exact}");
        }
        assert_eq!(figures.count, 3);
        assert!((figures.p50 / exact.p50 - 1.0).abs() < 0.005);
        assert!(close(figures.std_dev.unwrap(), exact.std_dev.unwrap()));
    }

    #[test]
    fn figures_without_their_histogram_are_not_whole() {
        let mut saved = of(&[5]);
        assert!(saved.is_whole() && Mergeable::default().is_whole());
        saved.histogram = Histogram::default();
        assert!(!saved.is_whole());
    }
}
