//! The meaning of events, as data: a [`Protocol`] is a JSON document, and no code here knows any
//! particular service. The built-in documents are the files in `data/protocols/`.
//!
//! # The document
//!
//! `data/protocol.schema.json` is a JSON Schema of it.
//!
//! | member | what it is |
//! |---|---|
//! | `name` | required; the built-in documents are chosen by it |
//! | `title` | what it speaks to, for people; the name, if absent |
//! | `notes`, `$schema` | for people and editors, not read |
//! | `request.path` | required; the usual path of the endpoint, with its query; `{model}` in it is the model's name |
//! | `request.suffixes` | list; a URL whose path ends in one of these speaks this protocol, the longest wins |
//! | `request.auth` | `{"header", "value"}`; `{key}` in the value is the API key |
//! | `request.headers` | object; further headers |
//! | `request.body` | required; the template of the body, see below |
//! | `request.history` | how a conversation's earlier turns are sent again: `at`, a JSON pointer into the body to a list, before whose last element they stand, or to a text, which becomes a list; `user` and `assistant`, objects: the parts of a turn, with `{query}` and `{answer}` |
//! | `request.stop` | `{"path", "body"}`: the request that stops an answer; the path is relative to the endpoint's, `{task_id}` in it is of `events.ids` |
//! | `expects_text` | whether a success must carry text; `true`, if absent |
//! | `think_tags` | whether text between `<think>` and `</think>` in an answer is reasoning; `false`, if absent |
//! | `events.type` | list of pointers or `"@event"`; the event's type is the first that is a text; the SSE `event` field, if absent |
//! | `events.text`, `.reasoning`, `.tool` | lists of sources: answer, reasoning, arguments of tool calls |
//! | `events.replace` | list of sources of text that takes the place of the answer so far, and is no token |
//! | `events.usage` | object: lists of counts by `prompt`, `completion`, `cached`, `reasoning`, `total`; of several events the last one's holds |
//! | `events.ids` | object: lists of sources by `conversation`, `message`, `task` |
//! | `events.finish_reason` | list of sources |
//! | `events.spans` | list of spans, see below |
//! | `events.error` | list of rules, with pointers (without `*`) `at`, `code` (list), `message` (list); the message falls back to what is `at`, and that to the whole event |
//! | `events.end` | required list: the stream may end after any of these; a rule, or `{"all": [rules]}`, which is after one event of each, in any order; `[{}]` is any event |
//! | `events.keep_alive` | list of rules: such an event says nothing else, whatever it holds |
//! | `events.ignore` | list of rules: such an event means nothing, whatever it holds |
//!
//! A **pointer** is a JSON pointer (RFC 6901) in which `*` is each element of an array, and a
//! number one element; at most four array levels, elements from 65,536 on are not read.
//!
//! A **rule** is an object: `on`, a list of event types, and `when`, an object of conditions. All
//! that is given must hold. A condition's name is a pointer, `@event` (the SSE `event` field) or
//! `@data` (the data as they are, trimmed); its value is a list of accepted strings, numbers and
//! booleans, `{"not": [values]}` (present, and none of these), or a word: `present` (not `null`),
//! `absent`, `truthy` (not `null`, `false`, 0 nor empty), `falsy`. It holds if any of the values
//! that the pointer stands for is accepted; for `absent` and `falsy`, if none is present or truthy.
//! Of an event whose data are not JSON no condition on a pointer holds.
//!
//! A **source** is a pointer, or a rule with a pointer `at`. As far as condition and `at` begin
//! alike, `*` stands for the same element in both: `{"at": "/parts/*/text", "when":
//! {"/parts/*/thought": "falsy"}}` are the texts of the parts that are no thoughts. Of several
//! sources the first that has something is taken (servers send the same text under two names);
//! texts are all of its values, one after the other, anything else the last of them.
//! A source of text, reasoning or tool calls may have `"mode": "cumulative"`: each event repeats
//! the whole text so far. What it adds is new; U+FFFD at the end of the earlier text may give way.
//! A text that does not go on from the earlier one is a replacement: nothing of it is new.
//!
//! A **count** is a source of a number, or has `sum`, a list of pointers, in place of `at`: the sum
//! of those that are there.
//!
//! A **span** is a part of the service's work that events tell of, such as a workflow's node:
//! `start`, `retry` (it is tried again) and `end`, lists of rules; lists of sources by `id` (what it
//! is, in every request the same), `instance` (what tells two of one id apart), `type`, `title`,
//! `elapsed` (by the server's clock, in `unit`s: `s`, `ms`, `us` or `ns`), `tokens` (output tokens of
//! a model in it), `text` (in an event with text: the id of the span that the text is from);
//! `failed`, a list of rules; `model_types`, the types in which a model generates text. `end` and
//! `id` are required.
//!
//! What comes outside of any field and looks like JSON (`{"error": …}` without `data:`) is read at
//! the stream's end for the rules of `events.error`.
//!
//! In the **body**, strings hold `{query}`, `{conversation_id}`, `{user}`, `{model}` and
//! `{inputs.KEY}`, and the names of a data file's columns; a string that is just `{inputs}` or
//! `{files}` stands for the whole value, and a member that is just `{model}` is left out where no
//! model is given. A member `"..."` that is `{inputs}` stands for a member each; one of these takes
//! the place of a member of its name.

