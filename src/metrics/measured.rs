//! A request in figures. Requests from a run and from the run's CSV have the same form.

use super::metric::Metric;
use super::per::PerMetric;
use crate::clock::Stamp;
use crate::record::{Outcome, RequestRecord, TokenSource};

/// A request that is over, in figures. Missing is `None`, never 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured<'a> {
    /// Running number of the request in its run, from 1.
    pub request: u64,
    /// Number of the request in its conversation, from 1; `None` without conversations.
    pub turn: Option<u64>,
    /// The request's start, in whole microseconds.
    pub start: Stamp,
    /// The request's end, in whole microseconds.
    pub end: Stamp,
    /// The request's outcome.
    pub outcome: &'a Outcome,
    /// The source of the number of output tokens.
    pub token_source: Option<TokenSource>,
    /// The value of each metric, in the last decimal of the metric's unit.
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
            values: PerMetric::of(|metric| (metric.of)(record)),
        }
    }

    /// The value of a metric, in thousandths of the metric's unit.
    #[must_use]
    pub fn thousandths(&self, metric: Metric) -> Option<u64> {
        self.values[metric].map(|value| metric.unit.thousandths(value))
    }
}
