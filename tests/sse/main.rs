//! The event stream parser against the standard: tables here, arbitrary streams and splits in
//! `any_stream`.

mod any_stream;

use sse_perf::sse::{Block, Parser};

const LIMIT: usize = 16 << 20;

/// A block as a test writes it down.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Event {
        event: String,
        data: String,
        id: String,
    },
    KeepAlive(String),
}

fn event(data: &str) -> Told {
    full("", data, "")
}

fn full(event: &str, data: &str, id: &str) -> Told {
    Told::Event {
        event: event.to_owned(),
        data: data.to_owned(),
        id: id.to_owned(),
    }
}

fn keep_alive(event: &str) -> Told {
    Told::KeepAlive(event.to_owned())
}

fn feed_all<'a>(parser: &mut Parser, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Told> {
    let mut told = Vec::new();
    for piece in pieces {
        parser
            .feed(piece, |block| {
                told.push(match block {
                    Block::Event(e) => full(e.event, e.data, e.id),
                    Block::KeepAlive { event } => keep_alive(event),
                });
            })
            .expect("the stream is small");
    }
    told
}

/// Asserts the blocks of the stream in one piece, in pieces of 1 to 5 bytes, and cut in two at every
/// place.
fn assert_told(stream: &[u8], expected: &[Told]) {
    let name = String::from_utf8_lossy(stream);
    let mut parser = Parser::new(LIMIT);
    for size in [1, 2, 3, 4, 5, stream.len().max(1)] {
        parser.reset();
        let told = feed_all(&mut parser, stream.chunks(size));
        assert_eq!(told, expected, "{name:?} in pieces of {size}");
    }
    for cut in 0..=stream.len() {
        parser.reset();
        let (left, right) = stream.split_at(cut);
        let told = feed_all(&mut parser, [left, right].into_iter());
        assert_eq!(told, expected, "{name:?} cut at {cut}");
    }
}

fn assert_cases(cases: &[(&[u8], &[Told])]) {
    for (stream, expected) in cases {
        assert_told(stream, expected);
    }
}

#[test]
fn data_lines() {
    assert_cases(&[
        (b"data: A\r\ndata: B\r\ndata: C\r\n\n", &[event("A\nB\nC")]),
        (b"data: one\r\r\n", &[event("one")]),
        ("data: €豆腐\n\n".as_bytes(), &[event("€豆腐")]),
        // At most one space is removed; a tab stays.
        (b"data:  two\n\n", &[event(" two")]),
        (b"data:\tx\n\n", &[event("\tx")]),
        (b"data:[DONE]\n\n", &[event("[DONE]")]),
        (b"data: a:b: c\n\n", &[event("a:b: c")]),
        // Empty data is an event, no data is none.
        (b"data:\n\n", &[event("")]),
        (b"data\n\n", &[event("")]),
        (b"data\ndata\n\n", &[event("\n")]),
        (b"data: \ndata: x\n\n", &[event("\nx")]),
        (b"data: x\ndata:\ndata: y\n\n", &[event("x\n\ny")]),
        (b"\n\n\r\n\r\r", &[]),
        // A block without a blank line after it is discarded.
        (b"data: x\n\ndata: y\n", &[event("x")]),
        (b"data: x\n\ndata: y", &[event("x")]),
    ]);
}

#[test]
fn blocks_without_data_are_keep_alives() {
    assert_cases(&[
        (
            b"event: ping\n\ndata: x\n\n",
            &[keep_alive("ping"), event("x")],
        ),
        (b":\n\n", &[keep_alive("")]),
        (b": comment\r\r", &[keep_alive("")]),
        (b": one\n: two\n\n\n\n", &[keep_alive("")]),
        (b"retry: 2000\n\n", &[keep_alive("")]),
        (b"id: 1\n\n", &[keep_alive("")]),
        (b"unknown\n\n", &[keep_alive("")]),
        (b"Data: x\ndata : y\n data: z\n\n", &[keep_alive("")]),
        // Comments inside an event are skipped.
        (b"data: a\n:c\ndata: b\n\n", &[event("a\nb")]),
        (b"retry: 1x\ndatabase: 1\ndata: x\n\n", &[event("x")]),
    ]);
}

#[test]
fn event_and_id() {
    #[rustfmt::skip]
    assert_cases(&[
        (b"id: 123\nid: bad\0id\ndata: hello\n\n",         &[full("", "hello", "123")]),
        (b"data: a\nevent: e\n\n",                         &[full("e", "a", "")]),
        (b"event: a\nevent: b\ndata: x\n\n",               &[full("b", "x", "")]),
        (b"event: a\nevent\ndata: x\n\n",                  &[event("x")]),
        // The event name ends with its block; the id lasts until an empty one.
        (b"id: 1\nevent: e\n\ndata: a\n\nid\ndata: b\n\n", &[keep_alive("e"), full("", "a", "1"), event("b")]),
    ]);
}

#[test]
fn encoding() {
    #[rustfmt::skip]
    assert_cases(&[
        // One BOM is removed, at the start of the stream.
        (b"\xEF\xBB\xBFdata: x\n\n",                        &[event("x")]),
        (b"\xEF\xBB\xBF\xEF\xBB\xBFdata: x\n\ndata: y\n\n", &[keep_alive(""), event("y")]),
        (b"data: x\n\n\xEF\xBB\xBFdata: y\n\n",             &[event("x"), keep_alive("")]),
        (b"\xEF\xBB\xBF:\n\n",                              &[keep_alive("")]),
        (b"\xEF\xBBdata: x\n\n",                            &[keep_alive("")]),
        (b"\xEF\n\n",                                       &[keep_alive("")]),
        // Invalid UTF-8 is replaced as in a decoder of the whole stream.
        (b"data: \xFF\xE8\xB1\ndata: a\n\n",                &[event("\u{FFFD}\u{FFFD}\na")]),
        (b"event: \xC3\nid: \xF0\x9F\ndata: x\n\n",         &[full("\u{FFFD}", "x", "\u{FFFD}")]),
    ]);
}

