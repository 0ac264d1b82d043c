//! Protocol documents: the built-in files, wrong documents, and features for other services.

use std::fs;
use std::path::Path;

use sse_perf::protocol::Protocol;
use sse_perf::record::EventKind::{Ping, Reasoning, Text};
use sse_perf::text::Language;

use super::{assert_kinds, decode};

#[test]
fn files_and_built_in_protocols_are_the_same_set() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/protocols");
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let json = fs::read_to_string(&path).unwrap();
        let protocol = Protocol::parse(&json).unwrap_or_else(|e| panic!("{stem}: {e}"));
        assert_eq!(protocol.name, stem);
        assert_eq!(Protocol::infer(&protocol.path), Some(&*protocol.name));
        assert!(!protocol.title.is_empty());
        files.push(stem);
    }
    files.sort();
    let mut names: Vec<&str> = Protocol::builtin_names().collect();
    names.sort_unstable();
    assert_eq!(names, files);
    for name in names {
        assert_eq!(Protocol::builtin(name).unwrap().name, name);
    }
    assert!(Protocol::builtin("dify").is_none());
}

#[test]
fn the_path_tells_the_protocol() {
    #[rustfmt::skip]
    let cases = [
        ("/v1/chat-messages",                                             Some("dify-chat")),
        ("/chat-messages",                                                Some("dify-chat")),
        ("/api/v1/chat-messages/",                                        Some("dify-chat")),
        ("/v1/chat/completions",                                          Some("openai-chat")),
        ("/openai/deployments/x/chat/completions?api-version=1",          Some("openai-chat")),
        ("/chat/completions",                                             Some("openai-chat")),
        ("/v1/x-chat-messages",                                           None),
        ("/v1/completions",                                               Some("openai-completions")),
        ("/v1/responses",                                                 Some("openai-responses")),
        ("/v1/completion-messages",                                       Some("dify-completion")),
        ("/v1/workflows/run",                                             Some("dify-workflow")),
        ("/anthropic/v1/messages",                                        Some("anthropic")),
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", Some("gemini")),
        ("/generate",                                                     Some("sglang")),
        ("/generate_stream",                                              Some("tgi")),
        ("/v2/chat",                                                      Some("cohere")),
        ("/v1/chat",                                                      None),
        ("/v1/messages/count_tokens",                                     None),
        ("/",                                                             None),
        ("",                                                              None),
    ];
    for (path, expected) in cases {
        assert_eq!(Protocol::infer(path), expected, "{path}");
    }
}

