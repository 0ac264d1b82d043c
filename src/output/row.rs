//! One row of a CSV file, cell by cell, in the formats of all our CSV files.

use std::fmt::{self, Write as _};

use ::csv::{ByteRecord, Writer, WriterBuilder};
use itoa::Buffer;

use crate::clock::Stamp;

/// Bytes of rows after which the memory of a writer is freed.
const LARGE: usize = 64 * 1024;

/// A row that grows cell by cell. The next row reuses the memory.
#[derive(Debug)]
pub(super) struct Row {
    cells: ByteRecord,
    scratch: String,
    /// Kept: its buffer and its tables cost as much as a few cells.
    writer: Writer<Vec<u8>>,
    /// How many of the writer's bytes were handed out.
    handed_out: usize,
}

impl Default for Row {
    fn default() -> Self {
        let mut builder = WriterBuilder::new();
        Self {
            cells: ByteRecord::new(),
            scratch: String::new(),
            writer: builder.buffer_capacity(1_024).from_writer(Vec::new()),
            handed_out: 0,
        }
    }
}

/// The header row of columns of these names, behind a byte-order mark if it is wanted.
pub(super) fn header<'a>(names: impl IntoIterator<Item = &'a str>, bom: bool) -> Vec<u8> {
    let mut header = Vec::from(if bom { "\u{feff}" } else { "" });
    let mut row = Row::default();
    names.into_iter().for_each(|name| row.word(name));
    row.finish(&mut header);
    header
}

impl Row {
    /// A word of our own vocabulary, or a cell as it was read; empty for a missing value.
    pub(super) fn word(&mut self, word: &str) {
        self.cells.push_field(word.as_bytes());
    }

    /// Text from outside. Spreadsheets would take some texts for formulas: these get a `'` in
    /// front. Texts that begin with `'` get one too: readers always take exactly one off.
    pub(super) fn text(&mut self, text: &str) {
        if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
            self.display(Some(format_args!("'{text}")));
        } else {
            self.word(text);
        }
    }

    /// Text from outside, or a missing value.
    pub(super) fn maybe_text(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or_default());
    }

    /// A whole number.
    pub(super) fn number(&mut self, number: impl Into<Option<u64>>) {
        match number.into() {
            Some(number) => self.word(Buffer::new().format(number)),
            None => self.word(""),
        }
    }

    /// A number with `decimals` decimals; `value` counts units of the last decimal.
    pub(super) fn decimal(&mut self, value: Option<u64>, decimals: u32) {
        let one = 10_u64.pow(decimals);
        match value {
            Some(n) if decimals > 0 => {
                let mut digits = Buffer::new();
                self.scratch.clear();
                self.scratch.push_str(digits.format(n / one));
                self.scratch.push('.');
                // The digit 1 in front keeps the zeros behind the point.
                self.scratch.push_str(&digits.format(one + n % one)[1..]);
                self.cells.push_field(self.scratch.as_bytes());
            }
            value => self.number(value),
        }
    }

    /// A stamp in seconds since the run's start with six decimals.
    pub(super) fn seconds(&mut self, at: Option<Stamp>) {
        self.decimal(at.map(Stamp::as_micros), 6);
    }

    /// Any other value of our own vocabulary, or a missing one.
    pub(super) fn display(&mut self, value: Option<impl fmt::Display>) {
        self.scratch.clear();
        if let Some(value) = value {
            // Writing to a string does not fail.
            let _ = write!(self.scratch, "{value}");
        }
        self.cells.push_field(self.scratch.as_bytes());
    }

    /// Appends the row to `out`, with quotes where CSV needs them, and begins the next row.
    ///
    /// # Panics
    ///
    /// Never: writing to memory does not fail.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let written = self.writer.write_byte_record(&self.cells);
        written
            .and_then(|()| Ok(self.writer.flush()?))
            .expect("writing to memory does not fail");
        let written = self.writer.get_ref();
        out.extend_from_slice(&written[self.handed_out..]);
        self.handed_out = written.len();
        if self.handed_out > LARGE {
            *self = Self::default();
        }
        self.cells.clear();
    }
}
