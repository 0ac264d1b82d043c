//! What metrics are measured in, and where they appear.

use serde::{Serialize, Serializer};

use crate::record::words;

words! {
    /// A unit of metrics.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Unit {
        /// Milliseconds.
        Ms: "ms",
        /// Milliseconds per token.
        MsPerToken: "ms/token",
        /// Tokens per second.
        TokensPerSecond: "tokens/s",
        /// Tokens.
        Tokens: "tokens",
        /// The things that the metric's name names.
        Count: "count",
    }
}

impl Unit {
    /// Whether it is a unit of time.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Unit::Ms | Unit::MsPerToken)
    }

    /// Decimals of a value, which is a whole number of its last decimal: microseconds of
    /// milliseconds.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Unit::Tokens | Unit::Count => 0,
            _ => 3,
        }
    }

    /// How many of a value make one.
    #[must_use]
    pub const fn steps(self) -> u64 {
        10_u64.pow(self.decimals())
    }

    /// A value in thousandths.
    #[must_use]
    pub const fn thousandths(self, value: u64) -> u64 {
        value.saturating_mul(1_000 / self.steps())
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The columns of the requests CSV that stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The main latencies.
    Latency,
    /// Output tokens.
    Output,
    /// Output tokens per second.
    Rate,
    /// Further times. New metrics come last here.
    Detail,
    /// How much was sent and received.
    Amount,
    /// What attempts beyond the first cost.
    Retry,
    /// Phases of making the connection.
    Connection,
    /// How late the client was.
    Client,
    /// No column.
    None,
}

/// Where a metric appears, and what is special about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Statistics over the requests that succeeded, in run JSON and report. It may be a threshold.
    Statistics,
    /// A row of the console's final statistics.
    Console,
    /// A point for each request and a mean for each second.
    Series,
    /// A chart of the mean so far beside that of each second.
    SoFar,
    /// A chart of how its values are distributed.
    Histogram,
    /// A card of the report.
    Card,
    /// P50 and P99 of each group of requests: by key, by query, by run.
    GroupPercentiles,
    /// The mean of each group.
    GroupMean,
    /// The sum over all requests of each group.
    GroupSum,
    /// The sum over all requests of the run; 0 without any.
    Count,
    /// The sum over the requests of the run that have it.
    Sum,
    /// It changes when output tokens are counted anew.
    OfTokens,
    /// No value for each request: all gaps of all streams. Percentiles come from a histogram, at
    /// most 0.5% off.
    Pooled,
    /// Hidden if every request of the run has the same value as TTFT.
    HiddenIfSameAsTtft,
}

/// A value that is not negative as a whole number, rounded to the nearest.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and the value is not negative"
)]
pub fn rounded(value: f64) -> u64 {
    value.round() as u64
}

/// A value that is not negative in whole thousandths, rounded to the nearest.
#[must_use]
pub fn in_thousandths(value: f64) -> u64 {
    rounded(value * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_round_to_the_nearest() {
        for (value, expected) in [(0.0, 0), (0.000_4, 0), (0.000_6, 1), (12.345_6, 12_346)] {
            assert_eq!(in_thousandths(value), expected, "{value}");
        }
    }
}
