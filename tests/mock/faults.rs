//! Each fault, as a client sees it.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use sse_perf::mock::{Fault, Options};

use crate::support::{
    DIFY, OPENAI, exchange, failing, log_path, read_until, request, rows, send, start, taken_apart,
};

#[test]
fn faults_that_leave_a_clean_response() {
    #[rustfmt::skip]
    let cases = [
        ("status=503",  DIFY,   "HTTP/1.1 503 Service Unavailable\r\n", "answer"),
        ("status=429",  OPENAI, "\r\nRetry-After: 1\r\n",               "delta"),
        ("html",        DIFY,   "<!DOCTYPE html>",                      "answer"),
        ("error-json",  OPENAI, r#"{"error":{"#,                        "delta"),
        ("empty",       DIFY,   r#""completion_tokens": 0"#,            r#""answer": "T"#),
        ("malformed",   DIFY,   "data: {\"unfinished\": \n\n",          "nothing else"),
        ("error-event", DIFY,   r#""event": "error""#,                  "message_end"),
        ("error-event", OPENAI, "data: [DONE]",                         "finish_reason\":\"stop"),
        ("no-end",      DIFY,   r#""answer": "#,                        "message_end"),
        ("no-end",      OPENAI, r#""finish_reason":"stop""#,            "[DONE]"),
        ("truncate",    DIFY,   r#""answer": "#,                        "message_end"),
    ];
    for (fault, path, expected, missing) in cases {
        let server = start(failing(fault));
        let response = exchange(&server, &request(path, "close"));
        let (_, body) = taken_apart(&response);
        let is_there = response.contains(expected) || body.contains(expected);
        assert!(is_there, "{fault}: {response}");
        assert!(!body.contains(missing), "{fault}: {response}");
    }
}

#[test]
fn an_oversize_event_is_9_mib() {
    let server = start(failing("oversize"));
    let response = exchange(&server, &request(DIFY, "close"));
    let (_, body) = taken_apart(&response);
    let longest = body.lines().map(str::len).max();
    assert_eq!(longest, Some(9 * 1024 * 1024 + r#"data: """#.len()));
    assert!(body.contains("message_end"), "the stream goes on");
}

#[test]
fn faults_that_end_the_connection() {
    let server = start(failing("close"));
    assert_eq!(exchange(&server, &request(DIFY, "keep-alive")), "");

    let server = start(failing("cut"));
    let response = exchange(&server, &request(DIFY, "keep-alive"));
    let cut = response.ends_with("\r\n1000\r\ndata: {\"event");
    assert!(cut, "{response}");

    let server = start(failing("reset"));
    let mut response = Vec::new();
    let error = send(&server, &request(DIFY, "keep-alive"))
        .read_to_end(&mut response)
        .expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn silent_faults_last_until_the_shutdown() {
    for (fault, expected, pings) in [
        (Fault::NoResponse, "", 0),
        (Fault::Stall, r#""answer": "#, 0),
        (Fault::Pings, r#""answer": "#, 5),
    ] {
        let log = log_path(&fault.to_string());
        let server = start(Options {
            log: Some(log.clone()),
            keep_alive: Duration::from_millis(40),
            ..failing(&fault.to_string())
        });
        let mut stream = send(&server, &request(DIFY, "keep-alive"));
        let mut response = read_until(&mut stream, |response| {
            response.contains(expected) && response.matches("event: ping").count() >= pings
        });
        // Then silence or more keep-alives, but no end.
        let silence = Some(Duration::from_millis(200));
        stream.set_read_timeout(silence).expect("a timeout");
        let mut buffer = [0; 4096];
        if let Ok(count) = stream.read(&mut buffer) {
            assert!(count > 0, "{fault}: the connection stays open");
            response.push_str(std::str::from_utf8(&buffer[..count]).expect("ASCII"));
        }
        assert!(!response.contains("message_end"), "{fault}: {response}");
        server.shutdown().expect("a whole log");
        let row = &rows(&log)[0];
        let fault = &fault.to_string();
        assert_eq!([&row["fault"], &row["ended"]], [fault, "shutdown"]);
    }
}
