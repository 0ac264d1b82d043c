//! The requests CSV read again: rows become figures, damaged lines are named.

use std::io::{self, Read};

use ::csv::{ByteRecord, ReaderBuilder};

use super::{hash, names};
use crate::clock::Stamp;
use crate::metrics::{Measured, OUTPUT_TOKENS, PerMetric};
use crate::output::row;
use crate::record::{Failure, FailureKind, Outcome, TokenSource};
use crate::text::Message;

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;

/// The last second of a run that is believed, half a month after its start. A later time is damage,
/// and would cost memory for each second before it.
pub(crate) const LAST_SECOND: u64 = 15 * 86_400;

/// The columns that every requests CSV has.
const REQUIRED: [&str; 6] = ["request", "user", "outcome", "start_s", "end_s", "run_id"];

/// Defines [`Column`] and the columns' names.
macro_rules! columns {
    ($($column:ident)*) => {
        /// A column that is read beside the metrics' columns.
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, missing_docs, reason = "the columns' own names")]
        pub enum Column { $($column),* }
        const NAMES: &[&str] = &[$(stringify!($column)),*];
    };
}

columns! {
    request user started_at outcome error_kind token_source start_s end_s query query_hash api_key
    turn error_detail run_id label client_host target protocol model
}

/// A request as its row tells it.
pub struct Row<'a> {
    /// Its figures.
    pub measured: Measured<'a>,
    /// Number of the user, from 1.
    pub user: u32,
    /// The hash of the whole query.
    pub query_hash: u64,
    cells: Cells<'a>,
}

impl<'a> Row<'a> {
    /// The text in the column; empty if the file lacks the column.
    #[must_use]
    pub fn text(&self, column: Column) -> &'a str {
        self.cells.text(column)
    }
}

#[derive(Clone, Copy)]
struct Cells<'a> {
    /// Where each [`Column`] is.
    places: &'a [Option<usize>],
    record: &'a ByteRecord,
    /// The record's cells one after the other.
    text: &'a str,
}

impl<'a> Cells<'a> {
    /// The cell at this place; empty without one.
    fn at(self, place: Option<usize>) -> &'a [u8] {
        let cell = place.and_then(|place| self.record.get(place));
        cell.unwrap_or_default()
    }

    /// Text without the guard against spreadsheets: exactly one `'`.
    fn text(self, column: Column) -> &'a str {
        let place = self.places[column as usize];
        let range = place.and_then(|place| self.record.range(place));
        let cell = range.map_or("", |range| &self.text[range]);
        cell.strip_prefix('\'').unwrap_or(cell)
    }

    fn number(self, column: Column, decimals: u32) -> Result<Option<u64>, Message> {
        let cell = self.at(self.places[column as usize]);
        number(NAMES[column as usize], cell, decimals)
    }

    /// The value with that word in the column.
    fn word<T>(
        self,
        column: Column,
        values: impl IntoIterator<Item = T>,
        word: fn(&T) -> &'static str,
    ) -> Result<T, Message> {
        let text = self.text(column);
        let mut values = values.into_iter();
        values
            .find(|value| word(value) == text)
            .ok_or_else(|| damaged(column))
    }

    fn stamp(self, column: Column) -> Result<Stamp, Message> {
        let micros = self.number(column, 6)?;
        let micros = micros.filter(|micros| micros / 1_000_000 <= LAST_SECOND);
        micros
            .map(Stamp::from_micros)
            .ok_or_else(|| damaged(column))
    }

    fn outcome(self) -> Result<Outcome, Message> {
        if self.text(Column::outcome) == "failed" {
            let kind = self.word(Column::error_kind, FailureKind::ALL, |kind| kind.name())?;
            return Ok(Outcome::Failed(Failure::new(
                kind,
                self.text(Column::error_detail),
            )));
        }
        let others = [Outcome::Ok, Outcome::Cancelled, Outcome::Abandoned];
        self.word(Column::outcome, others, Outcome::name)
    }

    fn query_hash(self) -> Result<u64, Message> {
        let text = self.text(Column::query_hash);
        if text.is_empty() {
            return Ok(hash(self.text(Column::query)));
        }
        let hash = u64::from_str_radix(text.strip_prefix('q').unwrap_or(text), 16);
        hash.map_err(|_| damaged(Column::query_hash))
    }
}

