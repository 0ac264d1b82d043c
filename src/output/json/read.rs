//! The run JSON read again.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::verdict::VerdictJson;
use super::{RunJson, SCHEMA};
use crate::load::Load;
use crate::metrics::PerMetric;
use crate::output::RunInfo;
use crate::output::about::About;
use crate::output::waterfall::Chosen;
use crate::stats::{ClientSummary, SpansSummary, Ticks, Verdict};
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
    /// The sums of what the server's usage told.
    pub sums: PerMetric<Option<u64>>,
    /// The parts of the service's work that streams told of.
    pub spans: SpansSummary,
    /// The run second by second.
    pub ticks: Ticks,
    /// The requests that are drawn from start to end.
    pub waterfall: Chosen,
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
    let run: RunJson<'static> = serde_json::from_slice(document)?;
    if run.schema != SCHEMA {
        return Err(InvalidRun::Schema(run.schema));
    }
    let started = run.started_at.as_deref().unwrap_or_default();
    let started =
        OffsetDateTime::parse(started, &Rfc3339).map_err(|_| InvalidRun::Member("started_at"))?;
    let ticks = run.ticks.ticks().ok_or(InvalidRun::Member("second"))?;
    let results = match (run.summary, run.waterfall) {
        (Some(summary), Some(waterfall)) => Some(SavedResults {
            requests: summary.requests().ok_or(InvalidRun::Member("requests"))?,
            sums: summary.sums(),
            ticks,
            waterfall,
            client: summary.client,
            spans: summary.spans(),
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

#[cfg(test)]
mod tests;
