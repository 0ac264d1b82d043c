//! The parser's memory: its size, and when it is freed or used again.

use super::*;

#[test]
fn memory_is_bounded_and_given_back() {
    const LIMIT: usize = 1 << 20;
    let mut parser = Parser::new(LIMIT);
    let piece = vec![b'x'; 10_000];
    parser.feed(b"data: ", |_| {}).unwrap();
    while parser.feed(&piece, |_| {}).is_ok() {}
    assert!(parser.data.capacity() <= LIMIT + LONGEST_PREFIX + 1);
    parser.reset();
    assert!(parser.data.capacity() <= KEPT_CAPACITY);
    parser.feed(b": ", |_| {}).unwrap();
    for _ in 0..1_000 {
        parser.feed(&piece, |_| {}).unwrap();
    }
    assert!(parser.data.is_empty(), "a comment is not kept");
}

#[test]
fn buffers_are_kept_from_event_to_event_and_from_stream_to_stream() {
    let mut parser = Parser::new(1 << 20);
    let stream = b"event: e\nid: 7\ndata: \xFF text\n\n";
    let buffers = |p: &Parser| (p.data.as_ptr(), p.event.as_ptr(), p.repaired.as_ptr());
    for piece in stream.chunks(3) {
        parser.feed(piece, |_| {}).unwrap();
    }
    let before = buffers(&parser);
    for piece in stream.chunks(3).cycle().take(100) {
        parser.feed(piece, |_| {}).unwrap();
    }
    parser.reset();
    parser.feed(stream, |_| {}).unwrap();
    assert_eq!(buffers(&parser), before);
}

#[test]
fn an_event_that_comes_whole_is_not_copied() {
    let mut parser = Parser::new(100);
    let two = b"event: e\ndata: one\n\ndata:two\n\n";
    parser.feed(two, |_| {}).unwrap();
    assert_eq!(parser.data.capacity(), 0);
    let mut told = Vec::new();
    let mut tell = |block: Block<'_>| {
        if let Block::Event(event) = block {
            told.push((event.event.to_owned(), event.data.to_owned()));
        }
    };
    // An event of several lines, or in several pieces, is copied.
    #[rustfmt::skip]
    let pieces = ["event: e\ndata: 1\n\n", "data: 2\ndata: 3\n\n", "data: 4\r\n\r\n", "data: 5\n", "\n"];
    for piece in pieces {
        parser.feed(piece.as_bytes(), &mut tell).unwrap();
    }
    let told: Vec<_> = told.iter().map(|(e, d)| (e.as_str(), d.as_str())).collect();
    assert_eq!(told, [("e", "1"), ("", "2\n3"), ("", "4"), ("", "5")]);
}

#[test]
fn json_outside_of_any_field_is_kept_to_a_limit() {
    let stray = |stream: &str, piece: usize| {
        let mut parser = Parser::new(1 << 20);
        for bytes in stream.as_bytes().chunks(piece) {
            parser.feed(bytes, |_| {}).unwrap();
        }
        parser.stray()
    };
    let pretty = "{\n  \"error\": {\n    \"code\": 429\n  }\n}";
    let (line, list) = (format!("{pretty}\n"), r#"[{"error":1}]"#);
    for (stream, expected) in [
        (pretty, Some(pretty)),
        (&format!("data: 1\n\n{pretty}\n\n"), Some(&line)),
        (list, Some(list)),
        ("data: {\"a\":1}\n\n: {\nretry: 5\nid: {\n\n", None),
        ("data: {\"a\":1", None),
        ("<html>\n{\n", Some("{\n")),
        ("foo: bar\n\nbaz", None),
    ] {
        for piece in [1, 3, stream.len()] {
            let kept = stray(stream, piece);
            assert_eq!(kept.as_deref(), expected, "{stream:?} by {piece}");
        }
    }
    let long = "{ some line\n".repeat(10_000);
    assert!(stray(&long, 100).unwrap().len() <= MOST_STRAY + 1);
}
