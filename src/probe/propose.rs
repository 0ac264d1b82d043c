//! Drafts a protocol's document from the events of an unknown service. The user corrects the draft.

use serde_json::{Map, Value, json};

use super::compare;
use super::kind::{Kind, find_type, is_error};
use super::leaves::{Leaf, Leaves, last_name, rank};
use super::places::{TextPlace, find_text};
use super::{Diagnosis, SeenEvent};
use crate::protocol::Protocol;
use crate::text::Message;

/// The request's part of the document.
#[derive(Clone, Debug)]
pub struct Sketch<'a> {
    /// The path of the request, with its query.
    pub path: &'a str,
    /// The body's template.
    pub body: &'a Value,
    /// The protocol of the request: how a key is sent.
    pub protocol: &'a Protocol,
}

/// Names of members that mark the end of a stream, the likeliest first.
#[rustfmt::skip]
const END_NAMES: [&str; 8] =
    ["done", "finished", "finish", "finish_reason", "is_end", "end", "final", "stop"];

/// Words in the names of token counts, by the members of a document's `usage`.
#[rustfmt::skip]
const USAGE_NAMES: [(&str, &[&str]); 2] = [
    ("prompt", &["prompt", "input"]),
    ("completion", &["completion", "output", "generated", "answer"]),
];

/// The document, and what the user has to know about it. `None` if no place looks like text, or, for
/// `sure`, has a usual name of text.
pub(super) fn propose(events: &[SeenEvent], sketch: &Sketch<'_>, sure: bool) -> Option<Diagnosis> {
    let leaves = Leaves::of(events);
    let kind = find_type(events, &leaves);
    let (text, left_out) = find_text(&leaves, kind.as_ref(), sure)?;
    let sources = |role: &str| -> Vec<Value> {
        let places = text.iter().filter(|place| place.role == role);
        places.map(TextPlace::source).collect()
    };
    let mut errors = kind.as_ref().map(Kind::errors).unwrap_or_default();
    let tells_error = |(pointer, leaf): (&String, &Leaf)| {
        format!("{pointer}/").starts_with("/error/") && !leaf.truthy.is_empty()
    };
    let has_error = !errors.is_empty() || leaves.by_pointer.iter().any(tells_error);
    errors.insert("error");
    let document = json!({
        "name": "my-api",
        "request": present(json!({
            "path": sketch.path,
            "auth": sketch.protocol.auth_header("{key}").map(
                |(header, value)| json!({"header": header, "value": value})
            ),
            "headers": sketch.protocol.headers.iter().cloned().map(|(name, value)| (name, Value::from(value))).collect::<Map<_, _>>(),
            "body": sketch.body,
        })),
        "events": present(json!({
            "type": kind.as_ref().map(|kind| [&kind.at]),
            "text": sources("text"),
            "reasoning": sources("reasoning"),
            "tool": sources("tool"),
            "usage": find_usage(&leaves),
            "error": [
                {"when": {"/error": "truthy"}, "at": "/error", "message": ["/error/message"]},
                {"on": errors, "code": ["/code"], "message": ["/message", "/errorText"]},
            ],
            "end": [find_end(events, &leaves, kind.as_ref(), &text)],
        })),
    });
    let document = serde_json::to_string_pretty(&document).ok()?;
    let protocol = Protocol::parse(&document).ok()?;
    let fit = compare::fit(&protocol, events);
    if fit.chunks == 0 {
        return None;
    }
    let mut findings = vec![Message::new("probe.proposal").with("chunks", fit.chunks)];
    if !left_out.is_empty() {
        findings.push(Message::new("probe.left_out").with("places", left_out.join(", ")));
    }
    if !has_error {
        findings.push(Message::new("probe.no_error_seen"));
    }
    Some(Diagnosis {
        findings,
        proposal: Some(document),
    })
}

/// The object without members that are empty; `body` stays.
fn present(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, member| match member {
            Value::Null => false,
            Value::Array(elements) => !elements.is_empty(),
            Value::Object(members) => name == "body" || !members.is_empty(),
            _ => true,
        });
    }
    object
}

/// Finds counts of tokens by the names of members.
fn find_usage(leaves: &Leaves) -> Map<String, Value> {
    let mut usage = Map::new();
    for (pointer, leaf) in &leaves.by_pointer {
        let name = last_name(pointer);
        let is_named = |words: &&[&str]| words.iter().any(|word| name.contains(word));
        let part = USAGE_NAMES.iter().find(|(_, words)| is_named(words));
        if let Some((part, _)) = part
            && name.contains("token")
            && leaf.has_numbers
        {
            usage.entry(*part).or_insert_with(|| json!([pointer]));
        }
    }
    usage
}

