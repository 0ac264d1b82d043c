//! Reads a run JSON again.

use serde::de::Error as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{RunJson, SCHEMA};
use crate::load::Load;
use crate::metrics::PerMetric;
use crate::output::RunInfo;
use crate::output::about::About;
use crate::output::waterfall::Chosen;
use crate::stats::{ClientSummary, SpansSummary, Ticks, Verdict};

/// A run from its JSON.
#[derive(Clone, Debug)]
pub struct SavedRun {
    /// The run, apart from its figures.
    pub about: About,
    /// The run's results; `None` for a run that was killed.
    pub results: Option<SavedResults>,
}

/// The results of a run that its rows do not contain.
#[derive(Clone, Debug)]
pub struct SavedResults {
    /// Number of requests.
    pub requests: u64,
    /// Sums of the token counts in the server's usage.
    pub sums: PerMetric<Option<u64>>,
    /// The parts of the service's work, as its streams report them.
    pub spans: SpansSummary,
    /// The run second by second.
    pub ticks: Ticks,
    /// The requests of the waterfall.
    pub waterfall: Chosen,
    /// The client's own figures.
    pub client: Option<ClientSummary>,
    /// Whether the numbers can be used.
    pub verdict: Option<Verdict>,
}

/// Reads a run JSON.
///
/// # Errors
///
/// If the document is no run JSON.
pub fn read(document: &[u8]) -> serde_json::Result<SavedRun> {
    let run: RunJson<'static> = serde_json::from_slice(document)?;
    if run.schema != SCHEMA {
        let why = format!("its schema is {:?}, not {SCHEMA:?}", run.schema);
        return Err(serde_json::Error::custom(why));
    }
    let invalid =
        |name| serde_json::Error::custom(format_args!("{name} holds what cannot be there"));
    let started = run.started_at.as_deref().unwrap_or_default();
    let started = OffsetDateTime::parse(started, &Rfc3339).map_err(|_| invalid("started_at"))?;
    let results = match (run.summary, run.waterfall) {
        (Some(summary), Some(waterfall)) => Some(SavedResults {
            requests: summary
                .whole("requests")
                .ok_or_else(|| invalid("requests"))?,
            sums: summary.sums(),
            ticks: run.ticks.into_owned(),
            waterfall,
            client: summary.client,
            verdict: summary.verdict.clone(),
            spans: summary.spans(),
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
            warnings: run.warnings,
        },
        results,
    })
}

#[cfg(test)]
mod tests;
