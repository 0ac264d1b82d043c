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
use crate::metrics::{self, Flag, Metric, OUTPUT_TOKENS, Row};
use crate::output::csv::STARTED_AT;
use crate::output::format::Results;
use crate::output::members::Members;
use crate::output::waterfall::{Bar, Waterfall};
use crate::stats::{
    COUNTS, FailureSummary, Number, RATES, Summary, TickView, Ticks, TokenMix, Verdict,
};
use crate::text::{Language, Message};

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
    warnings: Vec<Message>,
    verdict: Option<Verdict>,
    summary: SummaryData,
    metrics: &'static [Row],
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
                .cloned()
                .collect(),
            verdict: summary.verdict.clone(),
            summary: SummaryData::of(summary),
            metrics: metrics::TABLE,
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
            breakdowns: BreakdownsData {
                key: page.charts.keys.largest(),
                query: page.charts.queries.largest(),
                run: (page.results.runs > 1).then(|| page.charts.runs.largest()),
            },
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
            host: about.host.as_ref().map(|host| HostData {
                name: host.name.clone(),
                cores: host.cores,
                os: host.kernel.as_ref().unwrap_or(&host.os).clone(),
            }),
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
        let of_kind = |view: TickView<'_>| {
            let counts = &view.tick.counts.failed;
            counts.get(&failure.kind).copied().unwrap_or(0)
        };
        let seconds_of_kind: Vec<u64> = ticks.iter().map(of_kind).collect();
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

/// A value of each bar.
type Column = Vec<Option<Thousandths>>;
type Value = fn(&Bar) -> Option<Thousandths>;

/// Numbers of a bar.
const NUMBERS: [(&str, Value); 3] = [
    ("request", |bar| Some(Thousandths::whole(bar.request))),
    ("user", |bar| Some(Thousandths::whole(bar.user.into()))),
    ("attempts", |bar| {
        Some(Thousandths::whole(bar.attempts.into()))
    }),
];
/// Times of a bar: the start since the run's start, other instants since the bar's start.
const TIMES: [(&str, Value); 9] = [
    ("start", |bar| Some(Thousandths(bar.start))),
    ("sent", |bar| since_start(bar, bar.sent)),
    ("connect", |bar| bar.connect.map(Thousandths)),
    ("first_byte", |bar| since_start(bar, bar.first_byte)),
    ("first_token", |bar| since_start(bar, bar.first_token)),
    ("last_token", |bar| since_start(bar, bar.last_token)),
    ("end", |bar| since_start(bar, Some(bar.end))),
    ("stall_at", |bar| since_start(bar, bar.stall_at)),
    ("stall", |bar| bar.stall.map(Thousandths)),
];

fn since_start(bar: &Bar, instant: Option<u64>) -> Option<Thousandths> {
    Some(Thousandths(instant?.saturating_sub(bar.start)))
}

#[derive(Serialize)]
struct WaterfallData {
    of: u64,
    #[serde(flatten)]
    numbers: Members<Column>,
    outcome: Vec<&'static str>,
    #[serde(flatten)]
    times: Members<Column>,
}

impl WaterfallData {
    fn of(waterfall: &Waterfall) -> Self {
        let chosen = waterfall.chosen();
        let bars = chosen.requests;
        let column = |(name, value): (&'static str, Value)| -> (&str, Column) {
            (name, bars.iter().map(value).collect())
        };
        Self {
            of: chosen.of,
            numbers: NUMBERS.into_iter().map(column).collect(),
            outcome: bars.iter().map(|bar| bar.outcome).collect(),
            times: TIMES.into_iter().map(column).collect(),
        }
    }
}

#[derive(Serialize)]
struct BreakdownsData {
    key: Breakdown,
    query: Breakdown,
    run: Option<Breakdown>,
}
