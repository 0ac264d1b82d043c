//! The requests that each format accepts, and the bytes that it sends: those of the golden files.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::frames::Frames;
use super::super::rng::{Purpose, Rng};
use super::*;
use crate::output::tests::assert_golden;

/// A format and its name.
fn named() -> impl Iterator<Item = (&'static str, &'static Wire)> {
    DOCUMENTS.iter().map(|(name, _)| *name).zip(ALL.iter())
}

/// A format's reply to a request's body.
fn accepted(path: &str, body: &str) -> Result<Reply, String> {
    let mut rng = Rng::new(0, 1, Purpose::Ids);
    at(path).expect(path).accept(body.as_bytes(), &mut rng)
}

/// A stream of two pieces of text, whose end, keep-alive and error are told apart.
fn stream(wire: &Wire, reply: &mut Reply, terminal: bool) -> String {
    let mut frames = Frames::new(false);
    frames.restart(false);
    let pieces = [
        (Moment::Reasoning, "hm", "hm"),
        (Moment::Text, "豆", "豆"),
        (Moment::Text, " \"b\"", "豆 \"b\""),
    ];
    wire.put(Moment::Open, reply, &mut frames);
    reply.preparation = Duration::from_millis(120);
    wire.put(Moment::Prepared, reply, &mut frames);
    for (moment, text, whole) in pieces.into_iter().skip((!reply.reasoning).into()) {
        text.clone_into(&mut reply.text);
        whole.clone_into(&mut reply.whole);
        if moment == Moment::Text {
            reply.answer_tokens += 1;
        } else {
            reply.reasoning_tokens += 1;
        }
        wire.put(moment, reply, &mut frames);
        if moment == Moment::Reasoning {
            wire.put(Moment::Reasoned, reply, &mut frames);
        }
    }
    reply.elapsed = Duration::from_millis(1_250);
    reply.terminal = terminal;
    wire.put(Moment::End, reply, &mut frames);
    text(&frames)
}

fn text(frames: &Frames) -> String {
    String::from_utf8(frames.iter().collect::<Vec<_>>().concat()).expect("UTF-8")
}

/// All that a format sends, section by section.
fn everything(wire: &Wire) -> String {
    #[rustfmt::skip]
    let values = [("id", "i1"), ("task_id", "t1"), ("conversation_id", "c\"1"), ("model", "m")];
    let reply = Reply {
        values: values
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        prompt_tokens: 3,
        created: 1_700_000_000,
        usage: true,
        message: "this failure is simulated".to_owned(),
        ..Reply::default()
    };
    let mut all = String::new();
    for (title, usage, reasoning, terminal) in [
        ("a whole answer", true, false, true),
        ("after reasoning", true, true, true),
        ("without usage", false, false, true),
        ("without its end", true, false, false),
    ] {
        if reasoning && !wire.has(Moment::Reasoning) {
            continue;
        }
        let mut reply = Reply {
            usage,
            reasoning,
            ..reply.clone()
        };
        let stream = stream(wire, &mut reply, terminal);
        write!(all, "# {title}\n\n{stream}").expect("memory");
    }
    for moment in [Moment::KeepAlive, Moment::Error] {
        let mut frames = Frames::new(false);
        frames.restart(false);
        wire.put(moment, &reply, &mut frames);
        write!(all, "# {moment:?}\n\n{}", text(&frames)).expect("memory");
    }
    for status in [400, 401, 404, 429, 503] {
        let body = wire.error_body(status, "no \"way\" 豆");
        write!(all, "# status {status}\n\n{body}\n\n").expect("memory");
    }
    all
}

#[test]
fn formats_send_what_the_golden_files_have() {
    for (name, wire) in named() {
        let sent = everything(wire);
        assert_golden(&format!("mock/{name}.txt"), &sent);
    }
}

#[test]
fn all_formats_but_two_have_a_place_for_reasoning() {
    let without = ALL.iter().filter(|wire| !wire.has(Moment::Reasoning));
    let without: Vec<_> = without.map(Wire::path).collect();
    assert_eq!(without, ["/generate_stream", "/generate"]);
}

