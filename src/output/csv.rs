//! The requests CSV: a row per request.

pub mod read;

use std::time::Duration;

use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::about::{About, RunInfo};
use super::format::{FileKind, Format};
use super::row::{self, Row};
use crate::clock::Stamp;
use crate::metrics::{self, Columns, Metric};
use crate::record::{RequestRecord, Sample, TokenSource};

/// RFC 3339 with milliseconds.
pub(super) const STARTED_AT: StaticFormatDescription = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]\
     [offset_hour sign:mandatory]:[offset_minute]"
);

/// The most characters of a query in its row.
const QUERY_CHARS: usize = 80;

/// A part of a row.
enum Part {
    /// A column: its name, and the function that writes its cell.
    Column(&'static str, fn(&mut Row, &RequestRecord, &RunInfo)),
    /// The columns of metrics that stand together.
    Metrics(Columns),
}
use Part::{Column, Metrics};

/// All columns in their order.
const PARTS: &[Part] = &[
    Column("request", |row, r, _| row.number(r.request)),
    Column("user", |row, r, _| row.number(u64::from(r.user))),
    Column("started_at", |row, r, run| {
        row.display(started_at(run, r.instants.start));
    }),
    Column("outcome", |row, r, _| row.word(r.outcome.name())),
    Column("error_kind", |row, r, _| {
        row.display(r.outcome.failure().map(|failure| failure.kind));
    }),
    Column("http_status", |row, r, _| row.display(r.http_status)),
    Metrics(Columns::Latency),
    Metrics(Columns::Output),
    Metrics(Columns::Rate),
    Metrics(Columns::Detail),
    Metrics(Columns::Amount),
    Column("token_source", |row, r, _| {
        let source = r.output_tokens().map(|(_, source)| source);
        row.word(source.map_or("", TokenSource::name));
    }),
    Column("finish_reason", |row, r, _| {
        row.maybe_text(r.finish_reason.as_deref());
    }),
    Column("scheduled_s", |row, r, _| {
        let start = r.instants.start;
        row.seconds(Some(r.instants.scheduled.unwrap_or(start)));
    }),
    Column("start_s", |row, r, _| row.seconds(Some(r.instants.start))),
    Column("sent_s", |row, r, _| row.seconds(r.instants.sent)),
    Column("end_s", |row, r, _| row.seconds(Some(r.instants.end))),
    Column("phase", |row, r, _| row.word(r.phase.name())),
    Column("stage", |row, r, _| row.number(r.stage.map(u64::from))),
    Column("conversation", |row, r, _| {
        row.number(r.turn.map(|turn| turn.conversation));
    }),
    Column("turn", |row, r, _| {
        row.number(r.turn.map(|turn| u64::from(turn.turn)));
    }),
    Column("query_index", |row, r, _| row.display(r.sent.query_index)),
    Column("query", |row, r, _| row.text(beginning(&r.sent.query))),
    Column("query_hash", |row, r, _| {
        // The letter keeps spreadsheets from reading the hash as a number, such as 12e4.
        row.display(Some(format_args!("q{:016x}", hash(&r.sent.query))));
    }),
    Column("key_index", |row, r, _| row.display(r.sent.key_index)),
    Column("api_key", |row, r, _| row.text(&r.sent.masked_key)),
    Metrics(Columns::Retry),
    Column("connection", |row, r, _| {
        row.word(match r.connection.reused {
            Some(true) => "reused",
            Some(false) => "new",
            None => "",
        });
    }),
    Column("server_addr", |row, r, _| {
        row.display(r.connection.server_addr);
    }),
    Metrics(Columns::Connection),
    Column("clock", |row, r, _| row.word(r.clock.name())),
    Metrics(Columns::Client),
    Column("conversation_id", |row, r, _| {
        row.maybe_text(r.conversation_id.as_deref());
    }),
    Column("message_id", |row, r, _| {
        row.maybe_text(r.message_id.as_deref());
    }),
    Column("error_detail", |row, r, _| {
        let failure = r.outcome.failure();
        row.maybe_text(failure.map(|failure| failure.detail.as_str()));
    }),
    Column("run_id", |row, _, run| row.text(&run.run_id)),
    Column("label", |row, _, run| row.maybe_text(run.label.as_deref())),
    Column("client_host", |row, _, run| {
        row.maybe_text(run.client_host.as_deref());
    }),
    Column("target", |row, _, run| row.text(&run.target)),
    Column("protocol", |row, _, run| row.text(&run.protocol)),
    Column("model", |row, _, run| row.maybe_text(run.model.as_deref())),
];

/// The metrics of those columns.
fn metrics_in(columns: Columns) -> impl Iterator<Item = Metric> {
    metrics::all().filter(move |metric| metric.columns == columns)
}

/// The names of all columns in their order.
fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().flat_map(|part| match part {
        Column(name, _) => vec![*name],
        Metrics(columns) => metrics_in(*columns).map(|metric| metric.name).collect(),
    })
}

