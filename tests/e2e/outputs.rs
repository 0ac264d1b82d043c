//! The files and the standard output of a run, also where they cannot be written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use crate::noting::document;
use crate::support::{
    Directory, PATH, Ran, Running, SSE_HEAD_CLOSE, Scripted, assert_contains, command, eventually,
    full_disk_after, number, openai_answer, openai_text, rows, run_against, sse_perf,
    sse_perf_after, sse_perf_line,
};

fn server() -> Scripted {
    Scripted::answering(openai_answer(&["a ", "b"]))
}

#[test]
fn files_have_default_names_and_are_never_overwritten() {
    let server = server();
    let directory = Directory::new();
    let url = server.url(PATH);
    for _ in 0..3 {
        let args = ["--url", &url, "--api-key", "", "--model-name", "a/b 7"];
        assert_eq!(sse_perf(&directory.0, &args).code, Some(0));
    }
    let mut names: Vec<_> = fs::read_dir(directory.file("report"))
        .expect("the directory is made")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in &names {
        let stem = name
            .replacen("run_", "requests_", 1)
            .replacen("report_", "requests_", 1)
            .replace(".json", ".csv")
            .replace(".html", ".csv");
        assert!(stem.starts_with("requests_ab7_20"), "{name}");
        assert!(names.contains(&stem), "one stem for a run: {name}");
    }
}

/// A run with these flags in a directory of its own, against a server of answers.
fn ran(flags: &str) -> (Ran, Directory) {
    let (server, directory) = (server(), Directory::new());
    let line = format!("--url {} --api-key k-0123456789 {flags}", server.url(PATH));
    let ran = sse_perf_line(&directory, &line);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    (ran, directory)
}

#[test]
fn no_files_are_written_where_none_are_wanted() {
    let (_, directory) = ran("--no-csv --no-json --no-html");
    assert!(!directory.file("report").exists());
}

#[test]
fn rows_go_to_standard_output_and_texts_to_standard_error() {
    let (ran, _) = ran("--csv - --no-json --requests 2");
    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
    assert_eq!(reader.records().map(Result::unwrap).count(), 2);
    assert_contains(&ran.stderr, "TTFT");
}

#[test]
fn json_on_standard_output_is_one_document() {
    let (ran, _) = ran("--json - --no-csv");
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(json["schema"], "sse-perf/run/1");
    assert!(!ran.stdout.contains("k-0123456789"), "keys are masked");
}

#[test]
fn a_reader_that_leaves_ends_the_run_and_is_told() {
    let server = server();
    let directory = Directory::new();
    let flags = "--csv - --json run.json --duration 60 --threads 2 --quiet";
    let mut running = Running::start(&mut command(&directory, &server.url(PATH), flags));
    let mut first = String::new();
    BufReader::new(running.0.stdout.take().unwrap())
        .read_line(&mut first)
        .expect("a header");
    assert!(first.starts_with("request,user,"));
    let code = running.0.wait().expect("it ends").code();
    assert_eq!(code, Some(0));
    let mut errors = String::new();
    std::io::Read::read_to_string(&mut running.0.stderr.take().unwrap(), &mut errors).unwrap();
    let told = "The program that read the output has closed it, so the run stopped after ";
    let words: Vec<_> = errors.split_whitespace().collect();
    let words = words.join(" ");
    assert!(words.starts_with("Summary "), "{errors}");
    assert_contains(&words, told);
    let warning = &document(&directory)["warnings"][0];
    assert_eq!(warning["id"], "files.closed_early");
}