#[test]
fn a_prefix_before_the_path_is_fine() {
    for (path, expected) in [
        ("/v1/chat-messages", Some("/v1/chat-messages")),
        ("/api/dify/v1/chat-messages", Some("/v1/chat-messages")),
        ("/v1/chat/completions", Some("/v1/chat/completions")),
        ("/v1/completions", Some("/v1/completions")),
        ("/generate_stream", Some("/generate_stream")),
        ("/sglang/generate", Some("/generate")),
        (GEMINI, Some(":streamGenerateContent")),
        ("/chat-messages", None),
        ("/v1/chat-messages/", None),
        ("/", None),
    ] {
        assert_eq!(at(path).map(Wire::path), expected, "{path}");
    }
}

const DIFY: &str = "/v1/chat-messages";
const COMPLETION: &str = "/v1/completion-messages";
const WORKFLOW: &str = "/v1/workflows/run";
const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";
const RESPONSES: &str = "/v1/responses";
const ANTHROPIC: &str = "/v1/messages";
const GEMINI: &str = "/v1beta/models/m:streamGenerateContent";
const TGI: &str = "/generate_stream";
const SGLANG: &str = "/generate";
const COHERE: &str = "/v2/chat";

#[test]
fn prompts_are_counted_and_usage_is_sent_where_it_is_asked_for_or_always() {
    #[rustfmt::skip]
    let cases = [
        (DIFY, r#"{"inputs":{"a":[1]},"query":"你是谁","response_mode":"streaming"}"#, 3, true),
        (COMPLETION, r#"{"inputs":{"query":"你是谁","n":1},"response_mode":"streaming"}"#, 3, true),
        (WORKFLOW, r#"{"inputs":{"a":"one","b":"two"},"response_mode":"streaming"}"#, 2, true),
        (CHAT, r#"{"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":[{"type":"text","text":"你是谁"},{"type":"image_url","image_url":{"url":"x"}}]},{"role":"assistant","content":null}],"stream":true}"#, 5, false),
        (CHAT, r#"{"messages":[{"content":"x"}],"stream":true,"stream_options":{"include_usage":true}}"#, 1, true),
        (CHAT, r#"{"messages":[{"content":"x"}],"stream":true,"stream_options":{"no_usage":true}}"#, 1, false),
        (COMPLETIONS, r#"{"prompt":"你是谁","stream":true}"#, 3, false),
        (COMPLETIONS, r#"{"prompt":["one","two"],"stream":true}"#, 2, false),
        (RESPONSES, r#"{"input":"你是谁","stream":true}"#, 3, true),
        (RESPONSES, r#"{"input":[{"role":"user","content":"你是谁"}],"stream":true}"#, 3, true),
        (ANTHROPIC, r#"{"max_tokens":9,"messages":[{"content":[{"type":"text","text":"你是谁"}]}],"stream":true}"#, 3, true),
        (GEMINI, r#"{"contents":[{"parts":[{"text":"你是"},{"text":"谁"}]}]}"#, 3, true),
        (TGI, r#"{"inputs":"你是谁","parameters":{"max_new_tokens":20}}"#, 3, true),
        (SGLANG, r#"{"text":"你是谁","sampling_params":{},"stream":true}"#, 3, true),
        (COHERE, r#"{"messages":[{"role":"user","content":"你是谁"}],"stream":true}"#, 3, true),
    ];
    for (path, body, tokens, usage) in cases {
        let reply = accepted(path, body).expect(body);
        let told = (reply.prompt_tokens, reply.usage);
        assert_eq!(told, (tokens, usage), "{path} {body}");
    }
}

#[test]
fn requests_that_lack_something_are_refused() {
    #[rustfmt::skip]
    let cases = [
        (DIFY, "", "EOF"),
        (DIFY, "[1", "line 1"),
        (DIFY, "{}", "query: Missing required parameter"),
        (DIFY, r#"{"query":1,"response_mode":"streaming"}"#, "invalid type"),
        (DIFY, r#"{"query":"q"}"#, "response_mode"),
        (DIFY, r#"{"query":"q","response_mode":"blocking"}"#, "'streaming' only"),
        (COMPLETION, r#"{"query":"q"}"#, "inputs: Missing"),
        (WORKFLOW, r#"{"inputs":"q"}"#, "/inputs: invalid type: a text, expected a map"),
        (CHAT, "{", "EOF"),
        (CHAT, "{}", "'messages'"),
        (CHAT, r#"{"messages":[],"stream":true}"#, "'messages'"),
        (CHAT, r#"{"messages":[{"content":1}],"stream":true}"#, "a text or a list"),
        (CHAT, r#"{"messages":[{"content":"x"}]}"#, "'stream'"),
        (COMPLETIONS, r#"{"stream":true}"#, "'prompt'"),
        (RESPONSES, r#"{"input":"x"}"#, "'stream'"),
        (ANTHROPIC, r#"{"messages":[{"content":"x"}],"stream":true}"#, "max_tokens: Field"),
        (GEMINI, "{}", "contents is not specified"),
        (TGI, "{}", "missing field `inputs`"),
        (SGLANG, r#"{"text":"x"}"#, "stream"),
        (COHERE, r#"{"messages":[],"stream":true}"#, "messages must not be empty"),
    ];
    for (path, body, part) in cases {
        let error = accepted(path, body).expect_err(body);
        assert!(error.contains(part), "{path} {body}: {error}");
    }
}

#[test]
fn values_are_given_or_drawn() {
    let value = |path, body: &str, name| {
        let reply = accepted(path, body).expect(body);
        reply.value(name).expect(name).to_owned()
    };
    let first = r#"{"query":"q","response_mode":"streaming"}"#;
    assert_eq!(value(DIFY, first, "id").len(), 36);
    assert_eq!(value(DIFY, first, "conversation_id").len(), 36);
    for (given, drawn) in [("given", false), ("", true)] {
        let turn = first.replace('}', &format!(r#","conversation_id":"{given}"}}"#));
        let id = value(DIFY, &turn, "conversation_id");
        assert_eq!((id == "given", id.len() == 36), (!drawn, drawn), "{id}");
    }
    let chat = r#"{"model":"m","messages":[{"content":"x"}],"stream":true}"#;
    assert_eq!(value(CHAT, chat, "model"), "m");
    let without = chat.replace("model", "other");
    assert_eq!(value(CHAT, &without, "model"), "mock");
    let id = value(CHAT, chat, "id");
    assert!(id.starts_with("chatcmpl-") && id.len() == 41, "{id}");
}

#[test]
fn documents_that_name_what_they_do_not_have_are_refused() {
    let tgi = DOCUMENTS.iter().find(|(name, _)| *name == "tgi");
    let (_, tgi) = tgi.expect("a document");
    assert!(Wire::read(tgi).is_ok());
    #[rustfmt::skip]
    let cases = [
        ("{text}", "{txt}", "{txt}: no fact"),
        ("\"{details}\"", "\"a {details}\"", "{details}: no fact"),
        ("\"keep_alive\"", "\"alive\"", "unknown variant `alive`"),
        ("\"line\"", "\"remark\"", "unknown field `remark`"),
        ("{\"line\"", "{\"raw\": \"e\", \"line\"", "a frame has one of"),
        ("\"if\": \"usage\"", "\"if\": \"used\"", "unknown variant `used`"),
    ];
    for (from, to, part) in cases {
        assert!(tgi.contains(from), "{from}");
        let error = Wire::read(&tgi.replace(from, to)).expect_err(to);
        assert!(error.to_string().contains(part), "{to}: {error}");
    }
}

#[test]
fn an_event_has_the_name_beside_its_data() {
    let document = r#"{
        "path": "/acme", "auth": {"header": "authorization", "value": "{key}"},
        "request": {"needs": [], "prompt": []}, "http_errors": {"xxx": "no"},
        "events": {"text": [{"name": "token", "data": {"t": "{text}"}}], "end": [{"data": "done"}]}
    }"#;
    let wire = Wire::read(document).expect("a format");
    let sent = stream(&wire, &mut Reply::default(), true);
    assert!(sent.contains("event: token\ndata: {\"t\": \""), "{sent}");
    assert!(sent.ends_with("data: done\n\n"), "{sent}");
}

#[test]
fn an_event_takes_no_memory() {
    for (name, wire) in named() {
        let mut frames = Frames::new(false);
        let mut reply = Reply {
            text: "\u{8c46} \"b\"".to_owned(),
            ..Reply::default()
        };
        for id in ["id", "task_id", "conversation_id", "model"] {
            reply.values.push((id.to_owned(), "1".to_owned()));
        }
        let mut put = || {
            frames.clear();
            wire.put(Moment::Text, &reply, &mut frames);
        };
        put();
        let info = allocation_counter::measure(put);
        assert_eq!(info.count_total, 0, "{name}");
    }
}
