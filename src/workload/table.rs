//! Data files with several values a row: CSV with a header row, and JSON Lines. No I/O.

use serde_json::{Map, Value};

use crate::text::Message;
use crate::values::shown;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text; empty if the row has no value.
    Text(Box<str>),
    /// A number, a truth value, a list or an object of JSON Lines, as JSON.
    Json(Box<str>),
}

impl Cell {
    /// Its text, to be part of a longer text.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Cell::Text(text) | Cell::Json(text) => text,
        }
    }
}

/// The rows of a data file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a value for each column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Reads CSV (RFC 4180) whose first row names the columns. Quoted values may hold line breaks;
    /// blank lines are skipped.
    ///
    /// # Errors
    ///
    /// The message says what is wrong and where; the caller adds the file's name as `value`.
    pub fn csv(text: &str) -> Result<Self, Message> {
        // The check of rows' lengths below names the line, unlike that of the reader.
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.as_bytes());
        // The text is UTF-8 and in memory: nothing else can fail.
        let Ok(header) = reader.headers() else {
            return Ok(Self::default());
        };
        let columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        for (place, name) in columns.iter().enumerate() {
            if name.is_empty() || columns[..place].contains(name) {
                let message = Message::new("usage.data_column").with("name", shown(name));
                return Err(message.with("place", place + 1));
            }
        }
        let mut table = Self {
            columns,
            ..Self::default()
        };
        let (mut line, mut begin) = (1, 0);
        for record in reader.records().map_while(Result::ok) {
            let previous = std::mem::replace(&mut begin, beginning(text, &record));
            line += text[previous..begin].matches('\n').count();
            if record.len() != table.columns.len() {
                return Err(Message::new("usage.data_cells")
                    .with("line", line)
                    .with("found", record.len())
                    .with("expected", table.columns.len()));
            }
            let cells = record.iter().map(|cell| Cell::Text(cell.into()));
            table.rows.push(cells.collect());
        }
        Ok(table)
    }

    /// Reads JSON Lines: an object a line, blank lines skipped. The columns are the members of all
    /// objects; a member that an object lacks, or has as `null`, is an empty text.
    ///
    /// # Errors
    ///
    /// The message says what is wrong and where; the caller adds the file's name as `value`.
    pub fn json_lines(text: &str) -> Result<Self, Message> {
        let mut table = Self::default();
        let mut objects: Vec<Map<String, Value>> = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() {
                continue;
            }
            let object: Map<String, Value> = serde_json::from_str(line).map_err(|error| {
                let message = Message::new("usage.data_json").with("line", number);
                let reason = format!("{} (column {})", reason(&error), error.column());
                message.with("error", reason)
            })?;
            for name in object.keys() {
                if !table.columns.contains(name) {
                    table.columns.push(name.clone());
                }
            }
            objects.push(object);
        }
        for mut object in objects {
            let cells = table.columns.iter().map(|name| cell(object.remove(name)));
            table.rows.push(cells.collect());
        }
        Ok(table)
    }

    /// Removes a column and returns its values, one for each row; `None` if there is no such column.
    pub fn take_column(&mut self, name: &str) -> Option<Vec<Cell>> {
        let place = self.columns.iter().position(|column| column == name)?;
        self.columns.remove(place);
        Some(self.rows.iter_mut().map(|row| row.remove(place)).collect())
    }
}

/// Where a row begins. The reader tells where the row before ended, perhaps within a CRLF.
fn beginning(text: &str, record: &csv::StringRecord) -> usize {
    let end = record.position().map_or(0, csv::Position::byte);
    let end = usize::try_from(end).unwrap_or(text.len()).min(text.len());
    let line_ends = text.as_bytes()[end..].iter();
    end + line_ends.take_while(|b| matches!(b, b'\r' | b'\n')).count()
}

fn cell(value: Option<Value>) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Text("".into()),
        Some(Value::String(text)) => Cell::Text(text.into()),
        Some(other) => Cell::Json(other.to_string().into()),
    }
}

/// A JSON reader's error without the place that it ends with.
#[must_use]
pub fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ");
    reason.map_or(&*text, |(reason, _)| reason).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(table: &Table) -> Vec<Vec<&str>> {
        let rows = table.rows.iter();
        rows.map(|row| row.iter().map(Cell::text).collect())
            .collect()
    }

    #[test]
    fn csv_values_may_hold_quotes_commas_and_line_breaks() {
        let text = "query, city\r\n\"say \"\"hi\"\", then\nstop\",杭州\r\n\r\nq2,\r\n";
        let table = Table::csv(text).unwrap();
        assert_eq!(table.columns, ["query", "city"]);
        let rows = [["say \"hi\", then\nstop", "杭州"], ["q2", ""]];
        assert_eq!(texts(&table), rows);
    }

    #[test]
    fn what_is_wrong_with_csv_is_told_with_its_place() {
        for text in ["", "a,b\n"] {
            assert!(Table::csv(text).unwrap().rows.is_empty(), "{text:?}");
        }
        for (text, expected) in [
            ("a,b\n1,2\n\"x\ny\",2,3\n", "line 3: 3 values for 2 columns"),
            (
                "a,b\r\n\r\n1,\"x\r\ny\"\r\n\r\n1\r\n",
                "line 6: 1 values for 2 columns",
            ),
            ("a,b,a\n1,2,3\n", "column 3 (a)"),
            ("a, \n1,2\n", "column 2 ('')"),
        ] {
            let error = Table::csv(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn json_lines_keep_what_is_no_text_as_json() {
        let text = "{\"query\":\"a\\nb\",\"n\":1.5}\n\n{\"query\":\"c\",\"l\":[1,{\"x\":null}],\"n\":null}\n";
        let table = Table::json_lines(text).unwrap();
        assert_eq!(table.columns, ["query", "n", "l"]);
        let rows = [["a\nb", "1.5", ""], ["c", "", "[1,{\"x\":null}]"]];
        assert_eq!(texts(&table), rows);
        assert!(matches!(table.rows[0][1], Cell::Json(_)));
        assert!(matches!(table.rows[1][1], Cell::Text(_)));
    }

    #[test]
    fn a_line_that_is_no_object_is_told() {
        for text in ["{\"a\":1}\n[1]\n", "{\"a\":1}\n{\"a\":\n", "{\"a\":1}\nx\n"] {
            let error = Table::json_lines(text).unwrap_err();
            assert_eq!(error.id(), "usage.data_json");
            assert!(error.to_string().contains("line 2"), "{error}");
        }
        assert!(Table::json_lines("\n \n").unwrap().rows.is_empty());
    }

    #[test]
    fn a_column_can_be_taken_out() {
        let mut table = Table::csv("a,query,b\n1,q,2\n").unwrap();
        let queries = vec![Cell::Text("q".into())];
        assert_eq!(table.take_column("query"), Some(queries));
        assert_eq!(texts(&table), [["1", "2"]]);
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.take_column("query"), None);
    }
}
