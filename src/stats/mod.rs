//! The statistics of a run's samples: exact distributions, per-second ticks and the summary. No input
//! or output, no clock.
//!
//! [`RunStats`] takes every [`crate::record::Sample`] and answers with a [`LiveLine`] for each
//! second and a [`Summary`] at the end. Only a request's numbers are kept.

mod agreement;
mod client;
mod counts;
mod distribution;
mod failures;
mod figures;
mod histogram;
mod mergeable;
mod run;
mod spans;
mod summary;
mod ticks;
mod turns;
mod verdict;
mod watched;

use std::ops::AddAssign;

pub use agreement::Agreement;
pub use client::{ClientSummary, Evidence};
pub use counts::{Counts, Sum};
pub use distribution::{Distribution, Statistics};
pub use figures::{COUNTS, Figure, Number, RATES};
pub use histogram::{Histogram, SUB_BUCKETS};
pub use mergeable::Mergeable;
pub use run::RunStats;
pub use spans::{SpanSummary, SpansSummary};
pub use summary::{FailureSummary, OutputTokens, Summary, TokenMix, long_trailing};
pub use ticks::{LiveLine, Tick, TickCpu, TickView, Ticks};
pub use turns::TurnSummary;
pub use verdict::{Grade, Verdict, judge, tolerated};
pub use watched::ChunkRow;

/// Adds a value to a sum. A sum of unknown values alone is unknown.
fn add_known<T: Default + AddAssign>(sum: &mut Option<T>, value: Option<T>) {
    if let Some(value) = value {
        *sum.get_or_insert_default() += value;
    }
}

/// The percentile `p` (0 to 100) of `count` values in ascending order, by linear interpolation
/// between closest ranks, with the operations of `NumPy`'s default: results are equal to the last bit.
/// `None` without values.
pub fn percentile(p: f64, count: usize, value_at: impl Fn(usize) -> f64) -> Option<f64> {
    let last = count.checked_sub(1)?;
    let position = p / 100.0 * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to count - 1, as p is a percentage"
    )]
    let below = (position.floor() as usize).min(last);
    let (a, b) = (value_at(below), value_at((below + 1).min(last)));
    let t = position - below as f64;
    Some(if t >= 0.5 {
        b - (b - a) * (1.0 - t)
    } else {
        a + (b - a) * t
    })
}

#[cfg(test)]
pub(crate) mod tests {
    //! Requests and values for the tests of this module and of the outputs.

    use super::Distribution;
    use crate::clock::Stamp;
    use crate::record::{Failure, FailureKind, Outcome, Phase, RequestRecord, Sample, Sent};

    pub(crate) fn distribution(values: &[u64]) -> Distribution {
        let mut distribution = Distribution::default();
        for value in values {
            distribution.record(*value);
        }
        distribution
    }

    /// Pseudo-random numbers: `x = (x * 6364136223846793005 + 1442695040888963407) % 2**64`.
    pub(crate) fn pseudo_random(seed: u64) -> impl Iterator<Item = u64> {
        let product = |x: &u64| x.wrapping_mul(6_364_136_223_846_793_005);
        let next = move |x: &u64| Some(product(x).wrapping_add(1_442_695_040_888_963_407));
        std::iter::successors(Some(seed), next).skip(1)
    }

    fn request(start: Stamp) -> RequestRecord {
        let sent = Sent {
            query: "hello".into(),
            ..Sent::default()
        };
        RequestRecord::begin(1, 1, Phase::Hold, sent, start)
    }

    /// A request that succeeded: its first token at `token`, the fifth and last at its end.
    pub(crate) fn ok_request(start: Stamp, token: Stamp, end: Stamp) -> RequestRecord {
        let mut request = request(start);
        request.outcome = Outcome::Ok;
        request.http_status = Some(200);
        let instants = &mut request.instants;
        (instants.first_byte, instants.first_body) = (Some(token), Some(token));
        (instants.first_event, instants.last_event) = (Some(token), Some(end));
        (instants.first_token, instants.last_token) = (Some(token), Some(end));
        (instants.first_answer, instants.end) = (Some(token), end);
        request.chunks = 5;
        request.estimated_tokens = 5;
        request
    }

    /// A request that failed at `end`, after 1 ms.
    pub(crate) fn failed(end: Stamp, kind: FailureKind) -> RequestRecord {
        let mut request = request(Stamp::from_nanos(end.as_nanos() - 1_000_000));
        request.instants.end = end;
        request.outcome = Outcome::Failed(Failure::new(kind, format!("{kind} at {end:?}")));
        request
    }

    pub(crate) fn finished(request: RequestRecord) -> Sample {
        Sample::Finished(Box::new(request))
    }
}
