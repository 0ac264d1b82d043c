//! Limits of requests and connections.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use sse_perf::mock::{Dist, Options};

use crate::support::{DIFY, exchange, fast, read_until, request, rest, send, start};

const LIMIT: Duration = Duration::from_millis(300);

fn limited() -> Options {
    Options {
        request_timeout: LIMIT,
        ..fast()
    }
}

#[test]
fn a_request_that_arrives_too_slowly_gets_http_408() {
    let server = start(limited());
    let whole = request(DIFY, "keep-alive");
    let body = whole.find("\r\n\r\n").expect("a head") + 4;
    // A silent client, one that sends a byte at a time, and one that keeps back its body.
    for (at_once, slowly) in [(0, ""), (0, whole.as_str()), (body, ""), (body, "{      ")] {
        let began = Instant::now();
        let mut stream = send(&server, &whole[..at_once]);
        let mut writer = stream.try_clone().expect("a second handle");
        let response = thread::scope(|scope| {
            scope.spawn(move || {
                for byte in slowly.bytes() {
                    thread::sleep(LIMIT / 6);
                    if writer.write_all(&[byte]).is_err() {
                        break;
                    }
                }
            });
            let response = read_until(&mut stream, |response| response.contains("Timeout\r\n"));
            drop(stream);
            response
        });
        let begin = "HTTP/1.1 408 Request Timeout\r\n";
        assert!(response.starts_with(begin), "{response}");
        let took = began.elapsed();
        assert!(took >= LIMIT, "{at_once} {slowly}: {took:?}");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_connection_may_be_idle_between_requests_and_an_answer_may_be_slow() {
    let server = start(Options {
        ttft: Dist::Fixed(2 * LIMIT),
        ..limited()
    });
    let mut stream = send(&server, &request(DIFY, "keep-alive"));
    read_until(&mut stream, |response| response.ends_with("\r\n0\r\n\r\n"));
    thread::sleep(2 * LIMIT);
    let next = request(DIFY, "close");
    stream.write_all(next.as_bytes()).expect("sent");
    let response = rest(stream);
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("message_end"), "{response}");
}

#[test]
fn connections_beyond_the_limit_get_http_503() {
    let server = start(Options {
        max_connections: 2,
        ..fast()
    });
    let mut open = [(); 2].map(|()| send(&server, &request(DIFY, "keep-alive")));
    for stream in &mut open {
        read_until(stream, |response| response.ends_with("\r\n0\r\n\r\n"));
    }
    let refused = exchange(&server, &request(DIFY, "close"));
    let begin = "HTTP/1.1 503 Service Unavailable\r\n";
    assert!(refused.starts_with(begin), "{refused}");
    let message = "the simulated service has 2 connections: --max-connections";
    assert!(refused.contains(message), "{refused}");
    assert_eq!(server.requests(), 2);

    // Connections far beyond the limit are closed at once, and those within it still served.
    let flood = [(); 100].map(|()| TcpStream::connect(server.addr()));
    let closed = flood.iter().flatten().any(|stream| {
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        match stream.peek(&mut [0; 8]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    });
    assert!(closed, "no thread waits for the rest");
    let next = request(DIFY, "close");
    open[0].write_all(next.as_bytes()).expect("sent");
    let [first, _] = open;
    assert!(rest(first).contains("message_end"));
    drop(flood);
    let mut later = (0..10_000).map(|_| exchange(&server, &request(DIFY, "close")));
    let is_served = later.any(|response| response.starts_with("HTTP/1.1 200 "));
    assert!(is_served, "a free place");
}
