//! What one request was: its instants, its outcome and what came of them, with the per-request
//! metrics as methods that return `Option` ([`RequestRecord`]); and [`Sample`], the one event type
//! between the users' threads and the collector.
//!
//! Missing is `None`, never 0. Durations are monotonic; rounding to whole microseconds is done by
//! whoever shows or stores them, through [`crate::clock::micros`].

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Stamp;
use crate::text::Message;

/// The instants of one request. `None` where the request did not come that far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instants {
    /// When the plan wanted the request to start; `None` in closed loop.
    pub scheduled: Option<Stamp>,
    /// Just before anything is done for the first attempt: before DNS, connect and TLS.
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
    /// The first event with generated text, reasoning or answer.
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

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded, by every rule of METRICS.
    Ok,
    /// It failed; the service (or the way to it) is to blame.
    Failed(Failure),
    /// The run cut it: the deadline and its grace, or Ctrl-C. Enters no rate.
    Cancelled,
    /// The simulated user left on purpose. Enters no rate.
    Abandoned,
}

impl Outcome {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed(_) => "failed",
            Outcome::Cancelled => "cancelled",
            Outcome::Abandoned => "abandoned",
        }
    }

    /// The failure, where it is one.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Whether the request was completed, well or badly: what RPS and the success rate count.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Failed(_))
    }
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind, by which failures are counted.
    pub kind: FailureKind,
    /// What exactly, in English, keys masked: status and start of the body, the stream's error
    /// code and message, the system's error.
    pub detail: String,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }
}

/// The kinds of failure that METRICS tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The host's name could not be resolved.
    Dns,
    /// No connection: refused, unreachable, no free port.
    Connect,
    /// The TLS handshake failed, the certificate's check included.
    Tls,
    /// The request could not be written.
    Send,
    /// The server reset or closed the connection: before a response, or with a reset inside it.
    Reset,
    /// No connection within the connect timeout.
    TimeoutConnect,
    /// The request could not be written within the timeout.
    TimeoutSend,
    /// No complete response head within the timeout.
    TimeoutResponse,
    /// The stream was silent for longer than the timeout.
    TimeoutIdle,
    /// No further token within `--token-timeout`.
    TimeoutToken,
    /// The whole request took longer than `--max-time`.
    TimeoutTotal,
    /// The HTTP status was not 2xx.
    HttpStatus,
    /// The response is not an event stream.
    NotSse,
    /// HTTP framing or an event's JSON could not be understood.
    Malformed,
    /// The stream carried an error event.
    ErrorEvent,
    /// The stream ended without its terminal event, or inside its framing.
    Truncated,
    /// The stream ended well, but without a single token.
    Empty,
    /// An event was larger than `--max-event-bytes`.
    TooLarge,
}

impl FailureKind {
    /// All kinds, in METRICS' order.
    pub const ALL: [FailureKind; 18] = [
        FailureKind::Dns,
        FailureKind::Connect,
        FailureKind::Tls,
        FailureKind::Send,
        FailureKind::Reset,
        FailureKind::TimeoutConnect,
        FailureKind::TimeoutSend,
        FailureKind::TimeoutResponse,
        FailureKind::TimeoutIdle,
        FailureKind::TimeoutToken,
        FailureKind::TimeoutTotal,
        FailureKind::HttpStatus,
        FailureKind::NotSse,
        FailureKind::Malformed,
        FailureKind::ErrorEvent,
        FailureKind::Truncated,
        FailureKind::Empty,
        FailureKind::TooLarge,
    ];

