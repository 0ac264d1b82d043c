//! `sse-perf selftest`: how exact this program is on this machine. Each test runs the client in a
//! process of its own against a simulated service in this process, and compares the client's figures
//! with the service's log.

mod condition;
mod truth;

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize as _, Serialize};
use serde_json::Value;

pub use self::condition::Condition;
pub use self::truth::{Errors, Spread, compare};
use crate::mock::{Dist, Options, Server};
use crate::stats::{Grade, tolerated};

/// The service's time to first token.
const TTFT: Duration = Duration::from_millis(200);
/// Users of a step who start in a second.
const STARTS_PER_SECOND: u32 = 500;

/// One test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Number of users.
    pub users: u32,
    /// Time between the tokens of a user.
    pub itl: Duration,
    /// How long the users go on when all have started.
    pub hold: Duration,
    /// Load on the machine beside the test.
    pub condition: Condition,
    /// Whether arrivals are stamped when `read` returns.
    pub user_clock: bool,
}

impl Step {
    fn ramp_up(&self) -> u32 {
        self.users.div_ceil(STARTS_PER_SECOND).max(1)
    }

    /// The simulated service, with an answer of about two seconds.
    fn service(&self, log: &Path) -> Options {
        let tokens = (2_000 / self.itl.as_millis().max(1)).clamp(5, 100);
        Options {
            ttft: Dist::Fixed(TTFT),
            itl: Dist::Fixed(self.itl),
            tokens: Dist::Fixed(u32::try_from(tokens).unwrap_or(100)),
            // A user may reconnect before the service has noticed the end of its old connection.
            max_connections: 2 * self.users + 100,
            log: Some(log.to_owned()),
            ..Options::default()
        }
    }
}

/// The result of a test. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Graded {
    /// Number of users.
    pub users: u32,
    /// Time between the tokens of a user, as the service has it.
    pub itl_ms: f64,
    /// Load on the machine beside the test.
    pub condition: &'static str,
    /// Whether arrivals were stamped when `read` returned.
    pub user_clock: bool,
    /// Token events of all users in a second.
    pub events_per_s: f64,
    /// Requests that failed.
    pub failed: u64,
    /// Errors of the client's figures; `None` if no request can be compared.
    pub errors: Option<Errors>,
    /// 99th percentile of the client's lag.
    pub client_lag_p99_ms: Option<f64>,
    /// Processors that the client used.
    pub process_cores: Option<f64>,
    /// Most memory that the client used, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The client's verdict.
    pub verdict: Option<Grade>,
    /// Ids of the verdict's reasons.
    pub reasons: Vec<String>,
}

impl Graded {
    /// Whether the errors are small enough for a valid run.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.errors.is_some_and(|errors| {
            errors.ttft.p99 <= tolerated(TTFT.as_secs_f64() * 1_000.0)
                && errors.itl.p99 <= tolerated(self.itl_ms)
        })
    }

    /// Whether the client calls its run valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.verdict == Some(Grade::Valid)
    }

    /// Whether the client calls no inexact run valid.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.is_exact() || !self.is_valid()
    }
}

/// Runs a test. Its files are in a temporary directory until the end.
///
/// # Errors
///
/// If the service or the client cannot be started, or a file is missing.
pub fn run(step: &Step) -> io::Result<Graded> {
    let directory = format!("sse-perf-selftest-{}", std::process::id());
    let directory = std::env::temp_dir().join(directory);
    fs::create_dir_all(&directory)?;
    let graded = run_in(&directory, step);
    let _ = fs::remove_dir_all(&directory);
    graded
}

fn run_in(directory: &Path, step: &Step) -> io::Result<Graded> {
    let [log, rows, document] =
        ["truth.csv", "requests.csv", "run.json"].map(|name| directory.join(name));
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), step.service(&log))?;
    let url = format!("http://{}/v1/chat/completions", server.addr());
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--url", &url, "--api-key", "", "--quiet", "--no-html"])
        .args(["--threads", &step.users.to_string()])
        .args(["--ramp-up", &step.ramp_up().to_string()])
        .args(["--duration", &step.hold.as_secs_f64().to_string()])
        .args(["--csv".as_ref(), rows.as_os_str()])
        .args(["--json".as_ref(), document.as_os_str()])
        .args(step.user_clock.then_some("--user-clock"))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    step.condition.run(&mut command)?;
    server.shutdown()?;
    let document: Value = serde_json::from_slice(&fs::read(&document)?)?;
    let summary = &document["summary"];
    let itl = Spread::deserialize(&summary["itl_ms"]).unwrap_or_default();
    let errors = compare(&fs::read(&rows)?, itl, &fs::read(&log)?);
    Ok(outcome(step, summary, errors))
}

fn outcome(step: &Step, summary: &Value, errors: Option<Errors>) -> Graded {
    let client = &summary["client"];
    let reasons = summary["verdict"]["reasons"].as_array();
    let id = |reason: &Value| reason["id"].as_str().unwrap_or_default().to_owned();
    let chunks = summary["chunks"].as_f64().unwrap_or_default();
    let duration = summary["duration_s"].as_f64();
    Graded {
        users: step.users,
        itl_ms: step.itl.as_secs_f64() * 1_000.0,
        condition: step.condition.name(),
        user_clock: step.user_clock,
        events_per_s: duration.map_or(0.0, |duration| chunks / duration),
        failed: summary["failed"].as_u64().unwrap_or_default(),
        errors,
        client_lag_p99_ms: client["lag_ms"]["p99"].as_f64(),
        process_cores: client["process_cores"].as_f64(),
        peak_memory_bytes: client["peak_memory_bytes"].as_u64(),
        verdict: Grade::deserialize(&summary["verdict"]["grade"]).ok(),
        reasons: reasons.into_iter().flatten().map(id).collect(),
    }
}
