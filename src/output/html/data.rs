//! The page's data: schema `sse-perf/page/1`, described at the top of `templates/report/data.js`.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::bins::Bins;
use super::charts::Charts;
use super::points::Packed;
use super::series::{parts, series, step};
use super::values::{Thousandths, cut, raw};
use crate::clock::{Stamp, micros};
use crate::metrics::{self, Flag, OUTPUT_TOKENS};
use crate::output::csv::STARTED_AT;
use crate::output::format::Results;
use crate::output::hint;
use crate::output::members::Members;
use crate::output::waterfall::{Bar, Waterfall};
use crate::stats::{
    COUNTS, FailureSummary, RATES, SpanSummary, SpansSummary, Statistics, Summary, TokenMix,
    TurnSummary,
};
use crate::text::Language;

/// Name and version of the data's form.
const SCHEMA: &str = "sse-perf/page/1";

/// The data of the page that opens in that language.
pub(super) fn data(
    language: Language,
    brand: Option<&str>,
    charts: &Charts,
    results: &Results<'_>,
) -> Members<Box<RawValue>> {
    let (about, stats, summary) = (results.about, results.stats, results.summary);
    let seconds: Vec<_> = stats.ticks.iter().collect();
    let step = step(seconds.len());
    let parts = parts(&seconds, step);
    let warnings: Vec<_> = about.warnings.iter().chain(results.notices).collect();
    let kinds = summary.failures.iter().map(|of| {
        let counts = parts.iter().map(|part| part.counts.failed.get(&of.kind));
        let counts: Vec<_> = counts.map(|count| count.unwrap_or(&0)).collect();
        failures(of, ("ticks", raw(&counts)))
    });
    let groups = summary.failure_groups.iter().map(|of| {
        let hint = hint::of(of.kind, &of.detail);
        failures(of, ("hint", raw(&hint)))
    });
    let turns = summary.turns.iter().map(turn);
    let breakdowns = json!({
        "key": charts.keys.largest(),
        "query": charts.queries.largest(),
        "run": (results.runs > 1).then(|| charts.runs.largest()),
    });
    let members = [
        ("schema", raw(SCHEMA)),
        ("language", raw(language.code())),
        ("brand", raw(&brand.map(cut))),
        ("run", raw(&run(results))),
        ("warnings", raw(&warnings)),
        ("verdict", raw(&summary.verdict)),
        ("summary", raw(&figures(summary))),
        ("metrics", raw(metrics::TABLE)),
        ("statistics", raw(&statistics(summary, results.whole))),
        ("points", raw(&points(charts))),
        ("ticks", raw(&series(&parts, step, results.whole))),
        ("failures", raw(&kinds.collect::<Vec<_>>())),
        ("failure_groups", raw(&groups.collect::<Vec<_>>())),
        ("distributions", raw(&distributions(results))),
        ("waterfall", raw(&results.waterfall.map(waterfall))),
        ("spans", raw(&spans(&summary.spans))),
        ("turns", raw(&turns.collect::<Vec<_>>())),
        ("breakdowns", raw(&breakdowns)),
    ];
    members.into_iter().collect()
}

fn run(results: &Results<'_>) -> Value {
    let (about, summary) = (results.about, results.summary);
    let (run, plan) = (&about.run, about.plan.as_ref());
    let optional = |text: &Option<String>| text.as_deref().map(cut);
    json!({
        "version": optional(&about.version),
        "run_id": cut(&run.run_id),
        "label": optional(&run.label),
        "target": cut(&run.target),
        "protocol": cut(&run.protocol),
        "model": optional(&run.model),
        "command": optional(&about.command_line),
        "started_at": run.started.format(STARTED_AT).ok(),
        "started_ms": run.started.unix_timestamp_nanos().div_euclid(1_000_000),
        "offset_min": run.started.offset().whole_minutes(),
        "users": results.users,
        "ramp_up_s": plan.map(|plan| plan.ramp_up().as_secs_f64()),
        "hold_s": plan.and_then(|plan| Some(plan.hold()?.as_secs_f64())),
        "requests": plan.and_then(|plan| plan.requests(1)),
        "duration_s": summary.duration().map(|time| micros(time) as f64 / 1_000_000.0),
        "end_s": summary.last_end.map(seconds),
        "host": about.host.as_ref().map(|host| json!({
            "name": host.name,
            "cores": host.cores,
            "os": host.kernel.as_ref().unwrap_or(&host.os),
        })),
        "runs": results.runs,
        "files": results.files.iter().map(|path| path.display().to_string()).collect::<Value>(),
    })
}

fn seconds(at: Stamp) -> f64 {
    at.as_micros() as f64 / 1_000_000.0
}

