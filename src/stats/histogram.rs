//! A bounded, sparse, mergeable histogram of whole microseconds, for values pooled over requests.

use serde::{Deserialize, Serialize};

use super::{Statistics, percentile};

/// Buckets of each octave. A bucket is at most 1/128 of its values wide, and stands for its middle:
/// at most 0.4% off. Below 256 µs every value has its own.
pub const SUB_BUCKETS: u64 = 1 << SUB_BITS;
const SUB_BITS: u32 = 7;

/// A log-linear histogram of values in whole microseconds. Count, mean, standard deviation, minimum
/// and maximum are exact, percentiles at most 0.5% off. It has at most 7,424 buckets, and only those
/// that were hit.
///
/// Bucket `i` with `i` < 256 holds the value `i`; above, with `s` = `i` / 128 − 1, the 2^`s` values
/// from (`i` − 128 `s`) 2^`s` on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sparse", into = "Sparse")]
pub struct Histogram {
    /// The buckets that were hit, ascending, and the count of each at the same place. A map takes the
    /// collector a third longer for each chunk.
    indexes: Vec<u16>,
    counts: Vec<u64>,
    count: u64,
    sum: u64,
    /// Sum of the squares: it makes deviations as exact as means, also of merged histograms.
    squares: u128,
    min: u64,
    max: u64,
}

// Why buckets are not those of any histogram.
const INDEXES: &str = "the buckets' indexes do not ascend, or exceed the largest";
const COUNTS: &str = "a bucket is empty, or the counts exceed 64 bits";
const RANGE: &str = "minimum and maximum lie outside the outermost buckets";

fn index_of(micros: u64) -> u16 {
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(SUB_BITS + 1);
    // At most 56 * 128 + 255.
    u16::try_from(u64::from(shift) * SUB_BUCKETS + (micros >> shift)).unwrap_or(u16::MAX)
}

/// The first and the last value of a bucket.
fn bounds(index: u16) -> (u64, u64) {
    let index = u64::from(index);
    let shift = (index / SUB_BUCKETS).saturating_sub(1);
    let first = (index - shift * SUB_BUCKETS) << shift;
    (first, first + ((1 << shift) - 1))
}

impl Histogram {
    /// Adds a value, in microseconds.
    pub fn record(&mut self, micros: u64) {
        self.record_n(micros, 1);
    }

    /// Adds a value `n` times, in microseconds.
    pub fn record_n(&mut self, micros: u64, n: u64) {
        let square = u128::from(micros) * u128::from(micros);
        if n > 0 {
            self.add(index_of(micros), n);
            self.widen(micros, micros);
            self.count += n;
            self.sum = self.sum.saturating_add(micros.saturating_mul(n));
            self.squares = self.squares.saturating_add(square * u128::from(n));
        }
    }

    fn add(&mut self, index: u16, n: u64) {
        match self.indexes.binary_search(&index) {
            Ok(place) => self.counts[place] += n,
            Err(place) => {
                self.indexes.insert(place, index);
                self.counts.insert(place, n);
            }
        }
    }

    fn widen(&mut self, min: u64, max: u64) {
        self.min = self.min().unwrap_or(min).min(min);
        self.max = self.max.max(max);
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        match (self.count, other.count) {
            (_, 0) => return,
            (0, _) => return self.clone_from(other),
            _ => {}
        }
        for (index, count) in other.buckets() {
            self.add(index, count);
        }
        self.widen(other.min, other.max);
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }

    /// The buckets that were hit: index and count, ascending.
    fn buckets(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = self.counts.iter().copied();
        self.indexes.iter().copied().zip(counts)
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Sum of the values, in microseconds.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The smallest value, in microseconds.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        (self.count > 0).then_some(self.min)
    }

