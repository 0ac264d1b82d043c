//! [`Sample`]: the only type that users' threads send to the collector.

use std::time::Duration;

use smallvec::SmallVec;

use super::RequestRecord;
use super::words::words;
use crate::clock::Stamp;
use crate::monitor::CpuUse;
use crate::text::Message;

/// A report of a user's thread to the collector. No other type crosses between measuring and
/// reporting.
#[derive(Debug)]
pub enum Sample {
    /// A user has begun its work.
    UserStarted {
        /// Its number, from 1.
        user: u32,
        /// The instant of it.
        at: Stamp,
        /// How much later than planned.
        late: Duration,
    },
    /// A user goes on after a think time.
    UserResumed {
        /// How much later than planned.
        late: Duration,
    },
    /// A user has no more work.
    UserFinished {
        /// Its number, from 1.
        user: u32,
        /// The instant of it.
        at: Stamp,
    },
    /// A response's head has come. Only sent for a watched request.
    Head {
        /// HTTP status.
        status: u16,
        /// Time to first byte.
        ttfb: Option<Duration>,
    },
    /// Chunks have come: at most 10 samples a second and user, each within one second of the run.
    Progress(Progress),
    /// A request is over.
    Finished(Box<RequestRecord>),
    /// The progress of a request. Only sent for a watched request.
    SoFar(SoFar),
    /// Events of a request that follow each other, sent with `--events`.
    Events {
        /// The request's number.
        request: u64,
        /// The user's number.
        user: u32,
        /// The number of the first event in the request, from 1.
        first: u64,
        /// The events, in order.
        events: Vec<EventRecord>,
    },
    /// The machine's load, about once a second.
    CpuUse {
        /// The instant of the reading.
        at: Stamp,
        /// The use since the last reading.
        used: CpuUse,
    },
    /// The system has refused threads or sockets.
    Refused(u64),
    /// A warning to show at once, and again at the end.
    Notice(Message),
    /// The run's reaction to a stop signal, shown only at that moment.
    Stopping(Message),
    /// The collector need not wait for further samples.
    Done,
}

/// A few durations in whole microseconds; inline up to 12, the usual number of reads in a sample.
pub type Micros = SmallVec<[u64; 12]>;

/// The chunks since the last progress sample of the same request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Arrival of the last chunk; all chunks arrived in this second of the run.
    pub at: Stamp,
    /// Number of chunks.
    pub chunks: u64,
    /// The chunks' tokens, by estimate.
    pub tokens: u64,
    /// The gaps that ended with these chunks.
    pub gaps: Micros,
    /// The client's lag at all reads since the last sample.
    pub lags: Micros,
}

/// The progress of a watched request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoFar {
    /// Arrival of the last chunk.
    pub at: Stamp,
    /// Chunks since its start.
    pub chunks: u64,
    /// Tokens since its start, by estimate.
    pub tokens: u64,
    /// Start to first token.
    pub ttft: Duration,
    /// Time since the first token.
    pub since_first_token: Duration,
    /// With `--show-text`, the text since the last sample, reasoning and answer.
    pub text: String,
}

words! {
    /// The kind of a stream's event, for `--events`.
    #[derive(Default)]
    pub enum EventKind {
        /// Answer text.
        Text: "text",
        /// Reasoning text.
        Reasoning: "reasoning",
        /// Arguments of a tool call.
        Tool: "tool",
        /// A keep-alive: a comment, or a block that the standard does not dispatch.
        Ping: "ping",
        /// The beginning or the end of a part of the service's work, such as a workflow's node.
        Span: "span",
        /// An error.
        Error: "error",
        /// A terminal event.
        End: "end",
        /// Anything else.
        #[default]
        Other: "other",
    }
}

/// One event of a stream: a row of the events file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRecord {
    /// The event's kind.
    pub kind: EventKind,
    /// Arrival of the bytes that completed the event.
    pub at: Stamp,
    /// Number of the request's socket read that completed the event, from 1. Events with equal
    /// numbers arrived together.
    pub read: u64,
    /// The event's tokens, by estimate; `None` without text.
    pub tokens: Option<u64>,
    /// Bytes of the event's data.
    pub bytes: u64,
    /// The event's type, from the protocol or the SSE `event` line.
    pub name: String,
    /// The event's content beside text: an error's message, a span, a finish reason.
    pub value: String,
}
