//! What an event means, once a protocol has been asked.

use std::fmt;
use std::time::Duration;

use super::tokens::estimate_tokens;
use crate::record::{EventKind, Usage};

/// What an event of a stream means. Texts are empty where it carries none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meaning<'a> {
    /// The event's type, as the protocol finds it; empty if there is none.
    pub name: &'a str,
    /// Answer text, of all choices.
    pub text: &'a str,
    /// Reasoning text.
    pub reasoning: &'a str,
    /// Arguments of tool calls: generated text too.
    pub tool: &'a str,
    /// What takes the place of the whole answer so far: a moderator's words, a corrected text. Not
    /// generated, so no token.
    pub replacement: Option<&'a str>,
    /// Token counts. They may be spread over several events; the last one of each holds.
    pub usage: Usage,
    /// The conversation's id.
    pub conversation_id: Option<&'a str>,
    /// The id of the message (or response).
    pub message_id: Option<&'a str>,
    /// The id by which the service can be told to stop.
    pub task_id: Option<&'a str>,
    /// Why the model stopped, in the server's word.
    pub finish_reason: Option<&'a str>,
    /// The part of the service's work that the event says has begun or ended.
    pub span: Option<SpanMark<'a>>,
    /// The error that the event reports.
    pub error: Option<StreamError>,
    /// Whether the stream may end after this event: without one such it was truncated. Others may
    /// follow, and an error wins over it.
    pub end: bool,
    /// Whether the event only says that the server is alive; everything else is empty then.
    pub keep_alive: bool,
}

impl Meaning<'_> {
    /// The tokens of the generated text, by estimate; 0 without any.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        [self.text, self.reasoning, self.tool]
            .map(estimate_tokens)
            .iter()
            .sum()
    }

    /// What the event is in one word, for `--events`: what weighs most where it is several things.
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

/// An event's word that a part of the service's work has begun or ended: a workflow's node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpanMark<'a> {
    /// Whether it begins; otherwise it has ended.
    pub starts: bool,
    /// What it is: the same in every request.
    pub id: &'a str,
    /// What tells it apart from others of the same id; empty where there is nothing of that kind.
    pub instance: &'a str,
    /// Its kind: a node's type; empty where there is none.
    pub kind: &'a str,
    /// Its title, for people; empty where there is none.
    pub title: &'a str,
    /// The time that it took by the server's clock.
    pub elapsed: Option<Duration>,
    /// Whether it failed.
    pub failed: bool,
    /// Whether a model generates text in it.
    pub model: bool,
}

/// An error that a stream reports of itself, under whatever HTTP status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// The service's code for it, or its type; empty if it gives none.
    pub code: String,
    /// What it says, in one line of at most 500 characters.
    pub message: String,
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

/// An event's data are not the JSON that they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong and how the data begin, in one line.
    pub detail: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Malformed {}