    /// The word for it in CSV, JSON and on the screen, in every language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Dns => "dns",
            FailureKind::Connect => "connect",
            FailureKind::Tls => "tls",
            FailureKind::Send => "send",
            FailureKind::Reset => "reset",
            FailureKind::TimeoutConnect => "timeout_connect",
            FailureKind::TimeoutSend => "timeout_send",
            FailureKind::TimeoutResponse => "timeout_response",
            FailureKind::TimeoutIdle => "timeout_idle",
            FailureKind::TimeoutToken => "timeout_token",
            FailureKind::TimeoutTotal => "timeout_total",
            FailureKind::HttpStatus => "http_status",
            FailureKind::NotSse => "not_sse",
            FailureKind::Malformed => "malformed",
            FailureKind::ErrorEvent => "error_event",
            FailureKind::Truncated => "truncated",
            FailureKind::Empty => "empty",
            FailureKind::TooLarge => "too_large",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Token counts as the server gave them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt: Option<u64>,
    /// Tokens generated.
    pub completion: Option<u64>,
    /// Prompt tokens that came from a cache.
    pub cached: Option<u64>,
    /// Generated tokens that were reasoning.
    pub reasoning: Option<u64>,
}

impl Usage {
    /// Takes over what `newer` knows: usage may be spread over several events, the last one wins.
    pub fn update(&mut self, newer: Usage) {
        self.prompt = newer.prompt.or(self.prompt);
        self.completion = newer.completion.or(self.completion);
        self.cached = newer.cached.or(self.cached);
        self.reasoning = newer.reasoning.or(self.reasoning);
    }
}

/// Where a number of output tokens comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenSource {
    /// The server's own `usage`.
    Usage,
    /// Estimated from the text of the chunks.
    Estimate,
}

impl TokenSource {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TokenSource::Usage => "usage",
            TokenSource::Estimate => "estimate",
        }
    }
}

/// The part of a run that a request belongs to, by its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// While users are being started.
    Ramp,
    /// With all users started.
    Hold,
}

impl Phase {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Ramp => "ramp",
            Phase::Hold => "hold",
        }
    }
}

/// The clock that stamped a request's arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClockSource {
    /// The moment `read` returned.
    User,
}

impl ClockSource {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ClockSource::User => "user",
        }
    }
}

/// The connection that carried a request's last attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Whether it had carried a request before; `None` if there never was a connection.
    pub reused: Option<bool>,
    /// The server's address, as connected to.
    pub server_addr: Option<SocketAddr>,
    /// Time of the name resolution; `None` if none was needed.
    pub dns: Option<Duration>,
    /// Time of the TCP connect; `None` on a reused connection.
    pub connect: Option<Duration>,
    /// Time of the TLS handshake; `None` on a reused connection and without TLS.
    pub tls: Option<Duration>,
}

/// What was sent, as far as rows of results are told apart by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Number of the query in its file, from 1; `None` for `--query`.
    pub query_index: Option<usize>,
    /// The query, whole.
    pub query: Arc<str>,
    /// Number of the key in its file, from 1; `None` for `--api-key`.
    pub key_index: Option<usize>,
    /// The API key, masked already; empty where none was sent.
    pub masked_key: Arc<str>,
}

/// The gaps between the chunks of one request, summed up. Values in whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItlSummary {
    /// Mean, in microseconds.
    pub mean: f64,
    /// Median, in microseconds.
    pub p50: f64,
    /// 99th percentile, in microseconds.
    pub p99: f64,
    /// The longest stall, in microseconds.
    pub max: u64,
}

/// Everything that is kept about one request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRecord {
    /// Running number of the request in the run, from 1.
    pub request: u64,
    /// Number of the user, from 1.
    pub user: u32,
    /// The part of the run it belongs to.
    pub phase: Phase,
    /// What was sent.
    pub sent: Sent,
    /// When what happened.
    pub instants: Instants,
    /// What became of it.
    pub outcome: Outcome,
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
    /// Events that arrived in one read with later ones, so that their stamp is an upper bound.
    pub coalesced: u64,
    /// Bytes of the body, transfer coding removed.
    pub bytes: u64,
    /// Characters (Unicode scalar values) of answer text.
    pub answer_chars: u64,
    /// Output tokens as estimated from the chunks' text.
    pub estimated_tokens: u64,
    /// Token counts of the server.
    pub usage: Usage,
    /// The gaps between chunks; `None` with fewer than 2 chunks.
    pub itl: Option<ItlSummary>,
    /// Why the model stopped, in the server's word.
    pub finish_reason: Option<String>,
    /// The conversation, as the server named it.
    pub conversation_id: Option<String>,
    /// The message (or response), as the server named it.
    pub message_id: Option<String>,
    /// The clock of the arrivals.
    pub clock: ClockSource,
}