/// A rule for the end: a property that the last event alone has.
fn find_end(
    events: &[SeenEvent],
    leaves: &Leaves,
    kind: Option<&Kind>,
    text: &[TextPlace],
) -> Value {
    let of = |number: usize| kind.and_then(|kind| kind.of(number));
    let may_end = |(number, event): &(usize, &SeenEvent)| {
        event.data.is_some() && !of(*number).is_some_and(is_error)
    };
    let Some((last, event)) = events.iter().enumerate().rev().find(may_end) else {
        return json!({});
    };
    if !leaves.events.contains(&last) {
        return json!({"when": {"@data": [event.data.as_deref().unwrap_or_default().trim()]}});
    }
    let of_text = |on: &str| text.iter().any(|place| place.kind.as_deref() == Some(on));
    if let Some(on) = of(last).filter(|on| !of_text(on)) {
        return json!({"on": [on]});
    }
    let only_last = |leaf: &Leaf| !leaf.truthy.is_empty() && leaf.truthy.iter().all(|n| *n == last);
    let held_text = |pointer: &str| text.iter().any(|place| place.pointer == pointer);
    let marks = leaves
        .by_pointer
        .iter()
        .filter(|(pointer, leaf)| only_last(leaf) && !held_text(pointer));
    match marks.min_by_key(|(pointer, _)| rank(&END_NAMES, pointer)) {
        Some((pointer, _)) if text.iter().any(|place| place.events != [last]) => {
            json!({"when": {pointer: "truthy"}})
        }
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::observed;
    use super::*;
    use crate::sse::Event;

    /// The document, and the findings about it.
    fn proposed(stream: &str) -> (Value, String) {
        let proposed = proposal(stream).expect("a proposal");
        let document = proposed.proposal.expect("a document");
        let said: Vec<String> = proposed.findings.iter().map(Message::to_string).collect();
        let document = serde_json::from_str(&document).expect("JSON");
        (document, said.join("\n"))
    }

    fn proposal(stream: &str) -> Option<Diagnosis> {
        let events = observed("dify-chat", stream).events;
        let protocol = Protocol::builtin("anthropic").expect("a built-in protocol");
        let sketch = Sketch {
            path: "/api/ask?x=1",
            body: &json!({"question": "{query}"}),
            protocol: &protocol,
        };
        propose(&events, &sketch, false)
    }

    fn stream(data: &[&str]) -> String {
        format!("data: {}\n\n", data.join("\n\ndata: "))
    }

    #[test]
    fn an_in_house_service_is_understood() {
        let (document, said) = proposed(include_str!("../../tests/fixtures/in-house.sse"));
        assert!(said.contains("text from 3 of them"), "{said}");
        assert_eq!(document["request"]["path"], "/api/ask?x=1");
        assert_eq!(document["request"]["auth"]["header"], "x-api-key");
        assert_eq!(document["request"]["body"]["question"], "{query}");
        let events = &document["events"];
        assert_eq!(events["type"], json!(["/kind"]));
        let text = json!([{"at": "/payload/t", "on": ["piece"], "mode": "cumulative"}]);
        assert_eq!(events["text"], text);
        assert_eq!(events["end"], json!([{"on": ["over"]}]));
    }

    #[test]
    fn other_shapes_are_understood_too() {
        let table = [
            (
                stream(&[
                    r#"{"result":{"parts":[{"msg":"Hel"}]},"id":"1","done":false}"#,
                    r#"{"result":{"parts":[{"msg":"lo"}]},"id":"1","done":false}"#,
                    r#"{"result":{"parts":[{"msg":"!"}]},"id":"1","done":true,"stats":{"output_tokens":3,"input_tokens":9}}"#,
                ]),
                3,
                json!({"text": ["/result/parts/*/msg"], "end": [{"when": {"/done": "truthy"}}],
                    "usage": {"prompt": ["/stats/input_tokens"], "completion": ["/stats/output_tokens"]}}),
            ),
            (
                stream(&[r#"{"token":"a"}"#, r#"{"token":"b"}"#, "[END]"]),
                2,
                json!({"text": ["/token"], "end": [{"when": {"@data": ["[END]"]}}]}),
            ),
            (
                "event: think\ndata: {\"thinking\":\"a\"}\n\nevent: think\ndata: {\"thinking\":\"b\"}\n\n\
                 event: say\ndata: {\"text\":\"c\"}\n\nevent: say\ndata: {\"text\":\"d\"}\n\n\
                 event: bye\ndata: {}\n\n"
                    .to_owned(),
                4,
                json!({"type": ["@event"], "text": [{"at": "/text", "on": ["say"]}],
                    "reasoning": [{"at": "/thinking", "on": ["think"]}], "end": [{"on": ["bye"]}]}),
            ),
        ];
        for (stream, chunks, expected) in table {
            let (document, said) = proposed(&stream);
            for (name, value) in expected.as_object().expect("an object") {
                assert_eq!(document["events"][name], *value, "{stream}");
            }
            let chunks = format!("text from {chunks} of them");
            assert!(said.contains(&chunks), "{stream}: {said}");
        }
    }

    /// Streams of Vercel's AI SDK and of AG-UI.
    #[test]
    fn the_types_of_events_tell_reasoning_tools_and_errors_apart() {
        let vercel = [
            r#"{"type":"start"}"#,
            r#"{"type":"reasoning-delta","id":"0","delta":"Let"}"#,
            r#"{"type":"reasoning-delta","id":"0","delta":" me"}"#,
            r#"{"type":"text-delta","id":"1","delta":"Hel"}"#,
            r#"{"type":"text-delta","id":"1","delta":"lo"}"#,
            r#"{"type":"finish"}"#,
        ];
        let ag_ui = [
            r#"{"type":"THINKING_TEXT_MESSAGE_CONTENT","delta":"Let"}"#,
            r#"{"type":"THINKING_TEXT_MESSAGE_CONTENT","delta":" me"}"#,
            r#"{"type":"TOOL_CALL_ARGS","toolCallId":"1","delta":"{\"a\":"}"#,
            r#"{"type":"TOOL_CALL_ARGS","toolCallId":"2","delta":"1}"}"#,
            r#"{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hel"}"#,
            r#"{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"l"}"#,
            r#"{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"o"}"#,
            r#"{"type":"ACTIVITY_DELTA","content":"Reading"}"#,
            r#"{"type":"ACTIVITY_DELTA","content":"Writing"}"#,
            r#"{"type":"RUN_FINISHED"}"#,
        ];
        let source = |on: &str| json!([{"at": "/delta", "on": [on]}]);
        #[rustfmt::skip]
        let table = [
            (&vercel[..], ["text-delta", "reasoning-delta", ""], r#"{"type":"error","errorText":"dead"}"#, ""),
            (&ag_ui[..], ["TEXT_MESSAGE_CONTENT", "THINKING_TEXT_MESSAGE_CONTENT", "TOOL_CALL_ARGS"],
                r#"{"type":"RUN_ERROR","message":"dead"}"#, "/content (ACTIVITY_DELTA)"),
        ];
        for (data, types, error, left_out) in table {
            let (document, said) = proposed(&stream(data));
            assert!(said.contains("no error came"), "{said}");
            assert_eq!(
                said.matches("other places").count(),
                usize::from(!left_out.is_empty())
            );
            assert!(said.contains(left_out), "{said}");
            let (failed, said) = proposed(&stream(&[data, &[error]].concat()));
            assert!(!said.contains("no error came"), "{said}");
            for document in [&document, &failed] {
                for (role, on) in ["text", "reasoning", "tool"].into_iter().zip(types) {
                    let expected = if on.is_empty() {
                        Value::Null
                    } else {
                        source(on)
                    };
                    assert_eq!(document["events"][role], expected, "{data:?}");
                }
            }
            let protocol = Protocol::parse(&failed.to_string()).expect("a document");
            let mut decoder = protocol.decoder();
            let event = Event {
                event: "",
                data: error,
                id: "",
            };
            let meaning = decoder.decode(&event).expect("JSON");
            assert_eq!(meaning.error.expect("an error").message, "dead");
            assert!(!meaning.end, "an error is no end");
        }
    }

    #[test]
    fn what_holds_no_text_gets_no_proposal() {
        for stream in [
            "",
            "event: ping\n\n",
            "data: [DONE]\n\n",
            "data: {\"id\":\"a\"}\n\n",
        ] {
            assert_eq!(proposal(stream), None, "{stream}");
        }
    }
}
