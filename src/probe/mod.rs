//! What one request showed, event by event, and what is wrong with it: the analysis behind
//! `sse-perf probe`. Pure: no input or output, and no time is asked.
//!
//! A [`EventReader`] makes [`SeenEvent`]s of SSE blocks; [`diagnose`] says in words what [`Observed`]
//! tells: what buffers, compresses or ends too early, and which protocol the service speaks instead.

mod compare;
mod diagnosis;
mod kind;
mod leaves;
mod places;
mod propose;

use crate::clock::Stamp;
use crate::protocol::{Decoder, Meaning, Protocol};
use crate::record::{EventKind, Usage};
use crate::sse::Block;

pub use diagnosis::{Diagnosis, diagnose};
pub use propose::Sketch;

/// Everything that a request showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The response's headers, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The events, keep-alives included.
    pub events: Vec<SeenEvent>,
    /// What came outside of any field and looks like JSON.
    pub stray: Option<String>,
}

impl Observed {
    /// A header's value; names are in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The events that carry generated text.
    fn chunks(&self) -> impl DoubleEndedIterator<Item = &SeenEvent> + Clone {
        self.events.iter().filter(|event| event.is_chunk())
    }
}

/// An event as it came, and what the protocol made of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeenEvent {
    /// When the bytes that completed it arrived.
    pub at: Stamp,
    /// The number of the socket read that completed it, from 1.
    pub read: u64,
    /// The SSE `event` field; empty if there is none.
    pub event: String,
    /// Its data; `None` for a block that the standard does not dispatch.
    pub data: Option<String>,
    /// What the protocol made of it; `None` where it is not the JSON that it should be.
    pub kind: Option<EventKind>,
    /// Its type, as the protocol finds it.
    pub name: String,
    /// The generated text that it carries: reasoning, answer, arguments of tool calls.
    pub text: String,
    /// Its token counts.
    pub usage: Usage,
    /// What it says beside: an error, a span, why the model stopped, what is malformed.
    pub note: String,
    /// Whether the stream may end after it.
    pub end: bool,
    /// Whether it takes the place of the answer so far.
    pub replaces: bool,
}

impl SeenEvent {
    /// Whether it carries generated text.
    #[must_use]
    pub fn is_chunk(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether it says something that the protocol asks for, beside text: an end, token counts, a
    /// span. Data that are no object, such as `[DONE]`, are the same in many protocols.
    fn is_understood(&self) -> bool {
        let is_object = self
            .data
            .as_deref()
            .is_some_and(|d| d.trim_start().starts_with('{'));
        let says = self.end || self.usage != Usage::default() || self.kind == Some(EventKind::Span);
        is_object && says
    }
}

/// Reads the events of a stream by a protocol.
#[derive(Debug)]
pub struct EventReader {
    decoder: Decoder,
}

impl EventReader {
    /// A reader at the beginning of a stream.
    #[must_use]
    pub fn new(protocol: &Protocol) -> Self {
        Self {
            decoder: protocol.decoder(),
        }
    }

    /// The stream's next event, which came at that moment with that read.
    pub fn read(&mut self, block: &Block<'_>, at: Stamp, read: u64) -> SeenEvent {
        let mut seen = SeenEvent {
            at,
            read,
            ..SeenEvent::default()
        };
        match block {
            Block::KeepAlive { event } => {
                (*event).clone_into(&mut seen.event);
                seen.kind = Some(EventKind::Ping);
                seen.name = seen.event.clone();
            }
            Block::Event(event) => {
                event.event.clone_into(&mut seen.event);
                seen.data = Some(event.data.to_owned());
                match self.decoder.decode(event) {
                    Ok(meaning) => take(&mut seen, &meaning),
                    Err(malformed) => {
                        event.event.clone_into(&mut seen.name);
                        seen.note = malformed.detail;
                    }
                }
            }
        }
        seen
    }
}

fn take(seen: &mut SeenEvent, meaning: &Meaning<'_>) {
    seen.kind = Some(meaning.kind());
    meaning.name.clone_into(&mut seen.name);
    seen.text = [meaning.reasoning, meaning.text, meaning.tool].concat();
    seen.usage = meaning.usage;
    seen.end = meaning.end;
    seen.replaces = meaning.replacement.is_some();
    seen.note = match (&meaning.error, &meaning.span) {
        (Some(error), _) => error.to_string(),
        (None, Some(span)) => [span.kind, span.title].join(" ").trim().to_owned(),
        (None, None) => meaning.finish_reason.unwrap_or_default().to_owned(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::Parser;

    /// The events of a stream, one every 10 ms, each with a read of its own.
    pub(super) fn observed(protocol: &str, stream: &str) -> Observed {
        let protocol = Protocol::builtin(protocol).expect("a built-in protocol");
        let (mut parser, mut reader) = (Parser::new(1 << 20), EventReader::new(&protocol));
        let mut observed = Observed::default();
        for byte in stream.as_bytes().chunks(1) {
            let events = &mut observed.events;
            parser
                .feed(byte, |block| {
                    let number = events.len() as u64 + 1;
                    let at = Stamp::from_micros(number * 10_000);
                    events.push(reader.read(&block, at, number));
                })
                .expect("small events");
        }
        observed
    }

    #[test]
    fn events_are_told_with_what_they_say() {
        let stream = "event: ping\n\ndata: {\"event\":\"message\",\"answer\":\"a\"}\n\ndata: {\n\n\
             data: {\"event\":\"error\",\"code\":\"x\",\"message\":\"y\"}\n\n\
             data: {\"event\":\"node_started\",\"data\":{\"node_id\":\"1\",\"node_type\":\"llm\",\"title\":\"T\"}}\n\n";
        let events = observed("dify-chat", stream).events;
        let told: Vec<_> = events
            .iter()
            .map(|e| (e.kind, e.name.as_str(), e.text.as_str(), e.note.as_str()))
            .collect();
        assert_eq!(told[0], (Some(EventKind::Ping), "ping", "", ""));
        assert_eq!(told[1], (Some(EventKind::Text), "message", "a", ""));
        assert_eq!(told[2].0, None);
        assert!(told[2].3.contains("not JSON"), "{}", told[2].3);
        assert_eq!(told[3], (Some(EventKind::Error), "error", "", "x: y"));
        assert_eq!(
            told[4],
            (Some(EventKind::Span), "node_started", "", "llm T")
        );
        assert_eq!(events[0].data, None);
    }
}
