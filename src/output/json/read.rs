//! The run JSON read again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::SCHEMA;
use super::waterfall::WaterfallJson;
use crate::load::{ClosedLoop, Limit};
use crate::output::RunInfo;
use crate::output::about::{About, Warning};
use crate::output::csv::read::LAST_SECOND;
use crate::output::host::Host;
use crate::output::waterfall::Bar;
use crate::record::FailureKind;
use crate::stats::{Counts, FailureCounts, Histogram, Sum, Tick, Ticks, rounded};

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
    /// The run second by second.
    pub ticks: Ticks,
    /// The requests that are drawn from start to end, and how many they were chosen from.
    pub waterfall: (Vec<Bar>, u64),
}

/// Why a document is no run JSON.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRun {
    /// It is no JSON, or has another form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It is of another schema.
    #[error("its schema is {0:?}, not {SCHEMA:?}")]
    Schema(String),
    /// A member holds what cannot be there.
    #[error("{0} holds what cannot be there")]
    Member(&'static str),
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
            ticks: ticks(run.ticks)?,
            waterfall: waterfall.bars(),
        }),
        _ => None,
    };
    let plan = run.config.as_ref().and_then(plan);
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
    warnings: Vec<Warning>,
    summary: Option<Summary>,
    waterfall: Option<WaterfallJson>,
    ticks: Vec<TickJson>,
}

#[derive(Deserialize)]
struct Summary {
    requests: u64,
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
    itl: HistogramJson,
}

#[derive(Deserialize)]
struct SumJson {
    count: u64,
    sum: f64,
}

#[derive(Deserialize)]
struct HistogramJson {
    sum_us: u64,
    sum_squares_us2: u128,
    min_us: Option<u64>,
    max_us: Option<u64>,
    buckets: Vec<(u16, u64)>,
}

fn plan(config: &Value) -> Option<ClosedLoop> {
    let load = config.get("load")?;
    let seconds = |name: &str| {
        let seconds = load.get(name)?.as_f64()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    let requests = load.get("requests").and_then(Value::as_u64);
    Some(ClosedLoop {
        users: u32::try_from(load.get("users")?.as_u64()?).ok()?,
        ramp_up: seconds("ramp_up_s")?,
        limit: match (seconds("duration_s"), requests) {
            (Some(hold), requests) => Limit::Duration { hold, requests },
            (None, Some(requests)) => Limit::Requests(requests),
            (None, None) => Limit::OnceEach,
        },
    })
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
        let itl = tick.itl.histogram()?;
        ticks.merge_second(tick.second, &Tick { counts, itl });
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

impl SumJson {
    fn sum(&self, per_unit: f64) -> Sum {
        Sum {
            count: self.count,
            sum: rounded(self.sum * per_unit),
        }
    }
}

impl HistogramJson {
    fn histogram(&self) -> Result<Histogram, InvalidRun> {
        let range = (self.min_us.unwrap_or(0), self.max_us.unwrap_or(0));
        Histogram::from_parts(&self.buckets, range, self.sum_us, self.sum_squares_us2)
            .map_err(|_| InvalidRun::Member("itl"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;
    use crate::output::json::{Document, Results};
    use crate::output::waterfall::Waterfall;
    use crate::record::{Progress, Sample};
    use crate::stats::RunStats;
    use crate::stats::tests::{failed, finished, ok_request};
    use crate::text::Message;

    fn ms(millis: u64) -> Stamp {
        Stamp::from_micros(millis * 1_000)
    }

    fn about(limit: Limit) -> About {
        let plan = ClosedLoop {
            users: 2,
            ramp_up: Duration::from_millis(500),
            limit,
        };
        let (hold, requests) = match limit {
            Limit::Duration { hold, requests } => (Some(hold.as_secs_f64()), requests),
            Limit::Requests(requests) => (None, Some(requests)),
            Limit::OnceEach => (None, None),
        };
        let mut run = crate::output::tests::run();
        run.client_host = None;
        About {
            run,
            version: Some("0.1.0".into()),
            config: Some(serde_json::json!({"load": {
                "users": 2, "ramp_up_s": 0.5, "duration_s": hold, "requests": requests,
            }})),
            command_line: Some("sse-perf".into()),
            host: None,
            plan: Some(plan),
            warnings: vec![Warning::from(&Message::new("files.broken_pipe"))],
        }
    }

    #[test]
    fn a_run_comes_back_as_it_was() {
        let mut stats = RunStats::default();
        let mut waterfall = Waterfall::default();
        let ok = ok_request(ms(100), ms(200), ms(1_000));
        waterfall.add(Bar::of(&ok));
        for sample in [
            Sample::UserStarted { user: 1, at: ms(0) },
            Sample::UserStarted {
                user: 2,
                at: ms(250),
            },
            Sample::Progress(Progress {
                at: ms(900),
                chunks: 5,
                tokens: 6,
                // Squares beyond what a float holds.
                gaps: vec![20_000, 300, 95_000_001, 95_000_003],
                so_far: None,
            }),
            finished(ok),
            finished(failed(ms(2_600), FailureKind::Reset)),
            Sample::UserFinished {
                user: 1,
                at: ms(1_500),
            },
        ] {
            stats.on(&sample);
        }
        let limit = Limit::Duration {
            hold: Duration::from_secs(3),
            requests: Some(9),
        };
        let about = about(limit);
        let summary = stats.summary(about.plan.as_ref());
        let document = Document {
            about: &about,
            results: Some(Results {
                summary: &summary,
                ticks: stats.ticks(),
                waterfall: Some(&waterfall),
            }),
        };
        let read = read(&document.render()).unwrap();
        assert_eq!(read.about, about);
        let results = read.results.unwrap();
        assert_eq!(results.requests, 2);
        assert_eq!(results.waterfall, (waterfall.chosen(), 1));
        let seconds = |ticks: &Ticks| -> Vec<_> {
            let second = |view: crate::stats::TickView<'_>| (view.active_users, view.tick.clone());
            ticks.iter().map(second).collect()
        };
        assert_eq!(seconds(&results.ticks), seconds(stats.ticks()));
    }

    #[test]
    fn a_run_that_was_killed_has_no_results() {
        for limit in [Limit::OnceEach, Limit::Requests(3)] {
            let about = about(limit);
            let document = Document {
                about: &about,
                results: None,
            };
            let read = read(&document.render()).unwrap();
            assert_eq!(read.about, about);
            assert!(read.results.is_none());
        }
    }

    #[test]
    fn what_is_no_run_says_why() {
        let about = about(Limit::OnceEach);
        let text = String::from_utf8(
            Document {
                about: &about,
                results: None,
            }
            .render(),
        )
        .unwrap();
        for (document, expected) in [
            ("[1]".to_owned(), "invalid type"),
            (text.replace("run/1", "run/2"), "its schema is"),
            (text.replace("2026-02-03T", "once "), "started_at"),
            (text.replace("\"warnings\"", "\"w\""), "warnings"),
        ] {
            let error = read(document.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
