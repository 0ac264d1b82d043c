//! Benchmarks of the code that runs for each event or request, and of its floors.

#[path = "../shared/directory.rs"]
mod directory;
mod harness;
mod made_up;
mod report;
mod table;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use crossbeam_channel::unbounded;
use serde::de::IgnoredAny;
use time::macros::datetime;

use directory::Directory;
use harness::{Amount, compare, heading};
use made_up::PLAIN;
use sse_perf::clock::Stamp;
use sse_perf::output::about::About;
use sse_perf::output::{Destination, Formats, OutputConfig, Outputs, RunInfo, csv, html};
use sse_perf::protocol::{Protocol, estimate_tokens};
use sse_perf::record::{Progress, Sample};
use sse_perf::sse::{Block, Parser};
use sse_perf::stats::RunStats;
use table::is_wanted;

const MIB: usize = 1 << 20;

fn main() {
    let parts: [(&str, fn()); 5] = [
        ("parser", parser),
        ("decoder", decoder),
        ("collector", collector),
        ("rows", rows),
        ("report", report::report),
    ];
    for (name, part) in parts {
        if is_wanted(name) {
            part();
        }
    }
}

/// Bytes to blocks.
fn parser() {
    heading("Parser; floor: memchr for LF over the same bytes, whole");
    let events = b"data: ".iter().chain(&[b'x'; 192]).chain(b"\n\n");
    let events: Vec<u8> = events.copied().cycle().take(200 * 5_000).collect();
    let event = |size: usize| {
        let mut event = b"data: ".to_vec();
        event.resize(size - 2, b'x');
        event.extend(b"\n\n");
        event
    };
    let (small, large) = (event(MIB), event(8 * MIB));
    for (name, bytes, piece) in [
        ("events of 200 bytes, whole", &events, usize::MAX),
        ("events of 200 bytes, an event a read", &events, 200),
        ("events of 200 bytes, a byte a read", &events, 1),
        ("an event of 1 MiB, 1,400 bytes a read", &small, 1_400),
        ("an event of 8 MiB, 1,400 bytes a read", &large, 1_400),
        ("an event of 1 MiB, a byte a read", &small, 1),
        ("an event of 8 MiB, a byte a read", &large, 1),
    ] {
        let mut parser = Parser::new(16 * MIB);
        compare(
            name,
            Amount::Bytes(bytes.len()),
            &mut || {
                black_box(memchr::memchr_iter(b'\n', black_box(bytes)).count());
            },
            &mut || {
                parser.reset();
                for piece in bytes.chunks(piece.min(bytes.len())) {
                    let fed = parser.feed(black_box(piece), |block| {
                        black_box(&block);
                    });
                    fed.expect("it is not too large");
                }
            },
        );
    }
}

/// Blocks to meanings and into a record.
fn decoder() {
    heading("Event to record; floor: serde_json skipping over the same data");
    #[rustfmt::skip]
    let cases = [
        ("dify-chat",                     "dify-chat",        "",                                    DIFY),
        ("dify-chat, Chinese as escapes", "dify-chat",        "",                                    DIFY_CHINESE),
        ("openai-chat",                   "openai-chat",      "",                                    OPENAI),
        ("openai-responses",              "openai-responses", "event: response.output_text.delta\n", RESPONSES),
        ("anthropic",                     "anthropic",        "event: content_block_delta\n",        ANTHROPIC),
    ];
    for (name, protocol, event, data) in cases {
        let stream = format!("{event}data: {data}\n\n").repeat(1_000);
        let mut parser = Parser::new(MIB);
        let protocol = Protocol::builtin(protocol).expect("it is built in");
        let mut decoder = protocol.decoder();
        let mut record = PLAIN.record(1, 1);
        compare(
            name,
            Amount::Things(1_000, "events"),
            &mut || {
                for _ in 0..1_000 {
                    let skipped: Result<IgnoredAny, _> = serde_json::from_str(black_box(data));
                    black_box(skipped.is_ok());
                }
            },
            &mut || {
                let fed = parser.feed(black_box(stream.as_bytes()), |block| {
                    let Block::Event(event) = block else { return };
                    let meaning = decoder.decode(&event).expect("it is JSON");
                    record.chunks += 1;
                    record.estimated_tokens += estimate_tokens(meaning.text);
                    record.answer_chars += meaning.text.chars().count() as u64;
                    record.usage.update(meaning.usage);
                    black_box(meaning.conversation_id);
                });
                fed.expect("it is not too large");
            },
        );
        assert!(record.answer_chars > 133, "{name}: no text");
    }
}

/// A chunk as Dify sends it.
const DIFY: &str = r#"{"event":"message","conversation_id":"7d7bf720-3f31-4e5d-b42c-bc7f105151d7","message_id":"44e5b981-00c6-4fb0-a738-22ac2ea54ab1","created_at":1770152706,"task_id":"a1f0c9de-4c3f-44d1-9a51-7a5a0a3c8f10","id":"44e5b981-00c6-4fb0-a738-22ac2ea54ab1","answer":" service","from_variable_selector":null}"#;