#[test]
fn details_of_failures_are_chinese_for_people_and_english_in_files() {
    let server = Scripted::start(|peer| drop(peer.request()));
    let directory = Directory::new();
    let flags = ["--lang", "zh", "--html-report", "report.html"];
    let (ran, rows) = run_against(&directory, &server.url(PATH), &flags);
    let (english, chinese) = (
        "the server closed the connection before it responded",
        "服务端在响应前关闭了连接",
    );
    assert_eq!(rows[0]["error_detail"], english);
    assert_contains(&ran.stdout, chinese);
    assert!(!ran.stdout.contains(english), "{}", ran.stdout);
    let page = fs::read_to_string(directory.file("report.html")).expect("a report");
    assert_contains(
        &page,
        &format!(r#""detail":{{"en":"{english}","zh":"{chinese}"}}"#),
    );
}

#[test]
fn an_unwritable_path_fails_before_the_run() {
    let server = Scripted::start(|_| panic!("nothing may be sent"));
    let directory = Directory::new();
    for (flag, path) in [
        ("--csv", "/dev/full"),
        ("--csv", "/no/such/place.csv"),
        ("--json", "/no/such/place.json"),
        ("--html-report", "/no/such/place.html"),
        ("--events", "/no/such/place.csv"),
    ] {
        let line = format!("--url {} --api-key= {flag} {path}", server.url(PATH));
        let ran = sse_perf_line(&directory, &line);
        assert_eq!(ran.code, Some(3), "{flag} {path}: {}", ran.stderr);
        assert_contains(&ran.stderr, path);
    }
}

#[test]
fn a_full_disk_ends_the_run_and_other_files_are_saved() {
    let server = server();
    let directory = Directory::new();
    let url = server.url(PATH);
    let files = "--csv requests.csv --json run.json --events events.csv";
    let line = format!("--url {url} --api-key= --threads 2 --duration 60 --quiet {files}");
    let ran = sse_perf_after(&full_disk_after(8), &directory, &line);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_contains(&ran.stderr, "csv");
    assert!(!rows(&directory.file("requests.csv")).is_empty());
    assert_contains(&ran.stdout, "TTFT");
}

#[test]
fn an_events_file_that_fails_is_told_and_the_run_goes_on() {
    let server = Scripted::start(|peer| {
        while peer.request().is_some() {
            peer.send(openai_answer(&["a"; 100]));
            thread::sleep(Duration::from_millis(100));
        }
    });
    let (directory, url) = (Directory::new(), server.url(PATH));
    let files = "--csv requests.csv --no-json --no-html --events events.csv";
    let line = format!("--url {url} --api-key= --requests 10 {files}");
    let ran = sse_perf_after(&full_disk_after(16), &directory, &line);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(rows(&directory.file("requests.csv")).len(), 10);
    let told = "Writing events.csv failed";
    assert_contains(&ran.stderr, told);
    let (live, summary) = ran.stdout.split_once("TTFT").expect("a summary");
    assert!(
        live.contains(told) && summary.contains(told),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_flood_of_events_takes_bounded_memory() {
    const EVENTS: usize = 200_000;
    // Stages: 1, the flood was read; 2, the memory was measured.
    let stage = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&stage);
    let server = Scripted::start(move |peer| {
        peer.request().expect("a request");
        peer.send(SSE_HEAD_CLOSE);
        peer.send(openai_text("a").repeat(EVENTS));
        peer.send("data: {\"error\":{\"message\":\"bad key k-0123456789\"}}\n\n");
        peer.wait_until_read();
        seen.store(1, SeqCst);
        eventually("the measurement", || seen.load(SeqCst) == 2);
        peer.close();
    });
    let directory = Directory::new();
    let line = "--quiet --csv requests.csv --no-json --no-html --events events.csv";
    let running = Running::start(&mut command(&directory, &server.url(PATH), line));
    eventually("the flood is read", || stage.load(SeqCst) == 1);
    let status = fs::read_to_string(format!("/proc/{}/status", running.0.id())).expect("it runs");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = most.and_then(|most| most.trim().strip_suffix(" kB")?.parse::<u32>().ok());
    let most = most.expect("the most memory");
    assert!(most < 28_000, "{most} KiB");
    stage.store(2, SeqCst);
    assert_eq!(running.exit_code(), Some(1));
    let events = rows(&directory.file("events.csv"));
    let last = events.last().expect("an event");
    assert_eq!(last["index"], (EVENTS + 1).to_string());
    assert_eq!(last["value"], "bad key k-0***789");
}

#[test]
fn a_lost_summary_is_told_and_other_files_are_saved() {
    let (server, directory) = (server(), Directory::new());
    let url = server.url(PATH);
    let line = format!("--url {url} --api-key= --quiet --csv requests.csv");
    let ran = sse_perf_after("exec >/dev/full", &directory, &line);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_contains(&ran.stderr, "No space left");
    assert_eq!(rows(&directory.file("requests.csv")).len(), 1);
}

#[test]
fn the_events_file_tells_the_read_of_each_event() {
    let server = Scripted::start(|peer| {
        if peer.request().is_some() {
            peer.send(format!("{SSE_HEAD_CLOSE}: hello\n\n"));
            peer.wait_until_read();
            let named = "event: a\x1b[31m\n";
            peer.send(format!("{named}{}{}", openai_text("a "), openai_text("b")));
            peer.wait_until_read();
            peer.send("data: [DONE]\n\n");
            peer.close();
        }
    });
    let directory = Directory::new();
    let args = ["--events", "events.csv", "--retries", "0"];
    let (ran, requests) = run_against(&directory, &server.url(PATH), &args);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let events = rows(&directory.file("events.csv"));
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str()).collect();
    assert_eq!(kinds, ["ping", "text", "text", "end"]);
    assert_eq!(events[1]["name"], "a [31m");
    assert_eq!(events[1]["read"], events[2]["read"], "they came together");
    assert_ne!(events[0]["read"], events[1]["read"]);
    assert_eq!(requests[0]["coalesced"], "1");
    assert!(number(&events[1], "at_s") > number(&events[0], "at_s"));
    assert_eq!(events[0]["run_id"], requests[0]["run_id"]);
}

#[test]
fn a_file_is_refused_for_two_purposes_by_whatever_name() {
    use std::os::unix::fs::symlink;
    let server = Scripted::start(|_| panic!("nothing may be sent"));
    let directory = Directory::new();
    directory.write("there", "q");
    fs::hard_link(directory.file("there"), directory.file("hard")).expect("a hard link");
    symlink("there", directory.file("soft")).expect("a symbolic link");
    symlink("new", directory.file("dangling")).expect("a symbolic link");
    #[rustfmt::skip]
    let cases = [
        ("--csv x --json ./x", "--csv and --json both name"),
        ("--csv there --json hard", "--csv and --json both name"),
        ("--csv there --json soft", "--csv and --json both name"),
        ("--csv new --json dangling", "--csv and --json both name"),
        ("--csv dangling --events new", "--csv and --events both name"),
        ("--csv soft --param-file there", "--csv soft is one of the input files"),
        ("--json hard --request-body-file there", "--json hard is one of"),
        ("--events there --api-key-file soft", "--events there is one of"),
        ("--html-report there --ca-cert there", "--html-report there is one of"),
        ("--csv there --api hard", "--csv there is one of"),
    ];
    for (flags, part) in cases {
        let line = format!("--url {} --api-key= {flags}", server.url(PATH));
        let ran = sse_perf_line(&directory, &line);
        assert_eq!(ran.code, Some(2), "{flags}: {}", ran.stderr);
        assert_contains(&ran.stderr, part);
    }
    assert_eq!(fs::read(directory.file("there")).expect("kept"), b"q");
    assert!(!directory.file("new").exists() && !directory.file("x").exists());
}
