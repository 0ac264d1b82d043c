//! The units of metrics, and the places where metrics appear.

use serde::Serialize;

use crate::record::words;

words! {
    /// A unit of metrics.
    pub enum Unit {
        /// Milliseconds.
        Ms: "ms",
        /// Milliseconds per token.
        MsPerToken: "ms/token",
        /// Tokens per second.
        TokensPerSecond: "tokens/s",
        /// Tokens.
        Tokens: "tokens",
        /// A plain number of chunks, bytes and the like.
        Count: "count",
    }
}

impl Unit {
    /// Whether it is a unit of time.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Unit::Ms | Unit::MsPerToken)
    }

    /// Decimals of a value. A value is a whole number of its last decimal: milliseconds are stored
    /// as microseconds.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Unit::Tokens | Unit::Count => 0,
            _ => 3,
        }
    }

    /// How many units of the last decimal make one unit.
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

/// Groups of columns in the requests CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The main latencies.
    Latency,
    /// Output tokens.
    Output,
    /// Output tokens per second.
    Rate,
    /// Further times. New metrics belong at the end of this group.
    Detail,
    /// How much was sent and received.
    Amount,
    /// The costs of attempts beyond the first.
    Retry,
    /// Phases of making the connection.
    Connection,
    /// How late the client was.
    Client,
    /// No column.
    None,
}

/// Where a metric appears, and how it differs from other metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Statistics over the requests that succeeded, in run JSON and report. Thresholds may use
    /// them.
    Statistics,
    /// A row of the console's final statistics.
    Console,
    /// A point for each request and a mean for each second.
    Series,
    /// A chart of the mean so far beside that of each second.
    SoFar,
    /// A chart of the distribution of values.
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
    /// The sum over the requests of the run that have a value.
    Sum,
    /// The value depends on the number of output tokens.
    OfTokens,
    /// No value for each request: all gaps of all streams. Percentiles come from a histogram, at
    /// most 0.5% off.
    Pooled,
    /// Tables have no row of it where its statistics are those of TTFT.
    HiddenIfSameAsTtft,
}

/// Rounds a value that is not negative to the nearest whole number.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and the value is not negative"
)]
pub fn rounded(value: f64) -> u64 {
    value.round() as u64
}

/// Rounds a value that is not negative to the nearest thousandth, and counts thousandths.
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
