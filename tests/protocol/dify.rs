//! Events of Dify's chat API.

use std::sync::Arc;

use sse_perf::protocol::Protocol;
use sse_perf::record::EventKind::{End, Error, Other, Ping, Reasoning, Text};

use super::{assert_kinds, decode};

fn dify() -> Arc<Protocol> {
    Protocol::builtin("dify-chat").unwrap()
}

#[test]
fn which_events_carry_tokens() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"event": "message", "answer": "a"}"#,                       Text,      "a"),
        (r#"{"event": "agent_message", "answer": "b"}"#,                 Text,      "b"),
        (r#"{"event": "message", "answer": "\u4f60\n"}"#,                Text,      "你\n"),
        (r#"{"event": "message", "answer": ""}"#,                        Other,     ""),
        (r#"{"event": "message", "answer": null}"#,                      Other,     ""),
        (r#"{"event": "message"}"#,                                      Other,     ""),
        (r#"{"answer": "x", "event": "agent_thought", "thought": "x"}"#, Other,     ""),
        (r#"{"event": "message_replace", "answer": "x"}"#,               Other,     ""),
        (r#"{"event": "text_chunk", "data": {"text": "x"}}"#,            Other,     ""),
        (r#"{"event": "reasoning_chunk", "data": {"reasoning": "r"}}"#,  Reasoning, "r"),
        (r#"{"event": "workflow_started", "data": {"id": "1"}}"#,        Other,     ""),
        (r#"{"event": "node_finished", "data": {"status": "failed"}}"#,  Other,     ""),
        (r#"{"event": "tts_message", "audio": "x"}"#,                    Other,     ""),
        (r#"{"event": "ping"}"#,                                         Ping,      ""),
        ("",                                                             Ping,      ""),
        (" ",                                                            Ping,      ""),
        (r#""text""#,                                                    Other,     ""),
        ("[]",                                                           Other,     ""),
    ];
    assert_kinds(&dify(), &cases);
}

#[test]
fn which_events_are_ends_and_errors() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"event": "message_end", "metadata": {}}"#, End, ""),
        (r#"{"event": "workflow_finished", "data": {"status": "succeeded"}}"#, End, ""),
        (r#"{"event": "workflow_finished", "data": {"status": "stopped"}}"#, End, ""),
        (r#"{"event": "workflow_finished", "data": {"status": "failed", "error": "node 2"}}"#, Error, "failed: node 2"),
        (r#"{"event": "error", "status": 400, "code": "invalid_param", "message": "no"}"#, Error, "invalid_param: no"),
        (r#"{"event": "error", "status": 500, "message": "no"}"#, Error, "500: no"),
        (r#"{"event":"error","message":null,"more":[1]}"#, Error, r#"{"event":"error","message":null,"more":[1]}"#),
    ];
    assert_kinds(&dify(), &cases);
}

#[test]
fn ids_and_usage() {
    let told = decode(
        &dify(),
        "",
        r#"{"event": "message_end", "task_id": "t", "message_id": "m", "conversation_id": "c",
            "metadata": {"usage": {"prompt_tokens": 12, "prompt_unit_price": "0.001",
            "completion_tokens": 34, "total_tokens": 46, "latency": 1.25}}}"#,
    );
    assert_eq!(told.name, "message_end");
    assert_eq!(told.ids, [Some("c".to_owned()), Some("m".to_owned())]);
    assert_eq!(told.usage, [Some(12), Some(34), None, None]);
    assert!(told.end);
    let told = decode(
        &dify(),
        "",
        r#"{"event":"message","conversation_id":"","answer":"x"}"#,
    );
    assert_eq!(told.ids, [None, None], "an empty id is none");
}

#[test]
fn data_that_are_not_json_are_malformed() {
    for data in [
        "{",
        "<html>",
        r#"{"event":"message"} x"#,
        "{}{}",
        "{\"a\":1,}",
    ] {
        let told = decode(&dify(), "", data);
        let detail = told
            .malformed
            .unwrap_or_else(|| panic!("{data} is malformed"));
        assert!(detail.ends_with(data), "{detail}");
    }
    let long = format!("<{}", "豆\n".repeat(5_000));
    let detail = decode(&dify(), "", &long).malformed.unwrap();
    assert!(detail.chars().count() < 250, "{detail}");
    assert!(!detail.contains('\n'), "{detail}");
    let words = "豆 ".repeat(50);
    let far = format!("{{\"event\":\"message\",\n\"answer\":\"{words}\" !fault {words}\"}}");
    let detail = decode(&dify(), "", &far).malformed.unwrap();
    assert!(detail.contains(": …"), "{detail}");
    assert!(detail.contains("\" !fault"), "{detail}");
}

#[test]
fn request() {
    let dify = dify();
    assert_eq!(&dify.path, "/v1/chat-messages");
    let header = ("Authorization".to_owned(), "Bearer app-1".to_owned());
    assert_eq!(dify.auth_header("app-1"), Some(header));
    assert_eq!(dify.auth_header(""), None);
    assert_eq!(&dify.body["response_mode"], "streaming");
    assert!(dify.expects_text && dify.headers.is_empty());
}
