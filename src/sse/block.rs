//! What a parser tells of a stream: its blocks, and that one is too large.

use std::fmt;

/// What a blank line completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// An event, as the standard dispatches it.
    Event(Event<'a>),
    /// A block without a `data` line, of which the standard says nothing to anybody: comments,
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
    /// The last event id: that of this event or, if it has none, of an earlier one.
    pub id: &'a str,
}

/// An event is larger than the parser was told to take: its data, its `event` field and the last
/// event id together, or a line that is none of these, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The largest size that is taken, in bytes.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event of more than {} bytes", self.limit)
    }
}

impl std::error::Error for TooLarge {}