impl RequestRecord {
    /// A request that starts now: nothing has happened yet, and should nothing more come it was
    /// cancelled.
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
            outcome: Outcome::Cancelled,
            http_status: None,
            connection: Connection::default(),
            attempts: 1,
            retry_wait: Duration::ZERO,
            reconnects: 0,
            chunks: 0,
            coalesced: 0,
            bytes: 0,
            answer_chars: 0,
            estimated_tokens: 0,
            usage: Usage::default(),
            itl: None,
            finish_reason: None,
            conversation_id: None,
            message_id: None,
            clock: ClockSource::User,
        }
    }

    fn since_start(&self, instant: Option<Stamp>) -> Option<Duration> {
        instant.map(|at| at.since(self.instants.start))
    }

    /// TTFB: first byte of the response − start.
    #[must_use]
    pub fn ttfb(&self) -> Option<Duration> {
        self.since_start(self.instants.first_byte)
    }

    /// Headers complete − start.
    #[must_use]
    pub fn headers_time(&self) -> Option<Duration> {
        self.since_start(self.instants.headers)
    }

    /// TTFE: first SSE block − start.
    #[must_use]
    pub fn ttfe(&self) -> Option<Duration> {
        self.since_start(self.instants.first_event)
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

    /// Output tokens: the server's usage where it gave one, else the estimate; `None` where there
    /// is neither.
    #[must_use]
    pub fn output_tokens(&self) -> Option<(u64, TokenSource)> {
        match self.usage.completion {
            Some(n) => Some((n, TokenSource::Usage)),
            None if self.chunks > 0 => Some((self.estimated_tokens, TokenSource::Estimate)),
            None => None,
        }
    }

    /// TPOT: (last token − first token) / (n − 1), n output tokens; `None` for n < 2.
    /// In nanoseconds per token's precision; see METRICS for how it differs from ITL.
    #[must_use]
    pub fn tpot(&self) -> Option<Duration> {
        let (n, _) = self.output_tokens()?;
        let gaps = n.checked_sub(1).filter(|gaps| *gaps > 0)?;
        let span = self
            .instants
            .last_token?
            .since(self.instants.first_token?)
            .as_nanos();
        u64::try_from(span / u128::from(gaps))
            .ok()
            .map(Duration::from_nanos)
    }

    /// Tokens per second: n / streaming time; `None` where that is 0.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let (n, _) = self.output_tokens()?;
        let seconds = self.streaming_time()?.as_secs_f64();
        (seconds > 0.0).then(|| n as f64 / seconds)
    }
}

/// What a user's thread tells the collector: the whole contract between those who measure and
/// those who report.
#[derive(Debug)]
pub enum Sample {
    /// A user has begun its work.
    UserStarted {
        /// Its number, from 1.
        user: u32,
        /// When.
        at: Stamp,
    },
    /// A user has no more work.
    UserFinished {
        /// Its number, from 1.
        user: u32,
        /// When.
        at: Stamp,
    },
    /// A response's head has come. Only sent where a single request is being watched.
    Head {
        /// HTTP status.
        status: u16,
        /// Time to first byte.
        ttfb: Option<Duration>,
    },
    /// Chunks have come: at most 10 of these a second and user, each within one second of the run.
    Progress(Progress),
    /// A request is over.
    Finished(Box<RequestRecord>),
    /// The events of a request that is over, where `--events` wants them. Follows its `Finished`.
    Events {
        /// The request's number.
        request: u64,
        /// The user's number.
        user: u32,
        /// Its events, in order.
        events: Vec<EventRecord>,
    },
    /// Something that the user should know at once.
    Notice(Message),
    /// Nothing more will be sent, or is worth waiting for.
    Done,
}

/// What has come since the last progress sample of the same request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// When the last of the chunks came; all of them lie in this second of the run.
    pub at: Stamp,
    /// Chunks that came.
    pub chunks: u64,
    /// Their tokens, by estimate.
    pub tokens: u64,
    /// The gaps that ended with these chunks, in whole microseconds.
    pub gaps: Vec<u64>,
    /// The request so far, where a single one is being watched.
    pub so_far: Option<SoFar>,
}

