//! The outcome of a request, and the kinds of failure.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::words::words;

/// The outcome of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It succeeded, by every rule of `sse-perf help failures`.
    Ok,
    /// It failed by a fault of the service or of the network.
    Failed(Failure),
    /// The run cut it, at the deadline after the grace or by Ctrl-C. No rate counts it.
    #[default]
    Cancelled,
    /// The simulated user left on purpose. No rate counts it.
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

    /// The failure of a failed request.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// What became of the request that stops an answer whose user has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StopResult {
    /// It was not sent: no event had told the id that it needs.
    NotPossible,
    /// It was sent, and the service did not accept it.
    Sent,
    /// The service accepted it.
    Accepted,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind, by which failures are counted.
    pub kind: FailureKind,
    /// The details in English, keys masked: status and start of the body, the stream's error code
    /// and message, or the system's error.
    pub detail: String,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { kind, detail }
    }
}

words! {
    /// The kinds of failure, in the order of the manual.
    pub enum FailureKind {
        /// The host's name could not be resolved.
        Dns: "dns",
        /// No connection: refused, unreachable, no free port.
        Connect: "connect",
        /// The TLS handshake failed, the certificate's check included.
        Tls: "tls",
        /// The request could not be written.
        Send: "send",
        /// The server reset or closed the connection: before a response, or with a reset inside it.
        Reset: "reset",
        /// No connection within the connect timeout.
        TimeoutConnect: "timeout_connect",
        /// The request could not be written within the timeout.
        TimeoutSend: "timeout_send",
        /// No complete response head within the timeout.
        TimeoutResponse: "timeout_response",
        /// The stream was silent for longer than the timeout.
        TimeoutIdle: "timeout_idle",
        /// No further token within `--token-timeout`.
        TimeoutToken: "timeout_token",
        /// The whole request took longer than `--max-time`.
        TimeoutTotal: "timeout_total",
        /// The HTTP status was not 2xx.
        HttpStatus: "http_status",
        /// The response is not an event stream.
        NotSse: "not_sse",
        /// HTTP framing or an event's JSON could not be understood.
        Malformed: "malformed",
        /// The stream carried an error event.
        ErrorEvent: "error_event",
        /// The stream ended without its terminal event, or inside its framing.
        Truncated: "truncated",
        /// The stream ended well, but without a single token.
        Empty: "empty",
        /// An event was larger than `--max-event-bytes`.
        TooLarge: "too_large",
    }
}

impl FailureKind {
    /// The HTTP status in the detail of a failure of kind `http_status`.
    #[must_use]
    pub fn status(self, detail: &str) -> Option<u16> {
        let mut numbers = detail.split(|c: char| !c.is_ascii_digit());
        let status = numbers.find(|digits| digits.len() == 3)?;
        status.parse().ok().filter(|_| self == Self::HttpStatus)
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