mod builtin;
mod came;
mod decoder;
mod document;
mod errors;
mod events;
mod found;
mod history;
mod meaning;
mod member;
mod memory;
mod pointer;
mod rules;
mod think;
mod tokens;
mod unescape;

use std::sync::Arc;

pub use came::Came;
pub use decoder::Decoder;
pub use errors::{RAW_CHARACTERS, error_text, one_line};
pub use history::{History, StopRequest};
pub use meaning::{Malformed, Meaning, SpanMark, StreamError};
pub use tokens::estimate_tokens;

use rules::Rules;

/// Stands for the model's name in paths and bodies.
const MODEL: &str = "{model}";

/// The JSON Schema of the documents.
pub const SCHEMA: &str = include_str!("../../data/protocol.schema.json");

/// The requests of a service, and the meaning of its events.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The protocol's name.
    pub name: String,
    /// The services that speak the protocol, for people.
    pub title: String,
    /// The usual path of the endpoint with its query; `{model}` stands for the model's name.
    pub path: String,
    /// Ends of paths at which the protocol is spoken.
    pub suffixes: Vec<String>,
    auth: Option<(String, String)>,
    /// Headers of each request, beside the key's and the content type.
    pub headers: Vec<(String, String)>,
    /// The template of the body, an object.
    pub body: serde_json::Value,
    /// The earlier turns of a conversation in a request, for a service that does not remember turns.
    pub history: Option<History>,
    /// The request that stops an answer.
    pub stop: Option<StopRequest>,
    /// Whether a successful answer must have at least one token.
    pub expects_text: bool,
    /// Whether text between `<think>` and `</think>` in an answer is reasoning.
    pub think_tags: bool,
    rules: Arc<Rules>,
}

impl Protocol {
    /// The usual path for a model; `encode` makes the model's name fit for a URL. `None` if the path
    /// needs a model and there is none.
    pub fn path_for(&self, model: Option<&str>, encode: impl Fn(&str) -> String) -> Option<String> {
        match model {
            Some(model) => Some(self.path.replace(MODEL, &encode(model))),
            None => (!self.path.contains(MODEL)).then(|| self.path.clone()),
        }
    }

    /// The header that carries an API key, name and value; `None` for an empty key.
    #[must_use]
    pub fn auth_header(&self, key: &str) -> Option<(String, String)> {
        let (name, value) = self.auth.as_ref().filter(|_| !key.is_empty())?;
        Some((name.clone(), value.replace("{key}", key)))
    }

    /// A decoder for all streams of one thread.
    #[must_use]
    pub fn decoder(&self) -> Decoder {
        Decoder::new(Arc::clone(&self.rules), self.think_tags)
    }
}
