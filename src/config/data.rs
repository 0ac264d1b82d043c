//! The data of `--param-file` (lines, CSV or JSON Lines, by the file's ending), and the order of its
//! rows.

use std::path::PathBuf;
use std::sync::Arc;

use super::build::Builder;
use super::files::{self, Unusable};
use crate::text::Message;
use crate::values::shown;
use crate::workload::{Order, Rotation, Table};

/// The queries and the other data of a run.
pub(super) struct Data {
    pub(super) queries: Rotation<Arc<str>>,
    /// Whether there are queries: a data file may have other columns only.
    pub(super) has_queries: bool,
    /// The other columns.
    pub(super) others: Table,
}

impl Data {
    fn of_queries(queries: Rotation<Arc<str>>) -> Self {
        Self {
            queries,
            has_queries: true,
            others: Table::default(),
        }
    }
}

impl Builder<'_> {
    /// The data of the file, or the single query of the flag.
    pub(super) fn data(&mut self) -> Result<Data, Message> {
        let raw = &self.raw.request;
        if let Some(file) = &raw.param_file {
            match read(file, raw.max_file_bytes as u64) {
                Err(Unusable::Absent(message)) if !self.raw.console.strict => {
                    let query = shown(&raw.query);
                    self.fall_back(&message, "warning.query_instead", &query);
                }
                data => return Ok(data?),
            }
        }
        if raw.query.trim().is_empty() {
            return Err(Message::new("usage.query_empty"));
        }
        Ok(Data::of_queries(Rotation::flag(raw.query.as_str().into())))
    }

    /// The order of `--data-order` for `rows` rows.
    pub(super) fn order(&mut self, rows: usize) -> Result<Order, Message> {
        let raw = &self.raw.request;
        let order = match raw.data_order.trim() {
            "sequential" => Order::Sequential,
            "shuffle" => Order::shuffled(self.raw.load.seed, rows),
            "random" => Order::Random(self.raw.load.seed),
            other => {
                let message = Message::about("usage.data_order", other);
                return Err(message.with("known", Order::NAMES.join(", ")));
            }
        };
        if order != Order::Sequential && raw.param_file.is_none() {
            self.warn(Message::new("warning.data_order_unused"));
        }
        Ok(order)
    }
}

fn read(file: &str, most: u64) -> Result<Data, Unusable> {
    const FLAG: &str = "--param-file";
    let path = PathBuf::from(file);
    let ending = path.extension().and_then(|ending| ending.to_str());
    let parse = match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Table::csv,
        Some("jsonl" | "ndjson") => Table::json_lines,
        _ => return files::queries(file, most).map(Data::of_queries),
    };
    let mut table = parse(&files::read(FLAG, file, most)?)
        .map_err(|wrong| Unusable::Wrong(wrong.with("value", shown(file))))?;
    if table.rows.is_empty() {
        let message = Message::about("usage.data_empty", file);
        return Err(Unusable::Absent(message.with("flag", FLAG)));
    }
    let cells = table.take_column("query");
    let queries = cells.as_ref().map_or_else(
        || vec!["".into(); table.rows.len()],
        |cells| cells.iter().map(|cell| cell.text().into()).collect(),
    );
    Ok(Data {
        queries: Rotation::file(path, queries),
        has_queries: cells.is_some(),
        others: table,
    })
}
