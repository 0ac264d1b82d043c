//! Parses server-sent events without I/O, by the WHATWG HTML standard ("Interpreting an event
//! stream"). The parser also reports blocks that the standard discards, such as comments: they show
//! that the server is alive.

mod block;
mod line;

use std::mem;

pub use block::{Block, Event, TooLarge};
pub use line::completes_one_block;

use line::{Field, line_end, set_lossy};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Bytes before the value in the longest known field: name, colon, space.
const LONGEST_PREFIX: usize = "event: ".len();

/// The most bytes kept of JSON outside of fields.
const MOST_STRAY: usize = 16 * 1024;

/// Bytes of capacity that a buffer may keep from one stream to the next.
const KEPT_CAPACITY: usize = 64 * 1024;

/// The lines since the last blank line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    #[default]
    Nothing,
    Comments,
    Fields,
}

/// Parses one event stream at a time, from slices of any size.
///
/// Time is linear in the number of bytes, for slices of any size. Memory is at most the limit on
/// events; four times the limit if an event is not UTF-8, since U+FFFD takes three bytes. All events
/// and streams share the buffers.
///
/// ```
/// use sse_perf::sse::{Block, Event, Parser};
///
/// let mut parser = Parser::new(1024);
/// let mut seen = Vec::new();
/// for part in ["data: o", "ne\r", "\n\r\n: still there\n\n"] {
///     parser
///         .feed(part.as_bytes(), |block| match block {
///             Block::Event(Event { data, .. }) => seen.push(data.to_owned()),
///             Block::KeepAlive { .. } => seen.push("(keep-alive)".to_owned()),
///         })
///         .unwrap();
/// }
/// assert_eq!(seen, ["one", "(keep-alive)"]);
/// ```
#[derive(Debug, Default)]
pub struct Parser {
    limit: usize,
    /// The values of the block's `data` lines, each followed by LF; then, from `data_end` on, the
    /// begun line that a later slice continues. One buffer serves both: a huge line takes its memory
    /// once.
    data: Vec<u8>,
    data_end: usize,
    event: String,
    id: String,
    /// The data of an event that was not UTF-8, with U+FFFD for invalid bytes.
    repaired: String,
    /// Bytes of a BOM at the stream's start, so far; `None` after the stream's first bytes.
    bom: Option<usize>,
    /// The last line ended with CR: a following LF belongs to the same line end.
    after_cr: bool,
    /// The begun line is a comment, of which nothing is kept.
    in_comment: bool,
    pending: Pending,
    /// The lines of JSON outside of fields, each followed by LF.
    stray: Vec<u8>,
    overflowed: bool,
}

impl Parser {
    /// A parser at the beginning of a stream; events may have `max_event_bytes`.
    #[must_use]
    pub fn new(max_event_bytes: usize) -> Self {
        Self {
            limit: max_event_bytes,
            bom: Some(0),
            ..Self::default()
        }
    }

