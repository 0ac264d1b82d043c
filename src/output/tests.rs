//! Samples become the rows of all files. Other tests of the outputs share the helpers.

use std::fs;
use std::path::Path;

use time::macros::datetime;

use super::about::About;
use super::*;
use crate::clock::Stamp;
use crate::record::{EventKind, EventRecord, Sample};
use crate::stats::tests::{finished, ok_request};

#[path = "../../tests/shared/directory.rs"]
mod directory;
#[path = "../../tests/shared/golden.rs"]
mod golden;
pub(crate) use directory::Directory;
pub(crate) use golden::assert_golden;

/// A run that started at a literal time.
pub(crate) fn run() -> RunInfo {
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
    let temp = Directory::new();
    let config = OutputConfig {
        csv_bom: true,
        ..OutputConfig::default()
    }
    .with(&csv::KIND, Destination::Default(temp.file("report")))
    .with(&events::KIND, Destination::File(temp.file("events.csv")));
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
        first: 1,
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