#[test]
fn line_ends_by_piece_sizes_by_payloads() {
    let payloads: &[(&[&str], &[&str])] = &[
        (&["data: a", ""], &["a"]),
        (&["data: a", "data: b", ""], &["a\nb"]),
        (&["data:", "data: b", ""], &["\nb"]),
        (&["data: a", "data:", "data: c", ""], &["a\n\nc"]),
        (&["data: a", "", "", "data: b", ""], &["a", "b"]),
        (&["", "data: 豆腐 €", ""], &["豆腐 €"]),
    ];
    for (lines, expected) in payloads {
        let expected: Vec<Told> = expected.iter().map(|data| event(data)).collect();
        for end in ["\n", "\r\n", "\r"] {
            let stream: String = lines.iter().flat_map(|line| [*line, end]).collect();
            assert_told(stream.as_bytes(), &expected);
        }
    }
}

#[test]
fn payloads_of_any_size() {
    let around = |size: usize| size - 4..size + 5;
    let sizes = (1..40)
        .chain(around(1024))
        .chain(around(4096))
        .chain(around(8192))
        .chain([1 << 16, 5_000_000]);
    let mut parser = Parser::new(LIMIT);
    for size in sizes {
        let payload = "0123456789".repeat(size / 10 + 1)[..size].to_owned();
        let stream = format!("data: {payload}\r\n\r\ndata: next\n\n");
        for piece in [1, 7, 1024, 4096, 16 * 1024, stream.len()] {
            parser.reset();
            let told = feed_all(&mut parser, stream.as_bytes().chunks(piece));
            let is_whole = told == [event(&payload), event("next")];
            assert!(is_whole, "{size} bytes in pieces of {piece}");
        }
    }
}

#[test]
fn an_unfinished_block_is_noticed() {
    for (stream, expected) in [
        ("", false),
        ("data: x\n\n", false),
        ("data: x\r\r", false),
        ("data: x\n", true),
        ("data: x", true),
        ("d", true),
        ("event: ping\n", true),
        ("data: x\n\n: bye\n", false),
        ("data: x\n\n: by", true),
        ("\u{FEFF}", false),
    ] {
        for size in [1, 100] {
            let mut parser = Parser::new(LIMIT);
            feed_all(&mut parser, stream.as_bytes().chunks(size));
            assert_eq!(parser.is_mid_block(), expected, "{stream:?} by {size}");
            parser.reset();
            assert!(!parser.is_mid_block());
        }
    }
}

#[test]
fn a_reset_forgets_the_previous_stream() {
    let mut parser = Parser::new(LIMIT);
    for unfinished in ["id: 1\ndata: a\n\n", "event: e\ndata: a\nda", ": c", "\r"] {
        feed_all(&mut parser, std::iter::once(unfinished.as_bytes()));
        parser.reset();
        let stream = "\u{FEFF}\ndata: x\n\n".as_bytes();
        let told = feed_all(&mut parser, std::iter::once(stream));
        assert_eq!(told, [event("x")], "after {unfinished:?}");
        parser.reset();
    }
}

/// How many blocks come before the parser refuses the stream as too large; `None` if it does not.
fn blocks_before_overflow(stream: &[u8], limit: usize, size: usize) -> Option<usize> {
    let mut parser = Parser::new(limit);
    let mut told = 0;
    for piece in stream.chunks(size) {
        if parser.feed(piece, |_| told += 1).is_err() {
            let again = parser.feed(b"\n\ndata: x\n\n", |_| panic!("it cannot be read further"));
            assert_eq!(again.unwrap_err().limit, limit);
            parser.reset();
            assert!(parser.feed(b"\n\n", |_| {}).is_ok());
            return Some(told);
        }
    }
    None
}

#[test]
fn blocks_above_the_limit_are_too_large() {
    for (stream, expected) in [
        ("data: 0123456789\n\n", None),
        ("data: 0123456789a\n\n", Some(0)),
        ("data: 01234\ndata: 6789\n\n", None),
        ("data: 01234\ndata: 6789a\n\n", Some(0)),
        ("event: 0123456789\n\n", None),
        ("event: 0123456789a\n\n", Some(0)),
        ("event: 01234\ndata: 56789a\n\n", Some(0)),
        ("id: 01234\n\ndata: 56789\n\n", None),
        ("data: 01\n\nid: 01234\n\ndata: 56789a\n\n", Some(2)),
        ("data: 0123456789012345678901234567890", Some(0)),
        ("unknown: 0123456789012345678901234567", Some(0)),
        (": a comment of whatever length is nothing\n\n", None),
        ("data: 0123456789\n\ndata: 0123456789\n\n", None),
        ("data: 0123456789\r\n: beyond the limit\r\n\r\n", None),
    ] {
        for size in [1, 2, 3, 100] {
            let seen = blocks_before_overflow(stream.as_bytes(), 10, size);
            assert_eq!(seen, expected, "{stream:?} in pieces of {size}");
        }
    }
}
