//! The earlier turns in a request, and the request that stops an answer.

use serde_json::Value;

use super::member::{Member, Result};

/// The earlier turns of a conversation in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// A JSON pointer into the body to a list, before whose last element the turns stand, or to a
    /// text, which becomes a list.
    pub at: String,
    /// The user's part of a turn; `{query}` is the query.
    pub user: Value,
    /// The service's part of a turn; `{answer}` is its answer.
    pub assistant: Value,
}

impl History {
    /// The place of the turns in a body; `None` if the body has no such place.
    #[must_use]
    pub fn place<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        document.pointer(&self.at).filter(|place| match place {
            Value::Array(items) => !items.is_empty(),
            place => place.is_string(),
        })
    }

    pub(super) fn read(history: &Member<'_>) -> Result<Self> {
        history.object("at, user, assistant")?;
        let at = history.require("at")?;
        at.check(at.string()?.starts_with('/'), "protocol.history_at")?;
        Ok(Self {
            at: at.text()?,
            user: history.require("user")?.json_object()?,
            assistant: history.require("assistant")?.json_object()?,
        })
    }
}

/// The request that stops an answer whose user has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRequest {
    /// Its path, relative to the endpoint's; `{task_id}` stands for the stream's task.
    pub path: String,
    /// The template of its body.
    pub body: Value,
}

impl StopRequest {
    pub(super) fn read(stop: &Member<'_>) -> Result<Self> {
        stop.object("path, body")?;
        let path = stop.require("path")?;
        let body = stop.require("body")?;
        let text = path.text()?;
        let is_plain = |c: char| c.is_ascii_graphic() && c != '?' && c != '#';
        let is_relative = !text.starts_with('/') && text.chars().all(is_plain);
        let fits = is_relative && text.contains("{task_id}");
        path.check(fits, "protocol.stop_path")?;
        Ok(Self {
            path: text,
            body: body.json_object()?,
        })
    }
}
