//! The analysis behind `sse-perf probe`: the events of one request, and the faults in them. No I/O,
//! no clock.
//!
//! [`diagnose`] names the faults of an [`Observed`] request: buffering, compression, an early end, or
//! another protocol.

mod compare;
mod diagnosis;
mod kind;
mod leaves;
mod places;
mod propose;

use crate::clock::Stamp;
use crate::protocol::{Came, Decoder};
use crate::record::{EventKind, EventRecord, Usage};
use crate::sse::Block;
use crate::text::Message;

pub use diagnosis::diagnose;
pub use propose::Sketch;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// What is odd, the most important first.
    pub findings: Vec<Message>,
    /// A protocol's document for a service that no built-in protocol fits.
    pub proposal: Option<String>,
}

/// The observed response of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The response's headers in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The events, keep-alives included.
    pub events: Vec<SeenEvent>,
    /// The body of a response that is no stream.
    pub body: String,
    /// Text outside of any SSE field that looks like JSON.
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

/// An event, raw and decoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeenEvent {
    /// The event's row: time, kind and name.
    pub row: EventRecord,
    /// The SSE `event` field; empty if there is none.
    pub event: String,
    /// Its data; `None` for a block that the standard does not dispatch.
    pub data: Option<String>,
    /// Why the data are not JSON, where the protocol asks for JSON.
    pub malformed: Option<String>,
    /// The generated text: reasoning, answer, arguments of tool calls.
    pub text: String,
    /// Its token counts.
    pub usage: Usage,
    /// Whether the stream may end after it.
    pub end: bool,
    /// Whether the event replaces the answer so far.
    pub replaces: bool,
}

impl From<&Came<'_>> for SeenEvent {
    fn from(came: &Came<'_>) -> Self {
        let (event, data) = match came.block {
            Block::KeepAlive { event } => (*event, None),
            Block::Event(event) => (event.event, Some(event.data.to_owned())),
        };
        let mut seen = Self {
            row: came.record(),
            event: event.to_owned(),
            data,
            ..Self::default()
        };
        match came.meaning {
            Some(Ok(meaning)) => {
                seen.text = [meaning.reasoning, meaning.text, meaning.tool].concat();
                seen.usage = meaning.usage;
                seen.end = meaning.end;
                seen.replaces = meaning.replacement.is_some();
            }
            Some(Err(malformed)) => seen.malformed = Some(malformed.detail.clone()),
            None => {}
        }
        seen
    }
}

impl SeenEvent {
    /// Whether it carries generated text.
    #[must_use]
    pub fn is_chunk(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether the event has an end, token counts or a span. Data other than an object, such as
    /// `[DONE]`, do not count: many protocols share them.
    fn is_understood(&self) -> bool {
        let data = self.data.as_deref().unwrap_or_default();
        let is_object = data.trim_start().starts_with('{');
        let says = self.end || self.usage != Usage::default() || self.row.kind == EventKind::Span;
        is_object && says
    }
}

/// Decodes the next block of a stream; it arrived at `at` with the socket read `read` (from 1).
pub fn seen(decoder: &mut Decoder, block: &Block<'_>, at: Stamp, read: u64) -> SeenEvent {
    let decoded = match block {
        Block::KeepAlive { .. } => None,
        Block::Event(event) => Some(decoder.decode(event)),
    };
    SeenEvent::from(&Came {
        block,
        meaning: decoded.as_ref().map(Result::as_ref),
        at,
        read,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;
    use crate::sse::Parser;

    /// The events of a stream, one every 10 ms, each with a read of its own.
    pub(super) fn observed(protocol: &str, stream: &str) -> Observed {
        let protocol = Protocol::builtin(protocol).expect("a built-in protocol");
        let (mut parser, mut decoder) = (Parser::new(1 << 20), protocol.decoder());
        let mut observed = Observed::default();
        for byte in stream.as_bytes().chunks(1) {
            let events = &mut observed.events;
            parser
                .feed(byte, |block| {
                    let number = events.len() as u64 + 1;
                    let at = Stamp::from_micros(number * 10_000);
                    events.push(seen(&mut decoder, &block, at, number));
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
        let told = |number: usize| {
            let event = &events[number];
            let row = &event.row;
            (row.kind, &*row.name, &*event.text, &*row.value)
        };
        assert_eq!(told(0), (EventKind::Ping, "ping", "", ""));
        assert_eq!(told(1), (EventKind::Text, "message", "a", ""));
        assert_eq!(told(2), (EventKind::Other, "", "", "malformed"));
        let why = events[2].malformed.as_deref().unwrap_or_default();
        assert!(why.contains("not JSON"), "{why}");
        assert_eq!(told(3), (EventKind::Error, "error", "", "x: y"));
        assert_eq!(told(4), (EventKind::Span, "node_started", "", "1 llm T"));
        assert_eq!(events[0].data, None);
    }
}
