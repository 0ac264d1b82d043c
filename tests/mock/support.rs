//! A fast service, raw requests to it, and its log.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use sse_perf::mock::{Options, Server};

use crate::service::paced;
pub(crate) use crate::service::start;

pub(crate) const DIFY: &str = "/v1/chat-messages";
pub(crate) const OPENAI: &str = "/v1/chat/completions";

/// Options of a fast service: 4 tokens, the first after 20 ms, then every 5 ms.
pub(crate) fn fast() -> Options {
    paced(20, 5, 4)
}

pub(crate) fn failing(fault: &str) -> Options {
    Options {
        faults: Some(format!("{fault}:1").parse().expect("a fault")),
        ..fast()
    }
}

/// A path for this test's log.
pub(crate) fn log_path(test: &str) -> PathBuf {
    let name = format!("sse-perf-mock-{}-{test}.csv", std::process::id());
    std::env::temp_dir().join(name)
}

pub(crate) fn request(path: &str, connection: &str) -> String {
    let body = if path.ends_with(DIFY) {
        r#"{"query":"你是谁","response_mode":"streaming","conversation_id":"c1"}"#
    } else {
        r#"{"messages":[{"content":"Who are you"}],"stream":true,"stream_options":{"include_usage":true}}"#
    };
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nConnection: {connection}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

pub(crate) fn send(server: &Server, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).expect("a connection");
    stream.write_all(request.as_bytes()).expect("sent");
    stream
}

/// All that the server sends until it closes, as text.
pub(crate) fn exchange(server: &Server, request: &str) -> String {
    rest(send(server, request))
}

/// The text of a connection until the server closes it.
pub(crate) fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("a response");
    text
}

/// Reads text until it is as asked. Panics if the server closes the connection before.
pub(crate) fn read_until(stream: &mut TcpStream, is_enough: impl Fn(&str) -> bool) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !is_enough(&text) {
        let count = stream.read(&mut buffer).expect("a response");
        assert_ne!(count, 0, "the connection stays open: {text}");
        text.push_str(std::str::from_utf8(&buffer[..count]).expect("ASCII"));
    }
    text
}

/// The status line, and the body without its transfer coding. Panics if the last chunk is missing.
pub(crate) fn taken_apart(response: &str) -> (&str, String) {
    let (head, mut rest) = response.split_once("\r\n\r\n").expect("a head");
    let status = head.lines().next().expect("a status line");
    if !head.contains("Transfer-Encoding: chunked") {
        return (status, rest.to_owned());
    }
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n").expect("a chunk");
        let size = usize::from_str_radix(size, 16).expect("a size");
        body.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").expect("a chunk's end");
        if size == 0 {
            assert_eq!(rest, "", "nothing follows the last chunk");
            return (status, body);
        }
    }
}

/// Waits until the log has so many whole lines.
pub(crate) fn wait_for_lines(log: &PathBuf, lines: usize) {
    let began = Instant::now();
    let text = || fs::read_to_string(log).expect("a log");
    while text().matches('\n').count() < lines {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", text());
        thread::sleep(Duration::from_millis(5));
    }
}

/// One row of a log, by column.
pub(crate) type Row = std::collections::HashMap<String, String>;

/// The rows of a log, which is removed.
pub(crate) fn rows(log: &PathBuf) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(log).expect("a log");
    let rows = reader.deserialize().collect::<Result<_, _>>();
    fs::remove_file(log).expect("removed");
    rows.expect("rows")
}
