//! The part of HTTP/1.1 that the simulated service needs: it reads requests whose body has a stated
//! length, and makes the heads of responses.

use std::io::{self, Read, Write};

use httparse::Status;

/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Longest body of a request, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// Most header fields of a request.
const MAX_FIELDS: usize = 128;

/// A request that has been read completely.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) method: String,
    /// The path, without the query.
    pub(super) path: String,
    /// Whether the client understands the chunked transfer coding, which HTTP/1.0 lacks.
    pub(super) takes_chunks: bool,
    /// Whether the client keeps the connection open.
    pub(super) keep_alive: bool,
    /// The names and values of the header fields.
    fields: Vec<(String, String)>,
    pub(super) body: &'a [u8],
}

impl Request<'_> {
    /// The value of the first header field of that name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
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
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Systems differ in the kind.
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ReadError::Refused(408),
            _ => ReadError::Gone,
        }
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
    /// Waits for the next request and reads it completely. A client that waits to send its body is
    /// told to in `reply`.
    pub(super) fn read(
        &mut self,
        mut stream: impl Read,
        mut reply: impl Write,
    ) -> Result<Request<'_>, ReadError> {
        self.buffer.drain(..self.current);
        self.current = 0;
        let (request, start) = loop {
            if let Some(head) = parse(&self.buffer)? {
                break head;
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ReadError::Refused(431));
            }
            self.fill(&mut stream)?;
        };
        if request.header("transfer-encoding").is_some() {
            // A body must have a stated length.
            return Err(ReadError::Refused(411));
        }
        let length = request.header("content-length").map_or(Ok(0), str::parse);
        let length: usize = length.map_err(|_| ReadError::Refused(400))?;
        if length > MAX_BODY {
            return Err(ReadError::Refused(413));
        }
        let end = start + length;
        let expects = request.header("expect").unwrap_or_default();
        if expects.eq_ignore_ascii_case("100-continue") && self.buffer.len() < end {
            reply.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        while self.buffer.len() < end {
            self.fill(&mut stream)?;
        }
        self.current = end;
        let body = &self.buffer[start..end];
        Ok(Request { body, ..request })
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

/// Reads a head: the request without its body, and the head's length; `None` if the head is not
/// complete.
fn parse(bytes: &[u8]) -> Result<Option<(Request<'static>, usize)>, ReadError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::Version) => return Err(ReadError::Refused(505)),
        Err(httparse::Error::TooManyHeaders) => return Err(ReadError::Refused(431)),
        Err(_) => return Err(ReadError::Refused(400)),
    };
    let path = head.path.unwrap_or_default().split('?').next();
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.unwrap_or_default().to_owned(),
        takes_chunks: head.version == Some(1),
        keep_alive: head.version == Some(1),
        fields: Vec::with_capacity(head.headers.len()),
        body: b"",
    };
    for field in head.headers.iter() {
        let value = std::str::from_utf8(field.value).map_err(|_| ReadError::Refused(400))?;
        if field.name.eq_ignore_ascii_case("connection") {
            for option in value.split(',').map(str::trim) {
                request.keep_alive &= !option.eq_ignore_ascii_case("close");
                request.keep_alive |= option.eq_ignore_ascii_case("keep-alive");
            }
        }
        let field = (field.name.to_owned(), value.to_owned());
        request.fields.push(field);
    }
    Ok(Some((request, length)))
}

/// The head of a response. `fields` are further header lines, each with CRLF.
pub(super) fn response_head(
    status: u16,
    content_type: &str,
    fields: &str,
    keep_alive: bool,
) -> String {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let reason = reason(status);
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
