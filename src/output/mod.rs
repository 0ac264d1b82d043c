//! What a run leaves, and what is read of it again: CSV, JSON and the report. A renderer turns data
//! into bytes, [`files`] owns the files, and [`Outputs`] brings them together for the collector.
//!
//! A further output is a file here and a line in this one.

pub mod about;
pub mod console;
pub mod csv;
pub mod events;
mod file;
pub mod files;
pub mod host;
pub mod html;
pub mod json;
mod layout;
mod recount;
mod row;
pub mod saved;
pub mod spool;
pub mod waterfall;

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::record::{RequestRecord, Sample};
use crate::stats::Measured;
pub use files::{Documents, FileKind, WriteError};
use html::{Charts, Kin};
use waterfall::{Bar, Waterfall};

/// Where one of the run's files goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere.
    None,
    /// A new file of the default name in this directory, which is made if need be.
    Default(PathBuf),
    /// This file; what is there is overwritten.
    File(PathBuf),
    /// Standard output; people's text goes to standard error then.
    Stdout,
}

/// The files to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputConfig {
    /// A row per request.
    pub csv: Destination,
    /// Whether the CSV files begin with a byte-order mark, for Excel.
    pub csv_bom: bool,
    /// The run as a whole.
    pub json: Destination,
    /// A row per event.
    pub events: Option<PathBuf>,
    /// The report.
    pub report: Destination,
    /// The brand's name in it; `None` for none.
    pub brand: Option<String>,
    /// Whether requests are kept with their text, to be counted when the run is over.
    pub keep_requests: bool,
}

/// What is the same in all rows of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// Random, the run's own: files of several runs and machines can be stacked.
    pub run_id: String,
    /// The user's word for the run.
    pub label: Option<String>,
    /// Name of the machine that measured.
    pub client_host: Option<String>,
    /// The URL that was tested.
    pub target: String,
    /// Name of the protocol.
    pub protocol: String,
    /// Name of the model.
    pub model: Option<String>,
    /// Wall-clock time of the run's start, in local time: [`crate::clock::Clock::wall`] of
    /// [`crate::clock::Stamp::ZERO`].
    pub started: OffsetDateTime,
}

/// The files of a run with their renderers.
#[derive(Debug)]
pub struct Outputs {
    files: files::Files,
    run: RunInfo,
    requests: csv::RequestsCsv,
    /// What the requests CSV begins with.
    header: Vec<u8>,
    events: events::EventsCsv,
    /// What the report draws of each request; `None` where none is wanted.
    charts: Option<Charts>,
    waterfall: Waterfall,
    rendered: Vec<u8>,
}

impl Outputs {
    /// Opens all files and writes what they begin with, so that a place that cannot be written is
    /// known before the run. `preliminary` are the documents of a run that has not ended, which is
    /// what a killed run leaves: [`json::Document::render`] without results, and
    /// [`html::placeholder`].
    ///
    /// # Errors
    ///
    /// If a file cannot be opened or written; files that this call has created are gone then.
    pub fn open(
        config: &OutputConfig,
        run: RunInfo,
        preliminary: Documents,
    ) -> Result<Self, WriteError> {
        let names = files::Names::new(run.model.as_deref(), run.started);
        let mut openings = files::Openings {
            requests: csv::header(),
            events: events::header(),
            documents: preliminary,
        };
        if config.csv_bom {
            for csv in [&mut openings.requests, &mut openings.events] {
                csv.splice(..0, "\u{feff}".bytes());
            }
        }
        let header = openings.requests.clone();
        let files = files::Files::open(config, &names, openings)?;
        Ok(Self {
            header,
            events: events::EventsCsv::new(run.run_id.clone()),
            requests: csv::RequestsCsv::new(run.clone()),
            charts: files.has(FileKind::Report).then(Charts::default),
            waterfall: Waterfall::default(),
            rendered: Vec::new(),
            files,
            run,
        })
    }

    /// Takes what a sample has for the files.
    ///
    /// # Errors
    ///
    /// If a file can no longer be written. That is said once for each file; the others go on.
    pub fn on(&mut self, sample: &Sample) -> Result<(), WriteError> {
        match sample {
            Sample::Finished(request) => {
                self.waterfall.add(Bar::of(request));
                let written = self.add(request);
                written.and(self.files.keep(request))
            }
            Sample::Events {
                request,
                user,
                events,
            } => {
                self.rendered.clear();
                self.events
                    .render(*request, *user, events, &mut self.rendered);
                self.files.push(FileKind::Events, &self.rendered)
            }
            _ => Ok(()),
        }
    }

