//! The requests CSV read again: rows become figures, damaged lines are named.

use std::collections::HashMap;
use std::io::{self, Read};

use ::csv::{ErrorKind, ReaderBuilder, StringRecord};

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
    /// The text in the column of that name; empty without such a column.
    #[must_use]
    pub fn text(&self, column: &str) -> &'a str {
        self.cells.text(column)
    }
}

#[derive(Clone, Copy)]
struct Cells<'a> {
    places: &'a HashMap<String, usize>,
    record: &'a StringRecord,
}

impl<'a> Cells<'a> {
    /// Text without the guard against spreadsheets: exactly one `'`.
    fn text(self, column: &str) -> &'a str {
        let place = self.places.get(column);
        let cell = place.and_then(|place| self.record.get(*place));
        let cell = cell.unwrap_or_default();
        cell.strip_prefix('\'').unwrap_or(cell)
    }

    fn number(self, column: &str, decimals: u32) -> Result<Option<u64>, Message> {
        number(column, self.text(column), decimals)
    }

    /// The value with that word in the column.
    fn word<T>(
        self,
        column: &str,
        values: impl IntoIterator<Item = T>,
        word: fn(&T) -> &'static str,
    ) -> Result<T, Message> {
        let text = self.text(column);
        let mut values = values.into_iter();
        values
            .find(|value| word(value) == text)
            .ok_or_else(|| damaged(column))
    }

    fn stamp(self, column: &str) -> Result<Stamp, Message> {
        let micros = self.number(column, 6)?;
        let micros = micros.filter(|micros| micros / 1_000_000 <= LAST_SECOND);
        micros
            .map(Stamp::from_micros)
            .ok_or_else(|| damaged(column))
    }

    fn outcome(self) -> Result<Outcome, Message> {
        if self.text("outcome") == "failed" {
            let kind = self.word("error_kind", FailureKind::ALL, |kind| kind.name())?;
            return Ok(Outcome::Failed(Failure::new(
                kind,
                self.text("error_detail"),
            )));
        }
        let others = [Outcome::Ok, Outcome::Cancelled, Outcome::Abandoned];
        self.word("outcome", others, Outcome::name)
    }

    fn query_hash(self) -> Result<u64, Message> {
        let text = self.text("query_hash");
        if text.is_empty() {
            return Ok(hash(self.text("query")));
        }
        let hash = u64::from_str_radix(text.strip_prefix('q').unwrap_or(text), 16);
        hash.map_err(|_| damaged("query_hash"))
    }
}

/// A requests CSV being read.
pub struct Reader<R> {
    csv: ::csv::Reader<R>,
    header: StringRecord,
    record: StringRecord,
    /// Where each column is.
    places: HashMap<String, usize>,
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
        let header = csv.headers()?.clone();
        let places: HashMap<_, _> = header.iter().map(str::to_owned).zip(0..).collect();
        let place = |name: &str| places.get(name).copied();
        let mut lacking = REQUIRED.to_vec();
        lacking.retain(|name| place(name).is_none());
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            return Err(io::Error::other(format!("it lacks {lacking}")));
        }
        Ok(Self {
            metrics: PerMetric::of(|metric| place(metric.name)),
            own: names().map(place).collect(),
            places,
            csv,
            header,
            record: StringRecord::new(),
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
        let not_text = loop {
            line = self.csv.position().line();
            match self.csv.read_record(&mut self.record) {
                Ok(false) => return Ok(None),
                Ok(true) if self.record == self.header => {}
                Ok(true) => break None,
                Err(error) => match error.kind() {
                    ErrorKind::Utf8 { err, .. } => break self.header.get(err.field()),
                    _ => return Err(error.into()),
                },
            }
        };
        let (found, expected) = (self.record.len(), self.header.len());
        let row = match not_text {
            Some(column) => Err(damaged(column)),
            None if found == expected => self.row(),
            None => Err(Message::new("saved.damaged_cells")
                .with("found", found)
                .with("expected", expected)),
        };
        Ok(Some(row.map_err(|damage| damage.with("line", line))))
    }

    fn row(&mut self) -> Result<Row<'_>, Message> {
        let (places, record) = (&self.places, &self.record);
        let cells = Cells { places, record };
        self.outcome = cells.outcome()?;
        let (start, end) = (cells.stamp("start_s")?, cells.stamp("end_s")?);
        if end < start {
            return Err(damaged("end_s"));
        }
        let mut values = PerMetric::default();
        for (metric, place) in self.metrics.iter() {
            let cell = place.and_then(|place| record.get(place));
            let decimals = metric.unit.decimals();
            values[metric] = number(metric.name, cell.unwrap_or_default(), decimals)?;
        }
        let source = |_| cells.word("token_source", TokenSource::ALL, |source| source.name());
        let request = cells.number("request", 0)?;
        let user = cells.number("user", 0)?.map(u32::try_from);
        Ok(Row {
            measured: Measured {
                request: request.ok_or_else(|| damaged("request"))?,
                turn: cells.number("turn", 0)?,
                start,
                end,
                outcome: &self.outcome,
                token_source: values[OUTPUT_TOKENS].map(source).transpose()?,
                values,
            },
            user: user.and_then(Result::ok).ok_or_else(|| damaged("user"))?,
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
            self.copied.word(cell.unwrap_or_default());
        }
        self.copied.finish(out);
    }
}

/// The number in a cell of that column; `None` if the cell is empty.
fn number(column: &str, cell: &str, decimals: u32) -> Result<Option<u64>, Message> {
    let number = (!cell.is_empty()).then(|| decimal(cell, decimals));
    let number = number.map(|number| number.ok_or_else(|| damaged(column)));
    number.transpose()
}

/// Says that the cell of this column is damaged.
fn damaged(column: &str) -> Message {
    Message::new("saved.damaged_cell").with("column", column)
}

/// Digits, with a point among them or without, as a whole number of units of the last of
/// `decimals` decimals; further decimals are cut off. `None` if the cell is no such number.
fn decimal(cell: &str, decimals: u32) -> Option<u64> {
    let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let fraction = fraction.bytes().chain(std::iter::repeat(b'0'));
    let mut digits = whole.bytes().chain(fraction.take(decimals as usize));
    digits.try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests;
