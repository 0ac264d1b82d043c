//! Runs for the report: always the same, saved as a run saves them, and made into pages by the
//! binary.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use sse_perf::clock::{Stamp, micros};
use sse_perf::load::Load;
use sse_perf::output::about::About;
use sse_perf::output::csv::RequestsCsv;
use sse_perf::output::host::Host;
use sse_perf::output::waterfall::{Bar, Waterfall};
use sse_perf::output::{Format as _, Results, RunInfo, json};
use sse_perf::record::{
    Connection, Failure, FailureKind, Instants, ItlSummary, Outcome, Phase, Progress,
    RequestRecord, Sample, Sent,
};
use sse_perf::stats::RunStats;
use sse_perf::text::Message;
use time::macros::datetime;

use crate::directory::Directory;
use crate::workflow::hostile_nodes;

/// A run and its texts from outside.
pub struct Run {
    /// Its requests.
    pub requests: Vec<RequestRecord>,
    /// Text that a server or a user may have chosen: label, model, and so on.
    pub foreign: Option<String>,
    /// Whether its JSON is there.
    pub whole: bool,
}

/// The page of a run, in a directory with the run's files.
pub struct Page {
    /// The directory.
    pub directory: Directory,
}

impl Page {
    /// The page itself.
    pub fn path(&self) -> PathBuf {
        self.directory.file("page.html")
    }

    /// Its text.
    pub fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("a page")
    }

    /// The rows of the run.
    pub fn rows(&self) -> Vec<std::collections::BTreeMap<String, String>> {
        let file = self.directory.file("requests_fixed.csv");
        let mut reader = csv::Reader::from_path(file).expect("a CSV");
        let rows = reader.deserialize();
        rows.map(|row| row.expect("a row")).collect()
    }
}

impl Run {
    /// A run of these requests.
    pub fn of(requests: Vec<RequestRecord>) -> Self {
        Self {
            requests,
            foreign: None,
            whole: true,
        }
    }

    /// Saves the run, and lets the binary make its page.
    pub fn page(&self) -> Page {
        let directory = Directory::new();
        let about = self.about();
        let mut rows = RequestsCsv::default();
        let mut csv = rows.begin(&about);
        let (mut stats, mut waterfall) = (RunStats::default(), Waterfall::default());
        for user in 1..=8 {
            let at = Stamp::from_micros(u64::from(user) * 250_000);
            stats.on(&Sample::UserStarted {
                user,
                at,
                late: Duration::ZERO,
            });
        }
        for request in &self.requests {
            waterfall.add(Bar::of(request));
            for sample in progress(request) {
                stats.on(&sample);
            }
            let sample = Sample::Finished(Box::new(request.clone()));
            rows.sample(&sample, &mut csv);
            stats.on(&sample);
        }
        let summary = stats.summary(about.plan.as_ref(), false);
        let results = Results::of_run(&about, 8, &summary, &stats, &waterfall);
        fs::write(directory.file("requests_fixed.csv"), csv).expect("a file");
        if self.whole {
            let json = json::render(&about, Some(&results));
            fs::write(directory.file("run_fixed.json"), json).expect("a file");
        }
        let made = Command::new(env!("CARGO_BIN_EXE_sse-perf"))
            .args(["report", "requests_fixed.csv", "-o", "page.html"])
            .current_dir(&directory.0)
            .env_clear()
            .env("LANG", "C")
            .output()
            .expect("the binary runs");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
        Page { directory }
    }

    fn about(&self) -> About {
        let foreign = |usual: &str| self.foreign.clone().unwrap_or_else(|| usual.to_owned());
        let host = Host {
            name: Some(foreign("box")),
            cores: Some(4),
            os: "linux".into(),
            arch: "x86_64".into(),
            kernel: Some(foreign("Linux 6.8.0")),
            open_files_soft: Some(1_024),
            open_files_hard: Some(1_024),
        };
        let warning = Message::new("warning.query_instead")
            .with("reason", "queries.txt is empty")
            .with("used", foreign("hello"));
        let load = json!({
            "users": 8, "ramp_up_s": 2.0, "duration_s": 26.0, "requests": null,
        });
        About {
            run: RunInfo {
                run_id: "3f9a01c2".into(),
                label: Some(foreign("nightly")),
                client_host: Some(foreign("box")),
                target: foreign("http://127.0.0.1:8080/v1/chat-messages"),
                protocol: "dify-chat".into(),
                model: Some(foreign("m-1")),
                started: datetime!(2026-02-03 04:05:06.700 +8),
            },
            version: Some("0.1.0".into()),
            config: Some(json!({"load": load})),
            command_line: Some(foreign("sse-perf --threads 8 --ramp-up 2 --duration 26")),
            host: Some(host),
            plan: Load::read(&load),
            warnings: vec![warning],
        }
    }
}

/// The chunks of a request, as far as the record tells: evenly spread.
fn progress(request: &RequestRecord) -> Vec<Sample> {
    let instants = &request.instants;
    let (Some(first), Some(last)) = (instants.first_token, instants.last_token) else {
        return Vec::new();
    };
    let gaps = request.chunks.saturating_sub(1);
    let gap = micros(last.since(first)) / gaps.max(1);
    (1..=gaps)
        .map(|n| {
            Sample::Progress(Progress {
                at: first + Duration::from_micros(gap * n),
                chunks: 1,
                tokens: 1,
                gaps: [gap].as_slice().into(),
                ..Progress::default()
            })
        })
        .collect()
}

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    /// A number from `low` to `high`.
    fn next(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) % (high - low + 1)
    }
}

