//! A part of a service's work on a request, such as a workflow's node, as the stream reports it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Stamp;

/// A part of the service's work on a request, between two events of its stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanRecord {
    /// Its id, the same in every request.
    pub id: String,
    /// A node's type; may be empty.
    pub kind: String,
    /// The title, for people; may be empty.
    pub title: String,
    /// Arrival of the event that reports the start; `None` without such an event.
    pub start: Option<Stamp>,
    /// Arrival of the event that reports the end; `None` if the stream ended before.
    pub end: Option<Stamp>,
    /// The duration by the server's clock.
    pub elapsed: Option<Duration>,
    /// How often the service tried it again.
    pub retries: u64,
    /// Arrivals of the first and the last chunk whose text is from this part.
    pub text: Option<(Stamp, Stamp)>,
    /// Output tokens of a model in this part.
    pub tokens: Option<u64>,
    /// Whether the service reports a failure.
    pub failed: bool,
    /// Whether a model generates text in this part.
    pub model: bool,
}

impl SpanRecord {
    /// The duration by the client's clock, between the arrivals of the two events.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.end?.since(self.start?))
    }
}
