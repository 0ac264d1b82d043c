//! Runs that are ended from outside: signals, at every stage of a request.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{
    Directory, Row, Running, SSE_HEAD, Scripted, chunk, command, eventually, full_backlog, number,
    openai_text, rows, sse_response,
};

const PATH: &str = "/v1/chat/completions";

/// What interrupts runs here, as Ctrl-C does: SIGINT is ignored where the tests themselves run in
/// the background of a script.
const INTERRUPT: Signal = Signal::SIGTERM;

/// The signals that interrupt a run which this process starts.
fn signals() -> Vec<Signal> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    [Signal::SIGINT, Signal::SIGTERM]
        .into_iter()
        .filter(|signal| mask >> (*signal as i32 - 1) & 1 == 0)
        .collect()
}

/// A started run that writes `requests.csv` and `run.json`.
fn start(directory: &Directory, url: &str, args: &[&str]) -> Running {
    let mut command = command(&directory.0);
    command
        .args(["--url", url, "--api-key", "k-0123456789", "--quiet"])
        .args(["--csv", "requests.csv", "--json", "run.json"])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Running::start(&mut command)
}

/// A server that sends one token and then is silent, and how many requests it has got.
fn silent_after_a_token() -> (Scripted, Arc<AtomicU32>) {
    let requests = Arc::new(AtomicU32::new(0));
    let server = Scripted::start({
        let requests = Arc::clone(&requests);
        move |peer| {
            if peer.request().is_some() {
                requests.fetch_add(1, SeqCst);
                peer.send([SSE_HEAD.as_bytes(), &chunk(openai_text("a"))].concat());
                peer.stay_silent();
            }
        }
    });
    (server, requests)
}

/// A started run that ignores signals from its start, as under `nohup`, or in the background of a
/// script.
fn start_ignoring(signals: &str, directory: &Directory, url: &str) -> Running {
    let run = format!("trap '' {signals}; exec \"$@\"");
    let mut command = std::process::Command::new("sh");
    command
        .current_dir(&directory.0)
        .args(["-c", &run, "sh", env!("CARGO_BIN_EXE_sse-perf")])
        .args(["--url", url, "--api-key", "", "--quiet"])
        .args(["--csv", "requests.csv", "--no-json"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Running::start(&mut command)
}

fn exit_code(mut running: Running) -> Option<i32> {
    running.0.wait().expect("it ends").code()
}

fn outcomes(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row["outcome"].as_str()).collect()
}

#[test]
fn the_second_signal_cuts_what_is_in_flight() {
    let (server, requests) = silent_after_a_token();
    let directory = Directory::new();
    let run = start(&directory, &server.url(PATH), &["--threads", "3"]);
    eventually("3 requests", || requests.load(SeqCst) == 3);
    run.signal(INTERRUPT);
    thread::sleep(Duration::from_millis(100));
    run.signal(INTERRUPT);
    assert_eq!(exit_code(run), Some(130));
    let rows = rows(&directory.file("requests.csv"));
    assert_eq!(outcomes(&rows), ["cancelled"; 3]);
    for row in &rows {
        assert_eq!(row["chunks"], "1", "what was measured is kept");
        assert_eq!(row["response_ms"], "");
    }
    assert!(directory.file("run.json").exists());
}

#[test]
fn the_first_signal_lets_requests_finish() {
    for signal in signals() {
        let requests = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&requests);
        let server = Scripted::start(move |peer| {
            while peer.request().is_some() {
                seen.fetch_add(1, SeqCst);
                peer.send([SSE_HEAD.as_bytes(), &chunk(openai_text("a"))].concat());
                thread::sleep(Duration::from_millis(500));
                peer.send([chunk("data: [DONE]\n\n"), chunk("")].concat());
            }
        });
        let directory = Directory::new();
        let run = start(&directory, &server.url(PATH), &["--duration", "60"]);
        eventually("a second request", || requests.load(SeqCst) >= 2);
        run.signal(signal);
        assert_eq!(exit_code(run), Some(130));
        let rows = rows(&directory.file("requests.csv"));
        assert!(!rows.is_empty());
        assert!(rows.iter().all(|row| row["outcome"] == "ok"), "{rows:?}");
    }
}

#[test]
fn grace_ends_the_wait_for_what_is_in_flight() {
    let (server, requests) = silent_after_a_token();
    let directory = Directory::new();
    let run = start(&directory, &server.url(PATH), &["--grace", "200ms"]);
    eventually("a request", || requests.load(SeqCst) == 1);
    run.signal(INTERRUPT);
    assert_eq!(exit_code(run), Some(130));
    assert_eq!(
        outcomes(&rows(&directory.file("requests.csv"))),
        ["cancelled"]
    );
}

#[test]
fn the_deadline_and_its_grace_cut_without_a_signal() {
    let (server, _) = silent_after_a_token();
    let directory = Directory::new();
    let args = ["--threads", "2", "--duration", "300ms", "--grace", "100ms"];
    let run = start(&directory, &server.url(PATH), &args);
    assert_eq!(
        exit_code(run),
        Some(0),
        "cancelled requests are no failures"
    );
    assert_eq!(
        outcomes(&rows(&directory.file("requests.csv"))),
        ["cancelled"; 2]
    );
}

#[test]
fn a_connect_in_progress_is_reported_and_not_waited_for() {
    let (_listener, addr) = full_backlog(Duration::from_secs(20));
    let directory = Directory::new();
    let url = format!("http://{addr}{PATH}");
    let run = start(&directory, &url, &["--threads", "2"]);
    thread::sleep(Duration::from_millis(500));
    run.signal(INTERRUPT);
    thread::sleep(Duration::from_millis(100));
    run.signal(INTERRUPT);
    assert_eq!(exit_code(run), Some(130));
    assert_eq!(
        outcomes(&rows(&directory.file("requests.csv"))),
        ["cancelled"; 2]
    );
}

