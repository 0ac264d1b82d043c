//! A part of a service's work on a request, such as a workflow's node, as the stream tells of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Stamp;

/// A part of the service's work on a request, between two events of its stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanRecord {
    /// What it is: the same in every request.
    pub id: String,
    /// Its kind: a node's type; empty where there is none.
    pub kind: String,
    /// Its title, for people; empty where there is none.
    pub title: String,
    /// When the event came that tells of its beginning; `None` if none did.
    pub start: Option<Stamp>,
    /// When the event came that tells of its end; `None` if the stream ended before.
    pub end: Option<Stamp>,
    /// The time that it took by the server's clock.
    pub elapsed: Option<Duration>,
    /// Whether the service says that it failed.
    pub failed: bool,
    /// Whether a model generates text in it.
    pub model: bool,
}

impl SpanRecord {
    /// The time that it took by the client's clock: from the arrival of the one event to that of
    /// the other.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.end?.since(self.start?))
    }
}
