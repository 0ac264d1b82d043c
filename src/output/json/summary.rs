//! The summary of a run in its JSON: every figure that the final statistics show.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::spans::SpanJson;
use super::verdict::VerdictJson;
use crate::clock::{Stamp, micros};
use crate::metrics::{self, Flag, Metric, PerMetric, Unit};
use crate::output::members::Members;
use crate::stats::{
    COUNTS, ClientSummary, FailureSummary, Figure, Histogram, Mergeable, Number, OutputTokens,
    RATES, SpansSummary, Statistics, Summary, TokenMix, TurnSummary,
};

/// The figures of the client, whose percentiles are always those of histograms.
const CLIENT_FIGURES: [&str; 3] = ["lag_ms", "send_delay_ms", "late_start_ms"];

/// The figures of nodes, whose percentiles are those of histograms where runs were merged.
const NODE_FIGURES: [&str; 3] = ["client_ms", "server_ms", "before_model_percent"];

/// Members that earlier versions did not write may be missing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SummaryJson<'a> {
    #[serde(flatten)]
    counts: Members<Option<Number>>,
    #[serde(default)]
    failures: Vec<Value>,
    #[serde(default)]
    retries: u64,
    #[serde(flatten)]
    amounts: Members<Option<Number>>,
    #[serde(default)]
    output_tokens: Map<String, Value>,
    #[serde(flatten)]
    usage: Members<Option<Number>>,
    #[serde(flatten)]
    rates: Members<Option<Number>>,
    #[serde(flatten)]
    statistics: Members<Option<Statistics>>,
    /// Names of the figures whose percentiles are at most 0.5% off.
    #[serde(default)]
    approximate_percentiles: Vec<Cow<'static, str>>,
    #[serde(default)]
    turns: Cow<'a, [TurnSummary]>,
    #[serde(default)]
    spans: Vec<SpanJson<'a>>,
    #[serde(default)]
    spans_left_out: u64,
    /// Percent of TTFT that had passed when the first span with a model began.
    before_model_percent: Option<Statistics>,
    /// The same in thousandths of a percent.
    #[serde(default)]
    before_model_histogram: Cow<'a, Histogram>,
    pub(super) client: Option<ClientSummary>,
    pub(super) verdict: Option<VerdictJson>,
}

impl<'a> SummaryJson<'a> {
    pub(super) fn of(summary: &'a Summary) -> Self {
        let spans = &summary.spans;
        let amounts = metrics::with(Flag::Count);
        let usage = metrics::with(Flag::Sum);
        let statistics = metrics::with(Flag::Statistics);
        Self {
            counts: figures(summary, COUNTS),
            failures: summary.failures.iter().map(failure).collect(),
            retries: summary.retries,
            amounts: amounts.map(|metric| amount(summary, metric)).collect(),
            output_tokens: output_tokens(&summary.output_tokens),
            usage: usage
                .map(|metric| (metric.id, summary.sums[metric].map(Number::Whole)))
                .collect(),
            rates: figures(summary, RATES),
            statistics: statistics
                .map(|metric| (statistics_name(metric), summary.statistics[metric]))
                .collect(),
            approximate_percentiles: approximate_percentiles(spans.approximate),
            turns: Cow::Borrowed(&summary.turns),
            spans: spans.spans.iter().map(SpanJson::of).collect(),
            spans_left_out: spans.left_out,
            before_model_percent: spans.before_model.statistics,
            before_model_histogram: Cow::Borrowed(&spans.before_model.histogram),
            client: summary.client,
            verdict: summary.verdict.as_ref().map(VerdictJson::of),
        }
    }

    /// How many requests there were; `None` where the document does not say.
    pub(super) fn requests(&self) -> Option<u64> {
        self.whole("requests")
    }

    /// The sums of what the server's usage told.
    pub(super) fn sums(&self) -> PerMetric<Option<u64>> {
        PerMetric::of(|metric| self.whole(metric.id).filter(|_| metric.has(Flag::Sum)))
    }

    fn whole(&self, name: &str) -> Option<u64> {
        match self.counts.get(name).flatten() {
            Some(Number::Whole(number)) => Some(number),
            _ => None,
        }
    }

    /// The parts of the service's work that streams told of.
    pub(super) fn spans(&self) -> SpansSummary {
        let mut approximate = self.approximate_percentiles.iter();
        SpansSummary {
            spans: self.spans.iter().map(SpanJson::summary).collect(),
            before_model: Mergeable {
                statistics: self.before_model_percent,
                histogram: self.before_model_histogram.clone().into_owned(),
            },
            left_out: self.spans_left_out,
            approximate: approximate.any(|name| name == NODE_FIGURES[0]),
        }
    }
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

/// The name of a metric's statistics: tokens alone are those of all requests together.
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

/// Output tokens in all, and by the source of their number.
fn output_tokens(tokens: &OutputTokens) -> Map<String, Value> {
    let total = [
        ("total".to_owned(), tokens.total().into()),
        ("source".to_owned(), tokens.mix().map(TokenMix::name).into()),
    ];
    let by_source = tokens.all().flat_map(|(source, sum)| {
        let name = source.name();
        [
            (name.to_owned(), sum.tokens.into()),
            (format!("{name}_requests"), sum.requests.into()),
        ]
    });
    total.into_iter().chain(by_source).collect()
}
