//! What a run leaves, and what is read of it again. A [`Format`] makes what is in a file,
//! [`files`] owns the files, and the collector hands them samples.
//!
//! A further format is a file here and a line in [`FORMATS`]; its option comes from there.

pub mod about;
pub mod console;
pub mod csv;
mod error;
pub mod events;
mod file;
pub mod files;
mod format;
mod hint;
pub mod host;
pub mod html;
pub mod json;
mod layout;
mod members;
mod row;
pub mod saved;
pub mod spool;
pub mod waterfall;

pub use about::RunInfo;
pub use error::WriteError;
pub use files::{Formats, Outputs};
pub use format::{Destination, FileKind, Format, GroupKeys, OutputConfig, Results};

/// All kinds of files that a run can leave, in the order in which they are listed.
pub static FORMATS: &[&FileKind] = &[&csv::KIND, &events::KIND, &json::KIND, &html::KIND];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU32, Ordering};

    use time::macros::datetime;

    use super::about::About;
    use super::*;
    use crate::clock::Stamp;
    use crate::record::{EventKind, EventRecord, Sample};
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
            csv_bom: true,
            ..OutputConfig::default()
        }
        .with(&csv::KIND, Destination::Default(temp.path("report")))
        .with(&events::KIND, Destination::File(temp.path("events.csv")));
        let mut outputs = Formats::new(&config)
            .open("m-1", &About::of(run()))
            .unwrap();
        let at = Stamp::from_micros;
        let request = finished(ok_request(at(1), at(2), at(3)));
        assert!(outputs.on(&request).is_empty());
        let event = EventRecord {
            kind: EventKind::Text,
            at: at(2),
            read: 1,
            tokens: Some(1),
            bytes: 9,
            name: "message".into(),
            value: String::new(),
        };
        let events = Sample::Events {
            request: 1,
            user: 1,
            events: vec![event.clone(), event],
        };
        for sample in [events, Sample::Done] {
            assert!(outputs.on(&sample).is_empty());
        }
        assert!(outputs.flush().is_empty());
        let lines = |(_, path): (&FileKind, &Path)| {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.starts_with("\u{feff}"), "{text}");
            text.lines().count()
        };
        assert_eq!(outputs.paths().map(lines).collect::<Vec<_>>(), [2, 3]);
    }
}
