//! Arbitrary streams in arbitrary pieces give the blocks of a plain reference parser.

use std::mem;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sse_perf::sse::{Parser, completes_one_block};

use super::{LIMIT, Told, blocks_before_overflow, feed_all, full, keep_alive};

/// A reference parser that follows the standard's text. Returns the blocks, and whether the stream
/// ends inside one.
fn reference(stream: &[u8]) -> (Vec<Told>, bool) {
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    let text = String::from_utf8_lossy(stream);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    let unfinished = lines.pop().unwrap_or_default();
    let (mut told, mut id) = (Vec::new(), String::new());
    let (mut data, mut name, mut block) = (String::new(), String::new(), Vec::new());
    for line in lines {
        if line.is_empty() {
            if data.pop().is_some() {
                told.push(full(&name, &data, &id));
            } else if !block.is_empty() {
                told.push(keep_alive(&name));
            }
            data.clear();
            name.clear();
            block.clear();
            continue;
        }
        block.push(line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => data = data + value + "\n",
            "event" => value.clone_into(&mut name),
            "id" if !value.contains('\0') => value.clone_into(&mut id),
            _ => {}
        }
    }
    let mid_block = !unfinished.is_empty() || block.iter().any(|line| !line.starts_with(':'));
    (told, mid_block)
}

/// A value: plain, CJK, what breaks careless parsers, and invalid UTF-8.
fn value() -> impl Strategy<Value = Vec<u8>> {
    #[rustfmt::skip]
    const TEXTS: &[&str] = &[
        "a", " ", ":", "\t", "\0", "{\"x\": 1}", "[DONE]", "data: ", "豆腐", "€", "🦀", "\u{FEFF}",
        "012345678901234567890123456789012345678901234567890123456789",
    ];
    #[rustfmt::skip]
    const INVALID: &[&[u8]] = &[
        b"\xFF", b"\x80", b"\xE8\xB1", b"\xF0\x9F\xA6", b"\xC0\x80", b"\xED\xA0\x80",
    ];
    let piece = prop_oneof![
        4 => select(TEXTS).prop_map(str::as_bytes),
        1 => select(INVALID),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    #[rustfmt::skip]
    const NAMES: &[&[u8]] = &[
        b"data", b"data", b"event", b"id", b"retry", b"", b"dat", b"Data", b"\xEF\xBB",
    ];
    const COLONS: &[&[u8]] = &[b": ", b":", b":  ", b""];
    let field = (select(NAMES), select(COLONS), value())
        .prop_map(|(name, colon, value)| [name, colon, &value].concat());
    prop_oneof![4 => field, 3 => Just(Vec::new()), 1 => value()]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    const STARTS: &[&[u8]] = &[b"", b"\xEF\xBB\xBF", b"\xEF\xBB"];
    const ENDS: &[&[u8]] = &[b"\n", b"\r\n", b"\r"];
    let lines = prop::collection::vec((line(), select(ENDS)), 0..24);
    (select(STARTS), lines, line()).prop_map(|(start, lines, unfinished)| {
        let mut stream = start.to_vec();
        for (line, end) in lines {
            stream.extend([&line, end].concat());
        }
        stream.extend(unfinished);
        stream
    })
}

/// The pieces of the stream between these places; some may be empty.
fn cut<'a>(stream: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(stream.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(stream.len());
    let mut start = 0;
    cuts.into_iter()
        .map(|end| &stream[mem::replace(&mut start, end)..end])
        .collect()
}

fn check(stream: &[u8], cuts: &[Index]) -> Result<(), TestCaseError> {
    let (expected, mid_block) = reference(stream);
    let mut parser = Parser::new(LIMIT);
    for pieces in [vec![stream], cut(stream, cuts), stream.chunks(1).collect()] {
        parser.reset();
        prop_assert_eq!(&feed_all(&mut parser, pieces.into_iter()), &expected);
        prop_assert_eq!(parser.is_mid_block(), mid_block);
    }
    Ok(())
}

/// The stream as a chunked HTTP body, in chunks cut at these places. With each byte of the body: how
/// many bytes of the stream have come up to it.
fn chunked(stream: &[u8], cuts: &[Index]) -> Vec<(u8, usize)> {
    let mut framed = Vec::new();
    let mut come = 0;
    for chunk in cut(stream, cuts)
        .into_iter()
        .filter(|chunk| !chunk.is_empty())
    {
        framed.extend(format!("{:x}\r\n", chunk.len()).bytes().map(|b| (b, come)));
        framed.extend((come + 1..).zip(chunk).map(|(come, &b)| (b, come)));
        come += chunk.len();
        framed.extend(b"\r\n".map(|b| (b, come)));
    }
    framed
}

/// Asserts that a piece completes at most one block if `completes_one_block` says yes. Each of
/// `bytes` has the number of the stream's bytes up to itself.
fn check_one_block(
    stream: &[u8],
    bytes: &[(u8, usize)],
    pieces: &[Index],
) -> Result<(), TestCaseError> {
    let mut parser = Parser::new(LIMIT);
    let (raw, come): (Vec<u8>, Vec<usize>) = bytes.iter().copied().unzip();
    let (mut read, mut fed) = (0, 0);
    for piece in cut(&raw, pieces) {
        read += piece.len();
        let until = read.checked_sub(1).map_or(0, |last| come[last]);
        let told = feed_all(&mut parser, [&stream[fed..until]].into_iter());
        fed = until;
        prop_assert!(
            told.len() < 2 || !completes_one_block(piece),
            "{piece:?}: {told:?}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_streams_match_the_reference(
        stream in stream(),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        check(&stream, &cuts)?;
    }

    #[test]
    fn arbitrary_bytes_match_the_reference(
        stream in prop::collection::vec(select(&b":data id\r\n\r\n\n\0\xEF\xBB\xBF\xFFx"[..]), 0..60),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        check(&stream, &cuts)?;
    }

    #[test]
    fn completes_one_block_is_never_wrong(
        stream in stream(),
        chunks in prop::collection::vec(any::<Index>(), 0..12),
        pieces in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let bare: Vec<_> = stream.iter().copied().zip(1..).collect();
        check_one_block(&stream, &bare, &pieces)?;
        check_one_block(&stream, &chunked(&stream, &chunks), &pieces)?;
    }

    #[test]
    fn the_size_limit_does_not_depend_on_the_split(
        stream in stream(), limit in 0_usize..64, size in 1_usize..9,
    ) {
        let expected = blocks_before_overflow(&stream, limit, stream.len().max(1));
        prop_assert_eq!(blocks_before_overflow(&stream, limit, size), expected);
    }
}
