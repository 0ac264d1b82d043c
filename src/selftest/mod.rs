//! `sse-perf selftest`: how exact this program is on this machine. It runs tests of itself against
//! the simulated service, each in a process of its own, and holds what the client measured against
//! the service's log of what it really did.

mod condition;
mod truth;

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize as _, Serialize};
use serde_json::Value;

pub use self::condition::Condition;
pub use self::truth::{Errors, Spread, compare};
use crate::stats::{Grade, tolerated};

/// The time to first token that the service is asked for, in milliseconds.
const TTFT_MS: u32 = 200;
/// Over which time a step's users are started: so many a second.
const STARTS_PER_SECOND: u32 = 500;

/// One test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Number of users.
    pub users: u32,
    /// Time between the tokens of each.
    pub itl: Duration,
    /// How long they go on when all have started.
    pub hold: Duration,
    /// What else happens on the machine.
    pub condition: Condition,
    /// Whether arrivals are stamped when `read` returns.
    pub user_clock: bool,
}

impl Step {
    fn ramp_up(&self) -> u32 {
        self.users.div_ceil(STARTS_PER_SECOND).max(1)
    }

    /// Tokens of an answer, so that a user asks again about every two seconds.
    fn tokens(&self) -> u128 {
        (2_000 / self.itl.as_millis().max(1)).clamp(5, 100)
    }
}

/// What a test came to. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Graded {
    /// Number of users.
    pub users: u32,
    /// Time between the tokens of each, as asked for.
    pub itl_ms: f64,
    /// What else happened on the machine.
    pub condition: &'static str,
    /// Whether arrivals were stamped when `read` returned.
    pub user_clock: bool,
    /// Token events in a second, of all users.
    pub events_per_s: f64,
    /// Requests that failed.
    pub failed: u64,
    /// The client's figures against the service's; `None` if no request can be compared.
    pub errors: Option<Errors>,
    /// The client's lag, 99th percentile.
    pub client_lag_p99_ms: Option<f64>,
    /// Processors that the client used.
    pub process_cores: Option<f64>,
    /// Most memory that the client used, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The client's verdict on itself.
    pub verdict: Option<Grade>,
    /// Its reasons, by id.
    pub reasons: Vec<String>,
}

impl Graded {
    /// Whether the true errors are within what a valid run may have.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.errors.is_some_and(|errors| {
            errors.ttft.p99 <= tolerated(f64::from(TTFT_MS))
                && errors.itl.p99 <= tolerated(self.itl_ms)
        })
    }

    /// Whether the client says that its figures can be used.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.verdict == Some(Grade::Valid)
    }

    /// Whether the verdict is right: nothing inexact is called valid.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.is_exact() || !self.is_valid()
    }
}

/// A directory for the files of the tests, removed when it is dropped.
#[derive(Debug)]
pub struct Workplace(PathBuf);

impl Workplace {
    /// A new one.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("sse-perf-selftest-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a test.
///
/// # Errors
///
/// If a process cannot be started, or does not leave what it should.
pub fn run(step: &Step, workplace: &Workplace) -> io::Result<Graded> {
    let program = std::env::current_exe()?;
    let log = workplace.file("truth.csv");
    let service = Service::start(&program, step, &log)?;
    let (rows, document) = (workplace.file("requests.csv"), workplace.file("run.json"));
    let mut command = Command::new(&program);
    command
        .args(["--url", &service.url, "--api-key", "", "--quiet"])
        .args(["--threads", &step.users.to_string()])
        .args(["--ramp-up", &step.ramp_up().to_string()])
        .args(["--duration", &step.hold.as_secs_f64().to_string()])
        .arg("--csv")
        .arg(&rows)
        .arg("--json")
        .arg(&document)
        .arg("--no-html")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if step.user_clock {
        command.arg("--user-clock");
    }
    step.condition
        .spawn(&mut command, |client| client.wait().map(drop))?;
    service.stop()?;
    let document: Value = serde_json::from_slice(&fs::read(&document)?)?;
    let summary = &document["summary"];
    let itl = &summary["itl_ms"];
    let figure = |name: &str| itl[name].as_f64().unwrap_or_default();
    let itl = Spread {
        p50: figure("p50"),
        p99: figure("p99"),
        max: figure("max"),
    };
    let errors = compare(&fs::read(&rows)?, itl, &fs::read(&log)?);
    Ok(outcome(step, summary, errors))
}

fn outcome(step: &Step, summary: &Value, errors: Option<Errors>) -> Graded {
    let client = &summary["client"];
    let reasons = summary["verdict"]["reasons"].as_array();
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
        reasons: reasons
            .into_iter()
            .flatten()
            .map(|reason| text(&reason["id"]))
            .collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The simulated service in a process of its own.
struct Service {
    process: Child,
    url: String,
}

impl Service {
    fn start(program: &Path, step: &Step, log: &Path) -> io::Result<Self> {
        let itl = format!("{}us", step.itl.as_micros());
        let mut process = Command::new(program)
            .args(["--lang", "en", "mock", "--port", "0", "--itl", &itl])
            .args(["--ttft", &TTFT_MS.to_string()])
            .args(["--tokens", &step.tokens().to_string()])
            .arg("--log")
            .arg(log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let greeting = process.stdout.take().map(BufReader::new);
        let url = greeting.and_then(|mut greeting| {
            let mut lines = String::new();
            while greeting.read_line(&mut lines).ok()? > 0 {
                if let Some(url) = lines.split_whitespace().find(|word| {
                    word.starts_with("http://") && word.ends_with("/v1/chat/completions")
                }) {
                    return Some(url.to_owned());
                }
            }
            None
        });
        match url {
            Some(url) => Ok(Self { process, url }),
            None => Err(io::Error::other("the simulated service does not start")),
        }
    }

    /// Ends it as Ctrl-C does, so that it completes its log.
    fn stop(mut self) -> io::Result<()> {
        condition::terminate(&self.process);
        self.process.wait().map(drop)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails where it has been stopped.
        let _ = self.process.kill();
    }
}
