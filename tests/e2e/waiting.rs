//! Reads that wait for one another, as those of several users do: nothing that they bring is lost or
//! late, whatever ends the stream.

use std::thread;
use std::time::Duration;

use crate::support::{
    Directory, Peer, Ran, Row, SSE_HEAD, Scripted, chunk, number, openai_text, run_against,
};

/// Tokens of a stream.
const TOKENS: u32 = 5;
/// From a token to the next, in milliseconds.
const GAP: u32 = 30;

/// A server that streams tokens, and then does something else.
fn streaming_then(end: impl Fn(&mut Peer) + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |peer| {
        let _ = peer.stream.set_nodelay(true);
        while peer.request().is_some() {
            peer.send(SSE_HEAD);
            let pause = || thread::sleep(Duration::from_millis(GAP.into()));
            for _ in 0..TOKENS {
                pause();
                peer.send(chunk(openai_text("a")));
            }
            pause();
            end(peer);
        }
    })
}

/// The terminal event, and the end of the body with a trailer.
fn done_with_trailer() -> Vec<u8> {
    [&chunk("data: [DONE]\n\n")[..], b"0\r\nx-took: 1\r\n\r\n"].concat()
}

/// Runs two users. Every token of each is in its row, with a moment of its own.
fn run(server: &Scripted, args: &[&str]) -> (Ran, Vec<Row>) {
    let directory = Directory::new();
    let two_users = ["--threads", "2", "--retries", "0"];
    let args = [&two_users, args].concat();
    let (ran, rows) = run_against(&directory, &server.url("/v1/chat/completions"), &args);
    assert!(rows.len() >= 2, "{}{}", ran.stdout, ran.stderr);
    for row in &rows {
        assert_eq!(row["chunks"], TOKENS.to_string(), "{row:?}");
        assert_eq!(row["coalesced"], "0", "{row:?}");
        assert!(number(row, "itl_p50_ms") > f64::from(GAP) / 2.0, "{row:?}");
    }
    (ran, rows)
}

#[test]
fn a_reset_comes_after_what_waits() {
    let (_, rows) = run(&streaming_then(Peer::reset), &[]);
    for row in rows {
        assert_eq!(row["error_kind"], "reset");
    }
}

#[test]
fn a_silence_is_counted_from_the_last_read() {
    let (_, rows) = run(&streaming_then(Peer::stay_silent), &["--timeout", "300ms"]);
    for row in rows {
        assert_eq!(row["error_kind"], "timeout_idle");
    }
}

#[test]
fn the_time_of_the_whole_request_ends_it() {
    let args = ["--max-time", "600ms"];
    let (_, rows) = run(&streaming_then(Peer::stay_silent), &args);
    for row in rows {
        assert_eq!(row["error_kind"], "timeout_total");
        assert!(number(&row, "end_s") - number(&row, "start_s") >= 0.6);
    }
}

#[test]
fn a_connection_is_used_again_after_trailers() {
    let server = streaming_then(|peer| peer.send(done_with_trailer()));
    let (_, rows) = run(&server, &["--requests", "4"]);
    assert_eq!(rows.len(), 4);
    let reused = rows.iter().filter(|row| row["connection"] == "reused");
    assert_eq!(reused.count(), 2);
    for row in &rows {
        assert_eq!(row["outcome"], "ok", "{row:?}");
    }
}

#[test]
fn what_waits_is_shown_while_the_service_is_silent() {
    let server = streaming_then(|peer| {
        thread::sleep(Duration::from_millis(2_500));
        peer.send(done_with_trailer());
    });
    let (ran, _) = run(&server, &["--requests", "2"]);
    let all = (2 * TOKENS).to_string();
    let live = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("00:00:0"));
    let complete = live.filter(|line| line.split_whitespace().nth(2) == Some(&all));
    assert!(complete.count() >= 2, "{}", ran.stdout);
}
