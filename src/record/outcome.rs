//! What became of a request, and the kinds of failure that are told apart.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It succeeded, by every rule of `sse-perf help failures`.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The kinds of failure that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// All kinds, in the manual's order.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_kinds_have_different_names() {
        let mut names: Vec<_> = FailureKind::ALL.iter().map(|k| k.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FailureKind::ALL.len());
    }
}
