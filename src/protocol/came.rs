//! An event with its arrival and its meaning, for observers of a stream.

use super::errors::{RAW_CHARACTERS, one_line};
use super::meaning::{Malformed, Meaning};
use crate::clock::Stamp;
use crate::record::{EventKind, EventRecord};
use crate::sse::Block;

/// An event that has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Came<'a> {
    /// The event.
    pub block: &'a Block<'a>,
    /// Its meaning; `None` for a block that the standard does not dispatch.
    pub meaning: Option<Result<&'a Meaning<'a>, &'a Malformed>>,
    /// When the bytes that completed it arrived.
    pub at: Stamp,
    /// Number of the request's socket read that completed it, from 1.
    pub read: u64,
}

impl Came<'_> {
    /// The event's row.
    #[must_use]
    pub fn record(&self) -> EventRecord {
        let (sse_event, bytes) = match self.block {
            Block::KeepAlive { event } => (*event, 0),
            Block::Event(event) => (event.event, event.data.len()),
        };
        let (kind, name, value) = match self.meaning {
            None => (EventKind::Ping, sse_event, String::new()),
            Some(Err(_)) => (EventKind::Other, sse_event, "malformed".to_owned()),
            Some(Ok(meaning)) => (meaning.kind(), meaning.name, value(meaning)),
        };
        let tokens = self.meaning.and_then(Result::ok).map(Meaning::tokens);
        EventRecord {
            kind,
            at: self.at,
            read: self.read,
            tokens: tokens.filter(|tokens| *tokens > 0),
            bytes: bytes as u64,
            name: one_line(name, RAW_CHARACTERS),
            value,
        }
    }
}

/// The event's error, its span (id, type and title, equal at the span's begin and end), or its finish
/// reason.
fn value(meaning: &Meaning<'_>) -> String {
    match (&meaning.error, &meaning.span) {
        (Some(error), _) => error.to_string(),
        (None, Some(span)) => [span.id, span.kind, span.title]
            .join(" ")
            .trim_end()
            .to_owned(),
        (None, None) => meaning.finish_reason.unwrap_or_default().to_owned(),
    }
}
