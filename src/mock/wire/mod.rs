//! The wire formats that the simulated service speaks, as data: a [`Wire`] is a JSON document, and
//! nothing here knows any particular service. The documents are the files in `data/mock/`; another
//! one is a file there and its name in `DOCUMENTS`.
//!
//! # The document
//!
//! | member | what it is |
//! |---|---|
//! | `path` | required; the end of the paths at which it is spoken |
//! | `auth` | required; `{"header", "value"}`; `{key}` in the value is the API key |
//! | `ascii` | whether characters beyond ASCII are escaped in texts; `false`, if absent |
//! | `field` | what stands before the data of an event; `data: `, if absent |
//! | `event` | JSON pointer to the event's name in its data, for services that name their events |
//! | `request.needs` | list of needs, checked in order, see below |
//! | `request.prompt` | list of pointers to the texts that are the prompt |
//! | `request.values` | object of lists: texts that templates may name, see below; `id` and `conversation_id` are in the log |
//! | `request.usage` | pointer to the member that asks for usage by being `true`; always sent, if absent |
//! | `parts` | object: JSON that templates share, `{"is": TEMPLATE}`, or hold under a condition, `{"if", "is"}` |
//! | `events` | object: lists of frames by moment, see below |
//! | `http_errors` | object: the body of an HTTP error, a template, by status; `x` is any digit, the exact status comes first |
//!
//! A **pointer** is a JSON pointer in which `*` is each element or member.
//!
//! A **need** is what must be `at` a pointer: a value of a `type` in the list (`text`, `number`,
//! `boolean`, `list`, `map`), or that `value`. `else` is the message of the response with status 400
//! where it is not; a need without it is of a member that may be absent.
//!
//! A **value** is the first in its list that is not empty: a pointer into the request, or a text in
//! which `{uuid}` and `{hex}` (a UUID without hyphens) are drawn.
//!
//! The **moments** are `open` (with the response's head), `prepared` (the work before the text is
//! done), `reasoning` (a piece of it; without this moment the service does not reason), `reasoned`
//! (after the last such piece), `text` (a piece of the answer), `keep_alive`, `end`, and `error` (one
//! amid the text).
//!
//! A **frame** has `data`, a template; or `comment`, a text; or `event`, a name, alone; or `raw`, a
//! template that is no event. With `if` it is sent under that condition only: `usage`, `terminal`
//! (the stream is ended as the API ends it), `reasoning` (it comes before the answer),
//! `not_reasoning`.
//!
//! A **template** is sent as it is written in the document, spaces and line breaks included; of one
//! with several lines the last line's indentation is taken off each. A text is sent without its
//! quotes: `"[DONE]"`. `{name}` in a text stands for a value or a fact: `text` (the newest piece),
//! `whole` (the reasoning or the answer so far), `created`, `answer_index` (1 after reasoning, else
//! 0), `prompt_tokens`, `answer_tokens`, `reasoning_tokens`, `output_tokens` (the last two together),
//! `total_tokens`, the seconds `elapsed` (since the request), `preparation` and `generation`
//! (together all of them), and of errors `message`, `status`, `reason` (the status in words, as
//! `not_found`) and `REASON`. A text that is just a number's name loses its quotes. One that is just
//! a part's name stands for the part, `null` where its condition does not hold; after a member
//! `"..."` it stands for the part's members, or for none.

mod document;
mod moment;
mod reply;
mod request;
mod template;

use std::sync::OnceLock;

pub(super) use document::Wire;
pub(super) use moment::Moment;
pub(super) use reply::Reply;

/// The documents of those names, and their texts.
macro_rules! documents {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../data/mock/", $name, ".json")))),*]
    };
}

/// All documents.
const DOCUMENTS: [(&str, &str); 11] = documents![
    "dify-chat",
    "dify-completion",
    "dify-workflow",
    "openai-chat",
    "openai-completions",
    "openai-responses",
    "anthropic",
    "gemini",
    "tgi",
    "sglang",
    "cohere",
];

/// All formats. A test reads their documents.
fn all() -> &'static [Wire] {
    static ALL: OnceLock<Vec<Wire>> = OnceLock::new();
    ALL.get_or_init(|| {
        let documents = DOCUMENTS.iter();
        documents
            .map(|(name, json)| Wire::read(json).expect(name))
            .collect()
    })
}

/// The format that is spoken at a path; a prefix before the format's own path is fine.
pub(super) fn at(path: &str) -> Option<&'static Wire> {
    all().iter().find(|wire| path.ends_with(wire.path()))
}

/// The paths at which something is spoken.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    all().iter().map(Wire::path)
}

#[cfg(test)]
mod tests;
