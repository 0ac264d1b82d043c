//! The events CSV: a row per event of every stream, for a close look at what came when.

use super::row::Row;
use crate::record::EventRecord;

const COLUMNS: [&str; 11] = [
    "run_id", "user", "request", "index", "kind", "at_s", "read", "tokens", "bytes", "name",
    "value",
];

/// The renderer of a run's events.
#[derive(Debug)]
pub struct EventsCsv {
    run_id: String,
    row: Row,
}

/// The header row.
#[must_use]
pub fn header() -> Vec<u8> {
    let (mut row, mut header) = (Row::default(), Vec::new());
    for name in COLUMNS {
        row.word(name);
    }
    row.finish(&mut header);
    header
}

impl EventsCsv {
    /// The renderer of that run.
    #[must_use]
    pub fn new(run_id: String) -> Self {
        Self {
            run_id,
            row: Row::default(),
        }
    }

    /// Appends the rows of a request's events to `out`, numbered from 1.
    pub fn render(&mut self, request: u64, user: u32, events: &[EventRecord], out: &mut Vec<u8>) {
        for (index, event) in (1_u64..).zip(events) {
            let row = &mut self.row;
            row.text(&self.run_id);
            row.number(u64::from(user));
            row.number(request);
            row.number(index);
            row.word(event.kind.name());
            row.seconds(Some(event.at));
            row.number(event.read);
            row.number(event.tokens);
            row.number(event.bytes);
            row.text(&event.name);
            row.text(&event.value);
            row.finish(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;
    use crate::record::EventKind;

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
        let mut out = header();
        let events = [
            event(EventKind::Ping, 1_500, 1, None, ""),
            event(EventKind::Text, 12_000_001, 2, Some(3), ""),
            event(EventKind::Error, 12_000_001, 2, None, "=1, \"no\"\nmore"),
        ];
        EventsCsv::new("r1".into()).render(9, 2, &events, &mut out);
        let expected = "\
run_id,user,request,index,kind,at_s,read,tokens,bytes,name,value
r1,2,9,1,ping,0.001500,1,,42,message,
r1,2,9,2,text,12.000001,2,3,42,message,
r1,2,9,3,error,12.000001,2,,42,message,\"'=1, \"\"no\"\"\nmore\"
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