/// The kind of the requests CSV.
pub static KIND: FileKind = FileKind {
    name: "requests",
    extension: "csv",
    flag: "--csv",
    no_flag: Some("--no-csv"),
    only_file: None,
    label: "console.file.requests",
    refusal: "files.cannot_write_csv",
    is_document: false,
    has_events: false,
    is_recounted: true,
    format: |config| {
        Box::new(RequestsCsv {
            bom: config.csv_bom,
            ..RequestsCsv::default()
        })
    },
};

/// The rows of a run's requests.
#[derive(Debug, Default)]
pub struct RequestsCsv {
    bom: bool,
    run: Option<RunInfo>,
    row: Row,
}

/// The header row.
#[must_use]
pub fn header() -> Vec<u8> {
    row::header(names(), false)
}

impl Format for RequestsCsv {
    fn begin(&mut self, about: &About) -> Vec<u8> {
        self.run = Some(about.run.clone());
        row::header(names(), self.bom)
    }

    fn sample(&mut self, sample: &Sample, rows: &mut Vec<u8>) {
        if let (Sample::Finished(request), Some(run)) = (sample, &self.run) {
            for part in PARTS {
                match part {
                    Column(_, cell) => cell(&mut self.row, request, run),
                    Metrics(columns) => {
                        for metric in metrics_in(*columns) {
                            let decimals = metric.unit.decimals();
                            self.row.decimal((metric.of)(request), decimals);
                        }
                    }
                }
            }
            self.row.finish(rows);
        }
    }
}

fn started_at(run: &RunInfo, start: Stamp) -> Option<String> {
    let at = run.started + Duration::from_nanos(start.as_nanos());
    at.format(STARTED_AT).ok()
}

/// The first characters of a query.
pub(super) fn beginning(query: &str) -> &str {
    let end = query.char_indices().nth(QUERY_CHARS);
    &query[..end.map_or(query.len(), |(end, _)| end)]
}

