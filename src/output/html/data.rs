//! The page's data: schema `sse-perf/page/1`, described at the top of `templates/report/data.js`.

use serde::Serialize;

use super::bins::Bins;
use super::charts::Charts;
use super::groups::Breakdown;
use super::parts::{SpansData, TurnData};
use super::points::Packed;
use super::series::Series;
use super::values::{StatisticsRow, Thousandths, cut};
use crate::clock::{Stamp, micros};
use crate::metrics::{self, Flag, Metric, OUTPUT_TOKENS, Unit};
use crate::output::about::SavedMessage;
use crate::output::csv::STARTED_AT;
use crate::output::format::Results;
use crate::output::host::Host;
use crate::output::members::Members;
use crate::output::waterfall::{Bar, Waterfall};
use crate::stats::{COUNTS, FailureSummary, Number, RATES, Summary, Ticks, TokenMix, Verdict};
use crate::text::Language;

/// Name and version of the data's form.
const SCHEMA: &str = "sse-perf/page/1";

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    /// In which language it opens.
    pub(super) language: Language,
    /// The brand's name; `None` for none.
    pub(super) brand: Option<&'a str>,
    /// What was gathered of the requests.
    pub(super) charts: &'a Charts,
    /// Everything else.
    pub(super) results: &'a Results<'a>,
}

#[derive(Serialize)]
pub(super) struct PageData {
    schema: &'static str,
    language: &'static str,
    brand: Option<String>,
    run: RunData,
    warnings: Vec<SavedMessage>,
    verdict: Option<VerdictData>,
    summary: SummaryData,
    metrics: Vec<MetricData>,
    statistics: Members<Option<StatisticsRow>>,
    points: Members<Packed>,
    ticks: Series,
    failures: Vec<FailureData>,
    distributions: Members<Bins>,
    waterfall: Option<WaterfallData>,
    spans: Option<SpansData>,
    turns: Vec<TurnData>,
    breakdowns: BreakdownsData,
}

impl PageData {
    pub(super) fn of(page: &Page<'_>) -> Self {
        let (stats, summary) = (page.results.stats, page.results.summary);
        let ticks = Series::of(stats.ticks(), page.results.whole);
        Self {
            schema: SCHEMA,
            language: page.language.code(),
            brand: page.brand.map(cut),
            run: RunData::of(page),
            warnings: page
                .results
                .about
                .warnings
                .iter()
                .chain(page.results.notices)
                .map(SavedMessage::from)
                .collect(),
            verdict: summary.verdict.as_ref().map(VerdictData::of),
            summary: SummaryData::of(summary),
            metrics: metrics::all().map(MetricData::of).collect(),
            statistics: statistics(summary, page.results.whole),
            points: points(page.charts),
            failures: summary
                .failures
                .iter()
                .map(|failure| FailureData::of(failure, stats.ticks(), ticks.step()))
                .collect(),
            ticks,
            distributions: distributions(page),
            waterfall: page.results.waterfall.map(WaterfallData::of),
            spans: SpansData::of(&summary.spans),
            turns: summary.turns.iter().map(TurnData::of).collect(),
            breakdowns: BreakdownsData::of(page),
        }
    }
}

fn seconds(at: Stamp) -> f64 {
    at.as_micros() as f64 / 1_000_000.0
}

#[derive(Serialize)]
struct RunData {
    version: Option<String>,
    run_id: String,
    label: Option<String>,
    target: String,
    protocol: String,
    model: Option<String>,
    command: Option<String>,
    started_at: Option<String>,
    started_ms: i128,
    offset_min: i16,
    users: u64,
    ramp_up_s: Option<f64>,
    hold_s: Option<f64>,
    requests: Option<u64>,
    duration_s: Option<f64>,
    end_s: Option<f64>,
    host: Option<HostData>,
    runs: usize,
    files: Vec<String>,
}

