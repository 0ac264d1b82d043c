//! One request with its instants, outcome and metrics ([`RequestRecord`]), and [`Sample`], the one
//! event type between the users' threads and the collector.
//!
//! A missing value is `None`, never 0. Durations are monotonic; code that shows or stores a
//! duration rounds it to whole microseconds by [`crate::clock::micros`].

mod outcome;
mod sample;
mod span;
mod tokens;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Stamp;

pub use outcome::{Failure, FailureKind, Outcome, StopResult};
pub use sample::{EventKind, EventRecord, Micros, Progress, Sample, SoFar};
pub use span::SpanRecord;
pub use tokens::{TokenCount, TokenSource, Usage};
pub(crate) use words::words;

/// The instants of one request; `None` for a stage that the request did not reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instants {
    /// The planned start; `None` for requests that start as soon as their user is free.
    pub scheduled: Option<Stamp>,
    /// The start of the first attempt, before DNS, connect and TLS.
    pub start: Stamp,
    /// The last byte of the (last attempt's) request was handed to the socket.
    pub sent: Option<Stamp>,
    /// The first byte of the response's status line, after decryption.
    pub first_byte: Option<Stamp>,
    /// The response's headers were complete.
    pub headers: Option<Stamp>,
    /// The first byte of the body.
    pub first_body: Option<Stamp>,
    /// The first SSE block of any kind, keep-alives included.
    pub first_event: Option<Stamp>,
    /// The first event with generated text: reasoning, answer or tool call, whichever comes first.
    pub first_token: Option<Stamp>,
    /// The first event with answer text.
    pub first_answer: Option<Stamp>,
    /// The last event with generated text.
    pub last_token: Option<Stamp>,
    /// The last SSE block.
    pub last_event: Option<Stamp>,
    /// The stream is over: read to its end, failed, or cut.
    pub end: Stamp,
}

words! {
    /// The part of a run that a request belongs to, by its start.
    #[derive(Default)]
    pub enum Phase {
        /// While users are being started.
        #[default]
        Ramp: "ramp",
        /// With all users started.
        Hold: "hold",
    }
}

words! {
    /// The clock that stamped a request's arrivals.
    #[derive(Default)]
    pub enum ClockSource {
        /// The kernel's receive timestamps, at every read.
        Kernel: "kernel",
        /// The moment `read` returned, at one read at least.
        #[default]
        User: "user",
    }
}

/// The connection that carried a request's last attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Whether the connection had carried an earlier request; `None` without a connection.
    pub reused: Option<bool>,
    /// The address of the server.
    pub server_addr: Option<SocketAddr>,
    /// Time of the name resolution; `None` if no name was resolved.
    pub dns: Option<Duration>,
    /// Time of the TCP connect; `None` on a reused connection.
    pub connect: Option<Duration>,
    /// Time of the TLS handshake; `None` on a reused connection and without TLS.
    pub tls: Option<Duration>,
}

/// A request's place in a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Running number of the conversation in the run, from 1.
    pub conversation: u64,
    /// Number of the request in the conversation, from 1.
    pub turn: u32,
}

/// The query and the key of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Number of the query in its file, from 1; `None` for `--query`.
    pub query_index: Option<usize>,
    /// The query, whole.
    pub query: Arc<str>,
    /// Number of the key in its file, from 1; `None` for `--api-key`.
    pub key_index: Option<usize>,
    /// The masked API key; empty if none was sent.
    pub masked_key: Arc<str>,
}

/// The gaps between the chunks of one request, summed up. Values in whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItlSummary {
    /// Mean, in microseconds.
    pub mean: f64,
    /// Median, in microseconds.
    pub p50: f64,
    /// 99th percentile, in microseconds.
    pub p99: f64,
    /// The longest stall, in microseconds.
    pub max: u64,
    /// When the (first) longest stall began.
    pub max_from: Stamp,
}

