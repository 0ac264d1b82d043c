//! Runs that signals or the deadline end, at every stage of a request.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::noting::{noting, openai};
use crate::sockets::FullBacklog;
use crate::support::{
    Directory, PATH, Running, Scripted, assert_contains, chunk, command, command_after, eventually,
    head_and_token, number, openai_answer, openai_text, rows,
};

/// Interrupts runs as Ctrl-C does. SIGINT itself is ignored where the tests run in a script's
/// background.
const INTERRUPT: Signal = Signal::SIGTERM;

/// The signals that interrupt a run started by this process: those that it does not ignore.
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

/// A run that writes `requests.csv` and `run.json`.
fn run(directory: &Directory, url: &str, flags: &str) -> Command {
    let files = "--quiet --csv requests.csv --json run.json";
    command(directory, url, &format!("{files} {flags}"))
}

fn start(directory: &Directory, url: &str, flags: &str) -> Running {
    Running::start(&mut run(directory, url, flags))
}

/// A server that answers one request per connection with these bytes and then stays silent; and how
/// many answers clients have read.
fn silent_after(answer: Vec<u8>) -> (Scripted, Arc<AtomicU32>) {
    let answers = Arc::new(AtomicU32::new(0));
    let server = Scripted::start({
        let answers = Arc::clone(&answers);
        move |peer| {
            if peer.request().is_some() {
                peer.send(&answer);
                peer.wait_until_read();
                answers.fetch_add(1, SeqCst);
                peer.stay_silent();
            }
        }
    });
    (server, answers)
}

fn silent_after_a_token() -> (Scripted, Arc<AtomicU32>) {
    silent_after(head_and_token())
}

/// Interrupts a run, waits until it says that it stops, interrupts it again. Returns its exit code.
fn interrupt_twice(mut run: Running) -> Option<i32> {
    let mut lines = run.lines();
    run.signal(INTERRUPT);
    assert!(lines.any(|line| line.contains("Stopping")));
    run.signal(INTERRUPT);
    run.exit_code()
}

/// The outcomes in a run's CSV.
fn outcomes(directory: &Directory) -> Vec<String> {
    let rows = rows(&directory.file("requests.csv"));
    rows.iter().map(|row| row["outcome"].clone()).collect()
}

#[test]
fn the_second_signal_cuts_requests_in_flight() {
    let (server, tokens) = silent_after_a_token();
    let directory = Directory::new();
    let run = start(&directory, &server.url(PATH), "--threads 3");
    eventually("3 tokens", || tokens.load(SeqCst) == 3);
    assert_eq!(interrupt_twice(run), Some(130));
    let rows = rows(&directory.file("requests.csv"));
    assert_eq!(outcomes(&directory), ["cancelled"; 3]);
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
                peer.send(head_and_token());
                thread::sleep(Duration::from_millis(500));
                peer.send([chunk("data: [DONE]\n\n"), chunk("")].concat());
            }
        });
        let directory = Directory::new();
        let run = start(&directory, &server.url(PATH), "--duration 60");
        eventually("a second request", || requests.load(SeqCst) >= 2);
        run.signal(signal);
        assert_eq!(run.exit_code(), Some(130));
        let rows = rows(&directory.file("requests.csv"));
        assert!(!rows.is_empty());
        assert!(rows.iter().all(|row| row["outcome"] == "ok"), "{rows:?}");
    }
}

#[test]
fn the_first_signal_ends_waits_at_once_and_requests_after_the_grace() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n";
    #[rustfmt::skip]
    let table = [
        ("for a token",      head_and_token(), "--grace 200ms"),
        ("between attempts", busy.into(),      ""),
        ("for a start",      head_and_token(), "--threads 2 --ramp-up 3600 --grace 0"),
    ];
    for (wait, answer, flags) in table {
        let (server, answers) = silent_after(answer);
        let directory = Directory::new();
        let run = start(&directory, &server.url(PATH), flags);
        eventually("an answer", || answers.load(SeqCst) == 1);
        run.signal(INTERRUPT);
        assert_eq!(run.exit_code(), Some(130), "{wait}");
        assert_eq!(outcomes(&directory), ["cancelled"], "{wait}");
    }
}

#[test]
fn requests_are_cut_when_the_grace_after_the_deadline_ends() {
    let (server, _) = silent_after_a_token();
    let directory = Directory::new();
    let flags = "--threads 2 --duration 2s --grace 100ms";
    let run = start(&directory, &server.url(PATH), flags);
    assert_eq!(run.exit_code(), Some(0), "no failures");
    assert_eq!(outcomes(&directory), ["cancelled"; 2]);
}

#[test]
fn a_cut_does_not_wait_for_a_connect() {
    let backlog = FullBacklog::new();
    let directory = Directory::new();
    let url = format!("http://{}{PATH}", backlog.addr);
    let run = start(&directory, &url, "--threads 2 --connect-timeout 300s");
    eventually("2 connects", || backlog.connecting() == 2);
    assert_eq!(interrupt_twice(run), Some(130));
    assert_eq!(outcomes(&directory), ["cancelled"; 2]);
}

#[test]
fn the_third_signal_ends_the_process_at_once() {
    let (server, tokens) = silent_after_a_token();
    let directory = Directory::new();
    // Nobody reads the run's output, so it blocks: only the third signal can end it.
    let (_reader, writer) = full_pipe();
    let mut run = run(&directory, &server.url(PATH), "--threads 2");
    let mut run = Running::start(run.stdout(writer));
    eventually("2 tokens", || tokens.load(SeqCst) == 2);
    eventually("the end", || {
        run.signal(INTERRUPT);
        run.0.try_wait().expect("a process").is_some()
    });
    assert_eq!(run.exit_code(), Some(130));
}

