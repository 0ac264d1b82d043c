//! Every protocol through the binary against the simulated service, whose bytes are written apart
//! from the protocol's document.

use std::thread::sleep;
use std::time::Duration;

use sse_perf::mock::{Dist, Options, Server};
use sse_perf::protocol::Protocol;

use crate::service::{paced, start};
use crate::support::{
    Directory, Peer, Ran, Row, SSE_HEAD, Scripted, assert_contains, chunk, number, rows,
    run_against, sse_perf, sse_perf_line,
};

const KEY: &str = "key-0123456789";

fn fast() -> Options {
    Options {
        require_key: Some(KEY.to_owned()),
        ..paced(5, 1, 6)
    }
}

/// Runs one request of the protocol, whose path the binary has to know.
fn run(server: &Server, directory: &Directory, api: &str, flags: &[&str]) -> (Ran, Row) {
    let url = format!("http://{}", server.addr());
    let key = ["--api-key", KEY];
    let is_given = flags.contains(&"--api-key");
    let key = if is_given { &[] } else { &key[..] };
    let given = ["--url", &url, "--api", api, "--retries", "0"];
    let files = ["--csv", "r.csv", "--json", "r.json", "--model-name", "m"];
    let ran = sse_perf(&directory.0, &[&given[..], &files, key, flags].concat());
    let mut rows = rows(&directory.file("r.csv"));
    assert_eq!(rows.len(), 1, "{api}: {}{}", ran.stdout, ran.stderr);
    (ran, rows.remove(0))
}

#[test]
fn every_protocol_reads_what_the_simulated_service_sends() {
    let server = start(fast());
    for api in Protocol::builtin_names() {
        let directory = Directory::new();
        let (ran, row) = run(&server, &directory, api, &["--query", "one two three"]);
        assert_eq!(row["outcome"], "ok", "{api}: {}", row["error_detail"]);
        assert_eq!((ran.code, row["chunks"].as_str()), (Some(0), "6"), "{api}");
        assert_eq!(row["output_tokens"], "6", "{api}");
        let (source, prompt) = match api {
            "dify-workflow" => ("estimate", &*row["prompt_tokens"]),
            _ => ("usage", "3"),
        };
        assert_eq!(row["token_source"], source, "{api}");
        assert_eq!(row["prompt_tokens"], prompt, "{api}");
        assert!(number(&row, "ttft_ms") >= 5.0, "{api}");
        assert_eq!(row["protocol"], api);
    }
}

#[test]
fn reasoning_comes_before_the_answer_and_is_counted_where_usage_has_it() {
    let server = start(Options {
        reasoning_tokens: Dist::Fixed(4),
        itl: Dist::Fixed(Duration::from_millis(20)),
        ..fast()
    });
    #[rustfmt::skip]
    let told = ["openai-chat", "openai-completions", "openai-responses", "gemini"];
    for api in Protocol::builtin_names() {
        let directory = Directory::new();
        let (ran, row) = run(&server, &directory, api, &["--events", "e.csv"]);
        assert_eq!(row["outcome"], "ok", "{api}: {}", row["error_detail"]);
        let events = rows(&directory.file("e.csv"));
        let (ttft, ttfa) = (number(&row, "ttft_ms"), number(&row, "ttfa_ms"));
        if ["tgi", "sglang"].contains(&api) {
            assert_eq!((ttft, row["chunks"].as_str()), (ttfa, "6"), "{api}");
            continue;
        }
        let kind = |event: &&Row| ["reasoning", "text"].contains(&&*event["kind"]);
        let kinds: Vec<_> = events.iter().filter(kind).map(|e| &*e["kind"]).collect();
        assert_eq!(kinds, [["reasoning"; 4].as_slice(), &["text"; 6]].concat());
        let first = |kind| events.iter().find(|event| event["kind"] == kind);
        for (metric, kind, least) in [(ttft, "reasoning", 5.0), (ttfa, "text", 85.0)] {
            let at = number(first(kind).expect("an event"), "at_s") - number(&row, "start_s");
            // Each figure is rounded to a microsecond.
            assert!((metric - at * 1e3).abs() < 0.002, "{api}: {metric}, {at}");
            assert!(metric >= least, "{api}: {metric}");
        }
        let counts = [&*row["chunks"], &row["output_tokens"]];
        assert_eq!(counts, ["10", "10"], "{api}");
        let reasoning = if told.contains(&api) { "4" } else { "" };
        assert_eq!(row["reasoning_tokens"], reasoning, "{api}");
        // A busy machine may read all events at once: both times are the same then.
        let shown = ran.stdout.contains("TTFA");
        assert_eq!(shown, ttfa > ttft, "{api}: {}", ran.stdout);
    }
}

