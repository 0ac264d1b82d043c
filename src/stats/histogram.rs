//! A bounded, sparse, mergeable histogram of whole microseconds, for what is pooled over requests.

use serde::{Deserialize, Serialize, Serializer};

use super::{Statistics, percentile};

/// Buckets of each octave. A bucket is at most 1/128 of its values wide, and stands for its middle:
/// at most 0.4% off. Below 256 µs every value has its own.
pub const SUB_BUCKETS: u64 = 1 << SUB_BITS;
const SUB_BITS: u32 = 7;

/// A log-linear histogram of values in whole microseconds. Count, mean, standard deviation, minimum
/// and maximum are exact, percentiles at most 0.5% off. It never has more than 7,424 buckets, and
/// only those that were hit.
///
/// Bucket `i` with `i` < 256 holds the value `i`; above, with `s` = `i` / 128 − 1, the 2^`s` values
/// from (`i` − 128 `s`) 2^`s` on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Sparse")]
pub struct Histogram {
    /// The buckets that were hit, ascending, and the count of each at the same place.
    indexes: Vec<u16>,
    counts: Vec<u64>,
    count: u64,
    sum: u64,
    /// Sum of the squares: deviations are as exact as means, and merge as well.
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
        if n == 0 {
            return;
        }
        let index = index_of(micros);
        match self.indexes.binary_search(&index) {
            Ok(place) => self.counts[place] += n,
            Err(place) => {
                self.indexes.insert(place, index);
                self.counts.insert(place, n);
            }
        }
        self.widen(micros, micros);
        self.count += n;
        self.sum = self.sum.saturating_add(micros.saturating_mul(n));
        let square = u128::from(micros) * u128::from(micros);
        self.squares = self.squares.saturating_add(square * u128::from(n));
    }

    fn widen(&mut self, min: u64, max: u64) {
        let first = self.count == 0;
        self.min = if first { min } else { self.min.min(min) };
        self.max = if first { max } else { self.max.max(max) };
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        let mut merged = Vec::with_capacity(self.indexes.len() + other.indexes.len());
        let (mut mine, mut theirs) = (self.buckets().peekable(), other.buckets().peekable());
        while let (Some(&(a, n)), Some(&(b, m))) = (mine.peek(), theirs.peek()) {
            let mine = mine.next_if(|_| a <= b).map_or(0, |_| n);
            let theirs = theirs.next_if(|_| b <= a).map_or(0, |_| m);
            merged.push((a.min(b), mine + theirs));
        }
        merged.extend(mine.chain(theirs));
        (self.indexes, self.counts) = merged.into_iter().unzip();
        self.widen(other.min, other.max);
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
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

    /// The mean, in microseconds.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The sample standard deviation (divided by n − 1), in microseconds; `None` for n < 2.
    #[must_use]
    pub fn std_dev(&self) -> Option<f64> {
        let (n, sum) = (u128::from(self.count), u128::from(self.sum));
        if n < 2 {
            return None;
        }
        // In whole numbers, where differences of large numbers cost no digits; those of any run
        // that people live to see the end of do fit.
        let spread = n.checked_mul(self.squares)?.checked_sub(sum * sum)?;
        Some((spread as f64 / (n * (n - 1)) as f64).sqrt())
    }

    /// The percentile `p` (0 to 100), in microseconds, at most 0.5% off the exact one by linear
    /// interpolation; `None` without values.
    #[must_use]
    pub fn percentile(&self, p: f64) -> Option<f64> {
        let count = usize::try_from(self.count).ok().filter(|n| *n > 0)?;
        Some(percentile(p, count, |rank| self.value_at(rank as u64)))
    }

    /// The value of a rank (from 0), as its bucket knows it.
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
            mean: self.mean()? / 1_000.0,
            std_dev: self.std_dev().map(|micros| micros / 1_000.0),
            min: self.min as f64 / 1_000.0,
            p50: percentile(50.0)?,
            p90: percentile(90.0)?,
            p95: percentile(95.0)?,
            p99: percentile(99.0)?,
            max: self.max as f64 / 1_000.0,
        })
    }

    /// The buckets that were hit: index and count, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        let counts = self.counts.iter().copied();
        self.indexes.iter().copied().zip(counts)
    }

    /// A histogram from what [`Histogram::buckets`] and the other figures said of it; `min` and
    /// `max` are ignored without buckets.
    ///
    /// # Errors
    ///
    /// If no histogram has such buckets.
    fn from_parts(
        buckets: &[(u16, u64)],
        (min, max): (u64, u64),
        sum: u64,
        squares: u128,
    ) -> Result<Self, &'static str> {
        let ascend = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
            return Ok(Self::default());
        };
        if !ascend || last.0 > index_of(u64::MAX) {
            return Err(INDEXES);
        }
        if index_of(min) != first.0 || index_of(max) != last.0 || min > max {
            return Err(RANGE);
        }
        let count = buckets
            .iter()
            .try_fold(0_u64, |sum, (_, n)| sum.checked_add(*n))
            .filter(|_| buckets.iter().all(|(_, n)| *n > 0))
            .ok_or(COUNTS)?;
        let (indexes, counts) = buckets.iter().copied().unzip();
        Ok(Self {
            indexes,
            counts,
            count,
            sum,
            squares,
            min,
            max,
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
    min_us: Option<u64>,
    max_us: Option<u64>,
    buckets: Vec<(u16, u64)>,
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Sparse {
            count: self.count,
            sum_us: self.sum,
            sum_squares_us2: self.squares,
            min_us: self.min(),
            max_us: self.max(),
            buckets: self.buckets().collect(),
        }
        .serialize(serializer)
    }
}

impl TryFrom<Sparse> for Histogram {
    type Error = &'static str;

    fn try_from(sparse: Sparse) -> Result<Self, &'static str> {
        let range = (sparse.min_us.unwrap_or(0), sparse.max_us.unwrap_or(0));
        let (sum, squares) = (sparse.sum_us, sparse.sum_squares_us2);
        Self::from_parts(&sparse.buckets, range, sum, squares)
    }
}

#[cfg(test)]
mod tests;
