//! Requests in pieces, refused requests, and heads of responses.

use std::slice::Chunks;

use super::*;

/// Pieces that come in, each with one read.
struct Pieces<'a>(Chunks<'a, u8>);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.next().unwrap_or_default().read(buffer)
    }
}

#[test]
fn requests_are_read_in_pieces_of_any_size() {
    let bytes = b"POST /v1/x?y=1 HTTP/1.1\r\nHost: h\r\nauthorization:  Bearer k \r\n\
        Content-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n";
    for size in 1..=bytes.len() {
        let mut connection = Pieces(bytes.chunks(size));
        let mut reader = RequestReader::default();
        let first = reader.read(&mut connection, io::sink()).expect("a request");
        let fields = "Host: h, authorization: Bearer k, Content-Length: 3".split(", ");
        let fields = fields.filter_map(|field| field.split_once(": "));
        let fields = fields.map(|(name, value)| (name.into(), value.into()));
        let expected = Request {
            method: "POST".to_owned(),
            path: "/v1/x".to_owned(),
            takes_chunks: true,
            keep_alive: true,
            fields: fields.collect(),
            body: b"abc",
        };
        assert_eq!(first, expected, "pieces of {size}");
        assert_eq!(first.header("Authorization"), Some("Bearer k"));
        assert_eq!(first.header("host:"), None);
        let second = reader.read(&mut connection, io::sink()).expect("a request");
        assert_eq!((&*second.method, &*second.path), ("GET", "/"));
        assert!(!second.takes_chunks && !second.keep_alive && second.body.is_empty());
        let end = reader.read(&mut connection, io::sink());
        assert!(matches!(end, Err(ReadError::Gone)), "{end:?}");
    }
}

#[test]
fn the_connection_field_is_honoured() {
    for (head, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nConnection: te, close\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
    ] {
        let mut reader = RequestReader::default();
        let connection = Pieces(head.as_bytes().chunks(4096));
        let request = reader.read(connection, io::sink()).expect(head);
        assert_eq!(request.keep_alive, expected, "{head}");
    }
}

#[test]
fn a_client_that_waits_to_send_its_body_is_told_to() {
    let head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let request = [head, &b"ab"[..]].concat();
    let (mut connection, mut reply) = (Pieces(request.chunks(head.len())), Vec::new());
    let mut reader = RequestReader::default();
    let request = reader.read(&mut connection, &mut reply).unwrap();
    assert_eq!(request.body, b"ab");
    assert_eq!(reply, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn other_requests_are_refused() {
    let long = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(MAX_HEAD));
    for (text, status) in [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/2\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (&long, 431),
    ] {
        let mut reader = RequestReader::default();
        let read = reader.read(Pieces(text.as_bytes().chunks(4096)), io::sink());
        let got = matches!(read, Err(ReadError::Refused(got)) if got == status);
        assert!(got, "{status}: {read:?}");
    }
}

#[test]
fn a_response_has_its_head_and_body() {
    let fields = "Retry-After: 1\r\n";
    assert_eq!(
        response(429, "application/json", fields, "{} 豆", true),
        "HTTP/1.1 429 Too Many Requests\r\nServer: sse-perf-mock\r\n\
         Content-Type: application/json\r\nContent-Length: 6\r\nRetry-After: 1\r\n\
         Connection: keep-alive\r\n\r\n{} 豆"
    );
    let head = response_head(200, "text/event-stream", fields, false);
    let end = "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
    assert!(head.ends_with(end), "{head}");
}