#[test]
fn without_usage_tokens_are_estimated() {
    let server = start(Options {
        usage: false,
        ..fast()
    });
    for api in Protocol::builtin_names() {
        let directory = Directory::new();
        let (_, row) = run(&server, &directory, api, &[]);
        assert_eq!(row["outcome"], "ok", "{api}: {}", row["error_detail"]);
        // These services send usage with the text.
        let with_text = ["gemini", "sglang"].contains(&api);
        let source = if with_text { "usage" } else { "estimate" };
        assert_eq!(row["token_source"], source, "{api}");
        assert_eq!(row["output_tokens"], "6", "{api}");
    }
}

#[test]
fn every_protocol_recognises_errors_and_the_end() {
    for (fault, kind) in [
        ("error-event:1", "error_event"),
        ("truncate:1", "truncated"),
        ("status=429:1", "http_status"),
        ("empty:1", "empty"),
    ] {
        let server = start(Options {
            faults: Some(fault.parse().expect("a fault")),
            ..fast()
        });
        for api in Protocol::builtin_names() {
            let directory = Directory::new();
            let (ran, row) = run(&server, &directory, api, &[]);
            // A workflow may stream no text.
            let expected = match (api, kind) {
                ("dify-workflow", "empty") => "",
                _ => kind,
            };
            let detail = &row["error_detail"];
            assert_eq!(row["error_kind"], expected, "{api}: {detail}");
            assert_eq!(ran.code, Some(i32::from(!expected.is_empty())), "{api}");
            if kind == "error_event" {
                assert_contains(detail, "this failure is simulated");
            }
        }
    }
}

#[test]
fn a_wrong_key_is_http_401_in_every_protocol() {
    let server = start(fast());
    for api in Protocol::builtin_names() {
        let directory = Directory::new();
        let (ran, _) = run(&server, &directory, api, &["--api-key", "wrong"]);
        assert_eq!(ran.code, Some(1), "{api}");
        assert!(ran.stdout.contains("HTTP 401"), "{api}: {}", ran.stdout);
    }
}

