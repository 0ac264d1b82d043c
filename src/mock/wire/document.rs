//! Reads a format from its document.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::frames::Frames;
use super::super::http::Request;
use super::super::rng::Rng;
use super::moment::{Frame, Moment, WrittenFrame};
use super::reply::Reply;
use super::request::RequestRules;
use super::template::{Compiler, Invalid, Part, Template};

/// A document as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    path: String,
    auth: Auth,
    #[serde(default)]
    ascii: bool,
    field: Option<String>,
    event: Option<String>,
    request: RequestRules,
    #[serde(borrow, default)]
    parts: BTreeMap<String, Part<'a>>,
    #[serde(borrow)]
    events: BTreeMap<Moment, Vec<WrittenFrame<'a>>>,
    #[serde(borrow)]
    http_errors: BTreeMap<String, &'a RawValue>,
}

/// The header that carries an API key; `{key}` in the value is the key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    header: String,
    value: String,
}

/// One API's requests, events and errors.
#[derive(Debug)]
pub(in super::super) struct Wire {
    path: String,
    auth: Auth,
    rules: RequestRules,
    events: BTreeMap<Moment, Vec<Frame>>,
    /// By status. In this order exact statuses come before those with `x`.
    http_errors: BTreeMap<String, Template>,
}

impl Wire {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// If it is not as the module's documentation says.
    pub(super) fn read(json: &str) -> Result<Self, Invalid> {
        let document: Document<'_> = serde_json::from_str(json)?;
        let compiler = Compiler {
            parts: &document.parts,
            sample: &document.request.sample(),
            ascii: document.ascii,
        };
        let field = document.field.as_deref().unwrap_or("data: ");
        let name_at = document.event.as_deref();
        let mut events = BTreeMap::new();
        for (moment, sources) in &document.events {
            let frames = sources.iter();
            let frames = frames.map(|source| Frame::compile(source, field, name_at, &compiler));
            events.insert(*moment, frames.collect::<Result<_, _>>()?);
        }
        let mut http_errors = BTreeMap::new();
        for (status, body) in &document.http_errors {
            http_errors.insert(status.clone(), compiler.compile("", body)?);
        }
        Ok(Self {
            path: document.path,
            auth: document.auth,
            rules: document.request,
            events,
            http_errors,
        })
    }

    /// The end of the paths of this format.
    pub(in super::super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether a request has that key.
    pub(in super::super) fn has_key(&self, request: &Request<'_>, key: &str) -> bool {
        request.header(&self.auth.header) == Some(&*self.auth.value.replace("{key}", key))
    }

    /// Whether the format sends something at a moment.
    pub(in super::super) fn has(&self, moment: Moment) -> bool {
        self.events.contains_key(&moment)
    }

    /// Reads a request's body. The error says what is wrong with the request: its status is 400.
    pub(in super::super) fn accept(&self, body: &[u8], rng: &mut Rng) -> Result<Reply, String> {
        self.rules.read(body, rng)
    }

    /// Adds the frames of a moment of an answer.
    pub(in super::super) fn put(&self, moment: Moment, reply: &Reply, frames: &mut Frames) {
        for frame in self.events.get(&moment).into_iter().flatten() {
            frame.put(reply, frames);
        }
    }

    /// The body of an HTTP error.
    pub(in super::super) fn error_body(&self, status: u16, message: &str) -> String {
        let reply = Reply {
            status,
            message: message.to_owned(),
            ..Reply::default()
        };
        let status = status.to_string();
        let fits = |pattern: &str| status.starts_with(pattern.trim_end_matches('x'));
        let body = self.http_errors.iter().find(|(pattern, _)| fits(pattern));
        body.map_or_else(String::new, |(_, body)| body.of(&reply).to_string())
    }
}