/// All data of one request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Running number of the request in the run, from 1.
    pub request: u64,
    /// Number of the user, from 1.
    pub user: u32,
    /// The part of the run to which the request belongs.
    pub phase: Phase,
    /// The stage of the load, from 1; `None` if the load has no stages.
    pub stage: Option<u32>,
    /// The place in a conversation; `None` without conversations.
    pub turn: Option<Turn>,
    /// The query and the key.
    pub sent: Sent,
    /// The request's instants.
    pub instants: Instants,
    /// The request's outcome.
    pub outcome: Outcome,
    /// The result of the request that stops the answer; `None` unless the user left, and the service
    /// has such a request.
    pub stop: Option<StopResult>,
    /// HTTP status of the last attempt.
    pub http_status: Option<u16>,
    /// The connection of the last attempt.
    pub connection: Connection,
    /// Number of attempts, from 1.
    pub attempts: u32,
    /// Time spent waiting between attempts.
    pub retry_wait: Duration,
    /// How often a reused connection turned out closed and the request went out again on a new one.
    pub reconnects: u32,
    /// Events that carried generated text.
    pub chunks: u64,
    /// Events whose generated text was empty, such as the first of a stream, with the role alone.
    pub empty_deltas: u64,
    /// Events that arrived in one read with later events: their stamp is an upper bound.
    pub coalesced: u64,
    /// Chunks that arrived in one read with later chunks.
    pub coalesced_chunks: u64,
    /// Bytes of the body that were read, transfer coding removed.
    pub bytes: u64,
    /// Characters (Unicode scalar values) of answer text.
    pub answer_chars: u64,
    /// Output tokens, estimated from the chunks' text.
    pub estimated_tokens: u64,
    /// How output tokens are counted.
    pub token_count: TokenCount,
    /// Output tokens by a tokenizer, once the tokenizer has counted them.
    pub tokenized: Option<u64>,
    /// The generated text for a tokenizer: a piece for each stretch of reasoning, answer or tool
    /// call.
    pub generated: Vec<String>,
    /// Token counts of the server.
    pub usage: Usage,
    /// Whether a count of the server was implausible, and is ignored.
    pub implausible_usage: bool,
    /// The gaps between chunks; `None` with fewer than 2 chunks.
    pub itl: Option<ItlSummary>,
    /// Why the model stopped, in the server's word.
    pub finish_reason: Option<String>,
    /// The server's id of the conversation.
    pub conversation_id: Option<String>,
    /// The server's id of the message (or response).
    pub message_id: Option<String>,
    /// The spans of the service's work that the stream reported, in the order of their starts.
    pub spans: Vec<SpanRecord>,
    /// The clock of the arrivals.
    pub clock: ClockSource,
    /// The client's largest lag: a read's return − the kernel's arrival of the read's newest byte;
    /// `None` without kernel timestamps.
    pub client_lag: Option<Duration>,
    /// The most by which the stamps of coalesced events, and of events that waited with them, may
    /// be too late; `None` without such events.
    pub uncertainty: Option<Duration>,
    /// The most by which TTFB may be too long; `None` unless the head shared its read with the body.
    pub ttfb_uncertainty: Option<Duration>,
    /// The most by which TTFT may be too long by its read; `None` if the first token's stamp is exact.
    pub ttft_uncertainty: Option<Duration>,
    /// How long the user's thread was ready to run, but waited for a processor; `None` where the
    /// system does not tell.
    pub run_queue_wait: Option<Duration>,
    /// Run-queue wait until the request was sent; TTFT is too long by this much.
    pub send_delay: Option<Duration>,
}

impl RequestRecord {
    /// A request that starts at `start`. Its outcome is `Cancelled` until another is known.
    #[must_use]
    pub fn begin(request: u64, user: u32, phase: Phase, sent: Sent, start: Stamp) -> Self {
        Self {
            request,
            user,
            phase,
            sent,
            instants: Instants {
                start,
                end: start,
                ..Instants::default()
            },
            attempts: 1,
            ..Self::default()
        }
    }

    /// Time from the request's start to one of its instants.
    pub(crate) fn since_start(&self, instant: Option<Stamp>) -> Option<Duration> {
        instant.map(|at| at.since(self.instants.start))
    }

    /// TTFB: first byte of the response − start.
    #[must_use]
    pub fn ttfb(&self) -> Option<Duration> {
        self.since_start(self.instants.first_byte)
    }

    /// TTFT: first token − start.
    #[must_use]
    pub fn ttft(&self) -> Option<Duration> {
        self.since_start(self.instants.first_token)
    }

    /// TTFA: first answer token − start.
    #[must_use]
    pub fn ttfa(&self) -> Option<Duration> {
        self.since_start(self.instants.first_answer)
    }

