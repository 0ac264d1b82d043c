//! Retries, reused connections and reconnects.

use crate::noting::{Seen, bodies, cells, noting, openai};
use crate::support::{PATH, Scripted, number, openai_answer, run_alone};

fn status(code: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {code}\r\n{headers}content-length: 0\r\n\r\n").into_bytes()
}

/// A server that answers the first `failures` requests with `failure` and the others with a stream;
/// and the requests that it got.
fn failing_first(failures: usize, failure: Vec<u8>) -> (Scripted, Seen) {
    noting(move |number| match number {
        number if number <= failures => failure.clone(),
        number => openai(number),
    })
}

#[test]
fn transient_statuses_are_retried() {
    for code in ["429 Many", "500 Oops", "502 Bad", "503 Busy", "504 Late"] {
        let (server, seen) = failing_first(2, status(code, ""));
        let (ran, rows) = run_alone(&server.url(PATH), &[]);
        assert_eq!(ran.code, Some(0), "{code}: {}", ran.stdout);
        assert_eq!((&*rows[0]["attempts"], &*rows[0]["outcome"]), ("3", "ok"));
        assert_eq!(rows[0]["http_status"], "200", "that of the last attempt");
        // Two waits: at least half of 100 ms and half of 200 ms.
        assert!(number(&rows[0], "retry_wait_ms") >= 150.0);
        // Latency counts from the first attempt.
        assert!(number(&rows[0], "ttft_ms") >= number(&rows[0], "retry_wait_ms"));
        assert_eq!(bodies(&seen).len(), 3);
    }
}

#[test]
fn retry_after_sets_the_wait() {
    let (server, _) = failing_first(1, status("429 Too Many", "retry-after: 1\r\n"));
    let (_, rows) = run_alone(&server.url(PATH), &[]);
    assert_eq!(rows[0]["outcome"], "ok");
    assert!(number(&rows[0], "retry_wait_ms") >= 1_000.0);
}

#[test]
fn connections_are_kept_between_requests_unless_told_otherwise() {
    for (args, expected) in [
        (&["--requests", "3"][..], ["new", "reused", "reused"]),
        (&["--requests", "3", "--no-keepalive"], ["new"; 3]),
    ] {
        let (server, _) = failing_first(0, Vec::new());
        let (_, rows) = run_alone(&server.url(PATH), args);
        let seen = cells(&rows, &["connection"]).concat();
        assert_eq!(seen, expected, "{args:?}");
        for row in &rows {
            let new = row["connection"] == "new";
            assert_ne!(row["connect_ms"].is_empty(), new, "{row:?}");
            assert_eq!(row["tls_ms"], "");
            assert_eq!(row["server_addr"], server.addr.to_string());
        }
    }
}

/// A server that resets each connection, unannounced, on the request after the first `kept`.
fn closing_after(kept: u32) -> Scripted {
    Scripted::start(move |peer| {
        for _ in 0..kept {
            if peer.request().is_none() {
                return;
            }
            peer.send(openai_answer(&["hello"]));
        }
        // Reads the request first: the client must not notice the reset before sending.
        if peer.request().is_some() {
            peer.reset();
        }
    })
}

#[test]
fn a_stale_connection_is_replaced_at_once() {
    let server = closing_after(1);
    let (ran, rows) = run_alone(&server.url(PATH), &["--requests", "3"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let seen = cells(&rows, &["reconnects", "attempts"]);
    assert_eq!(seen, [["0", "1"], ["1", "1"], ["1", "1"]]);
    assert_eq!(rows[1]["connection"], "new");
}

#[test]
fn without_retries_there_is_no_reconnect_either() {
    let server = closing_after(1);
    let args = ["--requests", "2", "--retries", "0"];
    let (ran, rows) = run_alone(&server.url(PATH), &args);
    assert_eq!(ran.code, Some(1));
    assert_eq!(rows[1]["error_kind"], "reset");
    assert_eq!(rows[1]["reconnects"], "0");
}
