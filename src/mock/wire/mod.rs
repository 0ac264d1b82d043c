//! The wire formats of the simulated service, as data: a [`Wire`] is a JSON document, and nothing
//! here knows any particular service. A format is added by a file in `data/mock/` and its name in
//! `documents!` of `lib.rs`.
//!
//! # The document
//!
//! | member | meaning |
//! |---|---|
//! | `path` | required; requests whose path ends in it get this format |
//! | `auth` | required; `{"header", "value"}`; `{key}` in the value is the API key |
//! | `ascii` | whether texts are sent with `\u` escapes in place of characters beyond ASCII; `false`, if absent |
//! | `field` | the text before the data of an event; `data: `, if absent |
//! | `event` | for services that name their events: JSON pointer to the name in the data |
//! | `request.needs` | required; list of needs, checked in this order |
//! | `request.prompt` | required; list of pointers to the texts of the prompt, whose tokens are counted |
//! | `request.usage` | pointer to the member that asks for usage with `true`; if absent, usage is always sent |
//! | `request.values` | object: texts that templates may name, each a list of sources; the log has `id` and `conversation_id` |
//! | `parts` | object: JSON that templates share, `{"is": TEMPLATE}`; with `if`, under that condition |
//! | `events` | required; object: a list of frames for each moment |
//! | `http_errors` | required; object: the body of an HTTP error, a template, by status: `429`, `4xx`, or `xxx` for all others |
//!
//! A **pointer** is a JSON pointer; in `needs` and `prompt`, `*` in it is each element or member.
//!
//! A **need** is a value that must be `at` a pointer: a value whose `type` is in the list (`text`,
//! `number`, `boolean`, `list`, `map`), or that `value`. `else` is the message of the response with
//! status 400. A need without `else` allows that nothing is there.
//!
//! A **source** is a pointer to a text of the request, or a text in which `{uuid}` and `{hex}` (a
//! UUID without hyphens) are drawn. The value is the first source that is not empty.
//!
//! The **moments** are `open` (with the response's head), `prepared` (the work before the text is
//! done), `reasoning` (a piece of reasoning; a format without this moment does not reason),
//! `reasoned` (after the last piece of reasoning), `text` (a piece of the answer), `keep_alive`,
//! `end`, and `error` (a simulated error in the middle of the text).
//!
//! A **frame** is one of these templates: `data` of an event, beside which `name` names the event
//! where its data do not; `line`, an event's only line, such as `": keep-alive"`; `raw`, which is
//! not an event. With `if` a frame is sent under that **condition**: `usage` (usage is sent),
//! `terminal` (the stream ends as the API ends it), `reasoning` (reasoning comes before the answer),
//! `not_reasoning`.
//!
//! A **template** is sent exactly as the document has it, spaces and line breaks included; of a
//! template of several lines the indentation of its last line is removed. A template that is a JSON
//! string is sent without its quotes: `"[DONE]"`. `{name}` in a string stands for one of these:
//!
//! - a value;
//! - a fact: `text` (the newest piece), `whole` (all reasoning or all answer so far), `created`,
//!   `answer_index` (1 after reasoning, else 0), `prompt_tokens`, `answer_tokens`,
//!   `reasoning_tokens`, `output_tokens` (the two before), `total_tokens` (with the prompt's);
//!   in seconds, `elapsed` since the request, `preparation` and `generation` (`elapsed` in two
//!   parts); of an error, `message`, `status`, `reason` (the status in words: `not_found`) and
//!   `REASON`. A string that is only a number's name is sent without its quotes;
//! - a part, if it is all of the string: `null` is sent if its condition does not hold. After a
//!   member named `"..."` the part's members are sent, or nothing.

mod document;
mod reply;
mod request;
mod template;

use std::sync::LazyLock;

pub(super) use document::{Moment, Wire};
pub(super) use reply::Reply;

/// All documents.
const DOCUMENTS: &[(&str, &str)] = documents!("mock");

/// All formats.
static ALL: LazyLock<Vec<Wire>> = LazyLock::new(|| {
    let documents = DOCUMENTS.iter();
    documents
        .map(|(name, json)| Wire::read(json).expect(name))
        .collect()
});

/// The format of a request's path.
pub(super) fn at(path: &str) -> Option<&'static Wire> {
    ALL.iter().find(|wire| path.ends_with(wire.path()))
}

/// The paths of all formats.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(Wire::path)
}

#[cfg(test)]
mod tests;
