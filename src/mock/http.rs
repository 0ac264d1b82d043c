//! The part of HTTP/1.1 that the simulated service needs: it reads requests whose body has a stated
//! length, and makes the heads of responses.

use std::io::{self, Read, Write};
use std::ops::Range;

/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Longest body of a request, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// The end of a head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// A request that has been read completely.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// The path, without the query.
    pub(super) path: &'a str,
    /// Whether the client understands the chunked transfer coding, which HTTP/1.0 lacks.
    pub(super) takes_chunks: bool,
    /// Whether the client keeps the connection open.
    pub(super) keep_alive: bool,
    /// The header fields, one a line.
    pub(super) fields: &'a str,
    pub(super) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The value of the first header field of that name.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let mut fields = self.fields.lines().filter_map(|line| line.split_once(':'));
        fields
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// Why there is no request.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The connection has ended, between requests or in one.
    Gone,
    /// The request cannot be served; the value is the HTTP status that says why.
    Refused(u16),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        ReadError::Gone
    }
}

/// Reads the requests of a connection, one after the other.
#[derive(Debug, Default)]
pub(super) struct RequestReader {
    /// The current request and the bytes after it.
    buffer: Vec<u8>,
    /// Length of the current request in bytes.
    current: usize,
}

impl RequestReader {
    /// Waits for the next request and reads it completely.
    pub(super) fn read(&mut self, mut stream: impl Read + Write) -> Result<Request<'_>, ReadError> {
        self.buffer.drain(..self.current);
        self.current = 0;
        let body = self.read_head(&mut stream)?;
        let head = Head::parse(&self.buffer[..body])?;
        if head.length > MAX_BODY {
            return Err(ReadError::Refused(413));
        }
        let end = body + head.length;
        if head.expects_continue && self.buffer.len() < end {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        while self.buffer.len() < end {
            self.fill(&mut stream)?;
        }
        self.current = end;
        let text =
            |range| std::str::from_utf8(&self.buffer[range]).map_err(|_| ReadError::Refused(400));
        Ok(Request {
            method: text(head.method)?,
            path: text(head.path)?,
            takes_chunks: head.takes_chunks,
            keep_alive: head.keep_alive,
            fields: text(head.fields)?,
            body: &self.buffer[body..end],
        })
    }

    /// Reads until the head is complete. Returns its length in bytes.
    fn read_head(&mut self, stream: &mut impl Read) -> Result<usize, ReadError> {
        let mut searched = 0;
        loop {
            // A server ignores empty lines before a request (RFC 9112, 2.2).
            let empty = self
                .buffer
                .iter()
                .take_while(|b| matches!(b, b'\r' | b'\n'))
                .count();
            self.buffer.drain(..empty);
            let found = self.buffer[searched..]
                .windows(HEAD_END.len())
                .position(|window| window == HEAD_END);
            if let Some(at) = found {
                return Ok(searched + at + HEAD_END.len());
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ReadError::Refused(431));
            }
            searched = self.buffer.len().saturating_sub(HEAD_END.len() - 1);
            self.fill(stream)?;
        }
    }

    /// Reads once.
    fn fill(&mut self, stream: &mut impl Read) -> Result<(), ReadError> {
        let mut piece = [0; 4096];
        let count = loop {
            match stream.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.buffer.extend_from_slice(&piece[..count]);
        if count == 0 {
            return Err(ReadError::Gone);
        }
        Ok(())
    }
}

/// A head. Texts are ranges of the buffer, since reading the body may move the buffer.
#[derive(Debug)]
struct Head {
    method: Range<usize>,
    path: Range<usize>,
    takes_chunks: bool,
    keep_alive: bool,
    fields: Range<usize>,
    length: usize,
    expects_continue: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let bad = || ReadError::Refused(400);
        let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
        let (line, fields) = text.split_once("\r\n").ok_or_else(bad)?;
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(bad());
        };
        if !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
            return Err(ReadError::Refused(505));
        }
        let path = target.split('?').next().unwrap_or_default();
        let mut head = Head {
            method: place(text, method),
            path: place(text, path),
            takes_chunks: version == "HTTP/1.1",
            keep_alive: version == "HTTP/1.1",
            fields: place(text, fields),
            length: 0,
            expects_continue: false,
        };
        for line in fields.split("\r\n").take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(bad)?;
            head.field(name, value.trim())?;
        }
        Ok(head)
    }

    fn field(&mut self, name: &str, value: &str) -> Result<(), ReadError> {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => {
                self.length = value.parse().map_err(|_| ReadError::Refused(400))?;
            }
            // A body must have a stated length.
            "transfer-encoding" => return Err(ReadError::Refused(411)),
            "connection" => {
                for option in value.split(',') {
                    match option.trim().to_ascii_lowercase().as_str() {
                        "close" => self.keep_alive = false,
                        "keep-alive" => self.keep_alive = true,
                        _ => {}
                    }
                }
            }
            "expect" => self.expects_continue = value.eq_ignore_ascii_case("100-continue"),
            _ => {}
        }
        Ok(())
    }
}

/// The range of a part in its text.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// The head of a response. `fields` are further header lines, each with CRLF.
pub(super) fn response_head(
    status: u16,
    content_type: &str,
    fields: &str,
    keep_alive: bool,
) -> String {
    let (reason, connection) = (
        reason(status),
        if keep_alive { "keep-alive" } else { "close" },
    );
    format!(
        "HTTP/1.1 {status} {reason}\r\nServer: sse-perf-mock\r\nContent-Type: {content_type}\r\n\
         {fields}Connection: {connection}\r\n\r\n"
    )
}

/// A response that is no stream.
pub(super) fn response(
    status: u16,
    content_type: &str,
    fields: &str,
    body: &str,
    keep_alive: bool,
) -> String {
    let fields = format!("Content-Length: {}\r\n{fields}", body.len());
    response_head(status, content_type, &fields, keep_alive) + body
}

/// The reason phrase of a status.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        status if status < 500 => "Client Error",
        _ => "Server Error",
    }
}

#[cfg(test)]
mod tests;
