//! Requests in pieces, what is refused, and heads of responses.

use std::collections::VecDeque;

use super::*;

/// A connection on which pieces come in, each with one read.
struct Pieces(VecDeque<Vec<u8>>, Vec<u8>);

impl Pieces {
    fn new<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(pieces.into_iter().map(<[u8]>::to_vec).collect(), Vec::new())
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.0.pop_front().unwrap_or_default();
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn reads_requests_in_pieces_of_any_size() {
    let bytes = b"POST /v1/x?y=1 HTTP/1.1\r\nHost: h\r\nauthorization:  Bearer k \r\n\
        Content-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n";
    for size in 1..=bytes.len() {
        let mut connection = Pieces::new(bytes.chunks(size));
        let mut reader = RequestReader::default();
        let first = reader.read(&mut connection).expect("a request");
        let fields = [
            ("Host", "h"),
            ("authorization", "Bearer k"),
            ("Content-Length", "3"),
        ];
        let expected = Request {
            method: "POST".to_owned(),
            path: "/v1/x".to_owned(),
            takes_chunks: true,
            keep_alive: true,
            fields: fields
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            body: b"abc",
        };
        assert_eq!(first, expected, "pieces of {size}");
        assert_eq!(first.header("Authorization"), Some("Bearer k"));
        assert_eq!(first.header("host:"), None);
        let second = reader.read(&mut connection).expect("a request");
        assert_eq!((&*second.method, &*second.path), ("GET", "/"));
        assert!(!second.takes_chunks && !second.keep_alive && second.body.is_empty());
        let end = reader.read(&mut connection);
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
        let request = reader.read(Pieces::new([head.as_bytes()])).expect(head);
        assert_eq!(request.keep_alive, expected, "{head}");
    }
}

#[test]
fn a_client_that_waits_to_send_its_body_is_told_to() {
    let head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut connection = Pieces::new([&head[..], b"ab"]);
    let mut reader = RequestReader::default();
    assert_eq!(reader.read(&mut connection).expect("a request").body, b"ab");
    assert_eq!(connection.1, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn what_cannot_be_served_is_refused() {
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
        let read = reader.read(Pieces::new(text.as_bytes().chunks(4096)));
        assert!(
            matches!(read, Err(ReadError::Refused(got)) if got == status),
            "{status}: {read:?}"
        );
    }
}

#[test]
fn responses() {
    let fields = "Retry-After: 1\r\n";
    assert_eq!(
        response(429, "application/json", fields, "{} 豆", true),
        "HTTP/1.1 429 Too Many Requests\r\nServer: sse-perf-mock\r\n\
         Content-Type: application/json\r\nContent-Length: 6\r\nRetry-After: 1\r\n\
         Connection: keep-alive\r\n\r\n{} 豆"
    );
    let head = response_head(200, "text/event-stream", fields, false);
    assert!(
        head.ends_with("\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"),
        "{head}"
    );
}