#[test]
fn a_wait_between_attempts_is_interrupted() {
    let server =
        Scripted::answering("HTTP/1.1 503 Busy\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n");
    let directory = Directory::new();
    let run = start(&directory, &server.url(PATH), &[]);
    thread::sleep(Duration::from_millis(500));
    run.signal(INTERRUPT);
    assert_eq!(exit_code(run), Some(130));
    assert_eq!(
        outcomes(&rows(&directory.file("requests.csv"))),
        ["cancelled"]
    );
}

#[test]
fn the_wait_for_a_start_is_interrupted() {
    let (server, _) = silent_after_a_token();
    let directory = Directory::new();
    let args = ["--threads", "2", "--ramp-up", "3600", "--grace", "0"];
    let run = start(&directory, &server.url(PATH), &args);
    thread::sleep(Duration::from_millis(500));
    run.signal(INTERRUPT);
    assert_eq!(exit_code(run), Some(130));
}

#[test]
fn the_third_signal_leaves_at_once() {
    let (server, requests) = silent_after_a_token();
    let directory = Directory::new();
    let run = start(&directory, &server.url(PATH), &["--threads", "2"]);
    eventually("2 requests", || requests.load(SeqCst) == 2);
    for _ in 0..3 {
        run.signal(INTERRUPT);
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(exit_code(run), Some(130));
}

#[test]
fn a_killed_run_keeps_its_rows() {
    let server = Scripted::start(|peer| {
        while peer.request().is_some() {
            peer.send(sse_response(&format!(
                "{}data: [DONE]\n\n",
                openai_text("a")
            )));
            thread::sleep(Duration::from_millis(20));
        }
    });
    let directory = Directory::new();
    let args = ["--threads", "4", "--duration", "60"];
    let mut run = start(&directory, &server.url(PATH), &args);
    thread::sleep(Duration::from_millis(2_500));
    run.0.kill().expect("it is running");
    run.0.wait().expect("it ends");
    let rows = rows(&directory.file("requests.csv"));
    let last_end = rows
        .iter()
        .map(|row| number(row, "end_s"))
        .fold(0.0, f64::max);
    assert!(
        last_end >= 1.0,
        "the rows up to a second before: {last_end}"
    );
    let numbers: Vec<u64> = rows
        .iter()
        .map(|row| row["request"].parse().unwrap())
        .collect();
    assert!(numbers.len() > 50, "{}", numbers.len());
    let json = std::fs::read_to_string(directory.file("run.json")).expect("written at the start");
    serde_json::from_str::<serde_json::Value>(&json).expect("a whole document");
}

#[test]
fn signals_that_were_ignored_at_the_start_stay_so() {
    let go_on = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let waiting = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let server = Scripted::start({
        let (go_on, waiting) = (Arc::clone(&go_on), Arc::clone(&waiting));
        move |peer| {
            if peer.request().is_some() {
                waiting.store(true, SeqCst);
                eventually("the signals are sent", || go_on.load(SeqCst));
                let events = format!("{}data: [DONE]\n\n", openai_text("a"));
                peer.send(sse_response(&events));
            }
        }
    });
    let directory = Directory::new();
    let running = start_ignoring("HUP INT", &directory, &server.url(PATH));
    eventually("the request is sent", || waiting.load(SeqCst));
    for signal in [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGINT,
        Signal::SIGINT,
    ] {
        running.signal(signal);
        thread::sleep(Duration::from_millis(20));
    }
    go_on.store(true, SeqCst);
    assert_eq!(exit_code(running), Some(0));
    assert_eq!(outcomes(&rows(&directory.file("requests.csv"))), ["ok"]);
}

/// Whether all threads of a process are stopped.
#[cfg(target_os = "linux")]
fn is_stopped(process: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    tasks.flatten().all(|task| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.contains("State:\tT")
    })
}

#[test]
#[cfg(target_os = "linux")]
fn what_came_while_the_process_was_stopped_is_in_doubt() {
    // The first token is on its way; the process is stopped; the others are on their way.
    let stage = Arc::new(AtomicU32::new(0));
    let server = Scripted::start({
        let stage = Arc::clone(&stage);
        move |peer| {
            peer.request().expect("a request");
            peer.send([SSE_HEAD.as_bytes(), &chunk(openai_text("a"))].concat());
            stage.store(1, SeqCst);
            eventually("a stop", || stage.load(SeqCst) == 2);
            for _ in 0..10 {
                peer.send(chunk(openai_text("b")));
                thread::sleep(Duration::from_millis(30));
            }
            stage.store(3, SeqCst);
            peer.send(chunk("data: [DONE]\n\n"));
            peer.send(chunk(""));
        }
    });
    let directory = Directory::new();
    let run = start(&directory, &server.url(PATH), &[]);
    eventually("a token", || stage.load(SeqCst) == 1);
    run.signal(Signal::SIGSTOP);
    eventually("a stop", || is_stopped(run.0.id()));
    stage.store(2, SeqCst);
    eventually("ten tokens", || stage.load(SeqCst) == 3);
    run.signal(Signal::SIGCONT);
    assert_eq!(exit_code(run), Some(0));
    let row = &rows(&directory.file("requests.csv"))[0];
    assert_eq!((&*row["outcome"], &*row["chunks"]), ("ok", "11"));
    // The first of ten came nine pauses before the last.
    assert!(number(row, "uncertainty_ms") >= 269.0, "{row:?}");
}