    /// Takes a request for the CSV and for the charts: when it is over, or once more after
    /// [`Outputs::start_over`].
    ///
    /// # Errors
    ///
    /// If so many rows have gathered that they had to be written, and could not be.
    pub fn add(&mut self, request: &RequestRecord) -> Result<(), WriteError> {
        self.chart(request);
        self.rendered.clear();
        self.requests.render(request, &mut self.rendered);
        self.files.push(FileKind::Requests, &self.rendered)
    }

    /// Keeps what the report draws of a request.
    fn chart(&mut self, request: &RequestRecord) {
        if let Some(charts) = &mut self.charts {
            let sent = &request.sent;
            let kin = Kin {
                run: 0,
                of_run: &self.run,
                key: &sent.masked_key,
                query: &sent.query,
                query_hash: csv::hash(&sent.query),
            };
            charts.add(&Measured::of(request), kin);
        }
    }

    /// What the report draws of the requests; `None` where no report is wanted.
    #[must_use]
    pub fn charts(&self) -> Option<&Charts> {
        self.charts.as_ref()
    }

    /// The requests that are drawn from start to end.
    #[must_use]
    pub fn waterfall(&self) -> &Waterfall {
        &self.waterfall
    }

    /// Hands everything taken so far to the system. To be called several times a second.
    ///
    /// # Errors
    ///
    /// One for each file that can no longer be written; the others go on.
    pub fn flush(&mut self) -> Result<(), Vec<WriteError>> {
        self.files.flush()
    }

    /// Writes the rest, with the run's final documents.
    ///
    /// # Errors
    ///
    /// One for each file that could not be written whole.
    pub fn finish(&mut self, documents: &Documents) -> Result<(), Vec<WriteError>> {
        self.files.finish(documents)
    }

    /// The files of this run, standard output not among them.
    pub fn paths(&self) -> impl Iterator<Item = (FileKind, &Path)> {
        self.files.paths()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicU32, Ordering};

    use time::macros::datetime;

    use super::*;
    use crate::clock::Stamp;
    use crate::record::{EventKind, EventRecord};
    use crate::stats::tests::{finished, ok_request};

    /// A directory of this test's own, gone at its end.
    pub(super) struct TempDir(PathBuf);

    impl TempDir {
        pub(super) fn new() -> Self {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("sse-perf-output-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(super) fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for TempDir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// A run that started at a literal time.
    pub(super) fn run() -> RunInfo {
        RunInfo {
            run_id: "3f9a01c2".into(),
            label: Some("=nightly".into()),
            client_host: Some("box".into()),
            target: "http://127.0.0.1:8080/v1/chat-messages".into(),
            protocol: "dify-chat".into(),
            model: Some("m-1".into()),
            started: datetime!(2026-02-03 04:05:06.700 +8),
        }
    }

    #[test]
    fn samples_become_rows_of_their_files() {
        let temp = TempDir::new();
        let config = OutputConfig {
            csv: Destination::Default(temp.path("report")),
            csv_bom: true,
            json: Destination::None,
            events: Some(temp.path("events.csv")),
            report: Destination::None,
            brand: None,
            keep_requests: false,
        };
        let mut outputs = Outputs::open(&config, run(), Documents::default()).unwrap();
        let at = Stamp::from_micros;
        outputs
            .on(&finished(ok_request(at(1), at(2), at(3))))
            .unwrap();
        let event = EventRecord {
            kind: EventKind::Text,
            at: at(2),
            read: 1,
            tokens: Some(1),
            bytes: 9,
            name: "message".into(),
            value: String::new(),
        };
        outputs
            .on(&Sample::Events {
                request: 1,
                user: 1,
                events: vec![event.clone(), event],
            })
            .unwrap();
        outputs.on(&Sample::Done).unwrap();
        outputs.finish(&Documents::default()).unwrap();
        let lines = |(_, path): (FileKind, &Path)| {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.starts_with("\u{feff}"), "{text}");
            text.lines().count()
        };
        assert_eq!(outputs.paths().map(lines).collect::<Vec<_>>(), [2, 3]);
    }
}
