//! The run JSON read again.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::client::{ClientJson, VerdictJson};
use super::spans::SpanJson;
use super::summary::NODE_FIGURES;
use super::waterfall::WaterfallJson;
use super::{SCHEMA, SumJson};
use crate::load::Load;
use crate::output::RunInfo;
use crate::output::about::{About, SavedMessage};
use crate::output::csv::read::LAST_SECOND;
use crate::output::host::Host;
use crate::output::waterfall::Bar;
use crate::record::FailureKind;
use crate::stats::{
    ClientSummary, Counts, FailureCounts, Histogram, Mergeable, SpansSummary, Statistics, Tick,
    TickCpu, Ticks, Verdict,
};
use crate::text::Message;

/// A run as its JSON tells it.
#[derive(Clone, Debug)]
pub struct SavedRun {
    /// What is known of it beside its figures.
    pub about: About,
    /// What came of it; `None` for a run that was killed.
    pub results: Option<SavedResults>,
}

/// What came of a run, as far as its rows do not tell.
#[derive(Clone, Debug)]
pub struct SavedResults {
    /// How many requests there were.
    pub requests: u64,
    /// Tokens of everything together, of the requests whose usage tells nothing more.
    pub total_tokens: Option<u64>,
    /// The parts of the service's work that streams told of.
    pub spans: SpansSummary,
    /// The run second by second.
    pub ticks: Ticks,
    /// The requests that are drawn from start to end, and how many they were chosen from.
    pub waterfall: (Vec<Bar>, u64),
    /// What is known of the client's own failings.
    pub client: Option<ClientSummary>,
    /// Whether the numbers can be used.
    pub verdict: Option<Verdict>,
}

/// Why a document is no run JSON.
#[derive(Debug)]
pub enum InvalidRun {
    /// It is no JSON, or has another form.
    Json(serde_json::Error),
    /// It is of another schema.
    Schema(String),
    /// A member holds what cannot be there.
    Member(&'static str),
}

impl fmt::Display for InvalidRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidRun::Json(error) => error.fmt(f),
            InvalidRun::Schema(schema) => write!(f, "its schema is {schema:?}, not {SCHEMA:?}"),
            InvalidRun::Member(name) => write!(f, "{name} holds what cannot be there"),
        }
    }
}

impl std::error::Error for InvalidRun {}

impl From<serde_json::Error> for InvalidRun {
    fn from(error: serde_json::Error) -> Self {
        InvalidRun::Json(error)
    }
}

/// Reads a run JSON.
///
/// # Errors
///
/// If it is none.
pub fn read(document: &[u8]) -> Result<SavedRun, InvalidRun> {
    let run: Run = serde_json::from_slice(document)?;
    if run.schema != SCHEMA {
        return Err(InvalidRun::Schema(run.schema));
    }
    let started = OffsetDateTime::parse(&run.started_at, &Rfc3339)
        .map_err(|_| InvalidRun::Member("started_at"))?;
    let results = match (run.summary, run.waterfall) {
        (Some(summary), Some(waterfall)) => Some(SavedResults {
            requests: summary.requests,
            total_tokens: summary.total_tokens,
            ticks: ticks(run.ticks)?,
            waterfall: waterfall.bars(),
            client: summary.client.as_ref().map(ClientJson::summary),
            spans: spans(&summary),
            verdict: summary.verdict.and_then(VerdictJson::verdict),
        }),
        _ => None,
    };
    let config = run.config.as_ref();
    let plan = config.and_then(|config| Load::read(config.get("load")?));
    Ok(SavedRun {
        about: About {
            run: RunInfo {
                run_id: run.run_id,
                label: run.label,
                client_host: run.host.as_ref().and_then(|host| host.name.clone()),
                target: run.target,
                protocol: run.protocol,
                model: run.model,
                started,
            },
            version: run.tool_version,
            config: run.config,
            command_line: run.command_line,
            host: run.host,
            plan,
            warnings: run.warnings.into_iter().map(Message::from).collect(),
        },
        results,
    })
}

