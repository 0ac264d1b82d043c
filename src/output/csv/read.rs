//! The requests CSV read again: rows become figures, damaged lines are told apart.

use std::io::{self, Read};

use ::csv::{ByteRecord, Position, ReaderBuilder};

use super::{hash, names};
use crate::clock::Stamp;
use crate::metrics::{Measured, OUTPUT_TOKENS, PerMetric};
use crate::output::row;
use crate::record::{Failure, FailureKind, Outcome, TokenSource};
use crate::text::Message;

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;

/// The last second of a run that is believed, half a month after its start: a time beyond is
/// damage, and would cost memory for each second before it.
pub(crate) const LAST_SECOND: u64 = 15 * 86_400;

/// Columns without which a file is not ours.
const REQUIRED: [&str; 6] = ["request", "user", "outcome", "start_s", "end_s", "run_id"];

/// The columns that are read beside those of metrics, in an order of their own.
macro_rules! columns {
    ($($column:ident)*) => {
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, reason = "the columns' own names")]
        enum Column { $($column),* }
        const NAMES: &[&str] = &[$(stringify!($column)),*];
    };
}

columns! {
    request user started_at outcome error_kind token_source start_s end_s query query_hash api_key
    turn error_detail run_id label client_host target protocol model
}

/// A request as its row tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Its figures.
    pub measured: Measured<'a>,
    /// Number of the user, from 1.
    pub user: u32,
    /// Wall-clock time of its start, RFC 3339.
    pub started_at: &'a str,
    /// The API key, masked; empty where none was sent.
    pub key: &'a str,
    /// The query's beginning.
    pub query: &'a str,
    /// The hash of the whole query.
    pub query_hash: u64,
    /// The run.
    pub run_id: &'a str,
    /// The user's word for the run.
    pub label: &'a str,
    /// Name of the machine that measured.
    pub client_host: &'a str,
    /// The URL that was tested.
    pub target: &'a str,
    /// Name of the protocol.
    pub protocol: &'a str,
    /// Name of the model.
    pub model: &'a str,
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
        let lacking = REQUIRED.into_iter().filter(|name| place(name).is_none());
        let lacking: Vec<_> = lacking.collect();
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            return Err(io::Error::other(format!("it lacks {lacking}")));
        }
        Ok(Self {
            places: NAMES.iter().map(|name| place(name)).collect(),
            metrics: PerMetric::of(|metric| place(metric.name)),
            own: names().map(place).collect(),
            csv,
            header,
            record: ByteRecord::new(),
            outcome: Outcome::Ok,
            copied: row::Row::default(),
        })
    }

    /// The next line; `None` at the end. Headers between the rows, of files put one after the other,
    /// are passed over.
    ///
    /// # Errors
    ///
    /// If the file cannot be read any further.
    pub fn next_line(&mut self) -> io::Result<Option<Result<Row<'_>, Message>>> {
        loop {
            if !self.csv.read_byte_record(&mut self.record)? {
                return Ok(None);
            }
            if self.record != self.header {
                break;
            }
        }
        let cells = Cells {
            record: &self.record,
            places: &self.places,
            metrics: &self.metrics,
        };
        let (found, expected) = (self.record.len(), self.header.len());
        let row = if found == expected {
            cells.outcome(&mut self.outcome)
        } else {
            Err(Message::new("saved.damaged_cells")
                .with("found", found)
                .with("expected", expected))
        };
        let row = row.and_then(|()| cells.row(&self.outcome));
        let line = self.record.position().map_or(0, Position::line);
        Ok(Some(row.map_err(|damage| damage.with("line", line))))
    }

    /// How many bytes have been read.
    pub fn position(&self) -> u64 {
        self.csv.position().byte()
    }

    /// Appends the last line to `out`, in the columns of this version.
    pub fn copy(&mut self, out: &mut Vec<u8>) {
        for place in &self.own {
            let cell = place.and_then(|place| self.record.get(place));
            self.copied.raw(cell.unwrap_or_default());
        }
        self.copied.finish(out);
    }
}

/// The cells of a record by their columns.
struct Cells<'a> {
    record: &'a ByteRecord,
    places: &'a [Option<usize>],
    metrics: &'a PerMetric<Option<usize>>,
}