/// A minimal document with these event rules.
fn with_events(events: &str) -> Result<Protocol, String> {
    let json = format!(r#"{{"name":"x","request":{{"path":"/","body":{{}}}},"events":{events}}}"#);
    Protocol::parse(&json).map_err(|error| error.to_string())
}

#[test]
fn wrong_documents_are_refused_with_the_member_s_name() {
    let error = |json: &str| Protocol::parse(json).unwrap_err().to_string();
    let no_json = "not JSON, line 3, column 3: key must be a string";
    assert_eq!(error("{\n  \"name\": \"x\",\n  oops\n}"), no_json);
    assert_eq!(error("[]"), "the document: expected an object, in { }");
    assert_eq!(error("{}"), "name is missing");
    #[rustfmt::skip]
    let cases = [
        (r#"{"name":""}"#,                                         "name: expected a text"),
        (r#"{"name":"x"}"#,                                        "request is missing"),
        (r#"{"nam":"x"}"#,                                         "nam is not known; known here: name, title, notes,"),
        (r#"{"name":"x","request":{}}"#,                           "request.body is missing"),
        (r#"{"name":"x","request":{"body":[]}}"#,                  "request.body: expected an object"),
        (r#"{"name":"x","request":{"body":{},"path":"v1"}}"#,      "request.path: expected the path"),
        (r#"{"name":"x","request":{"body":{},"path":"/{user}"}}"#, "request.path: expected the path"),
        (r#"{"name":"x","notes":["a",""]}"#,                       "notes[1]: expected a text"),
        (r#"{"name":"x","request":{"body":{}},"expects_text":1}"#, "expects_text: expected true"),
        (r#"{"name":"x","request":{"body":{},"path":"/","auth":{"header":"A","value":"b"}}}"#, "request.auth.value: expected a text with {key}"),
        (r#"{"name":"x","request":{"body":{},"path":"/","auth":{"header":"A:","value":"{key}"}}}"#, "request.auth.header: the header's name"),
        (r#"{"name":"x","request":{"body":{},"path":"/","headers":{"A":"x\ny"}}}"#, "request.headers.A: expected the value of a header"),
        (r#"{"name":"x","request":{"body":{},"path":"/"}}"#,       "events is missing"),
    ];
    for (json, expected) in cases {
        let said = error(json);
        assert!(said.starts_with(expected), "{json}: {said}");
    }
}

#[test]
fn wrong_event_rules_are_named_by_member() {
    #[rustfmt::skip]
    let cases = [
        ("{}", "events.end is missing"),
        (r#"{"end":[]}"#, "events.end: expected at least one rule"),
        (r#"{"end":{}}"#, "events.end: expected a list"),
        (r#"{"end":["x"]}"#, "events.end[0]: expected an object"),
        (r#"{"end":[{}],"txet":[]}"#, "events.txet is not known"),
        (r#"{"end":[{"on":"x"}]}"#, "events.end[0].on: expected a list"),
        (r#"{"end":[{"on":[]}]}"#, "events.end[0].on: expected at least one event type"),
        (r#"{"end":[{}]}"#, "events.text: expected a source"),
        (r#"{"end":[{}],"text":[],"replace":["/a"]}"#, "events.text: expected a source"),
        (r#"{"end":[{"on":[1]}]}"#, "events.end[0].on[0]: expected a text"),
        (r#"{"end":[{"when":{"/a/b":"exists"}}]}"#, "events.end[0].when[\"/a/b\"]: expected a list of accepted"),
        (r#"{"end":[{"when":{"/a":[null]}}]}"#, "events.end[0].when[\"/a\"]: expected"),
        (r#"{"end":[{"when":{"a":"truthy"}}]}"#, "events.end[0].when.a: the name of"),
        (r#"{"end":[{}],"text":["a"]}"#, "events.text[0]: expected a JSON pointer,"),
        (r#"{"end":[{}],"text":[7]}"#, "events.text[0]: expected a JSON pointer, or an object"),
        (r#"{"end":[{}],"text":[{"on":["a"]}]}"#, "events.text[0].at is missing"),
        (r#"{"end":[{}],"text":["/*/*/*/*/*"]}"#, "events.text[0]: expected a JSON pointer"),
        (r#"{"end":[{}],"usage":{"sum":[]}}"#, "events.usage.sum is not known"),
        (r#"{"end":[{}],"usage":{"prompt":[{"at":"/a","sum":["/b"]}]}}"#, "events.usage.prompt[0]: expected a JSON pointer, or an object with a pointer \"at\" or"),
        (r#"{"end":[{}],"usage":{"prompt":[{"sum":["/b","c"]}]}}"#, "events.usage.prompt[0].sum[1]: expected a JSON pointer,"),
        (r#"{"end":[{}],"text":[{"at":"/a","mode":"whole"}]}"#, "events.text[0].mode: expected one of delta, cumulative"),
        (r#"{"end":[{}],"text":[{"at":"/a","mode":"delta","per":"/b"}]}"#, "events.text[0].per: only with \"mode\": \"cumulative\""),
        (r#"{"end":[{}],"text":[{"at":"/a","mode":"cumulative","per":"b"}]}"#, "events.text[0].per: expected a JSON pointer,"),
        (r#"{"end":[{}],"usage":{"prompt":[{"sum":["/a"],"per":"/b"}]}}"#, "events.usage.prompt[0]: expected a JSON pointer, or an object with a pointer \"at\" or"),
        (r#"{"end":[{"all":[{}],"per":"/a"}]}"#, "events.end[0].all: expected a list of 1 to 64 rules and no member beside it"),
        (r#"{"end":[{}],"replace":[{"at":"/a","mode":"delta"}]}"#, "events.replace[0].mode is not known"),
        (r#"{"end":[{"all":[]}]}"#, "events.end[0].all: expected a list of 1 to 64 rules"),
        (r#"{"end":[{"all":[{}],"on":["a"]}]}"#, "events.end[0].all: expected a list of 1 to 64 rules"),
        (r#"{"end":[{"when":{"/a":{"not":"b"}}}]}"#, "events.end[0].when[\"/a\"].not: expected a list of accepted"),
        (r#"{"end":[{}],"spans":[{"id":["/a"]}]}"#, "events.spans[0].end is missing"),
        (r#"{"end":[{}],"spans":[{"id":["/a"],"end":[{}],"unit":"h"}]}"#, "events.spans[0].unit: expected one of s, ms, us, ns"),
        (r#"{"end":[{}],"error":[{"code":["/*/a"]}]}"#, "events.error[0].code[0]: expected"),
        (r#"{"end":[{}],"type":["event"]}"#, "events.type[0]: expected a JSON pointer"),
    ];
    for (events, expected) in cases {
        let said = with_events(events).unwrap_err();
        assert!(said.starts_with(expected), "{events}: {said}");
    }
}

#[test]
fn errors_have_chinese_texts() {
    let error = Protocol::parse("{}").unwrap_err();
    assert_eq!(Language::Chinese.texts().render(&error), "缺少 name");
}

#[test]
fn conditions_on_a_list_apply_to_the_same_element() {
    let gemini = with_events(
        r#"{"text":[{"at":"/c/*/parts/*/text","when":{"/c/*/parts/*/thought":"falsy"}}],
            "reasoning":[{"at":"/c/*/parts/*/text","when":{"/c/*/parts/*/thought":[true]}}],
            "tool":["/c/0/parts/1/call"],
            "end":[{"when":{"/c/*/finishReason":"present"}}]}"#,
    )
    .unwrap();
    let data = r#"{"c":[
        {"parts":[{"text":"r1","thought":true},{"text":"a1","call":"t"},{"text":"r2","thought":true}]},
        {"parts":[{"text":"a2","thought":false},{"text":"r3","thought":true},{"text":"a3","call":"u"}],
         "finishReason":"STOP"}]}"#;
    let told = decode(&gemini, "", data);
    assert_eq!((&*told.text, &*told.reasoning), ("a1a2a3", "r1r2r3"));
    assert_eq!((told.tool.as_str(), told.end), ("t", true));
}

#[test]
fn conditions_on_the_event_field_and_on_values() {
    let events = r#"{"type":["@event"],
        "text":[{"on":["delta"],"at":"/text","when":{"/special":"falsy","/n":[1,"one"]}}],
        "reasoning":[{"when":{"@event":["think"]},"at":"/text"}],
        "end":[{"when":{"@event":["bye"],"/never":"absent"}},{"when":{"@data":["over"]}}],
        "keep_alive":[{"on":["ping"]},{"when":{"@data":["hello"]}}]}"#;
    let protocol = with_events(events).unwrap();
    for (event, data, text, reasoning) in [
        ("delta", r#"{"text":"a","n":1}"#, "a", ""),
        ("delta", r#"{"text":"a","n":1.0,"special":false}"#, "a", ""),
        ("delta", r#"{"text":"a","n":"one","special":null}"#, "a", ""),
        ("delta", r#"{"text":"a","n":1,"special":true}"#, "", ""),
        ("delta", r#"{"text":"a","n":2}"#, "", ""),
        ("delta", r#"{"text":"a"}"#, "", ""),
        ("", r#"{"text":"a","n":1}"#, "", ""),
        ("think", r#"{"text":"a","n":1}"#, "", "a"),
        ("ping", r#"{"text":"a","n":1}"#, "", ""),
    ] {
        let told = decode(&protocol, event, data);
        let said = (told.text.as_str(), told.reasoning.as_str());
        assert_eq!(said, (text, reasoning), "{event} {data}");
        assert_eq!(told.name, event);
        assert_eq!(told.keep_alive, event == "ping");
    }
    assert!(decode(&protocol, "bye", "{}").end);
    assert!(!decode(&protocol, "bye", r#"{"never":0}"#).end);
    assert!(decode(&protocol, "", "over").end);
    assert_eq!(decode(&protocol, "", "hello").kind, Some(Ping));
    assert!(decode(&protocol, "bye", "no JSON").malformed.is_some());
}

#[test]
fn text_may_be_a_string_or_a_list_of_parts() {
    let protocol = with_events(
        r#"{"text":["/content","/content/*/text"],"reasoning":["/content/*/thinking/*/text"],
            "end":[{}]}"#,
    )
    .unwrap();
    #[rustfmt::skip]
    let cases = [
        (r#"{"content":"a"}"#,                                                       Text,      "a"),
        (r#"{"content":[{"text":"a"},{"x":1},{"text":"b"}]}"#,                       Text,      "ab"),
        (r#"{"content":[{"thinking":[{"text":"r"}]},{"thinking":[{"text":"s"}]}]}"#, Reasoning, "rs"),
    ];
    assert_kinds(&protocol, &cases);
}

#[test]
fn huge_arrays_are_read_up_to_a_limit_in_linear_time() {
    let protocol =
        with_events(r#"{"text":[{"at":"/a/*/t","when":{"/a/*/f":"falsy"}}],"end":[{}]}"#).unwrap();
    let json = format!(r#"{{"a":[{}0]}}"#, r#"{"t":"x","f":0},"#.repeat(100_000));
    assert_eq!(decode(&protocol, "", &json).text.len(), 65_536);
}
