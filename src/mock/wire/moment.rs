//! The moments of an answer, and the frames that are sent at each.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::frames::Frames;
use super::reply::Reply;
use super::template::{Compiler, Invalid, Template, When};

/// When something is sent.
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

/// A frame as the document has it: one of `data`, `line` and `raw`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenFrame<'a> {
    #[serde(rename = "if")]
    when: Option<When>,
    name: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    line: Option<&'a RawValue>,
    #[serde(borrow)]
    raw: Option<&'a RawValue>,
}

/// A compiled frame.
#[derive(Debug)]
pub(super) struct Frame {
    when: Option<When>,
    /// Name of an event that has data.
    name: Option<String>,
    /// The only line, but for the name; of a raw frame, all of it.
    line: Template,
    raw: bool,
}

impl Frame {
    /// Compiles a frame. `field` stands before data; `name_at` points to the event's name in them.
    pub(super) fn compile(
        source: &WrittenFrame<'_>,
        field: &str,
        name_at: Option<&str>,
        compiler: &Compiler<'_>,
    ) -> Result<Self, Invalid> {
        let (before, json) = match (source.data, source.line, source.raw) {
            (Some(data), None, None) => (field, data),
            (None, Some(text), None) | (None, None, Some(text)) => ("", text),
            _ => return Err("a frame has one of data, line and raw".into()),
        };
        let name = |at| {
            let data: Value = serde_json::from_str(source.data?.get()).ok()?;
            Some(data.pointer(at)?.as_str()?.to_owned())
        };
        Ok(Self {
            when: source.when,
            name: source.name.clone().or_else(|| name_at.and_then(name)),
            line: compiler.compile(before, json)?,
            raw: source.raw.is_some(),
        })
    }

    /// Adds the frame for an answer, if its condition holds.
    pub(super) fn put(&self, reply: &Reply, frames: &mut Frames) {
        if !self.when.is_none_or(|when| when.holds(reply)) {
            return;
        }
        let line = self.line.of(reply);
        match &self.name {
            _ if self.raw => frames.piece(format_args!("{line}")),
            Some(name) => frames.named(name, format_args!("{line}")),
            None => frames.block(format_args!("{line}")),
        }
    }
}
