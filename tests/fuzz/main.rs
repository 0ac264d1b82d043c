//! Damaged input for every reader of foreign bytes: each reader ends without a panic, in bounded
//! memory.
//!
//! Each input is a file of the corpus, or one of its files with a few edits. The same seed makes the
//! same inputs. `SSE_PERF_FUZZ_TIME` is the time for each reader (1 s unless told),
//! `SSE_PERF_FUZZ_SEED` the seed. An input that fails is kept, and its path is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;
use sse_perf::output::csv::read::Reader;
use sse_perf::output::json::read::read as read_run;
use sse_perf::protocol::{Decoder, Protocol};
use sse_perf::sse::{Block, Parser};
use sse_perf::values;
use sse_perf::workload::{BodyTemplate, Constants, Filling, Parts, Table};

/// The longest event that the parser may keep.
const MAX_EVENT: usize = 4096;

/// Bytes with which damaged files go wrong: delimiters, escapes, and the edges of numbers.
#[rustfmt::skip]
const MORSELS: &[&[u8]] = &[
    b"\n", b"\r\n\r\n", b"\"", b",", b"\\u", b"\\ud800", b"{", b"}", b"[", b"]", b":", b"null",
    b"-1", b"1e999", b"18446744073709551615", b"9223372036854775808", b"0.0000001", b"NaN",
    b"\xEF\xBB\xBF", b"\xFF", b"\xE8\xB1", b"\0", b"\x1B[31m", b"data: ", b"event: ", b"{query}",
    b"{inputs}", b"{}",
];

/// Gives a reader the corpus, then files with edits, until its time is over. `limit` is the most
/// memory in bytes that it may hold for an input of a length.
fn fuzz(corpus: &[&str], limit: impl Fn(u64) -> u64, reader: impl Fn(&[u8])) {
    let text = |name: &str| std::env::var(name).ok();
    let time = text("SSE_PERF_FUZZ_TIME").map_or(Duration::from_secs(1), |text| {
        values::SECONDS.read(&text).expect("a time such as 1m")
    });
    let seed: u64 = text("SSE_PERF_FUZZ_SEED").map_or(0, |text| text.parse().expect("a seed"));
    let files = files(corpus);
    let started = Instant::now();
    let (mut number, mut most) = (0_u64, 0);
    while number < files.len() as u64 || started.elapsed() < time {
        let at = usize::try_from(number).expect("a number");
        let input = files.get(at).cloned();
        let input = input.unwrap_or_else(|| edited(&files, seed, number));
        let told = catch_unwind(AssertUnwindSafe(|| {
            allocation_counter::measure(|| reader(&input)).bytes_max
        }));
        let allowed = limit(input.len() as u64);
        if !matches!(told, Ok(held) if held <= allowed) {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{seed}-{number}"));
            std::fs::write(&kept, &input).expect("a file");
            panic!("{}: {told:?} bytes held, {allowed} allowed", kept.display());
        }
        most = most.max(told.unwrap_or(0));
        number += 1;
    }
    println!("{number} inputs, at most {most} bytes held");
}

/// The files of these directories and of these names below `tests` and `data`.
fn files(corpus: &[&str]) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in corpus {
        let (place, suffix) = name.split_once('*').unwrap_or((name, ""));
        if Path::new(place).is_dir() {
            let entries = std::fs::read_dir(place).expect("a directory");
            let found = entries.map(|entry| entry.expect("an entry").path());
            paths.extend(found.filter(|path| path.to_string_lossy().ends_with(suffix)));
        } else {
            paths.push(place.into());
        }
    }
    paths.sort();
    let read =
        |path: PathBuf| std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let files: Vec<_> = paths.into_iter().map(read).collect();
    assert!(!files.is_empty(), "{corpus:?} has no file");
    files
}

/// A file with one to eight edits: bytes changed, inserted, left out, doubled, or taken from another
/// file.
fn edited(files: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut input = files[rng.random_range(0..files.len())].clone();
    for _ in 0..rng.random_range(1..=8) {
        let from = rng.random_range(0..=input.len());
        let to = (from + rng.random_range(0..=64_usize)).min(input.len());
        let other = &files[rng.random_range(0..files.len())];
        let start = rng.random_range(0..=other.len());
        let end = (start + rng.random_range(0..=256_usize)).min(other.len());
        let piece = match rng.random_range(0..6) {
            0 => MORSELS[rng.random_range(0..MORSELS.len())].to_vec(),
            1 => vec![rng.random()],
            2 => input[from..to].repeat(rng.random_range(2..=20)),
            3 => other[start..end].to_vec(),
            _ => Vec::new(),
        };
        let kept = if rng.random() { from } else { to };
        input.splice(from..kept, piece);
    }
    input
}

