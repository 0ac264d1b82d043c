//! The summary of a run in its JSON: every figure that the final statistics show.

use std::borrow::Cow;
use std::iter::once;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::spans::SpanJson;
use crate::clock::{Stamp, micros};
use crate::metrics::{self, Flag, Metric, PerMetric, Unit};
use crate::output::hint;
use crate::output::members::Members;
use crate::stats::{
    COUNTS, ClientSummary, FailureSummary, Figure, Histogram, Mergeable, Number, OutputTokens,
    RATES, SpansSummary, Statistics, Summary, TokenMix, TurnSummary, Verdict,
};

/// The client's figures. Their percentiles always come from histograms.
const CLIENT_FIGURES: [&str; 3] = ["lag_ms", "send_delay_ms", "late_start_ms"];

/// The nodes' figures. In merged runs, their percentiles come from histograms.
const NODE_FIGURES: [&str; 3] = ["client_ms", "server_ms", "before_model_percent"];

/// Members that earlier versions did not write may be missing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SummaryJson {
    #[serde(flatten)]
    counts: Members<Option<Number>>,
    failures: Vec<Value>,
    failure_groups: Vec<Value>,
    #[serde(flatten)]
    amounts: Members<Option<Number>>,
    output_tokens: Map<String, Value>,
    #[serde(flatten)]
    usage: Members<Option<Number>>,
    #[serde(flatten)]
    rates: Members<Option<Number>>,
    #[serde(flatten)]
    statistics: Members<Option<Statistics>>,
    /// Names of the figures whose percentiles are at most 0.5% off.
    approximate_percentiles: Vec<Cow<'static, str>>,
    turns: Vec<TurnSummary>,
    spans: Vec<SpanJson>,
    spans_left_out: u64,
    /// Percent of TTFT that had passed when the first span with a model began.
    before_model_percent: Option<Statistics>,
    /// The histogram of `before_model_percent`, in thousandths of a percent.
    before_model_histogram: Histogram,
    pub(super) client: Option<ClientSummary>,
    #[serde(deserialize_with = "known")]
    pub(super) verdict: Option<Verdict>,
}

impl SummaryJson {
    pub(super) fn of(summary: &Summary) -> Self {
        let spans = &summary.spans;
        let retries = ("retries".into(), Some(Number::Whole(summary.retries)));
        let amounts = metrics::with(Flag::Count).map(|metric| amount(summary, metric));
        let usage = metrics::with(Flag::Sum);
        let statistics = metrics::with(Flag::Statistics);
        Self {
            counts: figures(summary, COUNTS),
            failures: summary.failures.iter().map(failure).collect(),
            failure_groups: summary.failure_groups.iter().map(failure_group).collect(),
            amounts: once(retries).chain(amounts).collect(),
            output_tokens: output_tokens(&summary.output_tokens),
            usage: usage
                .map(|metric| (metric.id, summary.sums[metric].map(Number::Whole)))
                .collect(),
            rates: figures(summary, RATES),
            statistics: statistics
                .map(|metric| (statistics_name(metric), summary.statistics[metric]))
                .collect(),
            approximate_percentiles: approximate_percentiles(spans.approximate),
            turns: summary.turns.clone(),
            spans: spans.spans.iter().map(SpanJson::of).collect(),
            spans_left_out: spans.left_out,
            before_model_percent: spans.before_model.statistics,
            before_model_histogram: spans.before_model.histogram.clone(),
            client: summary.client,
            verdict: summary.verdict.clone(),
        }
    }

    /// Sums of the token counts in the server's usage.
    pub(super) fn sums(&self) -> PerMetric<Option<u64>> {
        PerMetric::of(|metric| self.whole(metric.id).filter(|_| metric.has(Flag::Sum)))
    }

    /// A count; `None` if the document does not tell.
    pub(super) fn whole(&self, name: &str) -> Option<u64> {
        match self.counts.get(name).flatten() {
            Some(Number::Whole(number)) => Some(number),
            _ => None,
        }
    }

    /// The parts of the service's work, as its streams report them.
    pub(super) fn spans(self) -> SpansSummary {
        let mut approximate = self.approximate_percentiles.iter();
        SpansSummary {
            spans: self.spans.into_iter().map(SpanJson::summary).collect(),
            before_model: Mergeable {
                statistics: self.before_model_percent,
                histogram: self.before_model_histogram,
            },
            left_out: self.spans_left_out,
            approximate: approximate.any(|name| name == NODE_FIGURES[0]),
        }
    }
}

/// A verdict; `None` if this version does not know its grade.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verdict>, D::Error> {
    let verdict = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(verdict).ok())
}

fn figures(summary: &Summary, figures: &[Figure]) -> Members<Option<Number>> {
    let figures = figures.iter();
    figures
        .map(|figure| (figure.name, (figure.of)(summary)))
        .collect()
}

/// A sum over all requests; times are in seconds.
fn amount(summary: &Summary, metric: Metric) -> (Cow<'static, str>, Option<Number>) {
    let sum = summary.count(metric);
    if metric.unit.is_time() {
        let seconds = sum as f64 / (1_000 * metric.unit.steps()) as f64;
        let name = format!("{}_s", metric.id);
        (name.into(), Some(Number::Real(seconds)))
    } else {
        (metric.id.into(), Some(Number::Whole(sum)))
    }
}

/// The name of a metric's statistics. `output_tokens` itself is the sum over all requests.
fn statistics_name(metric: Metric) -> Cow<'static, str> {
    match metric.unit {
        Unit::Tokens => format!("{}_per_request", metric.id).into(),
        _ => metric.name.into(),
    }
}

fn approximate_percentiles(nodes: bool) -> Vec<Cow<'static, str>> {
    let pooled = metrics::with(Flag::Pooled).map(statistics_name);
    let of_nodes = NODE_FIGURES.into_iter().filter(|_| nodes);
    let named = CLIENT_FIGURES.into_iter().chain(of_nodes);
    pooled.chain(named.map(Cow::Borrowed)).collect()
}

/// The failures of one kind; the time is in seconds since the run's start.
fn failure(failures: &FailureSummary) -> Value {
    let first_seen = micros(failures.first_seen.since(Stamp::ZERO));
    json!({
        "kind": failures.kind,
        "count": failures.count,
        "first_seen_s": first_seen as f64 / 1_000_000.0,
        "detail": failures.detail,
    })
}

/// The failures of one kind, HTTP status and message.
fn failure_group(group: &FailureSummary) -> Value {
    let mut json = failure(group);
    json["status"] = group.kind.status(&group.detail).into();
    json["hint"] = json!(hint::of(group.kind, &group.detail));
    json
}

/// Output tokens in all, and by the source of their number.
fn output_tokens(tokens: &OutputTokens) -> Map<String, Value> {
    let total = [
        ("total".to_owned(), tokens.total().into()),
        ("source".to_owned(), tokens.mix().map(TokenMix::name).into()),
    ];
    let by_source = tokens.all().flat_map(|(source, sum)| {
        let name = source.name();
        [
            (name.to_owned(), sum.sum.into()),
            (format!("{name}_requests"), sum.count.into()),
        ]
    });
    total.into_iter().chain(by_source).collect()
}
