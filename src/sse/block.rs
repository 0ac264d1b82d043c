//! The parser's output: blocks, and the error for an event that is too large.

use std::fmt;

/// A block: the lines before a blank line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// An event, as the standard dispatches it.
    Event(Event<'a>),
    /// A block without a `data` line, which the standard does not dispatch: comments,
    /// `event: ping`, a lone `retry:` or `id:`.
    KeepAlive {
        /// Its `event` field; empty if it has none.
        event: &'a str,
    },
}

/// An event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event` field; empty if there is none, which the standard calls `message`.
    pub event: &'a str,
    /// The values of the `data` fields, joined by LF.
    pub data: &'a str,
    /// The event's id; if it has none, the last id before it.
    pub id: &'a str,
}

/// An event is larger than the parser's limit: its data, its `event` field and its id together, or
/// one of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The limit, in bytes.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event of more than {} bytes", self.limit)
    }
}

impl std::error::Error for TooLarge {}