    /// Feeds the stream's next bytes; calls `on` for each completed block, in order.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if an event is larger than the limit. `on` has received all blocks before the
    /// event. Every further call fails until [`Parser::reset`].
    pub fn feed(&mut self, bytes: &[u8], mut on: impl FnMut(Block<'_>)) -> Result<(), TooLarge> {
        if self.overflowed {
            return Err(TooLarge { limit: self.limit });
        }
        let mut rest = self.skip_bom(bytes);
        while let Some(&first) = rest.first() {
            if mem::take(&mut self.after_cr) && first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = line_end(rest) else {
                return self.hold(rest);
            };
            let line = &rest[..end];
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if self.in_comment {
                self.in_comment = false;
            } else if self.data.len() > self.data_end {
                self.hold(line)?;
                self.take_held_line()?;
            } else if line.is_empty() {
                self.dispatch(&mut on);
            } else if self.data_end == 0
                && !self.after_cr
                && rest.first() == Some(&b'\n')
                && let Field::Data(data) = Field::of(line)
            {
                // Nearly all events are one `data` line with a blank line in the same slice: no copy.
                rest = &rest[1..];
                self.dispatch_whole(line, data, &mut on)?;
            } else {
                self.take_line(line)?;
            }
        }
        Ok(())
    }

    /// Prepares the parser for another stream. Keeps the buffers, but shrinks large ones.
    pub fn reset(&mut self) {
        let old = mem::replace(self, Self::new(self.limit));
        self.data = old.data;
        self.data.clear();
        self.data.shrink_to(KEPT_CAPACITY);
        (self.event, self.id, self.repaired) = (old.event, old.id, old.repaired);
        for text in [&mut self.event, &mut self.id, &mut self.repaired] {
            text.clear();
            text.shrink_to(KEPT_CAPACITY);
        }
    }

    /// Whether the bytes so far end inside a block or a line: at the end of a stream, a sign of
    /// truncation. A comment line is complete without a blank line after it.
    #[must_use]
    pub fn is_mid_block(&self) -> bool {
        self.pending == Pending::Fields
            || self.in_comment
            || self.data.len() > self.data_end
            || self.bom.is_some_and(|matched| matched > 0)
    }

    /// JSON outside of fields, at most its first 16 KiB. The standard ignores such lines; some
    /// services send an error in them.
    #[must_use]
    pub fn stray(&self) -> Option<String> {
        let unfinished = &self.data[self.data_end..];
        let mut stray = self.stray.clone();
        if is_stray(&stray, unfinished) && matches!(Field::of(unfinished), Field::Unknown) {
            stray.extend_from_slice(&unfinished[..unfinished.len().min(MOST_STRAY)]);
        }
        (!stray.is_empty()).then(|| String::from_utf8_lossy(&stray).into_owned())
    }

    /// The bytes after a BOM at the start of the stream. The BOM may come in pieces.
    fn skip_bom<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(before) = self.bom else {
            return bytes;
        };
        let awaited = &BOM[before..];
        let same = awaited.iter().zip(bytes).take_while(|(a, b)| a == b);
        let same = same.count();
        let matched = before + same;
        if matched < BOM.len() && same == bytes.len() {
            self.bom = Some(matched);
            return &[];
        }
        self.bom = None;
        if matched < BOM.len() {
            // The bytes only looked like a BOM: they begin a line.
            self.data.extend_from_slice(&BOM[..matched]);
        }
        &bytes[same..]
    }

    /// Bytes that the values of the block's fields occupy.
    fn held(&self) -> usize {
        self.data_end.saturating_sub(1) + self.event.len() + self.id.len()
    }

    /// Checks that fields of `held` bytes and a line of `line` bytes fit into the limit.
    fn check(&mut self, held: usize, line: usize) -> Result<(), TooLarge> {
        let prefix = if line > 0 { LONGEST_PREFIX } else { 0 };
        if held.saturating_add(line) > self.limit.saturating_add(prefix) {
            self.overflowed = true;
            return Err(TooLarge { limit: self.limit });
        }
        Ok(())
    }

    /// Keeps a piece of a line that spans slices.
    fn hold(&mut self, piece: &[u8]) -> Result<(), TooLarge> {
        if self.in_comment {
            return Ok(());
        }
        let begun = self.data.len() - self.data_end;
        if begun == 0 && piece.first() == Some(&b':') {
            self.in_comment = true;
            self.pending = self.pending.max(Pending::Comments);
            return Ok(());
        }
        self.check(self.held(), begun + piece.len())?;
        self.append(piece);
        Ok(())
    }

    /// Appends to the data; reserves no more than the limit allows.
    fn append(&mut self, bytes: &[u8]) {
        let needed = self.data.len() + bytes.len();
        if needed > self.data.capacity() {
            let most = self.limit.saturating_add(LONGEST_PREFIX + 1);
            let wanted = needed.max(needed.saturating_mul(2).min(most));
            self.data.reserve_exact(wanted - self.data.len());
        }
        self.data.extend_from_slice(bytes);
    }