#[test]
fn nodes_of_a_workflow_are_in_the_summary_the_json_and_the_events() {
    let server = start(Options {
        ttft: Dist::Fixed(Duration::from_millis(60)),
        ..fast()
    });
    let directory = Directory::new();
    let flags = "--requests 3 --events events.csv --json r.json --no-csv";
    let url = format!("http://{}", server.addr());
    let flags = format!("--url {url} --api dify-workflow --api-key {KEY} {flags}");
    let ran = sse_perf_line(&directory, &flags);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_contains(&ran.stdout, "Knowledge retrieval (kn");
    let json = std::fs::read_to_string(directory.file("r.json")).expect("a run JSON");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let spans = json["summary"]["spans"].as_array().expect("spans");
    let kinds: Vec<_> = spans.iter().map(|s| s["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "knowledge-retrieval", "llm", "end"]);
    assert_eq!(spans[1]["count"], 3);
    // Retrieval takes three fifths of the TTFT.
    assert_eq!(spans[1]["server_ms"]["p95"], 36.0);
    assert_eq!(json["summary"]["before_model_percent"]["count"], 3);
    let events = rows(&directory.file("events.csv"));
    let marks: Vec<_> = events.iter().filter(|e| e["kind"] == "span").collect();
    assert_eq!(marks.len(), 3 * 8);
    assert_eq!(marks[0]["name"], "node_started");
    let value = "1700000000002 knowledge-retrieval Knowledge retrieval";
    assert_eq!(marks[3]["value"], value);
    // A node's time lasts from its first event to its last.
    for (span, node) in [(&spans[1], "1700000000002"), (&spans[2], "1700000000003")] {
        let marks = marks.iter().filter(|mark| mark["value"].starts_with(node));
        let at: Vec<f64> = marks.map(|mark| number(mark, "at_s")).collect();
        assert_eq!(at.len(), 3 * 2);
        let times = at.chunks(2).map(|pair| pair[1] - pair[0]);
        let shortest = times.fold(f64::INFINITY, f64::min) * 1e3;
        let client = span["client_ms"]["min"].as_f64().expect("a time");
        assert!((client - shortest).abs() < 0.002, "{span}: {shortest}");
    }
}

#[test]
fn tpot_is_of_the_model_nodes_whose_text_came() {
    let recorded = include_str!("../fixtures/dify-chatflow-models.sse");
    let untold = recorded.replace("process_data", "other_data");
    for (stream, tokens, chunks) in [(recorded, 40, [1, 3]), (&untold, 120, [0, 3])] {
        let events: Vec<String> = stream.split_inclusive("\n\n").map(str::to_owned).collect();
        let server = Scripted::start(move |peer: &mut Peer| {
            while peer.request().is_some() {
                peer.send(SSE_HEAD);
                for event in &events {
                    peer.wait_until_read();
                    sleep(Duration::from_millis(
                        20 * u64::from(event.contains("answer")),
                    ));
                    peer.send(chunk(event));
                }
                peer.send(chunk(""));
            }
        });
        let (directory, url) = (Directory::new(), server.url("/v1/chat-messages"));
        let flags = ["-n", "2", "-t", "2", "--events", "events.csv"];
        let (ran, told) = run_against(&directory, &url, &flags);
        let events = rows(&directory.file("events.csv"));
        for row in &told {
            let is_own = |e: &&Row| e["request"] == row["request"] && e["kind"] == "text";
            let at: Vec<f64> = events
                .iter()
                .filter(is_own)
                .map(|e| number(e, "at_s"))
                .collect();
            let gaps = f64::from(tokens - 1);
            let expected = (at[chunks[1]] - at[chunks[0]]) * 1e3 / gaps;
            assert!(
                (number(row, "tpot_ms") - expected).abs() < 0.002,
                "{expected}: {row:?}"
            );
        }
        let says = "Requests in which several model nodes ran";
        assert_eq!(ran.stdout.contains(says), tokens == 120, "{}", ran.stdout);
        assert_contains(&ran.stdout, "Nodes that the service tried again: 2 times");
        let json = std::fs::read(directory.file("run.json")).expect("a run JSON");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let spans = json["summary"]["spans"].as_array().expect("spans");
        let told = ["type", "retries", "output_tokens"];
        let told = spans
            .iter()
            .map(|span| told.map(|name| span[name].to_string()).join(" "));
        let [plan, write] = if tokens == 40 { [160, 80] } else { [0, 0] };
        let expected = [
            "\"iteration\" 0 0".to_owned(),
            format!("\"llm\" 2 {plan}"),
            format!("\"llm\" 0 {write}"),
        ];
        assert!(told.eq(expected), "{spans:?}");
        let probed = sse_perf(&directory.0, &["probe", "--url", &url, "--api-key", "k"]);
        assert_eq!(probed.stdout.contains(says), tokens == 120);
    }
}