#[derive(Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of the document"
)]
struct Run {
    schema: String,
    tool_version: Option<String>,
    run_id: String,
    label: Option<String>,
    started_at: String,
    target: String,
    protocol: String,
    model: Option<String>,
    command_line: Option<String>,
    config: Option<Value>,
    host: Option<Host>,
    warnings: Vec<SavedMessage>,
    summary: Option<Summary>,
    waterfall: Option<WaterfallJson>,
    ticks: Vec<TickJson>,
}

/// What rows do not tell. Members that earlier versions did not write may be missing.
#[derive(Deserialize)]
struct Summary {
    requests: u64,
    total_tokens: Option<u64>,
    #[serde(default)]
    approximate_percentiles: Vec<String>,
    #[serde(default)]
    spans: Vec<SpanJson<'static>>,
    #[serde(default)]
    spans_left_out: u64,
    before_model_percent: Option<Statistics>,
    #[serde(default)]
    before_model_histogram: Histogram,
    client: Option<ClientJson>,
    verdict: Option<VerdictJson>,
}

#[derive(Deserialize)]
struct TickJson {
    second: u64,
    active_users: u64,
    total_users: u64,
    ok: u64,
    failed: BTreeMap<String, u64>,
    cancelled: u64,
    abandoned: u64,
    chunks: u64,
    tokens: u64,
    ttfb_ms: SumJson,
    ttft_ms: SumJson,
    tpot_ms: SumJson,
    response_ms: SumJson,
    tokens_per_s: SumJson,
    output_tokens: SumJson,
    itl: Histogram,
    client_lag: Histogram,
    process_cores: Option<f64>,
    machine_busy: Option<f64>,
}

fn spans(summary: &Summary) -> SpansSummary {
    let approximate = &summary.approximate_percentiles;
    SpansSummary {
        spans: summary.spans.iter().map(SpanJson::summary).collect(),
        before_model: Mergeable {
            statistics: summary.before_model_percent,
            histogram: summary.before_model_histogram.clone(),
        },
        left_out: summary.spans_left_out,
        approximate: approximate.iter().any(|name| name == NODE_FIGURES[0]),
    }
}

fn ticks(read: Vec<TickJson>) -> Result<Ticks, InvalidRun> {
    let mut ticks = Ticks::default();
    let (mut started, mut finished) = (0, 0);
    for tick in read {
        if tick.second > LAST_SECOND {
            return Err(InvalidRun::Member("second"));
        }
        // Users are told as they were at the second's end.
        let gone = tick.total_users.saturating_sub(tick.active_users);
        let mut counts = tick.counts()?;
        counts.users_started = tick.total_users.saturating_sub(started);
        counts.users_finished = gone.saturating_sub(finished);
        (started, finished) = (tick.total_users, gone);
        let cpu = TickCpu {
            process_cores: tick.process_cores,
            machine: tick.machine_busy,
        };
        let cpu = (cpu != TickCpu::default()).then_some(cpu);
        let tick_read = Tick {
            counts,
            itl: tick.itl,
            lag: tick.client_lag,
            cpu,
        };
        ticks.merge_second(tick.second, &tick_read);
    }
    Ok(ticks)
}

impl TickJson {
    fn counts(&self) -> Result<Counts, InvalidRun> {
        let mut failed = FailureCounts::default();
        for (name, count) in &self.failed {
            let kind = FailureKind::ALL.into_iter().find(|k| k.name() == name);
            failed.add(kind.ok_or(InvalidRun::Member("failed"))?, *count);
        }
        Ok(Counts {
            users_started: 0,
            users_finished: 0,
            ok: self.ok,
            failed,
            cancelled: self.cancelled,
            abandoned: self.abandoned,
            chunks: self.chunks,
            tokens: self.tokens,
            ttfb: self.ttfb_ms.sum(1_000.0),
            ttft: self.ttft_ms.sum(1_000.0),
            tpot: self.tpot_ms.sum(1_000.0),
            response: self.response_ms.sum(1_000.0),
            tokens_per_s: self.tokens_per_s.sum(1_000.0),
            output_tokens: self.output_tokens.sum(1.0),
        })
    }
}

#[cfg(test)]
mod tests;
