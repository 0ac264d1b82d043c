//! Events of `OpenAI`'s chat completions API and its variants.

use std::sync::Arc;

use sse_perf::protocol::Protocol;
use sse_perf::record::EventKind::{End, Error, Other, Reasoning, Text, Tool};

use super::{assert_kinds, decode};

fn openai() -> Arc<Protocol> {
    Protocol::builtin("openai-chat").unwrap()
}

fn delta(delta: &str) -> String {
    format!(r#"{{"id":"x","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#)
}

#[test]
fn deltas() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"role":"assistant"}"#,                                                           Other,     ""),
        (r#"{"role":"assistant","content":""}"#,                                              Other,     ""),
        (r#"{"role":"assistant","content":null}"#,                                            Other,     ""),
        (r#"{"role":null,"content":"a","tool_calls":null}"#,                                  Text,      "a"),
        (r#"{"role":"assistant","content":"a"}"#,                                             Text,      "a"),
        (r#"{"content":"\"\u8c46\ud83e\udd80\\"}"#,                                           Text,      "\"豆🦀\\"),
        (r#"{"content":" "}"#,                                                                Text,      " "),
        (r#"{"content":null,"refusal":"no"}"#,                                                Text,      "no"),
        (r#"{"content":"","reasoning_content":"r"}"#,                                         Reasoning, "r"),
        (r#"{"content":null,"reasoning":"r"}"#,                                               Reasoning, "r"),
        (r#"{"reasoning":"r","reasoning_content":"r"}"#,                                      Reasoning, "r"),
        (r#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}"#,   Other,     ""),
        (r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x"}}]}"#,                   Tool,      "{\"x"),
        (r#"{"tool_calls":[{"function":{"arguments":"1"}},{"function":{"arguments":"2"}}]}"#, Tool,      "12"),
        (r#"{"function_call":{"arguments":"1"}}"#,                                            Tool,      "1"),
        (r#"{"content":"a","content":"b"}"#,                                                  Text,      "b"),
        (r#"{"content":"a","content":null}"#,                                                 Other,     ""),
        (r#"{"content":["a"]}"#,                                                              Other,     ""),
        ("null",                                                                              Other,     ""),
        ("{}",                                                                                Other,     ""),
    ];
    for (json, kind, says) in cases {
        assert_kinds(&openai(), &[(&delta(json), kind, says)]);
    }
}

#[test]
fn which_events_end_a_stream() {
    let openai = openai();
    #[rustfmt::skip]
    let cases = [
        ("[DONE]",                                                              true),
        ("\"[DONE]\"",                                                          true),
        (" [DONE] ",                                                            true),
        (r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,                true),
        (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"length"}]}"#, true),
        (r#"{"choices":[{"finish_reason":null},{"finish_reason":"stop"}]}"#,    true),
        (r#"{"choices":[{"finish_reason":null}]}"#,                             false),
        (r#"{"choices":[{"finish_reason":""}]}"#,                               false),
        (r#"{"choices":[]}"#,                                                   false),
        (r#"{"choices":null}"#,                                                 false),
        (r#""DONE""#,                                                           false),
    ];
    for (data, end) in cases {
        let told = decode(&openai, "", data);
        assert_eq!((told.end, told.malformed), (end, None), "{data}");
    }
    assert!(decode(&openai, "", "DONE").malformed.is_some());
    assert!(decode(&openai, "", "[DONE]]").malformed.is_some());
}

#[test]
fn an_event_with_a_truthy_error_is_an_error() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"error": {"message": "Engine died", "type": "Internal", "param": null, "code": 500}}"#, Error, "500: Engine died"),
        (r#"{"error":{"message":"busy","type":"overloaded","code":null}}"#,            Error, "overloaded: busy"),
        (r#"{"error":"it broke"}"#,                                                    Error, "it broke"),
        (r#"{"error":{"reason":["x",1]}}"#,                                            Error, r#"{"reason":["x",1]}"#),
        (r#"{"error":true}"#,                                                          Error, "true"),
        (r#"{"object":"error","message":"old style","type":"BadRequest","code":400}"#, Error, "400: old style"),
        (r#"{"error":null,"choices":[{"delta":{"content":"a"}}]}"#,                    Text,  "a"),
        (r#"{"error":{},"choices":[]}"#,                                               Other, ""),
        (r#"{"error":"","choices":[]}"#,                                               Other, ""),
        (r#"{"error":false}"#,                                                         Other, ""),
    ];
    assert_kinds(&openai(), &cases);
    let told = decode(&openai(), "error", "Internal Server Error");
    assert_eq!(told.error.as_deref(), Some("Internal Server Error"));
    let long = format!(r#"{{"error":{{"trace":"{}"}}}}"#, "豆".repeat(1_000));
    let told = decode(&openai(), "", &long);
    assert_eq!(told.error.unwrap().chars().count(), 200);
}

#[test]
fn usage_ids_and_finish_reason() {
    let usage = r#""usage":{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3.0,
        "prompt_tokens_details":{"cached_tokens":4},
        "completion_tokens_details":{"reasoning_tokens":2}}"#;
    for choices in ["[]", r#"[{"index":0,"delta":{}}]"#, "null"] {
        let data = format!(r#"{{"id":"chatcmpl-1","choices":{choices},{usage}}}"#);
        let told = decode(&openai(), "", &data);
        assert_eq!(told.usage, [9, 3, 4, 2].map(Some), "{choices}");
        assert_eq!(told.kind, Some(Other));
        assert_eq!(told.ids, [None, Some("chatcmpl-1".to_owned())]);
    }
    let data = format!(
        r#"{{"id":7,"object":"chat.completion.chunk","choices":[{{"delta":{{}},"finish_reason":"stop"}}],{usage}}}"#
    );
    let told = decode(&openai(), "", &data);
    assert_eq!(told.name, "chat.completion.chunk");
    assert_eq!(told.finish.as_deref(), Some("stop"));
    assert_eq!(told.usage[1], Some(3));
    assert_eq!(told.ids[1].as_deref(), Some("7"));
    assert_eq!(told.kind, Some(End));
    for odd in ["null", "-1", "1.5", "\"3\"", "{}", "[3]"] {
        let data = format!(r#"{{"choices":[],"usage":{{"completion_tokens":{odd}}}}}"#);
        assert_eq!(decode(&openai(), "", &data).usage, [None; 4], "{odd}");
    }
}

#[test]
fn interleaved_choices_all_count() {
    let told = decode(
        &openai(),
        "",
        r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"},
            {"delta":{"content":""},"finish_reason":null},
            {"delta":{"content":"b"}},{"delta":{"content":"c","tool_calls":[
            {"function":{"arguments":"1"}},{"function":{"arguments":"2"}}]}}]}"#,
    );
    assert_eq!((told.text.as_str(), told.tool.as_str()), ("abc", "12"));
    assert_eq!(told.finish.as_deref(), Some("stop"));
}

#[test]
fn request() {
    let openai = openai();
    assert_eq!(openai.path, "/v1/chat/completions");
    assert_eq!(openai.body["model"], "{model}");
    assert_eq!(openai.body["stream_options"]["include_usage"], true);
    let header = openai.auth_header("sk-1").unwrap();
    let expected = ("Authorization", "Bearer sk-1");
    assert_eq!((&*header.0, &*header.1), expected);
}