/// A chunk in Chinese, which Dify escapes: the decoder treats texts with escapes apart.
const DIFY_CHINESE: &str = r#"{"event":"message","conversation_id":"7d7bf720-3f31-4e5d-b42c-bc7f105151d7","message_id":"44e5b981-00c6-4fb0-a738-22ac2ea54ab1","created_at":1770152706,"task_id":"a1f0c9de-4c3f-44d1-9a51-7a5a0a3c8f10","id":"44e5b981-00c6-4fb0-a738-22ac2ea54ab1","answer":"\u670d\u52a1\u3002\n","from_variable_selector":null}"#;

/// A chunk as `OpenAI`'s chat API sends it.
const OPENAI: &str = r#"{"id":"chatcmpl-9f2d","object":"chat.completion.chunk","created":1770152706,"model":"qwen3","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":" service"},"logprobs":null,"finish_reason":null}]}"#;

/// A chunk as `OpenAI`'s responses API sends it: the protocol with the most rules.
const RESPONSES: &str = r#"{"type":"response.output_text.delta","sequence_number":9,"item_id":"msg_68af1c7e52f08193a2d8c1f9a6e3b04d","output_index":0,"content_index":0,"delta":" service","logprobs":[],"obfuscation":"x9K2mP7q"}"#;

/// A chunk as Anthropic sends it.
const ANTHROPIC: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" service"}}"#;

/// Samples to statistics, rows and the report's charts.
fn collector() {
    heading("Collector; floor: the same samples through a channel");
    let directory = Directory::new();
    let mut outputs = outputs(&directory.0, true);
    let mut samples = Some(samples());
    let (sender, receiver) = unbounded();
    // The collector has samples of its own: the floor moves its samples through the channel.
    let count = samples.as_ref().map_or(0, Vec::len);
    let mut again = self::samples();
    compare(
        "1,000 requests of 50 chunks",
        Amount::Things(count, "samples"),
        &mut || {
            let mut moved = samples.take().expect("they are put back");
            for sample in moved.drain(..) {
                sender.send(sample).expect("there is a receiver");
            }
            moved.extend(receiver.try_iter());
            samples = Some(moved);
        },
        &mut || {
            let mut stats = RunStats::default();
            for sample in black_box(&mut again) {
                stats.on(sample);
                assert!(outputs.on(sample).is_empty());
            }
            assert!(outputs.flush().is_empty());
            black_box(stats.ticks.live(0));
        },
    );
}

/// The samples of 1,000 interleaved requests of 50 chunks.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for chunk in 0..50 {
        for user in 0..1_000 {
            let micros = 200_000 + chunk * 100_000 + user;
            samples.push(Sample::Progress(Progress {
                at: Stamp::from_micros(micros),
                chunks: 1,
                tokens: 1,
                gaps: [99_000 + micros % 2_000].as_slice().into(),
                lags: [micros % 90].as_slice().into(),
            }));
        }
    }
    samples.extend((0..1_000).map(|_| Sample::Finished(Box::new(PLAIN.record(1, 1)))));
    samples
}

/// Requests to rows of a file.
fn rows() {
    heading("Requests CSV; floor: writing the same bytes to a file");
    let directory = Directory::new();
    let sample = Sample::Finished(Box::new(PLAIN.record(1, 1)));
    let mut outputs = outputs(&directory.0, false);
    assert!(outputs.on(&sample).is_empty());
    assert!(outputs.flush().is_empty());
    let (_, path) = outputs.paths().next().expect("the rows' file");
    let text = fs::read_to_string(path).expect("a file");
    let row = text.lines().nth(1).expect("a row").to_owned() + "\r\n";
    let mut plain = BufWriter::new(File::create(directory.file("plain")).expect("a file"));
    compare(
        "rows rendered and written",
        Amount::Things(1_000, "rows"),
        &mut || {
            for _ in 0..1_000 {
                plain.write_all(row.as_bytes()).expect("it is written");
            }
            plain.flush().expect("it is written");
        },
        &mut || {
            for _ in 0..1_000 {
                assert!(outputs.on(black_box(&sample)).is_empty());
            }
            assert!(outputs.flush().is_empty());
        },
    );
}

/// The requests CSV, and a report with `charts`.
fn outputs(directory: &Path, charts: bool) -> Outputs {
    let place = || Destination::Default(directory.to_owned());
    let mut config = OutputConfig::default().with(&csv::KIND, place());
    if charts {
        config = config.with(&html::KIND, place());
    }
    let outputs = Formats::new(&config).open("made_up", &About::of(run_info()));
    outputs.expect("files")
}

fn run_info() -> RunInfo {
    RunInfo {
        run_id: "3f9a01c23f9a01c2".into(),
        label: None,
        client_host: Some("box".into()),
        target: "http://127.0.0.1:8080/v1/chat-messages".into(),
        protocol: "dify-chat".into(),
        model: None,
        started: datetime!(2026-02-03 04:05:06.700 +8),
    }
}