/// FNV-1a, 64 bits, of a query's UTF-8. Every version and every machine has the same hash: it joins
/// rows of different runs.
#[must_use]
pub fn hash(query: &str) -> u64 {
    query.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::output::tests::run;
    use crate::record::{
        Connection, FailureKind, Instants, ItlSummary, Outcome, Phase, Sent, Usage,
    };
    use crate::stats::tests::{failed, finished};

    /// A request with everything that a request can have.
    pub(in crate::output) fn whole() -> RequestRecord {
        let sent = Sent {
            query_index: Some(3),
            query: "say \"hi\", then\nstop".into(),
            key_index: Some(2),
            masked_key: "app-…wxyz".into(),
        };
        let at = |micros| Some(Stamp::from_micros(micros));
        let start = Stamp::from_micros(1_300_000);
        let mut request = RequestRecord::begin(7, 2, Phase::Ramp, sent, start);
        request.instants = Instants {
            scheduled: at(1_299_999),
            start,
            sent: at(1_302_000),
            first_byte: at(1_350_000),
            headers: at(1_350_100),
            first_body: at(1_350_200),
            first_event: at(1_350_300),
            // 250.0005 ms after the start: rounded to the microsecond.
            first_token: Some(Stamp::from_nanos(1_550_000_500)),
            first_answer: at(1_700_000),
            last_token: Some(Stamp::from_nanos(2_050_000_500)),
            last_event: at(2_350_200),
            end: Stamp::from_micros(2_400_000),
        };
        request.outcome = Outcome::Ok;
        request.http_status = Some(200);
        request.connection = Connection {
            reused: Some(false),
            server_addr: "127.0.0.1:8080".parse().ok(),
            dns: Some(Duration::from_micros(15)),
            connect: Some(Duration::from_micros(230)),
            tls: None,
        };
        request.attempts = 2;
        request.retry_wait = Duration::from_micros(101_500);
        request.reconnects = 1;
        (request.chunks, request.coalesced) = (12, 1);
        (request.bytes, request.answer_chars) = (4_096, 99);
        request.usage = Usage {
            prompt: Some(10),
            completion: Some(21),
            cached: Some(0),
            reasoning: Some(5),
            ..Usage::default()
        };
        request.itl = Some(ItlSummary {
            mean: 45_454.545,
            p50: 40_000.5,
            p99: 90_123.4,
            max: 91_000,
            max_from: Stamp::from_micros(1_600_000),
        });
        request.finish_reason = Some("stop".into());
        request.conversation_id = Some("c-1".into());
        request.message_id = Some("-m".into());
        request
    }

    pub(super) fn render(request: &RequestRecord) -> String {
        csv_of(request).split_off(header().len())
    }

    /// A file with a request.
    pub(super) fn csv_of(request: &RequestRecord) -> String {
        let mut csv = RequestsCsv::default();
        let mut file = csv.begin(&About::of(run()));
        csv.sample(&finished(request.clone()), &mut file);
        String::from_utf8(file).unwrap()
    }

    /// A cell of a request's row, as a reader of CSV sees it.
    fn cell(request: &RequestRecord, name: &str) -> String {
        let text = csv_of(request);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let place = reader.headers().unwrap().iter().position(|h| h == name);
        let row = reader.records().next().unwrap().unwrap();
        row[place.unwrap()].to_owned()
    }

    #[test]
    fn the_columns_are_those_of_the_documentation() {
        let expected = "request,user,started_at,outcome,error_kind,http_status,\
            ttft_ms,tpot_ms,response_ms,output_tokens,tokens_per_s,\
            ttfb_ms,ttfe_ms,ttfa_ms,headers_ms,streaming_ms,\
            itl_mean_ms,itl_p50_ms,itl_p99_ms,itl_max_ms,trailing_ms,\
            chunks,coalesced,bytes,answer_chars,\
            prompt_tokens,cached_tokens,reasoning_tokens,empty_deltas,token_source,finish_reason,\
            scheduled_s,start_s,sent_s,end_s,phase,stage,conversation,turn,\
            query_index,query,query_hash,key_index,api_key,\
            attempts,retry_wait_ms,reconnects,connection,server_addr,dns_ms,connect_ms,tls_ms,\
            clock,client_lag_ms,uncertainty_ms,conversation_id,message_id,error_detail,\
            run_id,label,client_host,target,protocol,model\n";
        assert_eq!(String::from_utf8(header()).unwrap(), expected);
    }

    #[test]
    fn a_whole_request_fills_its_row() {
        let expected = concat!(
            "7,2,2026-02-03T04:05:08.000+08:00,ok,,200,",
            "250.001,25.000,1100.000,21,21.000,",
            "50.000,50.300,400.000,50.100,1000.000,",
            "45.455,40.001,90.123,91.000,49.800,",
            "12,1,4096,99,10,0,5,0,usage,stop,",
            "1.299999,1.300000,1.302000,2.400000,ramp,,,,",
            "3,\"say \"\"hi\"\", then\nstop\",qeff6d17df9b215ac,2,app-…wxyz,",
            "2,101.500,1,new,127.0.0.1:8080,0.015,0.230,,",
            "user,,,c-1,'-m,,",
            "3f9a01c2,'=nightly,box,http://127.0.0.1:8080/v1/chat-messages,dify-chat,m-1\n",
        );
        assert_eq!(render(&whole()), expected);
    }

    #[test]
    fn what_a_failed_request_lacks_is_empty() {
        let mut request = failed(Stamp::from_micros(2_000), FailureKind::Connect);
        request.outcome = Outcome::Failed(crate::record::Failure::new(
            FailureKind::Connect,
            "refused, twice",
        ));
        let expected = concat!(
            "1,1,2026-02-03T04:05:06.701+08:00,failed,connect,,",
            ",,,,,,,,,,,,,,,",
            "0,0,0,0,,,,0,,,",
            "0.001000,0.001000,,0.002000,hold,,,,",
            ",hello,qa430d84680aabd0b,,,",
            "1,0.000,0,,,,,,",
            "user,,,,,\"refused, twice\",",
            "3f9a01c2,'=nightly,box,http://127.0.0.1:8080/v1/chat-messages,dify-chat,m-1\n",
        );
        assert_eq!(render(&request), expected);
    }

    #[test]
    fn no_text_is_a_formula_and_a_reader_gets_it_back() {
        for (query, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("'x", "''x"),
            ("1=1", "1=1"),
            ("", ""),
            ("a\r\n\"b\",c", "a\r\n\"b\",c"),
        ] {
            let mut request = whole();
            request.sent.query = query.into();
            assert_eq!(cell(&request, "query"), written);
        }
    }

    #[test]
    fn a_long_query_is_cut_between_characters_but_hashed_whole() {
        let mut request = whole();
        request.sent.query = format!("{}x", "你".repeat(80)).into();
        assert_eq!(cell(&request, "query"), "你".repeat(80));
        let shorter = cell(&request, "query_hash");
        request.sent.query = format!("{}y", "你".repeat(80)).into();
        assert_ne!(cell(&request, "query_hash"), shorter);
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        for (text, expected) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(hash(text), expected, "{text}");
        }
    }
}
