//! A request in figures: the same whether it comes from a run or from the run's CSV.

use super::metric::{ATTEMPTS, Metric, OUTPUT_TOKENS};
use super::per::PerMetric;
use crate::clock::Stamp;
use crate::record::{Outcome, RequestRecord, TokenSource};

/// A request that is over, in figures. Missing is `None`, never 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured<'a> {
    /// Running number of the request in its run, from 1.
    pub request: u64,
    /// Its number in its conversation, from 1; `None` where requests are no turns of one.
    pub turn: Option<u64>,
    /// When it started, in whole microseconds.
    pub start: Stamp,
    /// When it was over, in whole microseconds.
    pub end: Stamp,
    /// What became of it.
    pub outcome: &'a Outcome,
    /// Where its number of output tokens comes from.
    pub token_source: Option<TokenSource>,
    /// Its value of each metric, in the last decimal of the metric's unit.
    pub values: PerMetric<Option<u64>>,
}

impl<'a> Measured<'a> {
    /// The figures of a record.
    #[must_use]
    pub fn of(record: &'a RequestRecord) -> Self {
        let whole = |at: Stamp| Stamp::from_micros(at.as_micros());
        Self {
            request: record.request,
            turn: record.turn.map(|turn| u64::from(turn.turn)),
            start: whole(record.instants.start),
            end: whole(record.instants.end),
            outcome: &record.outcome,
            token_source: record.output_tokens().map(|(_, source)| source),
            values: PerMetric::of(|metric| metric.of(record)),
        }
    }

    /// Its value in thousandths of the unit.
    #[must_use]
    pub fn thousandths(&self, metric: Metric) -> Option<u64> {
        self.values[metric].map(|value| metric.unit.thousandths(value))
    }

    /// Its output tokens, and where their number comes from.
    #[must_use]
    pub fn output_tokens(&self) -> Option<(u64, TokenSource)> {
        self.values[OUTPUT_TOKENS].zip(self.token_source)
    }

    /// Attempts beyond the first.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.values[ATTEMPTS].map_or(0, |attempts| attempts.saturating_sub(1))
    }
}
