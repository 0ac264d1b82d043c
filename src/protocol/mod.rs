//! What events mean, as data: a [`Protocol`] is a JSON document, and nothing here knows any
//! particular service. The built-in documents are the files in `data/protocols/`.
//!
//! # The document
//!
//! | member | what it is |
//! |---|---|
//! | `name` | required; the built-in documents are chosen by it |
//! | `title` | what it speaks to, for people; the name, if absent |
//! | `request.path` | required; the usual path of the endpoint |
//! | `request.suffixes` | list; a URL whose path ends in one of these speaks this protocol, the longest wins |
//! | `request.auth` | `{"header", "value"}`; `{key}` in the value is the API key |
//! | `request.headers` | object; further headers |
//! | `request.body` | required; the template of the body, see below |
//! | `expects_text` | whether a success must carry text; `true`, if absent |
//! | `events.type` | list of pointers or `"@event"`; the event's type is the first that is a text; the SSE `event` field, if absent |
//! | `events.text`, `.reasoning`, `.tool` | lists of sources: answer, reasoning, arguments of tool calls |
//! | `events.usage` | object: lists of sources by `prompt`, `completion`, `cached`, `reasoning` |
//! | `events.ids` | object: lists of sources by `conversation`, `message` |
//! | `events.finish_reason` | list of sources |
//! | `events.error` | list of rules, with pointers (without `*`) `at`, `code` (list), `message` (list); the message falls back to what is `at`, and that to the whole event |
//! | `events.end` | required list of rules: the stream may end after such an event; `[{}]` is any event |
//! | `events.keep_alive` | list of rules: such an event says nothing else, whatever it holds |
//!
//! A **pointer** is a JSON pointer (RFC 6901) in which `*` is each element of an array, and a
//! number one element; at most four array levels, elements from 65,536 on are not read.
//!
//! A **rule** is an object: `on`, a list of event types, and `when`, an object of conditions. All
//! that is given must hold. A condition's name is a pointer, `@event` (the SSE `event` field) or
//! `@data` (the data as they are, trimmed); its value is a list of accepted strings, numbers and
//! booleans, or a word: `present` (not `null`), `absent`, `truthy` (not `null`, `false`, 0 nor
//! empty), `falsy`. It holds if any of the values that the pointer stands for is accepted; for
//! `absent` and `falsy`, if none is present or truthy. Of an event whose data are not JSON no
//! condition on a pointer holds.
//!
//! A **source** is a pointer, or a rule with a pointer `at`. As far as condition and `at` begin
//! alike, `*` stands for the same element in both: `{"at": "/parts/*/text", "when":
//! {"/parts/*/thought": "falsy"}}` are the texts of the parts that are no thoughts. Of several
//! sources the first that has something is taken (servers send the same text under two names);
//! texts are all of its values, one after the other, anything else the last of them.
//!
//! In the **body**, strings hold `{query}`, `{conversation_id}`, `{user}`, `{model}` and
//! `{inputs.KEY}`; a string that is just `{inputs}` or `{files}` stands for the whole value, and a
//! member that is just `{model}` is left out where no model is given.

mod decoder;
mod document;
mod errors;
mod found;
mod meaning;
mod member;
mod pointer;
mod rules;
mod tokens;

use std::sync::{Arc, OnceLock};

pub use decoder::Decoder;
pub use meaning::{Malformed, Meaning, StreamError};
pub use member::ProtocolError;
pub use tokens::estimate_tokens;

use rules::Rules;

/// The documents that come with the program, by name.
const BUILT_IN: [(&str, &str); 2] = [
    (
        "dify-chat",
        include_str!("../../data/protocols/dify-chat.json"),
    ),
    (
        "openai-chat",
        include_str!("../../data/protocols/openai-chat.json"),
    ),
];

/// How a service is asked, and what its events mean.
#[derive(Debug)]
pub struct Protocol {
    name: String,
    title: String,
    path: String,
    suffixes: Vec<String>,
    auth: Option<(String, String)>,
    headers: Vec<(String, String)>,
    body: serde_json::Value,
    expects_text: bool,
    rules: Arc<Rules>,
}

impl Protocol {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or a member of it is missing, unknown or not what it should be; the
    /// error names it.
    pub fn parse(json: &str) -> Result<Self, ProtocolError> {
        document::read(json)
    }

    /// The built-in protocol of that name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Arc<Protocol>> {
        let at = Self::builtin_names().position(|known| known == name)?;
        Some(Arc::clone(&built_in()[at]))
    }

    /// The names of the built-in protocols.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The name of the built-in protocol that is spoken at such a path; a query in it and a slash
    /// at its end do not matter.
    #[must_use]
    pub fn infer(path: &str) -> Option<&'static str> {
        let path = path.split(['?', '#']).next()?.trim_end_matches('/');
        Self::builtin_names()
            .zip(built_in())
            .flat_map(|(name, protocol)| protocol.suffixes.iter().map(move |s| (name, s)))
            .filter(|(_, suffix)| path.ends_with(suffix.as_str()))
            .max_by_key(|(_, suffix)| suffix.len())
            .map(|(name, _)| name)
    }

    /// The protocol's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it speaks to, for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The usual path of the endpoint.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Headers of each request, beside the key's and the content type.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The header that carries an API key, name and value; `None` for an empty key.
    #[must_use]
    pub fn auth_header(&self, key: &str) -> Option<(String, String)> {
        let (name, value) = self.auth.as_ref().filter(|_| !key.is_empty())?;
        Some((name.clone(), value.replace("{key}", key)))
    }

    /// The template of the body, an object.
    #[must_use]
    pub fn body(&self) -> &serde_json::Value {
        &self.body
    }

    /// Whether a request that succeeds has to carry at least one token.
    #[must_use]
    pub fn expects_text(&self) -> bool {
        self.expects_text
    }

    /// A decoder for one thread and all of its streams.
    #[must_use]
    pub fn decoder(&self) -> Decoder {
        Decoder::new(Arc::clone(&self.rules))
    }

    /// What the body of an HTTP error says, in one line: code and message where it is JSON of one
    /// of the usual shapes (the service's own, or of a proxy before it), otherwise its first 200
    /// characters, control characters and line ends made spaces.
    #[must_use]
    pub fn error_text(&self, body: &[u8]) -> String {
        errors::error_text(body)
    }
}

/// The built-in protocols, in the order of their names in [`BUILT_IN`]. A test reads them all.
fn built_in() -> &'static [Arc<Protocol>] {
    static PARSED: OnceLock<Vec<Arc<Protocol>>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let documents = BUILT_IN.iter().map(|(_, json)| Protocol::parse(json));
        documents
            .map(|protocol| Arc::new(protocol.expect("a built-in document is valid")))
            .collect()
    })
}