    /// The share of TTFT, 0 to 1, that had passed when the first span began in which a model
    /// generates text; `None` without TTFT or such a span. 1 where the first text came earlier.
    #[must_use]
    pub fn before_model_share(&self) -> Option<f64> {
        let ttft = self.ttft().filter(|ttft| !ttft.is_zero())?;
        let models = self.spans.iter().filter(|span| span.model);
        let first = models.filter_map(|span| span.start).min()?;
        let before = first.since(self.instants.start);
        Some(before.min(ttft).as_secs_f64() / ttft.as_secs_f64())
    }

    /// Response time: end − start, of a request that succeeded.
    #[must_use]
    pub fn response_time(&self) -> Option<Duration> {
        (self.outcome == Outcome::Ok).then(|| self.instants.end.since(self.instants.start))
    }

    /// Streaming time: last SSE block − first byte of the body.
    #[must_use]
    pub fn streaming_time(&self) -> Option<Duration> {
        Some(self.instants.last_event?.since(self.instants.first_body?))
    }

    /// Trailing time: end − last SSE block, of a request that succeeded.
    #[must_use]
    pub fn trailing_time(&self) -> Option<Duration> {
        self.response_time()?;
        Some(self.instants.end.since(self.instants.last_event?))
    }

    /// Output tokens and their source: a tokenizer's count, the server's usage, or the estimate;
    /// one for each chunk if `token_count` says so. A usage of 0 does not count if text came.
    /// `None` without usage and chunks.
    #[must_use]
    pub fn output_tokens(&self) -> Option<(u64, TokenSource)> {
        if let Some(n) = self.tokenized {
            return Some((n, TokenSource::Tokenizer));
        }
        match (self.token_count, self.usage.completion) {
            (TokenCount::Usage, Some(n)) if n > 0 || self.chunks == 0 => {
                Some((n, TokenSource::Usage))
            }
            _ if self.chunks == 0 => None,
            (TokenCount::Events, _) => Some((self.chunks, TokenSource::Events)),
            _ => Some((self.estimated_tokens, TokenSource::Estimate)),
        }
    }

    /// Of the model spans whose text came: output tokens, gaps between tokens, and time from first to
    /// last chunk. `None` without such spans, or if one does not tell its tokens.
    pub(crate) fn streamed(&self) -> Option<(u64, u64, Duration)> {
        let models = self.spans.iter().filter(|span| span.model);
        let mut came = models.filter_map(|span| Some((span.tokens, span.text?)));
        let sum = came.try_fold((0, 0, Duration::ZERO), |sum, (tokens, (first, last))| {
            let gaps = tokens?.saturating_sub(1);
            Some((sum.0 + tokens?, sum.1 + gaps, sum.2 + last.since(first)))
        });
        sum.filter(|(tokens, ..)| *tokens > 0)
    }

    /// Whether TPOT mixes models: several ran, and their spans do not tell the tokens of the text.
    #[must_use]
    pub fn mixes_models(&self) -> bool {
        let models = self.spans.iter().filter(|span| span.model).count();
        models > 1 && self.chunks > 0 && self.streamed().is_none()
    }

    /// TPOT: (last token − first token) / (n − 1), n output tokens; `None` for n < 2, and where all
    /// text arrived at one instant. Where spans tell the tokens of the text, the sum of their times
    /// from first to last chunk, divided by the sum of their gaps.
    /// Precise to nanoseconds per token; `sse-perf help metrics` tells how TPOT differs from ITL.
    #[must_use]
    pub fn tpot(&self) -> Option<Duration> {
        let (n, source) = self.output_tokens()?;
        let streamed = self.streamed();
        let streamed = streamed.filter(|of| (of.0, TokenSource::Usage) == (n, source));
        let (_, gaps, span) = streamed.or_else(|| {
            let span = self.instants.last_token?.since(self.instants.first_token?);
            Some((n, n.checked_sub(1)?, span))
        })?;
        let span = Some(span).filter(|span| !span.is_zero())?.as_nanos();
        let nanos = u64::try_from(span.checked_div(gaps.into())?).ok()?;
        Some(Duration::from_nanos(nanos))
    }

    /// Tokens per second: n / streaming time; `None` where that is 0, and where no text came.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let (n, _) = self.output_tokens().filter(|_| self.chunks > 0)?;
        let seconds = self.streaming_time()?.as_secs_f64();
        (seconds > 0.0).then(|| n as f64 / seconds)
    }
}

#[cfg(test)]
mod tests;