/// A watched request at the moment of a [`Progress`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoFar {
    /// Chunks since its start.
    pub chunks: u64,
    /// Tokens since its start, by estimate.
    pub tokens: u64,
    /// Start to first token.
    pub ttft: Duration,
    /// Time since the first token.
    pub since_first_token: Duration,
    /// The text of the new chunks, reasoning and answer, where `--show-text` wants it.
    pub text: String,
}

/// What an event of a stream was, for `--events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Answer text.
    Text,
    /// Reasoning text.
    Reasoning,
    /// Arguments of a tool call.
    Tool,
    /// A keep-alive: a comment, or a block that the standard does not dispatch.
    Ping,
    /// An error.
    Error,
    /// A terminal event.
    End,
    /// Anything else.
    Other,
}

impl EventKind {
    /// The word for it in the events file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Text => "text",
            EventKind::Reasoning => "reasoning",
            EventKind::Tool => "tool",
            EventKind::Ping => "ping",
            EventKind::Error => "error",
            EventKind::End => "end",
            EventKind::Other => "other",
        }
    }
}

/// One event of a stream: a row of the events file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// What it was.
    pub kind: EventKind,
    /// When the bytes that completed it arrived.
    pub at: Stamp,
    /// Number of the socket read of the request that completed it, from 1: equal numbers show
    /// events that arrived together.
    pub read: u64,
    /// Its tokens, by estimate; `None` where it carries no text.
    pub tokens: Option<u64>,
    /// Bytes of its data.
    pub bytes: u64,
    /// The event's type, as the protocol or the SSE `event` line names it.
    pub name: String,
    /// What it says beside text: an error's message, a finish reason.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RequestRecord {
        let sent = Sent {
            query_index: None,
            query: "q".into(),
            key_index: None,
            masked_key: "".into(),
        };
        RequestRecord::begin(1, 1, Phase::Hold, sent, Stamp::from_micros(1_000))
    }

    #[test]
    fn what_did_not_happen_is_absent() {
        let r = record();
        assert_eq!(r.ttfb(), None);
        assert_eq!(r.ttft(), None);
        assert_eq!(r.tpot(), None);
        assert_eq!(r.output_tokens(), None);
        assert_eq!(r.tokens_per_second(), None);
        assert_eq!(r.response_time(), None, "a cancelled request has none");
    }

    #[test]
    fn tpot_spreads_the_time_between_tokens_over_the_gaps() {
        let mut r = record();
        r.instants.first_token = Some(Stamp::from_micros(2_000));
        r.instants.last_token = Some(Stamp::from_micros(11_000));
        r.chunks = 4;
        r.estimated_tokens = 4;
        assert_eq!(r.tpot(), Some(Duration::from_millis(3)));
        r.usage.completion = Some(10);
        assert_eq!(
            r.tpot(),
            Some(Duration::from_millis(1)),
            "usage comes first"
        );
        r.usage.completion = Some(1);
        assert_eq!(r.tpot(), None, "one token has no gap");
    }

    #[test]
    fn tokens_per_second_needs_a_streaming_time() {
        let mut r = record();
        r.usage.completion = Some(10);
        r.instants.first_body = Some(Stamp::from_micros(2_000));
        r.instants.last_event = Some(Stamp::from_micros(2_000));
        assert_eq!(r.tokens_per_second(), None);
        r.instants.last_event = Some(Stamp::from_micros(502_000));
        assert_eq!(r.tokens_per_second(), Some(20.0));
    }

    #[test]
    fn newer_usage_wins_but_does_not_erase() {
        let mut usage = Usage {
            prompt: Some(3),
            completion: Some(1),
            ..Usage::default()
        };
        usage.update(Usage {
            completion: Some(7),
            ..Usage::default()
        });
        assert_eq!((usage.prompt, usage.completion), (Some(3), Some(7)));
    }

    #[test]
    fn failure_kinds_have_different_names() {
        let mut names: Vec<_> = FailureKind::ALL.iter().map(|k| k.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FailureKind::ALL.len());
    }
}
