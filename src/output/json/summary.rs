//! The summary of a run in its JSON: every figure that the final statistics show.

use std::time::Duration;

use serde::Serialize;

use super::client::{ClientJson, VerdictJson};
use super::spans::SpanJson;
use crate::clock::{Stamp, micros};
use crate::stats::{
    FailureSummary, Histogram, OutputTokens, Statistics, Summary, TokenMix, TurnSummary,
};

/// The figures whose percentiles are always taken from histograms.
const FROM_HISTOGRAMS: [&str; 4] = ["itl_ms", "lag_ms", "send_delay_ms", "late_start_ms"];

/// The figures of nodes, whose percentiles are those of histograms where runs were merged.
pub(super) const NODE_FIGURES: [&str; 3] = ["client_ms", "server_ms", "before_model_percent"];

pub(super) fn seconds(duration: Duration) -> f64 {
    micros(duration) as f64 / 1_000_000.0
}

fn at_s(at: Stamp) -> f64 {
    seconds(at.since(Stamp::ZERO))
}

#[derive(Serialize)]
pub(super) struct SummaryJson<'a> {
    users_planned: Option<u32>,
    users_started: u64,
    ramp_up_s: Option<f64>,
    planned_duration_s: Option<f64>,
    duration_s: Option<f64>,
    first_start_s: Option<f64>,
    last_end_s: Option<f64>,
    requests: u64,
    ok: u64,
    failed: u64,
    cancelled: u64,
    abandoned: u64,
    success_rate: Option<f64>,
    failures: Vec<FailureJson<'a>>,
    retries: u64,
    retry_wait_s: f64,
    reconnects: u64,
    chunks: u64,
    coalesced: u64,
    bytes: u64,
    answer_chars: u64,
    output_tokens: OutputTokensJson,
    prompt_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    total_tokens: Option<u64>,
    response_time_sum_s: Option<f64>,
    system_throughput_tokens_per_s: Option<f64>,
    rps: Option<f64>,
    ttfb_ms: Option<Statistics>,
    ttfe_ms: Option<Statistics>,
    ttft_ms: Option<Statistics>,
    ttfa_ms: Option<Statistics>,
    tpot_ms: Option<Statistics>,
    itl_ms: Option<Statistics>,
    response_ms: Option<Statistics>,
    connect_ms: Option<Statistics>,
    tokens_per_s: Option<Statistics>,
    output_tokens_per_request: Option<Statistics>,
    /// Names of the figures whose percentiles are at most 0.5% off.
    approximate_percentiles: Vec<&'static str>,
    turns: Vec<TurnJson>,
    spans: Vec<SpanJson<'a>>,
    spans_left_out: u64,
    /// Percent of TTFT that had passed when the first span with a model began.
    before_model_percent: Option<Statistics>,
    /// The same in thousandths of a percent.
    before_model_histogram: &'a Histogram,
    client: Option<ClientJson>,
    verdict: Option<VerdictJson>,
}

impl<'a> SummaryJson<'a> {
    pub(super) fn of(summary: &'a Summary) -> Self {
        Self {
            users_planned: summary.plan.as_ref().map(|plan| plan.users()),
            users_started: summary.users_started,
            ramp_up_s: summary.plan.as_ref().map(|plan| seconds(plan.ramp_up())),
            planned_duration_s: summary.planned_duration().map(seconds),
            duration_s: summary.duration().map(seconds),
            first_start_s: summary.first_start.map(at_s),
            last_end_s: summary.last_end.map(at_s),
            requests: summary.requests(),
            ok: summary.ok,
            failed: summary.failed(),
            cancelled: summary.cancelled,
            abandoned: summary.abandoned,
            success_rate: summary.success_rate(),
            failures: summary.failures.iter().map(FailureJson::of).collect(),
            retries: summary.retries,
            retry_wait_s: seconds(summary.retry_wait),
            reconnects: summary.reconnects,
            chunks: summary.chunks,
            coalesced: summary.coalesced,
            bytes: summary.bytes,
            answer_chars: summary.answer_chars,
            output_tokens: OutputTokensJson::of(&summary.output_tokens),
            prompt_tokens: summary.prompt_tokens,
            cached_tokens: summary.cached_tokens,
            reasoning_tokens: summary.reasoning_tokens,
            total_tokens: summary.total_tokens,
            response_time_sum_s: summary.response_time_sum.map(seconds),
            system_throughput_tokens_per_s: summary.system_throughput(),
            rps: summary.rps(),
            ttfb_ms: summary.ttfb,
            ttfe_ms: summary.ttfe,
            ttft_ms: summary.ttft,
            ttfa_ms: summary.ttfa,
            tpot_ms: summary.tpot,
            itl_ms: summary.itl,
            response_ms: summary.response,
            connect_ms: summary.connect,
            tokens_per_s: summary.tokens_per_s,
            output_tokens_per_request: summary.tokens_per_request,
            approximate_percentiles: approximate_percentiles(summary.spans.approximate),
            turns: summary.turns.iter().map(TurnJson::of).collect(),
            spans: summary.spans.spans.iter().map(SpanJson::of).collect(),
            spans_left_out: summary.spans.left_out,
            before_model_percent: summary.spans.before_model.statistics,
            before_model_histogram: &summary.spans.before_model.histogram,
            client: summary.client.as_ref().map(ClientJson::of),
            verdict: summary.verdict.as_ref().map(VerdictJson::of),
        }
    }
}

fn approximate_percentiles(nodes: bool) -> Vec<&'static str> {
    let of_nodes = NODE_FIGURES.into_iter().filter(|_| nodes);
    FROM_HISTOGRAMS.into_iter().chain(of_nodes).collect()
}

#[derive(Serialize)]
struct FailureJson<'a> {
    kind: &'static str,
    count: u64,
    first_seen_s: f64,
    detail: &'a str,
}

impl<'a> FailureJson<'a> {
    fn of(failures: &'a FailureSummary) -> Self {
        Self {
            kind: failures.kind.name(),
            count: failures.count,
            first_seen_s: at_s(failures.first_seen),
            detail: &failures.detail,
        }
    }
}

/// The requests of one turn of conversations.
#[derive(Serialize)]
struct TurnJson {
    turn: u64,
    ok: u64,
    failed: u64,
    ttft_ms: Option<Statistics>,
}

impl TurnJson {
    fn of(turn: &TurnSummary) -> Self {
        Self {
            turn: turn.turn,
            ok: turn.ok,
            failed: turn.failed,
            ttft_ms: turn.ttft,
        }
    }
}

#[derive(Serialize)]
struct OutputTokensJson {
    total: Option<u64>,
    source: Option<&'static str>,
    usage: u64,
    usage_requests: u64,
    estimate: u64,
    estimate_requests: u64,
    events: u64,
    events_requests: u64,
    tokenizer: u64,
    tokenizer_requests: u64,
}

impl OutputTokensJson {
    fn of(tokens: &OutputTokens) -> Self {
        Self {
            total: tokens.total(),
            source: tokens.mix().map(TokenMix::name),
            usage: tokens.usage,
            usage_requests: tokens.usage_requests,
            estimate: tokens.estimate,
            estimate_requests: tokens.estimate_requests,
            events: tokens.events,
            events_requests: tokens.events_requests,
            tokenizer: tokens.tokenizer,
            tokenizer_requests: tokens.tokenizer_requests,
        }
    }
}
