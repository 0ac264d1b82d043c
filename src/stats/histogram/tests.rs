//! The histogram's bounds, over its whole range.

use super::*;
use crate::stats::Distribution;
use crate::stats::tests::pseudo_random;

fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram {
    let mut histogram = Histogram::default();
    values.into_iter().for_each(|v| histogram.record(v));
    histogram
}

/// Values spread evenly over the octaves from 1 µs to `2^octaves` µs.
fn values_in(octaves: u64, count: usize) -> Vec<u64> {
    let values = pseudo_random(7).map(|x| (x >> 16) % (1 << (1 + (x >> 58) % octaves)));
    values.take(count).collect()
}

#[test]
fn buckets_follow_each_other_without_gap_over_the_whole_range() {
    let mut next = 0;
    for index in 0..=index_of(u64::MAX) {
        let (first, last) = bounds(index);
        assert_eq!(first, next, "bucket {index}");
        assert_eq!((index_of(first), index_of(last)), (index, index));
        next = last.wrapping_add(1);
    }
    assert_eq!(next, 0, "the last bucket ends with the last value");
}

#[test]
fn the_middle_of_a_bucket_is_less_than_half_a_percent_off_all_its_values() {
    for index in 1..=index_of(u64::MAX) {
        let (first, last) = bounds(index);
        let middle = first as f64 + (last - first) as f64 / 2.0;
        for value in [first, last] {
            let error = (middle - value as f64).abs() / value as f64;
            assert!(error <= 0.004, "bucket {index}: {value} is {error} off");
        }
    }
}

#[test]
fn percentiles_are_at_most_half_a_percent_off_the_exact_ones() {
    for (count, octaves) in [(1, 30), (2, 30), (100, 24), (10_000, 12), (20_000, 31)] {
        let values = values_in(octaves, count);
        let mut exact = Distribution::default();
        for value in &values {
            exact.record(*value);
        }
        let exact = exact.snapshot().unwrap();
        let rough = histogram(values).snapshot().unwrap();
        for (name, exact, rough) in [
            ("p50", exact.p50, rough.p50),
            ("p90", exact.p90, rough.p90),
            ("p95", exact.p95, rough.p95),
            ("p99", exact.p99, rough.p99),
        ] {
            let error = (rough - exact).abs();
            assert!(error <= 0.005 * exact, "{name} of {count}: {rough}/{exact}");
        }
        assert_eq!(rough.min.to_bits(), exact.min.to_bits());
        assert_eq!(rough.max.to_bits(), exact.max.to_bits());
        assert!((rough.mean - exact.mean).abs() <= 1e-9 * exact.mean);
        let (a, b) = (rough.std_dev.unwrap_or(0.0), exact.std_dev.unwrap_or(0.0));
        assert!((a - b).abs() <= 1e-9 * b, "{a} {b}");
    }
}

#[test]
fn equal_values_are_exact() {
    let figures = histogram([20_003; 50]).snapshot().unwrap();
    for figure in [figures.p50, figures.p99, figures.min, figures.max] {
        assert_eq!(figure.to_bits(), 20.003_f64.to_bits());
    }
    assert_eq!(figures.std_dev, Some(0.0));
}

#[test]
fn merging_is_adding() {
    let values = values_in(20, 3_000);
    let mut merged = Histogram::default();
    for part in values.chunks(700) {
        merged.merge(&histogram(part.iter().copied()));
    }
    merged.merge(&Histogram::default());
    assert_eq!(merged, histogram(values));
}

#[test]
fn without_values_everything_is_absent() {
    let empty = Histogram::default();
    assert_eq!(empty.snapshot(), None);
    assert_eq!((empty.min(), empty.max()), (None, None));
    assert_eq!(empty.percentile(50.0), None);
}

#[test]
fn json_makes_the_histogram_again() {
    let original = histogram([0, 255, 256, 257, 1_000_000, 1_000_000]);
    let json = serde_json::to_string(&original).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"count":6,"sum_us":2000768,"sum_squares_us2":2000000196610,"#,
            r#""min_us":0,"max_us":1000000,"buckets":[[0,1],[255,1],[256,2],[1780,2]]}"#
        )
    );
    assert_eq!(serde_json::from_str::<Histogram>(&json).unwrap(), original);
    let reversed = json.replace("[255,1],[256,2]", "[256,2],[255,1]");
    let error = serde_json::from_str::<Histogram>(&reversed).unwrap_err();
    assert!(error.to_string().contains("do not ascend"), "{error}");
}

#[test]
fn impossible_buckets_are_refused() {
    let table: [(&[_], _, _); 6] = [
        (&[(5, 1), (5, 1)], (5, 5), Err(INDEXES)),
        (&[(9_999, 1)], (5, 5), Err(INDEXES)),
        (&[(5, 1), (6, 0)], (5, 6), Err(COUNTS)),
        (&[(5, 1), (6, u64::MAX)], (5, 6), Err(COUNTS)),
        (&[(5, 1), (6, 1)], (5, 7), Err(RANGE)),
        (&[], (3, 4), Ok(Histogram::default())),
    ];
    for (buckets, (min, max), expected) in table {
        let sparse = Sparse {
            count: 0,
            sum_us: 0,
            sum_squares_us2: 0,
            min_us: Some(min),
            max_us: Some(max),
            buckets: buckets.to_vec(),
        };
        assert_eq!(Histogram::try_from(sparse), expected);
    }
}
