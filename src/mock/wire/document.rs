//! A format as its document has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::frames::Frames;
use super::super::http::Request;
use super::super::rng::Rng;
use super::reply::Reply;
use super::request::RequestRules;
use super::template::{Filled, Invalid, Part, Template, When};

/// One API's requests, events and errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Wire {
    path: String,
    auth: Auth,
    #[serde(default)]
    ascii: bool,
    field: Option<String>,
    event: Option<String>,
    request: RequestRules,
    #[serde(default)]
    parts: BTreeMap<String, Part>,
    events: BTreeMap<Moment, Vec<Frame>>,
    /// By status. In this order exact statuses come before those with `x`.
    http_errors: BTreeMap<String, Template>,
}

/// The header that carries an API key; `{key}` in the value is the key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    header: String,
    value: String,
}

/// A moment of an answer.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Moment {
    /// With the response's head.
    Open,
    /// The work before the text is done.
    Prepared,
    /// A piece of reasoning.
    Reasoning,
    /// After the last piece of reasoning.
    Reasoned,
    /// A piece of the answer.
    Text,
    /// A sign of life while there is no text.
    KeepAlive,
    /// After the last piece of the answer.
    End,
    /// An error amid the text.
    Error,
}

/// A frame of a moment: one of `data`, `line` and `raw`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    #[serde(rename = "if")]
    when: Option<When>,
    /// Name of an event that has data.
    name: Option<String>,
    data: Option<Template>,
    line: Option<Template>,
    raw: Option<Template>,
}

impl Frame {
    fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.data, &self.line, &self.raw].into_iter().flatten()
    }
}

impl Wire {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// If it is not as the module's documentation says.
    pub(super) fn read(json: &str) -> Result<Self, Invalid> {
        let mut wire: Wire = serde_json::from_str(json)?;
        for frame in wire.events.values_mut().flatten() {
            if frame.templates().count() != 1 {
                return Err("a frame has one of data, line and raw".into());
            }
            if let (None, Some(at), Some(data)) = (&frame.name, &wire.event, &frame.data) {
                let data: Option<Value> = serde_json::from_str(&data.0).ok();
                let name = data.as_ref().and_then(|data| data.pointer(at)?.as_str());
                frame.name = name.map(str::to_owned);
            }
        }
        let sample = wire.request.sample();
        let parts = wire.parts.values().map(|part| &part.is);
        let frames = wire.events.values().flatten().flat_map(Frame::templates);
        for template in parts.chain(frames).chain(wire.http_errors.values()) {
            wire.filled(template, &sample).write(&mut String::new())?;
        }
        Ok(wire)
    }

    fn filled<'a>(&'a self, template: &'a Template, reply: &'a Reply) -> Filled<'a> {
        Filled {
            text: &template.0,
            parts: &self.parts,
            reply,
            ascii: self.ascii,
        }
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

    /// Reads a request's body. The error names the fault of the request: its status is 400.
    pub(in super::super) fn accept(&self, body: &[u8], rng: &mut Rng) -> Result<Reply, String> {
        self.request.read(body, rng)
    }

    /// Adds the frames of a moment of an answer.
    pub(in super::super) fn put(&self, moment: Moment, reply: &Reply, frames: &mut Frames) {
        for frame in self.events.get(&moment).into_iter().flatten() {
            if frame.when.is_some_and(|when| !when.holds(reply)) {
                continue;
            }
            let name = frame.name.as_deref();
            if let Some(data) = &frame.data {
                let field = self.field.as_deref().unwrap_or("data: ");
                frames.event(name, format_args!("{field}{}", self.filled(data, reply)));
            } else if let Some(line) = &frame.line {
                frames.event(name, format_args!("{}", self.filled(line, reply)));
            } else if let Some(raw) = &frame.raw {
                frames.piece(format_args!("{}", self.filled(raw, reply)));
            }
        }
    }

    /// The body of an HTTP error.
    pub(in super::super) fn error_body(&self, status: u16, message: &str) -> String {
        let reply = Reply {
            status,
            message: message.to_owned(),
            ..self.request.sample()
        };
        let status = status.to_string();
        let fits = |pattern: &str| status.starts_with(pattern.trim_end_matches('x'));
        let body = self.http_errors.iter().find(|(pattern, _)| fits(pattern));
        let body = body.map(|(_, body)| self.filled(body, &reply).to_string());
        body.unwrap_or_default()
    }
}
