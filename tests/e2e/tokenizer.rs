//! Tokens counted by a tokenizer after the run.

use std::fs;
use std::sync::mpsc;

use nix::sys::signal::Signal;

use crate::noting::{cells, document, summary};
use crate::support::{
    Directory, PATH, Peer, Running, SSE_HEAD, Scripted, assert_contains, chunk, command,
    eventually, full_disk_after, number, openai_answer, openai_text, rows, run_against, run_alone,
    sse_perf_after, sse_perf_line, sse_response,
};

const BPE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tokenizer.json");

/// The flags of a run that counts tokens by [`BPE`] and writes `requests.csv` and `run.json`.
const FILES: &str = concat!(
    "--csv requests.csv --json run.json --no-html --tokenizer ",
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/tokenizer.json"
);

/// Words with their tokens by the merges of the fixture, in which `lo`, `low`, `er`, `es` and `est`
/// are tokens beside the letters.
#[rustfmt::skip]
const WORDS: [(&str, u64); 6] =
    [("low", 1), ("lower", 2), ("lowest", 2), ("wider", 4), ("newest", 4), ("lone", 3)];

/// The answer to the `n`th request (from 1), of `3 * n` words in two events each, and its tokens. The
/// third has no usage; the fourth breaks off.
fn answer(n: usize) -> (String, u64) {
    let words = WORDS.iter().cycle().take(3 * n);
    let halves = words.clone().flat_map(|(word, _)| {
        let (one, other) = word.split_at(1);
        [openai_text(&format!(" {one}")), openai_text(other)]
    });
    let usage = r#"data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    let end = match n {
        3 => "data: [DONE]\n\n".to_owned(),
        4 => String::new(),
        _ => format!("{usage}\n\ndata: [DONE]\n\n"),
    };
    let tokens = words.map(|(_, tokens)| tokens).sum();
    (halves.collect::<String>() + &end, tokens)
}

/// A server that answers the `n`th request with `answer(n)`: its first event, and the others in a
/// read of their own, since an answer that comes at one instant has no TPOT.
fn server() -> Scripted {
    let number = std::sync::atomic::AtomicUsize::new(1);
    Scripted::start(move |peer| {
        while peer.request().is_some() {
            let n = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let (body, _) = answer(n);
            let (first, others) = body.split_at(body.find("\n\n").expect("an event") + 2);
            peer.send([SSE_HEAD.as_bytes(), &chunk(first)].concat());
            peer.wait_until_read();
            peer.send([chunk(others), chunk("")].concat());
        }
    })
}

/// Asserts that the directory has these files alone.
fn assert_only(directory: &Directory, names: &[&str]) {
    let mut left: Vec<_> = fs::read_dir(&directory.0)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, names);
}

