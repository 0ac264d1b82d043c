//! `sse-perf probe`: its timeline of a request and its diagnosis.

use std::thread;
use std::time::Duration;

use sse_perf::mock::{Options, Server};
use sse_perf::protocol::Protocol;

use crate::service;
use crate::support::{
    Directory, PATH, Ran, SSE_HEAD, SSE_HEAD_CLOSE, Scripted, chunk, openai_text, sse_perf,
    sse_response,
};

const KEY: &str = "app-test-0123456789";

/// Probes `url`; asserts that no file is left and that the key is masked.
fn probe(url: &str, flags: &[&str]) -> Ran {
    let directory = Directory::new();
    let given = ["probe", "--url", url, "--api-key", KEY];
    let ran = sse_perf(&directory.0, &[&given[..], flags].concat());
    let left = std::fs::read_dir(&directory.0).expect("a directory");
    assert_eq!(left.count(), 0, "no files are left");
    assert!(!ran.stdout.contains(KEY), "shows the key: {}", ran.stdout);
    ran
}

/// The text with each run of white space replaced by one space: lines are wrapped.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_says(ran: &Ran, parts: &[&str]) {
    let text = flowing(&ran.stdout);
    for part in parts {
        assert!(text.contains(part), "{part} lacks in:\n{}", ran.stdout);
    }
}

/// A fast simulated service with these faults.
fn mock(faults: &str) -> Server {
    service::start(Options {
        faults: Some(faults.parse().expect("faults")),
        ..service::paced(1, 1, 50)
    })
}

#[test]
fn the_timeline_shows_every_event() {
    let role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n";
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n";
    let server = Scripted::start(move |peer| {
        let request = peer.request().expect("a request");
        let begin = "POST /v1/chat/completions HTTP/1.1";
        assert!(request.contains(begin), "{request}");
        peer.send(SSE_HEAD);
        peer.send(chunk(format!(": hello\n\n{role}")));
        thread::sleep(Duration::from_millis(60));
        peer.send(chunk(openai_text("Hel\u{1b}[2J")));
        thread::sleep(Duration::from_millis(60));
        peer.send(chunk(openai_text("lo")));
        peer.send(chunk(format!("{usage}data: [DONE]\n\n{KEY}")));
        peer.send(chunk(""));
    });
    let ran = probe(&server.url(PATH), &[]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    #[rustfmt::skip]
    let parts = [
            "(openai-chat) Authorization: Bearer app-***6789",
            r#"{"messages":[{"role":"user","content":"你是谁"}],"stream":true"#,
            "HTTP 200 after",
            "content-type: text/event-stream",
            "0 ping :", "same", "text \"Hel", "text \"lo\"", "[usage: prompt 9, completion 2]",
            "[DONE]", "Request succeeded", "a keep-alive came first",
    ];
    assert_says(&ran, &parts);
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    let raw = probe(&server.url(PATH), &["--raw"]);
    let data = "    {\"choices\":[],\"usage\":{\"prompt_tokens\":9";
    assert!(raw.stdout.contains(data), "{}", raw.stdout);
}

#[test]
fn the_right_protocol_is_suggested() {
    let server = mock("empty:0");
    let directory = Directory::new();
    let body = r#"{"text":"{query}","stream":true}"#;
    let body = directory.write("body.json", body);
    let url = format!("http://{}/generate", server.addr());
    let flags = ["--api", "openai-chat", "--request-body-file", &body];
    let ran = probe(&url, &flags);
    assert_eq!(ran.code, Some(1));
    let expected = "none holds text where openai-chat expects text";
    assert_says(&ran, &[expected, "use --api sglang"]);
}

#[test]
fn the_proposed_document_reads_an_unknown_service() {
    let server = Scripted::answering(format!(
        "{SSE_HEAD_CLOSE}{}",
        include_str!("../fixtures/in-house.sse")
    ));
    let url = server.url("/api/ask");
    let ran = probe(&url, &["--api", "openai-chat"]);
    assert_eq!(ran.code, Some(1));
    assert_says(&ran, &["no built-in protocol matches these events"]);
    let start = ran.stdout.rfind("\n{\n").expect("a document");
    let directory = Directory::new();
    let file = directory.write("my-api.json", &ran.stdout[start..]);
    let ran = probe(&url, &["--api", &file]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_says(&ran, &["text \" and more\"", "Request succeeded"]);
}

#[test]
fn oddities_are_explained() {
    let text = openai_text("a");
    let answer = format!("{}data: [DONE]\n\n", text.repeat(12));
    let json = r#"{"id":"x","choices":[{"message":{"content":"whole"}}]}"#;
    let plain = |media_type: &str, more: &str, body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\n{more}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    let error = "data: {\"error\":{\"message\":\"engine died\",\"code\":500}}\n\n";
    let tofu = "data: tofu\n\ndata: is\n\n";
    let stopped = "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    #[rustfmt::skip]
    let cases = [
        (plain("text/event-stream", "server: nginx\r\n", &answer), 0,
            &["12 pieces of text came in 1 reads", "between client and service: server: nginx", "sent no usage"][..]),
        (plain("application/json", "", json), 1, &["came whole, as JSON", "the request asks for a stream"]),
        (plain("application/json", "", r#"{"error":{"message":"dead"}}"#), 1, &["the body looks like an error: dead"]),
        (plain("text/html", "", "<html>"), 1, &["a web page came"]),
        (plain("text/event-stream", "content-encoding: gzip\r\n", "\u{1}\u{2}"), 1, &["is compressed (gzip)", "gzip off"]),
        (sse_response(&text), 1, &["without the end event of openai-chat"]),
        (sse_response(&format!("{text}{error}")), 1, &["the status is HTTP 200", "500: engine died"]),
        (sse_response(": a\n\n: b\n\n"), 1, &["keep-alives came (2), and no event"]),
        (sse_response(tofu), 1, &["malformed tofu", "events that came: 2; none holds text", "is not JSON, such as tofu"]),
        (sse_response(stopped), 1, &["the answer is empty", "says why the model stopped: stop"]),
        (plain("text/plain", "", &answer), 0, &["as content-type text/plain"]),
    ];
    for (response, code, parts) in cases {
        let server = Scripted::answering(response);
        let ran = probe(&server.url(PATH), &[]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(code), "{parts:?}: {said}");
        assert_says(&ran, parts);
        assert!(!ran.stdout.contains("sse-perf probe"), "{}", ran.stdout);
    }
}

#[test]
fn an_empty_answer_suggests_no_other_protocol() {
    let server = mock("empty:1");
    let url = format!("http://{}", server.addr());
    for api in Protocol::builtin_names() {
        let ran = probe(&url, &["--api", api, "--model-name", "m"]);
        let said = match api {
            "dify-workflow" => "this protocol needs none",
            _ => "the answer is empty",
        };
        assert_says(&ran, &[said]);
        assert!(!ran.stdout.contains("my-api"), "{api}: {}", ran.stdout);
    }
}

#[test]
fn an_unreachable_service_is_reported_as_in_a_run() {
    let gone = Scripted::start(|_| {}).url(PATH);
    let ran = probe(&gone, &[]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_says(&ran, &["Request failed: connect"]);
    assert!(!ran.stdout.contains("Nothing odd"), "{}", ran.stdout);
    let ran = sse_perf(&Directory::new().0, &["probe", "--url", &gone]);
    assert_eq!(ran.code, Some(2), "no key");
}
