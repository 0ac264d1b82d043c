//! The log of the simulated service, one row per request. A client's figures are compared with it.
//!
//! Times are taken immediately *before* the system call that writes an event. On loopback the call
//! delivers the event before it returns, so a time taken after the call can be later than the
//! client's. A time taken before it never is: the client's time minus the server's is the delay of
//! the transfer and never negative.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::faults::Fault;
use crate::clock::{Stamp, micros};

/// How an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ended {
    /// Everything was sent.
    #[default]
    Complete,
    /// The client left early.
    Client,
    /// The server stopped early.
    Shutdown,
}

/// One row of the log: one request and its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) conversation_id: String,
    pub(super) path: String,
    pub(super) status: Option<u16>,
    pub(super) fault: Option<Fault>,
    pub(super) ended: Ended,
    pub(super) read_wall_us: i128,
    pub(super) read: Stamp,
    pub(super) late: Option<Duration>,
    pub(super) end: Duration,
    pub(super) tokens: u32,
    pub(super) reasoning_tokens: u32,
    pub(super) events: u32,
    pub(super) token_times: Vec<Duration>,
}

impl Entry {
    /// The row's cells with their columns. All times are whole microseconds.
    fn cells(&self) -> [(&'static str, String); 16] {
        let time = |time: &Duration| micros(*time).to_string();
        let times: Vec<_> = self.token_times.iter().map(time).collect();
        let status = self.status.map(|status| status.to_string());
        let fault = self.fault.map(|fault| fault.to_string());
        let ended = match self.ended {
            Ended::Complete => "complete",
            Ended::Client => "client",
            Ended::Shutdown => "shutdown",
        };
        [
            // The message id of clients.
            ("id", self.id.clone()),
            ("conversation_id", self.conversation_id.clone()),
            ("path", self.path.clone()),
            // Empty if no response was sent.
            ("status", status.unwrap_or_default()),
            // Empty if there was none.
            ("fault", fault.unwrap_or_default()),
            ("ended", ended.to_owned()),
            // When the request was read: since the Unix epoch, and since the server's start.
            ("read_wall_us", self.read_wall_us.to_string()),
            ("read_us", self.read.as_micros().to_string()),
            // Time from the arrival of the request's last byte to its reading. Empty if the kernel
            // does not tell the arrival.
            ("late_us", self.late.as_ref().map(time).unwrap_or_default()),
            // Times since the request was read.
            ("first_token_us", times.first().cloned().unwrap_or_default()),
            ("last_token_us", times.last().cloned().unwrap_or_default()),
            // Before the last write of the body.
            ("end_us", time(&self.end)),
            // Tokens of reasoning and answer.
            ("tokens", self.tokens.to_string()),
            ("reasoning_tokens", self.reasoning_tokens.to_string()),
            // Events of any kind, keep-alives and `[DONE]` included.
            ("events", self.events.to_string()),
            // The time of each event with tokens, separated by spaces.
            ("token_times_us", times.join(" ")),
        ]
    }
}

/// Takes rows for the log; `None` ends it.
pub(super) type Rows = Sender<Option<Entry>>;

/// Creates or replaces the log's file, and starts a thread that writes the rows: no answer waits
/// for the disk. The thread returns the error of the file, if there was one.
pub(super) fn create(path: &Path) -> io::Result<(Rows, JoinHandle<io::Result<()>>)> {
    let name =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let file = File::create(path).map_err(name)?;
    let (rows, received) = unbounded();
    let writer = std::thread::Builder::new()
        .name("mock-log".to_owned())
        .spawn(move || write(file, &received))?;
    Ok((rows, writer))
}

/// Writes rows to the last one. Whenever no row waits, the file is complete: also a server that is
/// killed leaves its rows.
fn write(file: File, rows: &Receiver<Option<Entry>>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    csv.write_record(Entry::default().cells().map(|(column, _)| column))?;
    csv.flush()?;
    while let Ok(Some(row)) = rows.recv() {
        csv.write_record(row.cells().map(|(_, cell)| cell))?;
        if rows.is_empty() {
            csv.flush()?;
        }
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_cell_by_cell() {
        let row_of = |entry: &Entry| entry.cells().map(|(_, cell)| cell).join(",");
        let row = Entry {
            id: "m1".into(),
            path: "/v1/x".into(),
            status: Some(200),
            fault: Some(Fault::Status(503)),
            ended: Ended::Client,
            read_wall_us: 1_700_000_000_000_000,
            read: Stamp::from_micros(12),
            late: Some(Duration::from_micros(7)),
            end: Duration::from_micros(99),
            tokens: 3,
            reasoning_tokens: 1,
            events: 4,
            token_times: vec![Duration::from_micros(50), Duration::from_nanos(70_500)],
            ..Entry::default()
        };
        let expected = "m1,,/v1/x,200,status=503,client,1700000000000000,12,7,50,71,99,3,1,4,50 71";
        assert_eq!(row_of(&row), expected);
        assert_eq!(row_of(&Entry::default()), ",,,,,complete,0,0,,,,0,0,0,0,");
    }

    #[test]
    fn a_log_that_cannot_be_created_is_named() {
        let error = create(Path::new("/nowhere/truth.csv")).expect_err("no such directory");
        let error = error.to_string();
        assert!(error.starts_with("/nowhere/truth.csv: "), "{error}");
    }
}
