//! The events CSV: a row for each event of every stream, for a close look at arrivals.

use super::about::About;
use super::format::{FileKind, Format};
use super::row::{self, Row};
use crate::record::Sample;

const COLUMNS: [&str; 11] = [
    "run_id", "user", "request", "index", "kind", "at_s", "read", "tokens", "bytes", "name",
    "value",
];

/// The kind of the events CSV.
pub static KIND: FileKind = FileKind {
    name: "events",
    extension: "csv",
    flag: "--events",
    no_flag: None,
    only_file: Some("usage.events"),
    label: "console.file.events",
    refusal: "files.cannot_write_events",
    is_document: false,
    has_events: true,
    is_recounted: false,
    format: |config| {
        Box::new(EventsCsv {
            bom: config.csv_bom,
            ..EventsCsv::default()
        })
    },
};

/// The rows of a run's events.
#[derive(Debug, Default)]
struct EventsCsv {
    bom: bool,
    run_id: String,
    row: Row,
}

impl Format for EventsCsv {
    fn begin(&mut self, about: &About) -> Vec<u8> {
        self.run_id.clone_from(&about.run.run_id);
        row::header(COLUMNS, self.bom)
    }

    /// The events of a request are numbered from 1.
    fn sample(&mut self, sample: &Sample, rows: &mut Vec<u8>) {
        let Sample::Events {
            request,
            user,
            first,
            events,
        } = sample
        else {
            return;
        };
        for (index, event) in (*first..).zip(events) {
            let row = &mut self.row;
            row.text(&self.run_id);
            row.number(u64::from(*user));
            row.number(*request);
            row.number(index);
            row.word(event.kind.name());
            row.seconds(Some(event.at));
            row.number(event.read);
            row.number(event.tokens);
            row.number(event.bytes);
            row.text(&event.name);
            row.text(&event.value);
            row.finish(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;
    use crate::output::tests::run;
    use crate::record::{EventKind, EventRecord};

    #[test]
    fn events_are_numbered_and_missing_values_empty() {
        let event = |kind, at, read, tokens, value: &str| EventRecord {
            kind,
            at: Stamp::from_micros(at),
            read,
            tokens,
            bytes: 42,
            name: "message".into(),
            value: value.into(),
        };
        let mut csv = EventsCsv::default();
        let mut out = csv.begin(&About::of(run()));
        let events = vec![
            event(EventKind::Ping, 1_500, 1, None, ""),
            event(EventKind::Text, 12_000_001, 2, Some(3), ""),
            event(EventKind::Error, 12_000_001, 2, None, "=1, \"no\"\nmore"),
        ];
        let (request, user) = (9, 2);
        let sample = Sample::Events {
            request,
            user,
            first: 1,
            events,
        };
        csv.sample(&sample, &mut out);
        let expected = "\
run_id,user,request,index,kind,at_s,read,tokens,bytes,name,value
3f9a01c2,2,9,1,ping,0.001500,1,,42,message,
3f9a01c2,2,9,2,text,12.000001,2,3,42,message,
3f9a01c2,2,9,3,error,12.000001,2,,42,message,\"'=1, \"\"no\"\"\nmore\"
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