#[test]
fn every_figure_uses_the_tokenizer_s_count() {
    let server = server();
    let directory = Directory::new();
    let flags = ["--tokenizer", BPE, "-n", "5", "--html-report", "r.html"];
    let (ran, rows) = run_against(&directory, &server.url(PATH), &flags);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(rows.len(), 5);
    let counts: Vec<u64> = (1..=5).map(|n| answer(n).1).collect();
    for (row, tokens) in rows.iter().zip(&counts) {
        assert_eq!(row["output_tokens"], tokens.to_string(), "{row:?}");
        assert_eq!(row["token_source"], "tokenizer");
        let streaming = number(row, "streaming_ms") / 1_000.0;
        if streaming > 0.0 {
            let rate = *tokens as f64 / streaming;
            let off = (number(row, "tokens_per_s") / rate - 1.0).abs();
            // Both are rounded: the time to a microsecond.
            assert!(off < 1e-6 / streaming, "{row:?}");
        }
    }
    assert_eq!(rows[3]["outcome"], "failed");
    let total: u64 = counts.iter().sum();
    let ok = total - counts[3];
    let summary = summary(&directory);
    let expected = serde_json::json!({
        "total": total, "source": "tokenizer",
        "usage": 0, "usage_requests": 0, "estimate": 0, "estimate_requests": 0,
        "events": 0, "events_requests": 0, "tokenizer": total, "tokenizer_requests": 5,
    });
    assert_eq!(summary["output_tokens"], expected);
    let mean = &summary["output_tokens_per_request"]["mean"];
    assert_eq!(mean.as_f64(), Some(ok as f64 / 4.0));
    let ticks = document(&directory)["ticks"].clone();
    let ticks = ticks.as_array().expect("ticks").iter();
    let in_ticks: f64 = ticks
        .map(|tick| tick["output_tokens"]["sum"].as_f64().unwrap())
        .sum();
    assert_eq!(format!("{in_ticks}"), ok.to_string());
    let tpot: Vec<f64> = rows
        .iter()
        .filter(|row| row["outcome"] == "ok")
        .map(|row| number(row, "tpot_ms"))
        .collect();
    let mean = tpot.iter().sum::<f64>() / tpot.len() as f64;
    assert!((summary["tpot_ms"]["mean"].as_f64().unwrap() - mean).abs() < 1e-9);
    let said = format!("{total} (tokenizer: counted after the run)");
    assert!(ran.stdout.contains(&said), "{}", ran.stdout);
    assert_only(&directory, &["r.html", "requests.csv", "run.json"]);

    let again = sse_perf_line(&directory, "report requests.csv -o again.html");
    assert!(again.stdout.contains(&said), "{}", again.stdout);
    let data = |name| {
        let page = fs::read_to_string(directory.file(name)).expect("a page");
        let points = page.split(r#""output_tokens":{"of""#).nth(1);
        points.and_then(|rest| rest.split('}').next().map(str::to_owned))
    };
    assert!(data("r.html").is_some());
    assert_eq!(data("r.html"), data("again.html"), "the charts too");
}

#[test]
fn the_run_names_the_tokenizer_and_warns_that_usage_differs() {
    let server = server();
    let directory = Directory::new();
    let flags = ["--tokenizer", BPE, "-n", "2"];
    let (ran, _) = run_against(&directory, &server.url(PATH), &flags);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let run = document(&directory);
    assert_eq!(run["config"]["tokenizer"], BPE);
    let line = run["command_line"].as_str().expect("a command line");
    assert!(line.contains(&format!("--tokenizer {BPE}")), "{line}");
    let warnings = run["warnings"].as_array().expect("warnings");
    let arguments = &warnings.last().expect("a warning")["arguments"];
    let tokens = answer(1).1 + answer(2).1;
    assert_eq!(arguments["usage"], "2");
    assert_eq!(arguments["tokenizer"], tokens.to_string());
    assert!(ran.stdout.contains(BPE), "{}", ran.stdout);
}

#[test]
fn reasoning_answer_and_tool_calls_are_counted_separately() {
    let delta = |delta: &str| format!("data: {{\"choices\":[{{\"delta\":{{{delta}}}}}]}}\n\n");
    let body = [
        delta(r#""reasoning_content":"l""#),
        delta(r#""reasoning_content":"o""#),
        delta(r#""content":"w e""#),
        delta(r#""content":"st""#),
        delta(r#""tool_calls":[{"index":0,"function":{"arguments":"er"}}]"#),
        "data: [DONE]\n\n".to_owned(),
    ];
    let server = Scripted::answering(sse_response(&body.concat()));
    let flags = ["--tokenizer", BPE];
    let (ran, rows) = run_alone(&server.url(PATH), &flags);
    let counted = cells(&rows, &["output_tokens", "token_source"]);
    assert_eq!(counted, [["4", "tokenizer"]], "lo, w, est, er");
    let shown = "Output tokens   4 (tokenizer: counted after the run)";
    assert!(ran.stdout.contains(shown), "{}", ran.stdout);
    let finished = ran.stdout.matches("Request succeeded").count();
    assert_eq!(finished, 1, "{}", ran.stdout);
}

/// A server that sends a word and then stays silent.
fn silent() -> Scripted {
    Scripted::start(|peer: &mut Peer| {
        if peer.request().is_some() {
            peer.send([SSE_HEAD.as_bytes(), &chunk(openai_text("lowest"))].concat());
            peer.stay_silent();
        }
    })
}

#[test]
fn tokens_of_abandoned_and_cancelled_requests_are_counted() {
    let server = silent();
    let left = ["--abandon-rate", "1", "--abandon-after", "2s"];
    let cut = ["--duration", "2s", "--grace", "0"];
    for (flags, outcome) in [(left, "abandoned"), (cut, "cancelled")] {
        let flags = [&["--tokenizer", BPE, "--quiet"][..], &flags].concat();
        let (_, rows) = run_alone(&server.url(PATH), &flags);
        let told = cells(&rows, &["outcome", "output_tokens", "token_source"]);
        assert_eq!(told, [[outcome, "2", "tokenizer"]]);
    }
}

#[test]
fn tokens_of_a_run_cut_by_signals_are_not_counted() {
    let server = silent();
    let directory = Directory::new();
    let flags = format!("--duration 60 {FILES}");
    let mut running = Running::start(&mut command(&directory, &server.url(PATH), &flags));
    let mut lines = running.lines();
    // The live line counts the one word: the run has it.
    let has_come =
        |line: &String| line.starts_with("00:") && line.split_whitespace().nth(2) == Some("1");
    assert!(lines.any(|line| has_come(&line)));
    running.signal(Signal::SIGTERM);
    assert!(lines.any(|line| line.contains("Stopping")));
    running.signal(Signal::SIGTERM);
    assert!(lines.count() > 0, "the summary");
    assert_eq!(running.exit_code(), Some(130));
    let rows = rows(&directory.file("requests.csv"));
    let told = cells(&rows, &["outcome", "output_tokens", "token_source"]);
    assert_eq!(told, [["cancelled", "1", "estimate"]]);
    let run = document(&directory);
    assert_eq!(run["summary"]["output_tokens"]["source"], "estimate");
    assert_eq!(run["warnings"][0]["id"], "warning.count_stopped");
}

#[test]
fn a_response_without_text_has_no_tokens() {
    let server = Scripted::answering("HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nno");
    let flags = ["--tokenizer", BPE, "-n", "2"];
    let (ran, rows) = run_alone(&server.url(PATH), &flags);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let told = cells(&rows, &["output_tokens", "token_source"]);
    assert_eq!(told, [["", ""]; 2]);
}

#[test]
fn a_killed_run_keeps_its_rows_and_leaves_no_stored_texts() {
    let (seen, third) = mpsc::channel();
    let server = Scripted::start(move |peer| {
        for n in 0.. {
            if peer.request().is_none() {
                return;
            }
            if n == 2 {
                let _ = seen.send(());
                peer.stay_silent();
                return;
            }
            peer.send(sse_response(&answer(1).0));
        }
    });
    let directory = Directory::new();
    let flags = format!("-n 5 {FILES}");
    let mut running = Running::start(&mut command(&directory, &server.url(PATH), &flags));
    third.recv().expect("a third request");
    let written = || rows(&directory.file("requests.csv"));
    eventually("two rows", || written().len() == 2);
    running.signal(Signal::SIGKILL);
    running.0.wait().expect("it ends");
    let rows = written();
    let told = cells(&rows, &["output_tokens", "token_source"]);
    assert_eq!(told, [["1", "usage"]; 2]);
    assert_only(&directory, &["requests.csv", "run.json"]);
    let again = sse_perf_line(&directory, "report requests.csv --no-html");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
}

#[test]
fn texts_the_tokenizer_refuses_leave_usage_and_estimate() {
    let directory = Directory::new();
    let words = fs::read_to_string(BPE).expect("the fixture");
    let (head, _) = words.split_once("\"model\"").expect("a model");
    let model = r#""model": {"type": "WordLevel", "vocab": {"low": 0}, "unk_token": "?"}}"#;
    let file = directory.write("words.json", format!("{head}{model}"));
    let server = server();
    let flags = ["--tokenizer", &file, "-n", "3"];
    let (ran, rows) = run_against(&directory, &server.url(PATH), &flags);
    assert_eq!(ran.code, Some(3), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("words.json"), "{}", ran.stderr);
    let sources = cells(&rows, &["token_source"]);
    assert_eq!(sources, [["usage"], ["usage"], ["estimate"]]);
    assert_eq!(summary(&directory)["output_tokens"]["source"], "mixed");
}

#[test]
fn texts_that_cannot_be_stored_end_the_run_and_other_files_are_saved() {
    let text = "low ".repeat(1_000);
    let server = Scripted::answering(openai_answer(&[&text]));
    let directory = Directory::new();
    let url = server.url(PATH);
    let line = format!("--url {url} --api-key= --duration 60 --quiet {FILES}");
    let ran = sse_perf_after(&full_disk_after(128), &directory, &line);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_contains(&ran.stderr, "Cannot keep the generated texts");
    assert!(ran.stdout.contains("counted nothing"), "{}", ran.stdout);
    let rows = rows(&directory.file("requests.csv"));
    assert!(rows.len() > 10 && rows.iter().all(|row| row["token_source"] == "estimate"));
    assert_eq!(document(&directory)["summary"]["ok"], rows.len());
}

#[test]
fn rewriting_the_csv_keeps_its_link_its_mark_and_its_permissions() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let server = Scripted::answering(openai_answer(&["low"]));
    let directory = Directory::new();
    let real = directory.write("real.csv", "old");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink(&real, directory.file("requests.csv")).expect("a link");
    let flags = ["--tokenizer", BPE, "--csv-bom"];
    let (ran, rows) = run_against(&directory, &server.url(PATH), &flags);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(cells(&rows, &["token_source"]), [["tokenizer"]]);
    assert!(directory.file("requests.csv").is_symlink());
    let text = fs::read_to_string(&real).expect("a CSV");
    assert!(text.starts_with("\u{feff}request,"), "{text}");
    let mode = fs::metadata(&real).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_run_without_files_counts_tokens() {
    let server = server();
    let directory = Directory::new();
    let url = server.url(PATH);
    let flags = format!("--no-csv --no-html --quiet -n 2 --json - --tokenizer {BPE}");
    let ran = sse_perf_line(&directory, &format!("--url {url} --api-key= {flags}"));
    let run: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a document");
    let tokens = answer(1).1 + answer(2).1;
    assert_eq!(run["summary"]["output_tokens"]["tokenizer"], tokens);
    assert_only(&directory, &[]);
}

#[test]
fn a_tokenizer_that_cannot_be_used_fails_before_anything_is_sent() {
    let server = Scripted::start(|_| panic!("nothing may be sent"));
    let directory = Directory::new();
    directory.write("no.json", "version https://git-lfs.github.com/spec/v1");
    directory.write("other.json", r#"{"tokenizer_class": "x"}"#);
    directory.write("broken.json", r#"{"model": {"type": "BPE"}}"#);
    directory.write("model", b"\xff\x00");
    let url = server.url(PATH);
    for (flags, code, parts) in [
        ("none.json", 2, ["none.json", "cannot be read"]),
        ("no.json", 2, ["no.json", "tokenizer.json"]),
        ("other.json", 2, ["other.json", "\"model\""]),
        ("broken.json", 2, ["broken.json", "not a tokenizer"]),
        ("model", 2, ["--tokenizer model", "UTF-8"]),
        ("BPE --tokens usage", 2, ["--tokens usage", "one of them"]),
        ("BPE --csv -", 2, ["--csv -", "--csv FILE"]),
        ("BPE --csv /dev/null", 3, ["/dev/null", "--no-csv"]),
    ] {
        let flags = flags.replace("BPE", BPE);
        let line = format!("--url {url} --api-key= --tokenizer {flags}");
        let ran = sse_perf_line(&directory, &line);
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
    }
}