#[test]
fn streams() {
    let limit = |_| 16 * MAX_EVENT as u64;
    fuzz(&["tests/fixtures*.sse"], limit, |input| {
        let mut parser = Parser::new(MAX_EVENT);
        // The number of bytes in a read depends on the input alone.
        let piece = input.first().map_or(1, |byte| usize::from(*byte) + 1);
        let mut pieces = input.chunks(piece);
        let _ = pieces.try_for_each(|piece| parser.feed(piece, |_| ()));
        let _ = (parser.is_mid_block(), parser.stray());
    });
}

/// Events of any service, for every protocol.
#[test]
fn events() {
    let protocols =
        Protocol::builtin_names().map(|name| Protocol::builtin(name).expect("its name"));
    let decoders: Vec<_> = protocols.map(|protocol| protocol.decoder()).collect();
    let decoders = std::cell::RefCell::new(decoders);
    let limit = |length| (256 << 10) + 64 * length;
    fuzz(&["tests/fixtures*.sse"], limit, |input| {
        for decoder in decoders.borrow_mut().iter_mut() {
            decode(decoder, input);
        }
    });
}

fn decode(decoder: &mut Decoder, stream: &[u8]) {
    decoder.restart();
    let _ = Parser::new(1 << 20).feed(stream, |block| {
        if let Block::Event(event) = block {
            let _ = decoder.decode(&event);
        }
    });
}

#[test]
fn protocols() {
    let stream = std::fs::read("tests/fixtures/openai-vllm.sse").expect("a fixture");
    let corpus = ["data/protocols", "tests/fixtures/in-house.json"];
    let limit = |length| (256 << 10) + 64 * length;
    fuzz(&corpus, limit, |input| {
        let text = String::from_utf8_lossy(input);
        match Protocol::parse(&text) {
            Ok(protocol) => decode(&mut protocol.decoder(), &stream),
            Err(message) => assert!(!message.to_string().is_empty()),
        }
    });
}

#[test]
fn saved_rows() {
    let limit = |length| (512 << 10) + 16 * length;
    fuzz(&["tests/fuzz/corpus*.csv"], limit, |input| {
        let Ok(mut reader) = Reader::new(input) else {
            return;
        };
        let mut copy = Vec::new();
        while let Ok(Some(_)) = reader.next_line() {
            copy.clear();
            reader.copy(&mut copy);
        }
    });
}

#[test]
fn saved_runs() {
    // A run may be half a month long: a row for each second.
    let limit = |length| (64 << 20) + 64 * length;
    fuzz(&["tests/fuzz/corpus*.json"], limit, |input| {
        let _ = read_run(input);
    });
}

#[test]
fn data_files() {
    let limit = |length| (256 << 10) + 64 * length;
    let corpus = ["tests/fuzz/corpus*.csv", "tests/fixtures*.json"];
    fuzz(&corpus, limit, |input| {
        let text = String::from_utf8_lossy(input);
        let _ = (Table::csv(&text), Table::json_lines(&text));
    });
}

/// A body is JSON for any document and any values.
#[test]
fn bodies() {
    let constants = Constants {
        user: "\"\u{1b}".to_owned(),
        model: Some("{query}".to_owned()),
        conversation_id: "\\".to_owned(),
        inputs: vec![("city".to_owned(), "}\n".to_owned())],
        body: Vec::new(),
    };
    let limit = |length| (256 << 10) + 256 * length;
    fuzz(&["data/bodies", "data/protocols"], limit, |input| {
        let Ok(document) = serde_json::from_slice::<Value>(input) else {
            return;
        };
        let parts = Parts {
            constants: &constants,
            columns: &[],
            history: None,
            answers: false,
        };
        if let Ok(template) = BodyTemplate::new(&document, parts) {
            let query = String::from_utf8_lossy(&input[..input.len().min(64)]);
            let filling = Filling {
                query: &query,
                ..Filling::default()
            };
            let body = template.render(&filling);
            serde_json::from_slice::<Value>(&body).expect("what is sent is JSON");
        }
    });
}
