//! Counts and sums, which add up over seconds and over runs.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::metrics::{self, Flag, Measured, Metric};
use crate::record::{FailureKind, Outcome};

/// A sum and the number of its values, in whole units of these values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

impl Sum {
    /// Adds a value if there is one.
    pub fn record(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.count += 1;
            self.sum += value;
        }
    }

    /// The mean, in the unit of the sum; `None` without values.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The mean in thousands of the sum's unit, such as milliseconds for a sum of microseconds;
    /// `None` without values.
    #[must_use]
    pub fn mean_of_thousandths(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / (self.count as f64 * 1_000.0))
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Sum) {
        self.count += other.count;
        self.sum += other.sum;
    }
}

/// Counts and sums of a part of the run, which can be added to those of other parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Users that started.
    #[serde(skip)]
    pub users_started: u64,
    /// Users that finished.
    #[serde(skip)]
    pub users_finished: u64,
    /// Requests that ended well.
    pub ok: u64,
    /// Requests that failed, by kind, in the manual's order; only kinds that occurred.
    pub failed: BTreeMap<FailureKind, u64>,
    /// Requests that the run cut.
    pub cancelled: u64,
    /// Requests that their user left on purpose.
    pub abandoned: u64,
    /// Chunks that came, of requests with any outcome.
    pub chunks: u64,
    /// Tokens of these chunks, by estimate.
    pub tokens: u64,
    /// Sums over requests that ended well, of each metric with a series; see [`Counts::sums`].
    #[serde(skip)]
    pub sums: [Sum; metrics::count(Flag::Series)],
}

impl Counts {
    /// Counts a request that is over.
    pub fn record(&mut self, request: &Measured<'_>) {
        match request.outcome {
            Outcome::Ok => {
                self.ok += 1;
                for (metric, sum) in self.sums_mut() {
                    sum.record(request.values[metric]);
                }
            }
            Outcome::Failed(failure) => *self.failed.entry(failure.kind).or_default() += 1,
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Abandoned => self.abandoned += 1,
        }
    }

    /// Each metric with a series, and its sum in the last decimal of its unit.
    pub fn sums(&self) -> impl Iterator<Item = (Metric, Sum)> {
        metrics::with(Flag::Series).zip(self.sums)
    }

    /// Each metric with a series, and its sum, to be changed.
    pub fn sums_mut(&mut self) -> impl Iterator<Item = (Metric, &mut Sum)> {
        metrics::with(Flag::Series).zip(&mut self.sums)
    }

    /// The sum of a metric; of nothing where it has no series.
    #[must_use]
    pub fn sum(&self, metric: Metric) -> Sum {
        let found = self.sums().find(|(summed, _)| *summed == metric);
        found.map_or_else(Sum::default, |(_, sum)| sum)
    }

    /// Forgets the requests, but not their chunks.
    pub(super) fn forget_requests(&mut self) {
        *self = Self {
            users_started: self.users_started,
            users_finished: self.users_finished,
            chunks: self.chunks,
            tokens: self.tokens,
            ..Self::default()
        };
    }

    /// Requests that failed.
    #[must_use]
    pub fn all_failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Requests that were completed: well, or as failures.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.ok + self.all_failed()
    }

    /// Success rate, 0 to 1: ok / (ok + failed); `None` before any was completed.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let completed = self.completed();
        (completed > 0).then(|| self.ok as f64 / completed as f64)
    }

    /// Users that have started and not finished, where these counts begin with the run.
    #[must_use]
    pub fn active_users(&self) -> u64 {
        self.users_started.saturating_sub(self.users_finished)
    }
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        self.users_started += other.users_started;
        self.users_finished += other.users_finished;
        self.ok += other.ok;
        for (kind, count) in &other.failed {
            *self.failed.entry(*kind).or_default() += count;
        }
        self.cancelled += other.cancelled;
        self.abandoned += other.abandoned;
        self.chunks += other.chunks;
        self.tokens += other.tokens;
        for (mine, theirs) in self.sums.iter_mut().zip(other.sums) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_nothing_are_absent() {
        assert_eq!(Sum::default().mean(), None);
        assert_eq!(Sum::default().mean_of_thousandths(), None);
        assert_eq!(Counts::default().success_rate(), None);
    }
}