/// A requests CSV being read.
pub struct Reader<R> {
    csv: ::csv::Reader<R>,
    header: ByteRecord,
    record: ByteRecord,
    /// Where each [`Column`] is.
    places: Vec<Option<usize>>,
    /// Where each metric's column is.
    metrics: PerMetric<Option<usize>>,
    /// Where the columns of this version are, in their order.
    own: Vec<Option<usize>>,
    outcome: Outcome,
    copied: row::Row,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is that of another file.
    pub fn new(source: R) -> io::Result<Self> {
        let mut csv = ReaderBuilder::new()
            .buffer_capacity(BUFFER)
            .flexible(true)
            .from_reader(source);
        let header = csv.byte_headers()?.clone();
        let place = |name: &str| header.iter().position(|cell| cell == name.as_bytes());
        let mut lacking = REQUIRED.to_vec();
        lacking.retain(|name| place(name).is_none());
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            return Err(io::Error::other(format!("it lacks {lacking}")));
        }
        Ok(Self {
            metrics: PerMetric::of(|metric| place(metric.name)),
            own: names().map(place).collect(),
            places: NAMES.iter().map(|name| place(name)).collect(),
            csv,
            header,
            record: ByteRecord::new(),
            outcome: Outcome::Ok,
            copied: row::Row::default(),
        })
    }

    /// The next line; `None` at the end. Skips headers between the rows: files may have been put
    /// one after the other.
    ///
    /// # Errors
    ///
    /// If the file cannot be read any further.
    pub fn next_line(&mut self) -> io::Result<Option<Result<Row<'_>, Message>>> {
        let mut line;
        loop {
            line = self.csv.position().line();
            if !self.csv.read_byte_record(&mut self.record)? {
                return Ok(None);
            }
            if self.record != self.header {
                break;
            }
        }
        let (found, expected) = (self.record.len(), self.header.len());
        let row = if found == expected {
            self.row()
        } else {
            Err(Message::new("saved.damaged_cells")
                .with("found", found)
                .with("expected", expected))
        };
        Ok(Some(row.map_err(|damage| damage.with("line", line))))
    }

    fn row(&mut self) -> Result<Row<'_>, Message> {
        let (places, record) = (&self.places, &self.record);
        let text = std::str::from_utf8(record.as_slice()).map_err(|error| {
            let mut columns = self.header.iter().zip(0..);
            let is_damaged = |place| {
                record
                    .range(place)
                    .is_some_and(|r| error.valid_up_to() < r.end)
            };
            let column = columns.find(|(_, place)| is_damaged(*place));
            damaged_cell(&String::from_utf8_lossy(
                column.map_or(b"", |(name, _)| name),
            ))
        })?;
        let cells = Cells {
            places,
            record,
            text,
        };
        self.outcome = cells.outcome()?;
        let (start, end) = (cells.stamp(Column::start_s)?, cells.stamp(Column::end_s)?);
        if end < start {
            return Err(damaged(Column::end_s));
        }
        let mut values = PerMetric::default();
        for (metric, place) in self.metrics.iter() {
            values[metric] = number(metric.name, cells.at(*place), metric.unit.decimals())?;
        }
        let source = |_| {
            cells.word(Column::token_source, TokenSource::ALL, |source| {
                source.name()
            })
        };
        let request = cells.number(Column::request, 0)?;
        let user = cells.number(Column::user, 0)?.map(u32::try_from);
        Ok(Row {
            measured: Measured {
                request: request.ok_or_else(|| damaged(Column::request))?,
                turn: cells.number(Column::turn, 0)?,
                start,
                end,
                outcome: &self.outcome,
                token_source: values[OUTPUT_TOKENS].map(source).transpose()?,
                values,
            },
            user: user
                .and_then(Result::ok)
                .ok_or_else(|| damaged(Column::user))?,
            query_hash: cells.query_hash()?,
            cells,
        })
    }

    /// How many bytes have been read.
    pub fn position(&self) -> u64 {
        self.csv.position().byte()
    }

    /// Appends the last line to `out`, in the columns of this version.
    pub fn copy(&mut self, out: &mut Vec<u8>) {
        for place in &self.own {
            let cell = place.and_then(|place| self.record.get(place));
            self.copied
                .word(&String::from_utf8_lossy(cell.unwrap_or_default()));
        }
        self.copied.finish(out);
    }
}

/// The number in a cell of that column; `None` if the cell is empty.
fn number(column: &str, cell: &[u8], decimals: u32) -> Result<Option<u64>, Message> {
    let number = (!cell.is_empty()).then(|| decimal(cell, decimals));
    let number = number.map(|number| number.ok_or_else(|| damaged_cell(column)));
    number.transpose()
}

/// Says that the cell of this column is damaged.
fn damaged(column: Column) -> Message {
    damaged_cell(NAMES[column as usize])
}

fn damaged_cell(column: &str) -> Message {
    Message::new("saved.damaged_cell").with("column", column)
}

/// Digits, with a point among them or without, as a whole number of units of the last of
/// `decimals` decimals; further decimals are cut off. `None` if the cell is no such number.
fn decimal(cell: &[u8], decimals: u32) -> Option<u64> {
    // How many more digits count; before the point, as many as there are.
    let (mut number, mut left) = (0_u64, u32::MAX);
    if !cell.first()?.is_ascii_digit() {
        return None;
    }
    for byte in cell {
        match byte {
            b'.' if left > decimals => left = decimals,
            b'0'..=b'9' if left == 0 => {}
            b'0'..=b'9' => {
                let digit = u64::from(byte - b'0');
                number = number.checked_mul(10)?.checked_add(digit)?;
                left -= 1;
            }
            _ => return None,
        }
    }
    number.checked_mul(10_u64.pow(left.min(decimals)))
}

#[cfg(test)]
mod tests;
