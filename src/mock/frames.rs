//! Server-sent events as bytes for the wire. Each event is one piece, transfer coding included, so
//! that one system call writes it.

use std::fmt;
use std::io;
use std::ops::Range;

/// The end of a chunked body.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Room before a chunk for its size: 16 hexadecimal digits and CRLF.
const SIZE_ROOM: usize = 18;

/// Events that are ready to be written. The buffer is reused.
#[derive(Debug)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    ranges: Vec<Range<usize>>,
    line_end: &'static str,
    chunked: bool,
}

impl Frames {
    /// No events. Lines end with CRLF or, as nearly all servers send them, with a line feed.
    pub(super) fn new(crlf: bool) -> Self {
        Self {
            bytes: Vec::with_capacity(1024),
            ranges: Vec::with_capacity(4),
            line_end: if crlf { "\r\n" } else { "\n" },
            chunked: true,
        }
    }

    /// Removes the events, and says whether the next ones are in the chunked transfer coding.
    pub(super) fn restart(&mut self, chunked: bool) {
        self.clear();
        self.chunked = chunked;
    }

    /// Removes the events.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ranges.clear();
    }

    /// Adds an event: its name, if it has one, and its line.
    pub(super) fn event(&mut self, name: Option<&str>, line: fmt::Arguments<'_>) {
        let end = self.line_end;
        match name {
            Some(name) => self.piece(format_args!("event: {name}{end}{line}{end}{end}")),
            None => self.piece(format_args!("{line}{end}{end}")),
        }
    }

    /// Adds text of the body as it is.
    pub(super) fn piece(&mut self, text: fmt::Arguments<'_>) {
        let room = if self.chunked { SIZE_ROOM } else { 0 };
        let body = self.bytes.len() + room;
        self.bytes.resize(body, b' ');
        put(&mut self.bytes, text);
        let mut start = body;
        if self.chunked {
            // The size stands before the data but is known only after them: it goes to the end of
            // the room.
            let length = self.bytes.len() - body;
            let digits = length.max(1).ilog2() as usize / 4 + 1;
            start -= digits + 2;
            put(&mut self.bytes[start..body], format_args!("{length:x}\r\n"));
            self.bytes.extend_from_slice(b"\r\n");
        }
        self.ranges.push(start..self.bytes.len());
    }

    /// The bytes of each event.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges.iter().map(|range| &self.bytes[range.clone()])
    }
}

/// Writes to memory that is large enough.
fn put(mut memory: impl io::Write, text: fmt::Arguments<'_>) {
    memory.write_fmt(text).expect("memory takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(frames: &Frames) -> Vec<String> {
        let text = |frame: &[u8]| String::from_utf8(frame.to_vec()).expect("text");
        frames.iter().map(text).collect()
    }

    #[test]
    fn each_event_is_a_chunk_of_its_own() {
        let mut frames = Frames::new(false);
        frames.event(None, format_args!("event: ping"));
        frames.event(None, format_args!("data: {}", "x".repeat(248)));
        frames.event(None, format_args!(": waiting"));
        let long = format!("100\r\ndata: {}\n\n\r\n", "x".repeat(248));
        let (ping, waiting) = ("d\r\nevent: ping\n\n\r\n", "b\r\n: waiting\n\n\r\n");
        assert_eq!(all(&frames), [ping, &long, waiting]);
        frames.clear();
        assert!(all(&frames).is_empty());
    }

    #[test]
    fn lines_end_as_asked() {
        for (crlf, expected) in [(false, "data: 1\n\n"), (true, "data: 1\r\n\r\n")] {
            let mut frames = Frames::new(crlf);
            frames.restart(false);
            frames.event(None, format_args!("data: 1"));
            assert_eq!(all(&frames), [expected]);
        }
    }
}