    /// The largest value, in microseconds.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// The sample standard deviation (divided by n − 1), in microseconds; `None` for n < 2.
    fn std_dev(&self) -> Option<f64> {
        let (n, sum) = (u128::from(self.count), u128::from(self.sum));
        if n < 2 {
            return None;
        }
        // In whole numbers, because a difference of large floats loses digits. No real run exceeds
        // 128 bits.
        let spread = n.checked_mul(self.squares)?.checked_sub(sum * sum)?;
        Some((spread as f64 / (n * (n - 1)) as f64).sqrt())
    }

    /// The percentile `p` (0 to 100), in microseconds, at most 0.5% off the exact one by linear
    /// interpolation; `None` without values.
    #[must_use]
    pub fn percentile(&self, p: f64) -> Option<f64> {
        let count = usize::try_from(self.count).ok()?;
        percentile(p, count, |rank| self.value_at(rank as u64))
    }

    /// The value of a rank (from 0): the middle of its bucket.
    fn value_at(&self, rank: u64) -> f64 {
        let mut before = 0;
        let bucket = self.buckets().find(|(_, count)| {
            before += count;
            before > rank
        });
        let Some((index, _)) = bucket else {
            return self.max as f64;
        };
        let (first, last) = bounds(index);
        let (first, last) = (first.max(self.min), last.min(self.max));
        first as f64 + (last - first) as f64 / 2.0
    }

    /// The figures in milliseconds; `None` without values. Percentiles are at most 0.5% off, the
    /// others exact.
    #[must_use]
    pub fn snapshot(&self) -> Option<Statistics> {
        let percentile = |p| self.percentile(p).map(|micros| micros / 1_000.0);
        Some(Statistics {
            count: self.count,
            p50: percentile(50.0)?,
            p90: percentile(90.0)?,
            p95: percentile(95.0)?,
            p99: percentile(99.0)?,
            mean: self.sum as f64 / self.count as f64 / 1_000.0,
            std_dev: self.std_dev().map(|micros| micros / 1_000.0),
            min: self.min as f64 / 1_000.0,
            max: self.max as f64 / 1_000.0,
        })
    }
}

/// How a histogram looks in JSON.
#[derive(Serialize, Deserialize)]
struct Sparse {
    /// For readers: the sum of the buckets.
    #[serde(default)]
    count: u64,
    sum_us: u64,
    /// Whole, however large: readers of JSON that know nothing but floats round it themselves.
    sum_squares_us2: u128,
    /// Ignored without buckets, like `max_us`.
    min_us: Option<u64>,
    max_us: Option<u64>,
    buckets: Vec<(u16, u64)>,
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Self {
        Sparse {
            count: histogram.count,
            sum_us: histogram.sum,
            sum_squares_us2: histogram.squares,
            min_us: histogram.min(),
            max_us: histogram.max(),
            buckets: histogram.buckets().collect(),
        }
    }
}

impl TryFrom<Sparse> for Histogram {
    type Error = &'static str;

    fn try_from(sparse: Sparse) -> Result<Self, &'static str> {
        let buckets = sparse.buckets;
        let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
            return Ok(Self::default());
        };
        let ascend = buckets.is_sorted_by(|a, b| a.0 < b.0);
        if !ascend || last.0 > index_of(u64::MAX) {
            return Err(INDEXES);
        }
        let (min, max) = (sparse.min_us.unwrap_or(0), sparse.max_us.unwrap_or(0));
        if index_of(min) != first.0 || index_of(max) != last.0 || min > max {
            return Err(RANGE);
        }
        let mut counts = buckets.iter().map(|(_, count)| *count);
        let count = counts.try_fold(0_u64, |sum, n| sum.checked_add(n).filter(|_| n > 0));
        let count = count.ok_or(COUNTS)?;
        let (indexes, counts) = buckets.into_iter().unzip();
        Ok(Self {
            indexes,
            counts,
            count,
            sum: sparse.sum_us,
            squares: sparse.sum_squares_us2,
            min,
            max,
        })
    }
}

#[cfg(test)]
mod tests;