impl<'a> Cells<'a> {
    fn get(&self, column: Column) -> &'a [u8] {
        self.at(self.places[column as usize])
    }

    fn at(&self, place: Option<usize>) -> &'a [u8] {
        place
            .and_then(|place| self.record.get(place))
            .unwrap_or_default()
    }

    /// Text from outside, without the guard against spreadsheets: exactly one `'`.
    fn text(&self, column: Column) -> Result<&'a str, Message> {
        let cell = self.get(column);
        let cell = cell.strip_prefix(b"'").unwrap_or(cell);
        std::str::from_utf8(cell).map_err(|_| damaged(column))
    }

    fn number(&self, column: Column) -> Result<Option<u64>, Message> {
        decimal(self.get(column), 0).map_err(|_| damaged(column))
    }

    fn stamp(&self, column: Column) -> Result<Stamp, Message> {
        let micros = decimal(self.get(column), 6).ok().flatten();
        micros
            .filter(|micros| micros / 1_000_000 <= LAST_SECOND)
            .map(Stamp::from_micros)
            .ok_or_else(|| damaged(column))
    }

    fn outcome(&self, outcome: &mut Outcome) -> Result<(), Message> {
        *outcome = match self.get(Column::outcome) {
            b"ok" => Outcome::Ok,
            b"cancelled" => Outcome::Cancelled,
            b"abandoned" => Outcome::Abandoned,
            b"failed" => {
                let name = self.get(Column::error_kind);
                let mut kinds = FailureKind::ALL.into_iter();
                let kind = kinds
                    .find(|kind| kind.name().as_bytes() == name)
                    .ok_or_else(|| damaged(Column::error_kind))?;
                Outcome::Failed(Failure::new(kind, self.text(Column::error_detail)?))
            }
            _ => return Err(damaged(Column::outcome)),
        };
        Ok(())
    }

    /// The values of all metrics.
    fn values(&self) -> Result<PerMetric<Option<u64>>, Message> {
        let mut values = PerMetric::default();
        for (metric, place) in self.metrics.iter() {
            let cell = decimal(self.at(*place), metric.unit.decimals());
            values[metric] = cell.map_err(|NoNumber| damaged_cell(metric.name))?;
        }
        Ok(values)
    }

    fn token_source(&self) -> Result<TokenSource, Message> {
        let name = self.get(Column::token_source);
        let mut sources = TokenSource::ALL.into_iter();
        let source = sources.find(|source| source.name().as_bytes() == name);
        source.ok_or_else(|| damaged(Column::token_source))
    }

    fn measured(&self, outcome: &'a Outcome) -> Result<Measured<'a>, Message> {
        let (start, end) = (self.stamp(Column::start_s)?, self.stamp(Column::end_s)?);
        if end < start {
            return Err(damaged(Column::end_s));
        }
        let request = self.number(Column::request)?;
        let values = self.values()?;
        let tokens = values[OUTPUT_TOKENS];
        Ok(Measured {
            request: request.ok_or_else(|| damaged(Column::request))?,
            turn: self.number(Column::turn)?,
            start,
            end,
            outcome,
            token_source: tokens.map(|_| self.token_source()).transpose()?,
            values,
        })
    }

    fn row(&self, outcome: &'a Outcome) -> Result<Row<'a>, Message> {
        let user = self.number(Column::user)?.map(u32::try_from);
        let query = self.text(Column::query)?;
        Ok(Row {
            measured: self.measured(outcome)?,
            user: user
                .and_then(Result::ok)
                .ok_or_else(|| damaged(Column::user))?,
            started_at: self.text(Column::started_at)?,
            key: self.text(Column::api_key)?,
            query,
            query_hash: self.query_hash()?.unwrap_or_else(|| hash(query)),
            run_id: self.text(Column::run_id)?,
            label: self.text(Column::label)?,
            client_host: self.text(Column::client_host)?,
            target: self.text(Column::target)?,
            protocol: self.text(Column::protocol)?,
            model: self.text(Column::model)?,
        })
    }

    fn query_hash(&self) -> Result<Option<u64>, Message> {
        let text = self.text(Column::query_hash)?;
        if text.is_empty() {
            return Ok(None);
        }
        u64::from_str_radix(text.strip_prefix('q').unwrap_or(text), 16)
            .map(Some)
            .map_err(|_| damaged(Column::query_hash))
    }
}

fn damaged(column: Column) -> Message {
    damaged_cell(NAMES[column as usize])
}

/// Says that a cell of this column holds what it cannot hold.
fn damaged_cell(column: &str) -> Message {
    Message::new("saved.damaged_cell").with("column", column)
}

/// A cell that holds something else than a number.
#[derive(Debug, PartialEq, Eq)]
struct NoNumber;

/// Digits, with a point among them or without, as a whole number of units of the last of
/// `decimals` decimals; further decimals are cut off. `None` of an empty cell.
fn decimal(cell: &[u8], decimals: u32) -> Result<Option<u64>, NoNumber> {
    if cell.is_empty() {
        return Ok(None);
    }
    let point = cell.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(point) => (&cell[..point], &cell[point + 1..]),
        None => (cell, &b""[..]),
    };
    if whole.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return Err(NoNumber);
    }
    let digits = decimals as usize;
    let padded = std::iter::repeat_n(&b'0', digits.saturating_sub(fraction.len()));
    let digits = whole
        .iter()
        .chain(fraction.iter().take(digits))
        .chain(padded);
    let number = digits.into_iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    number.map(Some).ok_or(NoNumber)
}

#[cfg(test)]
mod tests;
