//! The histogram of a distribution that the page draws.

use serde::Serialize;

use super::values::Thousandths;
use crate::metrics::rounded;
use crate::stats::{Distribution, Statistics};

/// The least and the largest number of bins.
const BINS: (f64, f64) = (8.0, 60.0);
/// Bins widen by ratio if the largest value is more than this many times the median.
const FAR: f64 = 5.0;

/// A histogram: `counts[i]` values lie in `edges[i]..edges[i + 1]`, the last edge included.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Bins {
    /// Whether widths grow by ratio; else they are even.
    log: bool,
    edges: Vec<Thousandths>,
    counts: Vec<u64>,
}

impl Bins {
    /// The histogram of a distribution with these figures; empty without values.
    pub(super) fn of(distribution: &Distribution, figures: Option<&Statistics>) -> Self {
        let Some(figures) = figures else {
            return Self::default();
        };
        let (low, high) = bounds(figures);
        let log = figures.max > FAR * figures.p50 && low > 0.0;
        let number = rounded((2.0 * (figures.count as f64).sqrt()).clamp(BINS.0, BINS.1));
        let edge = |i: u64| match i as f64 / number as f64 {
            part if log => low * (high / low).powf(part),
            part => low + (high - low) * part,
        };
        let mut edges: Vec<_> = (0..=number).map(edge).map(rounded).collect();
        // There may be fewer thousandths than bins between the bounds.
        edges.dedup();
        let mut counts = vec![0; edges.len() - 1];
        for value in distribution.values() {
            let after = edges.partition_point(|edge| *edge <= value);
            counts[after.clamp(1, edges.len() - 1) - 1] += 1;
        }
        Self {
            log,
            edges: edges.into_iter().map(Thousandths).collect(),
            counts,
        }
    }
}

/// The outer edges of the bins, in thousandths. A single value gets some room on each side.
fn bounds(figures: &Statistics) -> (f64, f64) {
    let (low, high) = (figures.min * 1_000.0, figures.max * 1_000.0);
    if low < high {
        (low, high)
    } else {
        let around = (low * 0.05).max(1.0);
        ((low - around).max(0.0), high + around)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::tests::distribution;

    fn bins(values: &[u64]) -> Bins {
        let distribution = distribution(values);
        Bins::of(&distribution, distribution.snapshot().as_ref())
    }

    #[test]
    fn every_value_is_in_its_bin() {
        let values: Vec<u64> = (0..1_000).map(|i| 5_000 + i * 37 % 1_009).collect();
        let bins = bins(&values);
        assert!(!bins.log);
        assert_eq!(bins.counts.iter().sum::<u64>(), 1_000);
        assert_eq!(bins.edges.len(), bins.counts.len() + 1);
        assert_eq!(bins.counts.len(), 60);
        let edges: Vec<u64> = bins.edges.iter().map(|edge| edge.0).collect();
        assert!(edges.is_sorted());
        let inside = |value: &&u64| (edges[7]..edges[8]).contains(*value);
        let expected = values.iter().filter(inside).count() as u64;
        assert_eq!(bins.counts[7], expected);
    }

    #[test]
    fn a_far_outlier_makes_widths_grow() {
        let mut values = vec![100_000; 100];
        values.push(10_000_000);
        let bins = bins(&values);
        assert!(bins.log);
        assert_eq!((bins.counts[0], bins.counts.last()), (100, Some(&1)));
    }

    #[test]
    fn one_value_has_room_to_either_side() {
        let bins = bins(&[200_000]);
        assert_eq!(bins.counts.iter().sum::<u64>(), 1);
        let last = bins.edges.last().map_or(0, |edge| edge.0);
        assert_eq!((bins.edges[0].0, last), (190_000, 210_000));
        assert_eq!(self::bins(&[0]).counts.iter().sum::<u64>(), 1);
        assert_eq!(self::bins(&[]), Bins::default());
    }
}
