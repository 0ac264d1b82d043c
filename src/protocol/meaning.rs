//! What an event means, once a protocol has been asked.

use std::fmt;

use crate::record::{EventKind, Usage};

/// What an event of a stream means. Texts are empty where it carries none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning<'a> {
    /// The event's type, as the protocol finds it; empty if there is none.
    pub name: &'a str,
    /// Answer text, of all choices.
    pub text: &'a str,
    /// Reasoning text.
    pub reasoning: &'a str,
    /// Arguments of tool calls: generated text too.
    pub tool: &'a str,
    /// Token counts. They may be spread over several events; the last one of each holds.
    pub usage: Usage,
    /// The conversation's id.
    pub conversation_id: Option<&'a str>,
    /// The id of the message (or response).
    pub message_id: Option<&'a str>,
    /// Why the model stopped, in the server's word.
    pub finish_reason: Option<&'a str>,
    /// The error that the event reports.
    pub error: Option<StreamError>,
    /// Whether the stream may end after this event: without one such it was truncated. Others may
    /// follow, and an error wins over it.
    pub end: bool,
    /// Whether the event only says that the server is alive; everything else is empty then.
    pub keep_alive: bool,
}

impl Meaning<'_> {
    /// What the event is in one word, for `--events`: what weighs most where it is several things.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        if self.error.is_some() {
            EventKind::Error
        } else if !self.text.is_empty() {
            EventKind::Text
        } else if !self.reasoning.is_empty() {
            EventKind::Reasoning
        } else if !self.tool.is_empty() {
            EventKind::Tool
        } else if self.end {
            EventKind::End
        } else if self.keep_alive {
            EventKind::Ping
        } else {
            EventKind::Other
        }
    }
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
