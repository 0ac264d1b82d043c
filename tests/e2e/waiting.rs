//! Reads that wait and are parsed together, as in runs of several users: no token is lost or
//! stamped late, for any end of the stream.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{
    Directory, PATH, Peer, Row, Running, SSE_HEAD, Scripted, chunk, command, eventually, number,
    openai_text, rows, run_alone,
};

/// Tokens of a stream.
const TOKENS: u32 = 5;
/// Pause before each token, in milliseconds.
const GAP: u32 = 20;

/// A server that streams tokens, each after the client has read the previous one, and then calls
/// `end`.
fn streaming_then(end: impl Fn(&mut Peer) + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |peer| {
        let _ = peer.stream.set_nodelay(true);
        while peer.request().is_some() {
            peer.send(SSE_HEAD);
            for _ in 0..TOKENS {
                peer.wait_until_read();
                thread::sleep(Duration::from_millis(GAP.into()));
                peer.send(chunk(openai_text("a")));
            }
            peer.wait_until_read();
            end(peer);
        }
    })
}

/// The terminal event and the end of the body, with a trailer.
fn done_with_trailer() -> Vec<u8> {
    [&chunk("data: [DONE]\n\n")[..], b"0\r\nx-took: 1\r\n\r\n"].concat()
}

/// Asserts that each row counts every token, each with a stamp of its own.
fn assert_moments(rows: &[Row]) {
    for row in rows {
        assert_eq!(row["chunks"], TOKENS.to_string(), "{row:?}");
        assert_eq!(row["coalesced"], "0", "{row:?}");
        assert!(number(row, "itl_p50_ms") > f64::from(GAP) / 2.0, "{row:?}");
    }
}

/// The rows of two users.
fn run(server: &Scripted, args: &[&str]) -> Vec<Row> {
    let two_users = ["--threads", "2", "--retries", "0"];
    let args = [&two_users, args].concat();
    let (ran, rows) = run_alone(&server.url(PATH), &args);
    assert!(rows.len() >= 2, "{}{}", ran.stdout, ran.stderr);
    assert_moments(&rows);
    rows
}

#[test]
fn waiting_reads_are_parsed_before_a_reset() {
    for row in run(&streaming_then(Peer::reset), &[]) {
        assert_eq!(row["error_kind"], "reset");
    }
}

#[test]
fn limits_end_a_silent_stream() {
    for (limit, kind) in [
        ("--timeout", "timeout_idle"),
        ("--max-time", "timeout_total"),
    ] {
        for row in run(&streaming_then(Peer::stay_silent), &[limit, "4s"]) {
            assert_eq!(row["error_kind"], kind);
            let took = number(&row, "end_s") - number(&row, "start_s");
            assert!(took >= 4.0, "{row:?}");
        }
    }
}

#[test]
fn a_connection_is_reused_after_trailers() {
    let server = streaming_then(|peer| peer.send(done_with_trailer()));
    let rows = run(&server, &["--requests", "4"]);
    assert_eq!(rows.len(), 4);
    let mut users = BTreeSet::new();
    for row in &rows {
        assert_eq!(row["outcome"], "ok", "{row:?}");
        let is_first = users.insert(&row["user"]);
        assert_eq!(row["connection"] == "new", is_first, "{row:?}");
    }
}

/// Asserts that a live line shows every chunk of both users before the service goes on.
fn assert_shown_in_silence(args: &[&str]) {
    let silent = Arc::new(AtomicU32::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let server = streaming_then({
        let (silent, over) = (Arc::clone(&silent), Arc::clone(&over));
        move |peer| {
            silent.fetch_add(1, Ordering::SeqCst);
            eventually("a live line", || over.load(Ordering::SeqCst));
            peer.send(done_with_trailer());
        }
    });
    let directory = Directory::new();
    let url = server.url(PATH);
    let flags = "--csv requests.csv --threads 2 --requests 2 --no-json";
    let mut running = Running::start(command(&directory, &url, flags).args(args));
    let all = (2 * TOKENS).to_string();
    let mut lines = running.lines();
    let live = lines.by_ref().filter(|line| line.starts_with("00:"));
    let mut in_silence = live.filter(|_| silent.load(Ordering::SeqCst) == 2).take(5);
    let is_complete = |line: String| line.split_whitespace().nth(2) == Some(&all);
    assert!(in_silence.any(is_complete), "{args:?} hides some chunks");
    over.store(true, Ordering::SeqCst);
    assert!(lines.count() > 0, "the summary");
    assert_eq!(running.exit_code(), Some(0));
    assert_moments(&rows(&directory.file("requests.csv")));
}

#[test]
fn live_lines_count_every_chunk_while_the_service_is_silent() {
    assert_shown_in_silence(&[]);
    // No read waits with this option: most chunks come within 200 ms of a progress sample.
    assert_shown_in_silence(&["--token-timeout", "60s"]);
}
