//! Runs and requests to be shown.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use time::macros::datetime;

use crate::clock::Stamp;
pub(super) use crate::clock::tests::ms;
use crate::load::Load;
use crate::load::tests::load;
use crate::metrics::{
    self, CACHED_TOKENS, CHUNKS, Metric, PROMPT_TOKENS, REASONING_TOKENS, RECONNECTS, RETRY_WAIT,
};
use crate::output::console::{Banner, Closing, Origin};
use crate::output::{FileKind, RunInfo, csv, json};
use crate::record::{
    Connection, FailureKind, Outcome, Phase, RequestRecord, Sample, Sent, SoFar, TokenSource,
};
use crate::stats::{
    Evidence, FailureSummary, LiveLine, OutputTokens, RunStats, Statistics, Summary, judge,
};
use crate::text::Message;
use crate::workload::Order;

/// A run that started at a literal time.
pub(super) static RUN: LazyLock<RunInfo> = LazyLock::new(|| RunInfo {
    run_id: "r1".to_owned(),
    label: None,
    client_host: None,
    target: "http://localhost:80/v1/chat-messages".to_owned(),
    protocol: "dify-chat".to_owned(),
    model: None,
    started: datetime!(2026-01-02 03:04:05.678 +8),
});

/// The run with a model and a label.
pub(super) fn labelled() -> RunInfo {
    RunInfo {
        model: Some("qwen-max".to_owned()),
        label: Some("nightly".to_owned()),
        ..RUN.clone()
    }
}

/// How long users send after the ramp-up, in seconds, and how many requests.
pub(super) type Limit = (Option<f64>, Option<u64>);

pub(super) const ONCE: Limit = (None, None);
pub(super) const TIMED: Limit = (Some(60.0), None);

/// A load that is shown in a banner: it lives as long as the test.
pub(super) fn plan(users: u32, ramp_up: f64, (hold, requests): Limit) -> &'static Load {
    Box::leak(Box::new(load(users, ramp_up, hold, requests)))
}

pub(super) fn banner(plan: &Load) -> Banner<'_> {
    Banner {
        version: "0.1.0",
        run: &RUN,
        plan,
        turns: 1,
        think_time: None,
        leaving: None,
        seed: 7,
        timeout: Duration::from_secs(60),
        grace: Duration::from_millis(2_500),
        queries: Origin::Single("你是谁"),
        order: &Order::Sequential,
        unique: false,
        keys: Origin::Single("app-****wxyz"),
        files: &[],
        tokenizer: None,
        warnings: &[],
    }
}

pub(super) fn files() -> [(&'static FileKind, &'static Path); 2] {
    [
        (&csv::KIND, "report/requests_20260102_030405.csv"),
        (&json::KIND, "report/run_20260102_030405.json"),
    ]
    .map(|(kind, path)| (kind, Path::new(path)))
}

pub(super) fn warnings() -> [Message; 2] {
    [
        Message::new("cannot read data/keys.txt: No such file or directory; --api-key is used"),
        Message::new("the open files' limit was raised from 1024 to 20064 \x1b[2Jfor 10000 users"),
    ]
}

/// Second, users, chunks, figures, tokens per second and requests per second.
type Line = (u64, u64, u64, [Option<f64>; 4], u64, u64);

pub(super) fn live_lines() -> Vec<LiveLine> {
    let usual = [1_201.125, 20.05, 1.0, 201.3].map(Some);
    let huge = [599_999.994, 59_999.5, 0.999_999, 123_456.78].map(Some);
    let line = |(second, users, chunks, figures, tokens_per_s, rps): Line| LiveLine {
        second,
        active: users,
        total_users: users,
        chunks,
        mean_response_ms: figures[0],
        mean_tpot_ms: figures[1],
        success_rate: figures[2],
        ttft_ms: figures[3],
        tokens_per_s,
        rps,
        lag_p99_ms: None,
    };
    let lines = [
        (0, 2, 0, [None; 4], 0, 0),
        (1, 10, 412, usual, 498, 8),
        (359_998, 10_000, 987_654_321, huge, 1_234_567, 12_345),
    ];
    lines.map(line).into()
}

pub(super) fn so_far(at: u64, chunks: u64, text: &str) -> Sample {
    Sample::SoFar(SoFar {
        at: ms(at),
        chunks,
        tokens: 2 * chunks,
        ttft: Duration::from_millis(200),
        since_first_token: ms(at).since(ms(210)),
        text: text.to_owned(),
    })
}

pub(super) fn request() -> RequestRecord {
    let sent = Sent {
        query: "你是谁".into(),
        masked_key: "app-****wxyz".into(),
        ..Sent::default()
    };
    let mut request = RequestRecord::begin(1, 1, Phase::Hold, sent, ms(10));
    request.connection = Connection {
        reused: Some(false),
        dns: Some(Duration::from_micros(512)),
        connect: Some(Duration::from_micros(123)),
        ..Connection::default()
    };
    request.instants.end = ms(12);
    request
}