fn figures(summary: &Summary) -> Value {
    let figures = COUNTS.iter().chain(RATES);
    let figures = figures.map(|figure| (figure.id, json!((figure.of)(summary))));
    let counts = metrics::with(Flag::Count).filter(|metric| !metric.unit.is_time());
    let counts = counts.map(|metric| (metric.id, json!(summary.count(metric))));
    let tokens = &summary.output_tokens;
    let others = [
        ("retries", json!(summary.retries)),
        (OUTPUT_TOKENS.id, json!(tokens.total())),
        ("token_source", json!(tokens.mix().map(TokenMix::name))),
    ];
    figures.chain(counts).chain(others).collect()
}

fn statistics(summary: &Summary, whole: bool) -> Members<impl Serialize> {
    let metrics = metrics::with(Flag::Statistics);
    let statistics = metrics.map(|metric| {
        let is_shown = (whole || !metric.has(Flag::Pooled)) && summary.is_shown(metric);
        let figures = summary.statistics[metric].filter(|_| is_shown);
        (metric.id, row(figures))
    });
    statistics.collect()
}

/// Statistics in the order that the page expects.
fn row(figures: Option<Statistics>) -> impl Serialize {
    figures.map(|f| {
        (
            f.count, f.mean, f.std_dev, f.min, f.p50, f.p90, f.p95, f.p99, f.max,
        )
    })
}

fn points(charts: &Charts) -> Members<Packed> {
    let series = metrics::with(Flag::Series);
    let series = series.map(|metric| (metric.id, charts.points[metric].packed()));
    series.chain([("failed", charts.failed.packed())]).collect()
}

fn distributions(results: &Results<'_>) -> Members<Bins> {
    let metrics = metrics::with(Flag::Histogram);
    let distributions = metrics.map(|metric| {
        let figures = results.summary.statistics[metric].as_ref();
        let bins = Bins::of(&results.stats.distributions[metric], figures);
        (metric.id, bins)
    });
    distributions.collect()
}

/// The failures of a kind or of a group, with a further member.
fn failures(
    failures: &FailureSummary,
    (name, more): (&'static str, Box<RawValue>),
) -> Members<Box<RawValue>> {
    let (kind, detail) = (failures.kind, &failures.detail);
    let chinese = hint::detail(kind, detail, Language::Chinese.texts());
    let (en, zh) = (cut(detail), cut(&chinese));
    let members = [
        ("kind", raw(kind.name())),
        ("count", raw(&failures.count)),
        ("first_s", raw(&seconds(failures.first_seen))),
        ("detail", raw(&json!({"en": en, "zh": zh}))),
        (name, more),
    ];
    members.into_iter().collect()
}

/// A column of the waterfall: its name, and its value for a bar.
type Column = (&'static str, fn(&Bar) -> Value);

/// The columns of the waterfall. `start` counts from the run's start, other instants count from the
/// bar's start.
const COLUMNS: [Column; 13] = [
    ("request", |bar| json!(bar.request)),
    ("user", |bar| json!(bar.user)),
    ("attempts", |bar| json!(bar.attempts)),
    ("outcome", |bar| json!(bar.outcome)),
    ("start", |bar| json!(Thousandths(bar.start))),
    ("sent", |bar| since_start(bar, bar.sent)),
    ("connect", |bar| json!(bar.connect.map(Thousandths))),
    ("first_byte", |bar| since_start(bar, bar.first_byte)),
    ("first_token", |bar| since_start(bar, bar.first_token)),
    ("last_token", |bar| since_start(bar, bar.last_token)),
    ("end", |bar| since_start(bar, Some(bar.end))),
    ("stall_at", |bar| since_start(bar, bar.stall_at)),
    ("stall", |bar| json!(bar.stall.map(Thousandths))),
];

fn since_start(bar: &Bar, instant: Option<u64>) -> Value {
    json!(instant.map(|at| Thousandths(at.saturating_sub(bar.start))))
}

fn waterfall(waterfall: &Waterfall) -> Value {
    let chosen = waterfall.chosen();
    let column = |value| chosen.requests.iter().map(value).collect::<Value>();
    let columns = COLUMNS.map(|(name, value)| (name, column(value)));
    let of = [("of", json!(chosen.of))];
    of.into_iter().chain(columns).collect()
}

/// The nodes of a workflow; `None` where streams told of none.
fn spans(summary: &SpansSummary) -> Option<Value> {
    (!summary.spans.is_empty()).then(|| {
        json!({
            "approximate": summary.approximate,
            "before_model": row(summary.before_model.statistics),
            "left_out": summary.left_out,
            "nodes": summary.spans.iter().map(span).collect::<Value>(),
        })
    })
}

fn span(span: &SpanSummary) -> Value {
    json!({
        "id": cut(&span.id),
        "kind": cut(&span.kind),
        "title": cut(&span.title),
        "model": span.model,
        "count": span.count,
        "failed": span.failed,
        "unfinished": span.unfinished,
        "begun": Thousandths::mean(span.begun, 1_000),
        "client": row(span.client.statistics),
        "server": row(span.server.statistics),
    })
}

fn turn(of: &TurnSummary) -> Value {
    json!({"turn": of.turn, "ok": of.ok, "failed": of.failed, "ttft": row(of.ttft)})
}