    /// Takes a line that is not empty and lies whole in one slice.
    fn take_line(&mut self, line: &[u8]) -> Result<(), TooLarge> {
        let field = Field::of(line);
        if let Field::Comment = field {
            self.pending = self.pending.max(Pending::Comments);
            return Ok(());
        }
        self.check(self.held(), line.len())?;
        if let Field::Data(value) = field {
            self.pending = Pending::Fields;
            self.append(value);
            self.end_data_line()
        } else {
            self.take_field(field, line)
        }
    }

    /// Takes the line whose pieces [`Parser::hold`] has put after `data_end`.
    fn take_held_line(&mut self) -> Result<(), TooLarge> {
        let mut data = mem::take(&mut self.data);
        let line = &data[self.data_end..];
        match Field::of(line) {
            Field::Data(value) => {
                let prefix = line.len() - value.len();
                data.drain(self.data_end..self.data_end + prefix);
                self.data = data;
                self.pending = Pending::Fields;
                self.end_data_line()
            }
            field => {
                let taken = self.take_field(field, line);
                data.truncate(self.data_end);
                self.data = data;
                taken
            }
        }
    }

    fn end_data_line(&mut self) -> Result<(), TooLarge> {
        self.append(b"\n");
        self.data_end = self.data.len();
        self.check(self.held(), 0)
    }

    /// Takes a field other than `data`; `line` is the field's whole line.
    fn take_field(&mut self, field: Field<'_>, line: &[u8]) -> Result<(), TooLarge> {
        self.pending = Pending::Fields;
        match field {
            Field::Event(value) => set_lossy(&mut self.event, value),
            Field::Id(value) => set_lossy(&mut self.id, value),
            Field::Unknown if is_stray(&self.stray, line) => {
                let room = MOST_STRAY.saturating_sub(self.stray.len());
                self.stray.extend_from_slice(&line[..line.len().min(room)]);
                self.stray.push(b'\n');
            }
            Field::Data(_) | Field::Comment | Field::Ignored | Field::Unknown => {}
        }
        self.check(self.held(), 0)
    }

    /// Dispatches an event whose data are one line of the current slice.
    fn dispatch_whole(
        &mut self,
        line: &[u8],
        data: &[u8],
        on: &mut impl FnMut(Block<'_>),
    ) -> Result<(), TooLarge> {
        self.check(self.held(), line.len())?;
        self.check(self.held() + data.len(), 0)?;
        on(Block::Event(Event {
            event: &self.event,
            data: text(data, &mut self.repaired),
            id: &self.id,
        }));
        self.event.clear();
        self.pending = Pending::Nothing;
        Ok(())
    }

    /// Dispatches the block before a blank line, if there is one.
    fn dispatch(&mut self, on: &mut impl FnMut(Block<'_>)) {
        if self.pending == Pending::Nothing {
            return;
        }
        if self.data_end > 0 {
            on(Block::Event(Event {
                event: &self.event,
                data: text(&self.data[..self.data_end - 1], &mut self.repaired),
                id: &self.id,
            }));
            self.data.clear();
            self.data_end = 0;
        } else {
            on(Block::KeepAlive { event: &self.event });
        }
        self.event.clear();
        self.pending = Pending::Nothing;
    }
}

/// Data as text; `repaired` holds the text of data that are not UTF-8.
fn text<'a>(data: &'a [u8], repaired: &'a mut String) -> &'a str {
    str::from_utf8(data).unwrap_or_else(|_| {
        set_lossy(repaired, data);
        repaired
    })
}

/// Whether a line outside of fields begins or continues JSON.
fn is_stray(before: &[u8], line: &[u8]) -> bool {
    let begins = |line: &[u8]| matches!(line.trim_ascii_start().first(), Some(b'{' | b'['));
    before.len() < MOST_STRAY && (!before.is_empty() || begins(line))
}

#[cfg(test)]
mod tests;
