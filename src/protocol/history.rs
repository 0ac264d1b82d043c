//! What a conversation and its end look like in a protocol: the earlier turns that a request sends
//! again, and the request that stops an answer.

use serde_json::Value;

use super::member::{Object, Result};

/// How a conversation's earlier turns are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Where they belong in the body, a JSON pointer: before the last element of the list there, or
    /// before the text there, which becomes a list then.
    pub at: String,
    /// The user's part of a turn; `{query}` is the query.
    pub user: Value,
    /// The service's part of a turn; `{answer}` is its answer.
    pub assistant: Value,
}

impl History {
    /// Where the turns belong in a document; `None` if it has no such place.
    #[must_use]
    pub fn place<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        let place = document.pointer(&self.at)?;
        let is_place = match place {
            Value::Array(items) => !items.is_empty(),
            Value::String(_) => true,
            _ => false,
        };
        is_place.then_some(place)
    }

    pub(super) fn read(request: &Object<'_>) -> Result<Option<Self>> {
        let Some(history) = request.get("history") else {
            return Ok(None);
        };
        let history = history.object(&["at", "user", "assistant"])?;
        let at = history.require("at")?;
        if !at.string()?.starts_with('/') {
            return Err(at.error("protocol.history_at"));
        }
        let part = |name| {
            let part = history.require(name)?;
            if part.value.is_object() {
                Ok(part.value.clone())
            } else {
                Err(part.error("protocol.object"))
            }
        };
        Ok(Some(Self {
            at: at.string()?.to_owned(),
            user: part("user")?,
            assistant: part("assistant")?,
        }))
    }
}

/// The request that stops an answer whose user has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRequest {
    /// Its path, relative to the endpoint's; `{task_id}` is the task as the stream named it.
    pub path: String,
    /// The template of its body.
    pub body: Value,
}

impl StopRequest {
    pub(super) fn read(request: &Object<'_>) -> Result<Option<Self>> {
        let Some(stop) = request.get("stop") else {
            return Ok(None);
        };
        let stop = stop.object(&["path", "body"])?;
        let (path, body) = (stop.require("path")?, stop.require("body")?);
        let text = path.string()?;
        let is_plain = |c: char| c.is_ascii_graphic() && c != '?' && c != '#';
        if text.starts_with('/') || !text.contains("{task_id}") || !text.chars().all(is_plain) {
            return Err(path.error("protocol.stop_path"));
        }
        if !body.value.is_object() {
            return Err(body.error("protocol.object"));
        }
        Ok(Some(Self {
            path: text.to_owned(),
            body: body.value.clone(),
        }))
    }
}