/// A full pipe: its reader and its writer.
fn full_pipe() -> (UnixStream, OwnedFd) {
    let (reader, mut writer) = UnixStream::pair().expect("a pipe");
    writer.set_nonblocking(true).expect("a socket");
    while writer.write(&[b' '; 4096]).is_ok() {}
    while writer.write(b" ").is_ok() {}
    writer.set_nonblocking(false).expect("a socket");
    (reader, writer.into())
}

#[test]
fn a_fifo_without_a_reader_does_not_keep_a_run_from_its_end() {
    let server = Scripted::start(|_| panic!("nothing may be sent"));
    let directory = Directory::new();
    let fifo = directory.file("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(made.success());
    let mut run = start(&directory, &server.url(PATH), "--threads 2 --events fifo");
    let tasks = format!("/proc/{}/task", run.0.id());
    eventually("the users are ready", || {
        std::fs::read_dir(&tasks).is_ok_and(|tasks| tasks.count() >= 3)
    });
    thread::sleep(Duration::from_millis(200));
    run.signal(INTERRUPT);
    let ended = run.0.wait().expect("it ends");
    assert_eq!(ended.signal(), Some(INTERRUPT as i32));
}

#[test]
fn a_reader_that_stops_reading_does_not_keep_a_run_from_its_end() {
    let (server, seen) = noting(openai);
    let directory = Directory::new();
    let flags = "--quiet --csv - --json run.json --duration 600";
    let mut run = Running::start(&mut command(&directory, &server.url(PATH), flags));
    let _unread = run.0.stdout.take();
    eventually("a full pipe", || seen.lock().unwrap().len() > 2_000);
    run.signal(INTERRUPT);
    let mut stderr = run.0.stderr.take().expect("a pipe");
    assert_eq!(run.exit_code(), Some(3));
    let mut errors = String::new();
    stderr.read_to_string(&mut errors).expect("UTF-8");
    assert_contains(&errors, "the program that reads it has stopped");
    let json = std::fs::read_to_string(directory.file("run.json")).expect("a file");
    assert_contains(&json, "\"summary\"");
}

#[test]
fn a_killed_run_keeps_its_rows() {
    let server = Scripted::start(|peer| {
        while peer.request().is_some() {
            peer.send(openai_answer(&["a"]));
            thread::sleep(Duration::from_millis(20));
        }
    });
    let directory = Directory::new();
    let flags = "--threads 4 --duration 600";
    let mut run = start(&directory, &server.url(PATH), flags);
    let kept = || rows(&directory.file("requests.csv"));
    let mut seen = 0;
    eventually("50 rows, which took a second", || {
        let rows = kept();
        seen = rows.len();
        seen > 50 && rows.iter().any(|row| number(row, "end_s") >= 1.0)
    });
    run.0.kill().expect("it is running");
    run.0.wait().expect("it ends");
    let rows = kept();
    assert!(rows.len() >= seen, "{} of {seen}", rows.len());
    let json = std::fs::read_to_string(directory.file("run.json")).expect("written at the start");
    serde_json::from_str::<serde_json::Value>(&json).expect("a whole document");
}

#[test]
fn signals_ignored_at_the_start_stay_ignored() {
    // Stages: 1, the request was sent; 2, the signals were sent.
    let stage = Arc::new(AtomicU32::new(0));
    let server = Scripted::start({
        let stage = Arc::clone(&stage);
        move |peer| {
            if peer.request().is_some() {
                stage.store(1, SeqCst);
                eventually("the signals are sent", || stage.load(SeqCst) == 2);
                peer.send(openai_answer(&["a"]));
            }
        }
    });
    let directory = Directory::new();
    // As under `nohup`, or in the background of a script.
    let url = server.url(PATH);
    let line = format!("--url {url} --api-key= --quiet --csv requests.csv --no-json");
    let running = Running::start(&mut command_after("trap '' HUP INT", &directory, &line));
    eventually("the request is sent", || stage.load(SeqCst) == 1);
    for signal in [Signal::SIGHUP, Signal::SIGINT] {
        for _ in 0..3 {
            running.signal(signal);
            thread::sleep(Duration::from_millis(20));
        }
    }
    stage.store(2, SeqCst);
    assert_eq!(running.exit_code(), Some(0));
    assert_eq!(outcomes(&directory), ["ok"]);
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
fn tokens_that_arrive_while_the_process_is_stopped_are_uncertain() {
    // Stages: 1, the first token was read; 2, the process is stopped; 3, the other tokens were sent.
    let stage = Arc::new(AtomicU32::new(0));
    let server = Scripted::start({
        let stage = Arc::clone(&stage);
        move |peer| {
            peer.request().expect("a request");
            peer.send(head_and_token());
            peer.wait_until_read();
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
    let run = start(&directory, &server.url(PATH), "");
    eventually("a token", || stage.load(SeqCst) == 1);
    run.signal(Signal::SIGSTOP);
    eventually("a stop", || is_stopped(run.0.id()));
    stage.store(2, SeqCst);
    eventually("ten tokens", || stage.load(SeqCst) == 3);
    run.signal(Signal::SIGCONT);
    assert_eq!(run.exit_code(), Some(0));
    let row = &rows(&directory.file("requests.csv"))[0];
    assert_eq!((&*row["outcome"], &*row["chunks"]), ("ok", "11"));
    // Nine pauses of 30 ms lie between the first of the ten and the last.
    assert!(number(row, "uncertainty_ms") >= 269.0, "{row:?}");
}