pub(super) fn answered() -> RequestRecord {
    let mut request = request();
    request.outcome = Outcome::Ok;
    request.http_status = Some(200);
    request.instants.first_byte = Some(Stamp::from_micros(22_345));
    request.instants.first_body = Some(ms(100));
    request.instants.first_token = Some(ms(210));
    request.instants.first_answer = Some(ms(210));
    request.instants.last_token = Some(ms(1_200));
    request.instants.last_event = Some(ms(1_205));
    request.instants.end = Stamp::from_micros(1_206_001);
    request.chunks = 60;
    request.estimated_tokens = 120;
    request.answer_chars = 321;
    request.conversation_id = Some("6f1c8e0a-9d5e-4a53-8f9e-2f3d5ce1b7aa".to_owned());
    request.message_id = Some("c\x1b]0;evil\x07-1".to_owned());
    request
}

pub(super) fn head() -> Sample {
    Sample::Head {
        status: 200,
        ttfb: Some(Duration::from_micros(12_345)),
    }
}

pub(super) fn statistics(count: u64, scale: f64) -> Statistics {
    Statistics {
        count,
        mean: 1.234_5 * scale,
        std_dev: (count > 1).then_some(0.5 * scale),
        min: 0.1 * scale,
        p50: scale,
        p90: 2.0 * scale,
        p95: 2.5 * scale,
        p99: 3.0 * scale,
        max: 4.321 * scale,
    }
}

/// Output tokens: source, tokens, requests.
pub(super) fn tokens(sources: &[(TokenSource, u64, u64)]) -> OutputTokens {
    let mut all = OutputTokens::default();
    for (source, tokens, requests) in sources {
        all.add(*source, *tokens, *requests);
    }
    all
}

/// The summary with other sums, and other statistics: metric, count, scale.
pub(super) fn with(
    mut summary: Summary,
    sums: &[(Metric, u64)],
    measured: &[(&str, u64, f64)],
) -> Summary {
    for (metric, sum) in sums {
        summary.sums[*metric] = Some(*sum);
    }
    for (id, count, scale) in measured {
        summary.statistics[metrics::named(id)] = Some(statistics(*count, *scale));
    }
    summary
}

/// A summary without a single request.
pub(super) fn summary(plan: &Load) -> Summary {
    RunStats::default().summary(Some(plan), false)
}

/// A summary of a usual run.
pub(super) fn usual() -> Summary {
    let tokens = tokens(&[(TokenSource::Usage, 60_000, 1_200)]);
    let usual = Summary {
        users_started: 100,
        first_start: Some(ms(1)),
        last_end: Some(Stamp::from_micros(71_235_001)),
        ok: 1_200,
        output_tokens: tokens,
        ok_tokens: tokens,
        response_time_sum: Some(Duration::from_micros(3_600_123_456)),
        verdict: Some(judge(&Evidence::default())),
        ..summary(plan(100, 10.0, TIMED))
    };
    let sums = [(CHUNKS, 61_234), (PROMPT_TOKENS, 14_400)];
    let measured = [
        ("ttfb", 1_200, 20.0),
        ("ttft", 1_200, 201.0),
        ("tpot", 1_200, 19.5),
        ("itl", 60_034, 18.0),
        ("response", 1_200, 2_999.0),
        ("tokens_per_s", 1_200, 50.0),
    ];
    with(usual, &sums, &measured)
}

pub(super) fn failing() -> Summary {
    use FailureKind::{Connect, Empty, HttpStatus, TimeoutResponse};
    let failure = |kind, count, at, detail: &str| FailureSummary {
        kind,
        count,
        first_seen: ms(at),
        detail: detail.to_owned(),
    };
    let body = "{\"code\":\"too_many_requests\",\"message\":\"Too many requests. Please try again \
                later. The current maximum concurrent requests allowed is 100.\",\"status\":429}";
    let failing = Summary {
        users_started: 98,
        failure_groups: vec![
            failure(
                HttpStatus,
                1_020,
                34,
                &format!("HTTP 429: {body}\n\x1b[31m"),
            ),
            failure(HttpStatus, 12, 51, "HTTP 502: <html> bad gateway"),
            failure(
                TimeoutResponse,
                12,
                60_104,
                "no response head within the timeout",
            ),
            failure(Connect, 3, 7, "Connection refused (os error 111)"),
            failure(Empty, 2, 90_000, ""),
        ],
        cancelled: 4,
        abandoned: 1,
        retries: 9,
        output_tokens: tokens(&[
            (TokenSource::Usage, 50_000, 1_000),
            (TokenSource::Estimate, 9_000, 200),
        ]),
        ..usual()
    };
    let sums = [
        (RETRY_WAIT, 1_250_000),
        (RECONNECTS, 2),
        (CACHED_TOKENS, 3_000),
        (REASONING_TOKENS, 777),
    ];
    let measured = [("ttfa", 1_200, 15_000.0), ("response", 1_200, 29_999.0)];
    with(failing, &sums, &measured)
}

pub(super) fn closing<'a>(
    files: &'a [(&'static FileKind, &'a Path)],
    warnings: &'a [Message],
) -> Closing<'a> {
    Closing {
        files,
        warnings,
        ..Closing::default()
    }
}
