//! The meaning of events by built-in and other documents, and the errors of wrong documents.

mod conversations;
mod dify;
mod documents;
mod forms;
mod openai;
mod schema;
mod services;
mod streams;

use sse_perf::protocol::Protocol;
use sse_perf::record::EventKind;
use sse_perf::sse::Event;

/// The parts of an event's meaning that tests look at, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    name: String,
    text: String,
    reasoning: String,
    tool: String,
    usage: [Option<u64>; 4],
    total: Option<u64>,
    replacement: Option<String>,
    span: Option<String>,
    ids: [Option<String>; 2],
    finish: Option<String>,
    error: Option<String>,
    end: bool,
    keep_alive: bool,
    kind: Option<EventKind>,
    malformed: Option<String>,
}

/// The meaning of an event with this name and data.
fn decode(protocol: &Protocol, event: &str, data: &str) -> Told {
    let id = "";
    tell(&mut protocol.decoder(), &Event { event, data, id })
}

fn tell(decoder: &mut sse_perf::protocol::Decoder, event: &Event<'_>) -> Told {
    match decoder.decode(event) {
        Ok(m) => Told {
            name: m.name.to_owned(),
            text: m.text.to_owned(),
            reasoning: m.reasoning.to_owned(),
            tool: m.tool.to_owned(),
            usage: [
                m.usage.prompt,
                m.usage.completion,
                m.usage.cached,
                m.usage.reasoning,
            ],
            total: m.usage.total,
            replacement: m.replacement.map(str::to_owned),
            span: m.span.map(|span| format!("{span:?}")),
            ids: [m.conversation_id, m.message_id].map(|id| id.map(str::to_owned)),
            finish: m.finish_reason.map(str::to_owned),
            error: m.error.as_ref().map(ToString::to_string),
            end: m.end,
            keep_alive: m.keep_alive,
            kind: Some(m.kind()),
            malformed: None,
        },
        Err(fault) => Told {
            malformed: Some(fault.detail),
            ..Told::default()
        },
    }
}

/// An unnamed event with this data.
fn unnamed(data: &str) -> Event<'_> {
    let (event, id) = ("", "");
    Event { event, data, id }
}

/// Meanings by event data: `kind`, and the one text that the event carries (text, reasoning, tool
/// arguments or error).
fn assert_kinds(protocol: &Protocol, cases: &[(&str, EventKind, &str)]) {
    let mut decoder = protocol.decoder();
    for (data, kind, says) in cases {
        let told = tell(&mut decoder, &unnamed(data));
        assert_eq!(told.kind, Some(*kind), "{data}: {told:?}");
        let error = told.error.unwrap_or_default();
        let all = [told.text, told.reasoning, told.tool, error].concat();
        assert_eq!(all, *says, "{data}");
    }
}