impl RunData {
    fn of(page: &Page<'_>) -> Self {
        let (about, summary) = (page.results.about, page.results.summary);
        let run = &about.run;
        let plan = about.plan.as_ref();
        Self {
            version: about.version.as_deref().map(cut),
            run_id: cut(&run.run_id),
            label: run.label.as_deref().map(cut),
            target: cut(&run.target),
            protocol: cut(&run.protocol),
            model: run.model.as_deref().map(cut),
            command: about.command_line.as_deref().map(cut),
            started_at: run.started.format(STARTED_AT).ok(),
            started_ms: run.started.unix_timestamp_nanos().div_euclid(1_000_000),
            offset_min: run.started.offset().whole_minutes(),
            users: page.results.users,
            ramp_up_s: plan.map(|plan| plan.ramp_up().as_secs_f64()),
            hold_s: plan.and_then(|plan| Some(plan.hold()?.as_secs_f64())),
            requests: plan.and_then(|plan| plan.requests(1)),
            duration_s: summary.duration().map(|d| micros(d) as f64 / 1_000_000.0),
            end_s: summary.last_end.map(seconds),
            host: about.host.as_ref().map(HostData::of),
            runs: page.results.runs,
            files: page
                .results
                .files
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct HostData {
    name: Option<String>,
    cores: Option<usize>,
    os: String,
}

impl HostData {
    fn of(host: &Host) -> Self {
        Self {
            name: host.name.clone(),
            cores: host.cores,
            os: host.kernel.clone().unwrap_or_else(|| host.os.clone()),
        }
    }
}

#[derive(Serialize)]
struct VerdictData {
    grade: &'static str,
    reasons: Vec<SavedMessage>,
}

impl VerdictData {
    fn of(verdict: &Verdict) -> Self {
        Self {
            grade: verdict.grade.name(),
            reasons: verdict.reasons.iter().map(SavedMessage::from).collect(),
        }
    }
}

/// A row of the table of metrics.
#[derive(Serialize)]
struct MetricData {
    id: &'static str,
    unit: Unit,
    flags: &'static [Flag],
}

impl MetricData {
    fn of(metric: Metric) -> Self {
        Self {
            id: metric.id,
            unit: metric.unit,
            flags: metric.flags,
        }
    }
}

#[derive(Serialize)]
struct SummaryData {
    #[serde(flatten)]
    figures: Members<Option<Number>>,
    token_source: Option<&'static str>,
}

impl SummaryData {
    fn of(summary: &Summary) -> Self {
        let tokens = &summary.output_tokens;
        let figures = COUNTS.iter().chain(RATES);
        let figures = figures.map(|figure| (figure.id, (figure.of)(summary)));
        let counts = metrics::with(Flag::Count).filter(|metric| !metric.unit.is_time());
        let counts = counts.map(|metric| (metric.id, Some(summary.count(metric))));
        let counts = counts.chain([
            ("retries", Some(summary.retries)),
            (OUTPUT_TOKENS.id, tokens.total()),
        ]);
        let counts = counts.map(|(id, count)| (id, count.map(Number::Whole)));
        Self {
            figures: figures.chain(counts).collect(),
            token_source: tokens.mix().map(TokenMix::name),
        }
    }
}

fn statistics(summary: &Summary, whole: bool) -> Members<Option<StatisticsRow>> {
    let is_known = |metric: Metric| whole || !metric.has(Flag::Pooled);
    let row = |metric: Metric| {
        let figures = summary.statistics[metric].filter(|_| is_known(metric));
        (metric.id, figures.as_ref().map(StatisticsRow::of))
    };
    metrics::with(Flag::Statistics).map(row).collect()
}

fn points(charts: &Charts) -> Members<Packed> {
    let series = metrics::with(Flag::Series);
    let series = series.map(|metric| (metric.id, charts.points[metric].packed()));
    series.chain([("failed", charts.failed.packed())]).collect()
}

fn distributions(page: &Page<'_>) -> Members<Bins> {
    let bins = |metric: Metric| {
        let figures = page.results.summary.statistics[metric].as_ref();
        let values = page.results.stats.distribution(metric);
        (metric.id, Bins::of(values, figures))
    };
    metrics::with(Flag::Histogram).map(bins).collect()
}

#[derive(Serialize)]
struct FailureData {
    kind: &'static str,
    count: u64,
    first_s: f64,
    detail: String,
    ticks: Vec<u64>,
}

impl FailureData {
    fn of(failure: &FailureSummary, ticks: &Ticks, step: u64) -> Self {
        let seconds_of_kind: Vec<u64> = ticks
            .iter()
            .map(|view| view.tick.counts.failed.get(failure.kind))
            .collect();
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        Self {
            kind: failure.kind.name(),
            count: failure.count,
            first_s: seconds(failure.first_seen),
            detail: cut(&failure.detail),
            ticks: seconds_of_kind
                .chunks(step)
                .map(|part| part.iter().sum())
                .collect(),
        }
    }
}

type Instants = Vec<Option<Thousandths>>;

#[derive(Serialize)]
struct WaterfallData {
    of: u64,
    request: Vec<u64>,
    user: Vec<u32>,
    attempts: Vec<u32>,
    outcome: Vec<&'static str>,
    start: Vec<Thousandths>,
    sent: Instants,
    connect: Instants,
    first_byte: Instants,
    first_token: Instants,
    last_token: Instants,
    end: Vec<Thousandths>,
    stall_at: Instants,
    stall: Instants,
}

impl WaterfallData {
    fn of(waterfall: &Waterfall) -> Self {
        let chosen = waterfall.chosen();
        let bars = chosen.requests;
        let since_start = |instant: fn(&Bar) -> Option<u64>| -> Instants {
            bars.iter()
                .map(|bar| Some(Thousandths(instant(bar)?.saturating_sub(bar.start))))
                .collect()
        };
        Self {
            of: chosen.of,
            request: bars.iter().map(|bar| bar.request).collect(),
            user: bars.iter().map(|bar| bar.user).collect(),
            attempts: bars.iter().map(|bar| bar.attempts).collect(),
            outcome: bars.iter().map(|bar| bar.outcome).collect(),
            start: bars.iter().map(|bar| Thousandths(bar.start)).collect(),
            sent: since_start(|bar| bar.sent),
            connect: bars
                .iter()
                .map(|bar| bar.connect.map(Thousandths))
                .collect(),
            first_byte: since_start(|bar| bar.first_byte),
            first_token: since_start(|bar| bar.first_token),
            last_token: since_start(|bar| bar.last_token),
            end: bars
                .iter()
                .map(|bar| Thousandths(bar.end.saturating_sub(bar.start)))
                .collect(),
            stall_at: since_start(|bar| bar.stall_at),
            stall: bars.iter().map(|bar| bar.stall.map(Thousandths)).collect(),
        }
    }
}

#[derive(Serialize)]
struct BreakdownsData {
    key: Breakdown,
    query: Breakdown,
    run: Option<Breakdown>,
}

impl BreakdownsData {
    fn of(page: &Page<'_>) -> Self {
        let charts = page.charts;
        Self {
            key: charts.keys.largest(),
            query: charts.queries.largest(),
            run: (page.results.runs > 1).then(|| charts.runs.largest()),
        }
    }
}
