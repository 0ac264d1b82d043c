//! The spans of all requests, summed up by id: each node of a workflow with its durations.

use serde::{Deserialize, Serialize};

use super::{Distribution, Mergeable, Sum};
use crate::clock::{Stamp, micros};
use crate::metrics::in_thousandths;
use crate::record::{Outcome, RequestRecord, SpanRecord};

/// The most ids with figures of their own. More ids hint at a mistake in the protocol's document:
/// its id of a span differs in every request.
const MOST: usize = 256;

/// The spans of all requests.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// All figures except those of the distributions.
    summary: SpansSummary,
    /// Durations by the client's and by the server's clock, for each of the summary's spans.
    durations: Vec<[Distribution; 2]>,
    before_model: Distribution,
}

/// The spans of a run in figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpansSummary {
    /// The spans by their ids, in the order in which they were first seen.
    pub spans: Vec<SpanSummary>,
    /// The share of TTFT, in percent, that had passed when the first span began in which a model
    /// generates text; over successful requests.
    pub before_model: Mergeable,
    /// Spans of the ids that exceed the limit of ids.
    pub left_out: u64,
    /// Whether percentiles are at most 0.5% off, and to be shown with ≈: they are of several runs.
    pub approximate: bool,
}

/// All spans of one id, of requests that succeeded or failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanSummary {
    /// The id of the node.
    pub id: String,
    /// The type of the node; may be empty.
    #[serde(rename = "type")]
    pub kind: String,
    /// The title of the node; may be empty.
    pub title: String,
    /// Whether a model generates text in the node.
    #[serde(default)]
    pub model: bool,
    /// Spans that ended, failed ones included.
    pub count: u64,
    /// Spans that failed, as the service says.
    pub failed: u64,
    /// Spans that had not ended when their stream did; not in `count`.
    pub unfinished: u64,
    /// How often spans were tried again.
    #[serde(default)]
    pub retries: u64,
    /// Output tokens of a model in the spans, as the service tells.
    #[serde(default)]
    pub output_tokens: u64,
    /// When the spans of `client` began, in microseconds since the start of their request. Its mean
    /// plus the mean of `client` is the mean end.
    #[serde(skip)]
    pub begun: Sum,
    /// Durations by the client's clock, in milliseconds, without failed spans.
    #[serde(skip)]
    pub client: Mergeable,
    /// Durations by the server's clock, in milliseconds, without failed spans.
    #[serde(skip)]
    pub server: Mergeable,
}

impl SpansSummary {
    /// The spans of several runs, merged by id. If only one run has spans, they stay unchanged.
    /// `None` if a run has no histograms: an earlier version saved it.
    #[must_use]
    pub fn merged<'a>(runs: impl IntoIterator<Item = &'a SpansSummary>) -> Option<SpansSummary> {
        let mut runs = runs.into_iter().filter(|run| !run.spans.is_empty());
        let mut merged = runs.next().cloned().unwrap_or_default();
        for run in runs {
            if !(merged.is_whole() && run.is_whole()) {
                return None;
            }
            merged.merge(run);
        }
        Some(merged)
    }

    fn is_whole(&self) -> bool {
        let mut spans = self.spans.iter();
        self.before_model.is_whole()
            && spans.all(|span| span.client.is_whole() && span.server.is_whole())
    }

    fn merge(&mut self, other: &SpansSummary) {
        self.approximate = true;
        self.before_model.merge(&other.before_model);
        self.left_out += other.left_out;
        for span in &other.spans {
            match self.spans.iter().position(|known| known.id == span.id) {
                Some(place) => self.spans[place].merge(span),
                None if self.spans.len() < MOST => self.spans.push(span.clone()),
                None => self.left_out += span.count + span.unfinished,
            }
        }
    }
}

impl SpanSummary {
    fn merge(&mut self, other: &SpanSummary) {
        self.describe(&other.kind, &other.title, other.model);
        self.count += other.count;
        self.failed += other.failed;
        self.unfinished += other.unfinished;
        self.retries += other.retries;
        self.output_tokens += other.output_tokens;
        self.begun += other.begun;
        self.client.merge(&other.client);
        self.server.merge(&other.server);
    }

    /// Takes the newer names, if there are any.
    fn describe(&mut self, kind: &str, title: &str, model: bool) {
        for (kept, newer) in [(&mut self.kind, kind), (&mut self.title, title)] {
            if !newer.is_empty() && kept != newer {
                newer.clone_into(kept);
            }
        }
        self.model |= model;
    }
}

impl Spans {
    /// Adds the spans of a request that is over.
    pub(super) fn record(&mut self, request: &RequestRecord) {
        if !matches!(request.outcome, Outcome::Ok | Outcome::Failed(_)) {
            return;
        }
        for span in &request.spans {
            self.add(span, request.instants.start);
        }
        if let (Outcome::Ok, Some(share)) = (&request.outcome, request.before_model_share()) {
            self.before_model.record(in_thousandths(share * 100.0));
        }
    }

    /// Adds a span of a request that started at `request`.
    fn add(&mut self, record: &SpanRecord, request: Stamp) {
        let spans = &mut self.summary.spans;
        let place = spans.iter().position(|known| known.id == record.id);
        let place = place.unwrap_or(spans.len());
        if place == MOST {
            self.summary.left_out += 1;
            return;
        }
        if place == spans.len() {
            spans.push(SpanSummary {
                id: record.id.clone(),
                ..SpanSummary::default()
            });
            self.durations.push(Default::default());
        }
        let (span, [client, server]) = (&mut spans[place], &mut self.durations[place]);
        span.describe(&record.kind, &record.title, record.model);
        span.unfinished += u64::from(record.end.is_none());
        span.count += u64::from(record.end.is_some());
        span.retries += record.retries;
        span.output_tokens += record.tokens.unwrap_or(0);
        let failed = record.end.is_some() && record.failed;
        span.failed += u64::from(failed);
        if record.end.is_none() || failed {
            return;
        }
        if let (Some(start), Some(duration)) = (record.start, record.duration()) {
            span.begun.record(Some(micros(start.since(request))));
            client.record(micros(duration));
        }
        if let Some(elapsed) = record.elapsed {
            server.record(micros(elapsed));
        }
    }

    pub(super) fn summary(&self) -> SpansSummary {
        let mut summary = self.summary.clone();
        summary.before_model = Mergeable::of(&self.before_model);
        for (span, [client, server]) in summary.spans.iter_mut().zip(&self.durations) {
            span.client = Mergeable::of(client);
            span.server = Mergeable::of(server);
        }
        summary
    }
}

#[cfg(test)]
mod tests;
