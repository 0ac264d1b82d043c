//! The log of what the simulated service really did, a row per request: the truth against which a
//! client's figures are held.
//!
//! Times are taken immediately *before* the system call that writes an event. On loopback that call
//! delivers to the receiver before it returns, so a moment taken after it can lie behind the
//! client's; one taken before it never does, and a client's figure less the server's is then always
//! the delay of the way, never negative.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::faults::Fault;
use crate::clock::{Stamp, micros};

/// The log's columns. All times are whole microseconds.
const COLUMNS: [&str; 16] = [
    // The answer's identifier, which clients know as the message's.
    "id",
    "conversation_id",
    "path",
    // The HTTP status; empty if no response was begun.
    "status",
    // What went wrong on purpose; empty if nothing did.
    "fault",
    // `complete`: all that was meant to be sent has been; `client`: the client left before;
    // `shutdown`: the server was stopped before.
    "ended",
    // When the request had been read completely: since the Unix epoch, and since the server's start.
    "read_wall_us",
    "read_us",
    // How late the service was in reading it: that − the kernel's arrival of its last byte. Empty
    // where the kernel does not tell.
    "late_us",
    // From here on since the request had been read.
    "first_token_us",
    "last_token_us",
    // Before the body's last write.
    "end_us",
    // Of reasoning and answer.
    "tokens",
    "reasoning_tokens",
    // Blocks of any kind: pings and the role-only delta, the end and `[DONE]`.
    "events",
    // One time per event that carries tokens, separated by spaces.
    "token_times_us",
];

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ended {
    /// All that was meant to be sent has been.
    #[default]
    Complete,
    /// The client left before that.
    Client,
    /// The server was stopped before that.
    Shutdown,
}

/// What was done for one request.
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
    fn cells(&self) -> [String; COLUMNS.len()] {
        let time = |time: &Duration| micros(*time).to_string();
        let times: Vec<_> = self.token_times.iter().map(time).collect();
        let ended = match self.ended {
            Ended::Complete => "complete",
            Ended::Client => "client",
            Ended::Shutdown => "shutdown",
        };
        [
            self.id.clone(),
            self.conversation_id.clone(),
            self.path.clone(),
            self.status
                .map(|status| status.to_string())
                .unwrap_or_default(),
            self.fault
                .map(|fault| fault.to_string())
                .unwrap_or_default(),
            ended.to_owned(),
            self.read_wall_us.to_string(),
            self.read.as_micros().to_string(),
            self.late.as_ref().map(time).unwrap_or_default(),
            times.first().cloned().unwrap_or_default(),
            times.last().cloned().unwrap_or_default(),
            time(&self.end),
            self.tokens.to_string(),
            self.reasoning_tokens.to_string(),
            self.events.to_string(),
            times.join(" "),
        ]
    }
}

/// A thread that writes rows, so that no answer waits for a disk.
#[derive(Debug)]
pub(super) struct Log {
    rows: Sender<Option<Entry>>,
    writer: JoinHandle<io::Result<()>>,
}

impl Log {
    /// Creates the file, in place of what is there, and starts the thread.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let name =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = File::create(path).map_err(name)?;
        let (rows, received) = channel();
        let writer = std::thread::Builder::new()
            .name("mock-log".to_owned())
            .spawn(move || write(file, &received))?;
        Ok(Self { rows, writer })
    }

    /// Where rows are sent.
    pub(super) fn sender(&self) -> Sender<Option<Entry>> {
        self.rows.clone()
    }

    /// Waits until all rows that were sent are in the file; says what went wrong with it.
    pub(super) fn finish(self) -> io::Result<()> {
        // No receiver: the thread has ended by an error, which the join tells.
        let _ = self.rows.send(None);
        self.writer
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the log's writer panicked")))
    }
}

/// Writes rows until there are no more. The file is up to date whenever no row is waiting, so that a
/// server that is killed leaves what it did.
fn write(file: File, rows: &Receiver<Option<Entry>>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    csv.write_record(COLUMNS)?;
    csv.flush()?;
    while let Ok(Some(row)) = rows.recv() {
        csv.write_record(row.cells())?;
        while let Ok(next) = rows.try_recv() {
            let Some(row) = next else {
                return csv.flush();
            };
            csv.write_record(row.cells())?;
        }
        csv.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_each_column() {
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
        assert_eq!(
            row.cells().join(","),
            "m1,,/v1/x,200,status=503,client,1700000000000000,12,7,50,71,99,3,1,4,50 71"
        );
        assert_eq!(
            Entry::default().cells().join(","),
            ",,,,,complete,0,0,,,,0,0,0,0,"
        );
    }

    #[test]
    fn a_log_that_cannot_be_created_is_named() {
        let error = Log::create(Path::new("/nowhere/truth.csv")).expect_err("no such directory");
        assert!(
            error.to_string().starts_with("/nowhere/truth.csv: "),
            "{error}"
        );
    }
}