/// Eight users for 28 seconds: some requests fail, some stall, some are cut, one is very slow.
pub fn usual() -> Vec<RequestRecord> {
    let mut numbers = Numbers(7);
    let mut requests = Vec::new();
    for user in 1..=8_u32 {
        let mut start = u64::from(user) * 250_000;
        while start < 28_000_000 {
            let request = request(user, start, &mut numbers);
            start = request.instants.end.as_micros() + 1_000;
            requests.push(request);
        }
    }
    requests.sort_by_key(|request| request.instants.end);
    for (number, request) in (1..).zip(&mut requests) {
        request.request = number;
    }
    requests
}

fn request(user: u32, start: u64, numbers: &mut Numbers) -> RequestRecord {
    let at = |micros: u64| Stamp::from_micros(start + micros);
    let query = numbers.next(1, 12);
    let key = numbers.next(1, 3);
    let sent = Sent {
        query_index: usize::try_from(query).ok(),
        query: format!("{query}. 为什么 TTFT 比总时间更重要？").into(),
        key_index: usize::try_from(key).ok(),
        masked_key: format!("app-***key{key}").into(),
    };
    let mut request = RequestRecord::begin(0, user, Phase::Hold, sent, at(0));
    let wait = numbers.next(150_000, 420_000);
    let chunks = numbers.next(20, 60);
    let gap = numbers.next(15_000, 25_000);
    let token = wait + 20_000;
    let stalls = numbers.next(1, 12) == 1;
    let stall = if stalls { 400_000 } else { gap };
    let last = token + gap * (chunks - 2) + stall;
    request.connection = Connection {
        reused: Some(start > 3_000_000),
        server_addr: "127.0.0.1:8080".parse().ok(),
        dns: None,
        connect: (start <= 3_000_000).then_some(Duration::from_micros(180)),
        tls: None,
    };
    request.attempts = if numbers.next(1, 25) == 1 { 2 } else { 1 };
    let waited = u64::from(request.attempts - 1) * 100_000;
    request.retry_wait = Duration::from_micros(waited);
    request.instants = Instants {
        start: at(0),
        sent: Some(at(waited + 400)),
        first_byte: Some(at(wait)),
        headers: Some(at(wait + 100)),
        first_body: Some(at(wait + 150)),
        first_event: Some(at(wait + 150)),
        first_token: Some(at(token)),
        first_answer: Some(at(token)),
        last_token: Some(at(last)),
        last_event: Some(at(last + 300)),
        end: at(last + 500),
        scheduled: None,
    };
    request.http_status = Some(200);
    (request.chunks, request.estimated_tokens) = (chunks, chunks);
    request.usage.completion = Some(chunks + 2);
    request.bytes = chunks * 180;
    request.itl = Some(ItlSummary {
        mean: (last - token) as f64 / (chunks - 1) as f64,
        p50: gap as f64,
        p99: stall as f64,
        max: stall,
        max_from: at(token + gap * 7),
    });
    request.outcome = match numbers.next(1, 40) {
        1 => {
            let detail = "503 Service Unavailable: overloaded";
            fail(&mut request, FailureKind::HttpStatus, detail);
            return request;
        }
        2 => Outcome::Failed(Failure::new(FailureKind::Truncated, "no terminal event")),
        3 => Outcome::Cancelled,
        _ => Outcome::Ok,
    };
    request
}

/// Turns a request into one that failed before its first token.
pub fn fail(request: &mut RequestRecord, kind: FailureKind, detail: &str) {
    let instants = &mut request.instants;
    instants.end = instants.headers.unwrap_or(instants.end);
    for instant in [
        &mut instants.first_body,
        &mut instants.first_event,
        &mut instants.first_token,
        &mut instants.first_answer,
        &mut instants.last_token,
        &mut instants.last_event,
    ] {
        *instant = None;
    }
    request.usage.completion = None;
    (request.chunks, request.estimated_tokens, request.itl) = (0, 0, None);
    request.http_status = Some(503);
    request.outcome = Outcome::Failed(Failure::new(kind, detail));
}

/// Text that breaks out of a page that does not escape it.
pub const HOSTILE: &str = "</script><script>document.title='owned'</script>\
    <img src=x onerror=\"document.title='owned'\">\"'`{{x}}<!--\u{202e}right-to-left\u{2066}\
    \u{0}\u{7}\u{2028}";

/// A run whose texts from outside are hostile, and long.
pub fn hostile() -> Run {
    let mut requests = usual();
    let long = format!("{HOSTILE}{}", "W".repeat(300));
    for (index, request) in requests.iter_mut().enumerate() {
        request.sent.query = format!("{index} {long}").into();
        request.sent.masked_key = HOSTILE.into();
        request.spans = hostile_nodes(request, index);
        if index % 5 == 0 {
            let kind = FailureKind::ALL[index / 5 % FailureKind::ALL.len()];
            let detail = format!("{long}{}", "A".repeat(1_000_000 / 50));
            fail(request, kind, &detail);
        }
    }
    Run {
        requests,
        foreign: Some(long),
        whole: true,
    }
}
