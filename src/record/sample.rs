//! [`Sample`]: the one event type between those who measure and those who report.

use std::time::Duration;

use smallvec::SmallVec;

use super::RequestRecord;
use super::words::words;
use crate::clock::Stamp;
use crate::monitor::CpuUse;
use crate::text::Message;

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
        /// How much later than planned.
        late: Duration,
    },
    /// A user has thought, and goes on.
    UserResumed {
        /// How much later than planned.
        late: Duration,
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
    /// What a request has come to so far. Only sent where a single request is being watched.
    SoFar(SoFar),
    /// The events of a request that is over, where `--events` wants them.
    Events {
        /// The request's number.
        request: u64,
        /// The user's number.
        user: u32,
        /// Its events, in order.
        events: Vec<EventRecord>,
    },
    /// What this machine is doing, about once a second.
    CpuUse {
        /// When it was seen.
        at: Stamp,
        /// What was seen since the last time.
        used: CpuUse,
    },
    /// The system has refused threads or sockets.
    Refused(u64),
    /// Something that the user should know at once, and again at the end.
    Notice(Message),
    /// How the run reacts to being told to stop: of interest at that moment alone.
    Stopping(Message),
    /// Nothing more will be sent, or is worth waiting for.
    Done,
}

/// A few durations in whole microseconds; inline up to 12, the usual number of reads in a sample.
pub type Micros = SmallVec<[u64; 12]>;

/// What has come since the last progress sample of the same request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// When the last of them came; all of them lie in this second of the run.
    pub at: Stamp,
    /// Chunks that came.
    pub chunks: u64,
    /// Their tokens, by estimate.
    pub tokens: u64,
    /// The gaps that ended with these chunks.
    pub gaps: Micros,
    /// The client's lag at the reads that brought them, and at others since the last sample.
    pub lags: Micros,
}

/// What a watched request has come to so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoFar {
    /// When its last chunk came.
    pub at: Stamp,
    /// Chunks since its start.
    pub chunks: u64,
    /// Tokens since its start, by estimate.
    pub tokens: u64,
    /// Start to first token.
    pub ttft: Duration,
    /// Time since the first token.
    pub since_first_token: Duration,
    /// The text since the sample before, reasoning and answer, where `--show-text` wants it.
    pub text: String,
}

words! {
    /// What an event of a stream was, for `--events`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// What it says beside text: an error's message, the span that it marks, a finish reason.
    pub value: String,
}
