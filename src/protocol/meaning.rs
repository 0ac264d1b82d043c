//! The meaning of an event by a protocol.

use std::fmt;
use std::time::Duration;

use super::tokens::estimate_tokens;
use crate::record::{EventKind, Usage};

/// The meaning of an event. Texts are empty if the event has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meaning<'a> {
    /// The event's type by the protocol; empty if there is none.
    pub name: &'a str,
    /// Answer text, of all choices.
    pub text: &'a str,
    /// Reasoning text.
    pub reasoning: &'a str,
    /// Arguments of tool calls, which are generated text too.
    pub tool: &'a str,
    /// Whether the event has generated text that is empty, and no other.
    pub empty: bool,
    /// Text that replaces the whole answer so far, such as a moderator's words. It is not generated,
    /// and so has no tokens.
    pub replacement: Option<&'a str>,
    /// Token counts. Several events may have counts; the last count of each kind holds.
    pub usage: Usage,
    /// The conversation's id.
    pub conversation_id: Option<&'a str>,
    /// The id of the message (or response).
    pub message_id: Option<&'a str>,
    /// The id in the request that stops the answer.
    pub task_id: Option<&'a str>,
    /// The server's word for why the model stopped.
    pub finish_reason: Option<&'a str>,
    /// The part of the service's work that begins or ends with the event.
    pub span: Option<SpanMark<'a>>,
    /// The id of the span that the event's text is from.
    pub text_span: Option<&'a str>,
    /// The error that the event reports.
    pub error: Option<StreamError>,
    /// Whether the stream may end after this event. A stream without such an event is truncated. More
    /// events may follow, and an error outweighs the end.
    pub end: bool,
    /// Whether the event is only a sign of life; then everything except the name is empty.
    pub keep_alive: bool,
}

impl Meaning<'_> {
    /// The estimated tokens of the generated text.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        let texts = [self.text, self.reasoning, self.tool];
        texts.map(estimate_tokens).iter().sum()
    }

    /// The event's most important part in one word, for `--events`.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        let kinds = [
            (self.error.is_some(), EventKind::Error),
            (!self.text.is_empty(), EventKind::Text),
            (!self.reasoning.is_empty(), EventKind::Reasoning),
            (!self.tool.is_empty(), EventKind::Tool),
            (self.span.is_some(), EventKind::Span),
            (self.end, EventKind::End),
            (self.keep_alive, EventKind::Ping),
        ];
        let mut kinds = kinds.into_iter().filter(|(is_kind, _)| *is_kind);
        kinds.next().map_or(EventKind::Other, |(_, kind)| kind)
    }
}

/// The begin, another try or the end of a part of the service's work, such as a workflow's node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpanMark<'a> {
    /// Whether it begins.
    pub starts: bool,
    /// Whether it is tried again.
    pub retries: bool,
    /// The part's id, equal in every request.
    pub id: &'a str,
    /// Tells parts of one id apart; empty if the service has no such value.
    pub instance: &'a str,
    /// Its type; may be empty.
    pub kind: &'a str,
    /// Its title for people; may be empty.
    pub title: &'a str,
    /// Output tokens of a model in it, as the service tells at its end.
    pub tokens: Option<u64>,
    /// Its duration by the server's clock.
    pub elapsed: Option<Duration>,
    /// Whether it failed.
    pub failed: bool,
    /// Whether a model generates text in it.
    pub model: bool,
}

/// An error that a stream reports, whatever the HTTP status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// The service's code or type of the error, one line of at most 200 characters; may be empty.
    pub code: String,
    /// The error's text, one line of at most 500 characters.
    pub message: String,
}

impl StreamError {
    /// Adds the code of a later error if the code is another one: a workflow that failed says so
    /// first, and names the cause's code in an event of its own.
    pub fn add_code(&mut self, code: &str) {
        const MOST: usize = 200;
        let is_known = self.code.split(", ").any(|known| known == code);
        if !code.is_empty() && !is_known && self.code.len() < MOST {
            let gap = if self.code.is_empty() { "" } else { ", " };
            self.code = format!("{}{gap}{code}", self.code);
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => f.write_str(message),
            (code, "") => f.write_str(code),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}

/// The data of an event are not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The fault and the data around it, in one line.
    pub detail: String,
}
