//! The members of a protocol's document, each with the path by which an error names it.

use std::fmt;

use serde_json::{Map, Value};

use crate::text::Message;

/// Why a document is no protocol: names the member and what was expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolError(Message);

impl ProtocolError {
    /// The document is not JSON.
    pub(super) fn syntax(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let detail = text.split(" at line ").next().unwrap_or_default();
        Self(
            Message::new("protocol.syntax")
                .with("line", error.line())
                .with("column", error.column())
                .with("detail", detail),
        )
    }

    /// What is wrong, with the text's id of the expectation.
    #[must_use]
    pub fn message(&self) -> Message {
        self.0.clone()
    }
}

impl From<ProtocolError> for Message {
    fn from(error: ProtocolError) -> Self {
        error.0
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ProtocolError {}

pub(super) type Result<T> = std::result::Result<T, ProtocolError>;

/// A value of the document, and the path to it: `events.text[0].at`.
pub(super) struct Member<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> Member<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        let path = String::new();
        Self { value, path }
    }

    /// The error that this member is not what the text of that id asks for.
    pub(super) fn error(&self, id: &'static str) -> ProtocolError {
        if self.path.is_empty() {
            // The document itself, which has no name.
            return ProtocolError(Message::new("protocol.document"));
        }
        ProtocolError(Message::new(id).with("member", &self.path))
    }

    /// The member as an object of which all members are known.
    pub(super) fn object(&self, known: &'static [&'static str]) -> Result<Object<'a>> {
        for member in self.entries()? {
            if !known.contains(&member.0) {
                let error = member.1.error("protocol.unknown");
                return Err(ProtocolError(error.0.with("known", known.join(", "))));
            }
        }
        Ok(Object {
            members: self.map()?,
            path: self.path.clone(),
        })
    }

    /// A member of this one, there or not, to be named in an error.
    pub(super) fn inner(&self, name: &str) -> Member<'a> {
        inner(&self.path, name, &Value::Null)
    }

    fn map(&self) -> Result<&'a Map<String, Value>> {
        self.value
            .as_object()
            .ok_or_else(|| self.error("protocol.object"))
    }

    /// The members of an object whose names are free.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Member<'a>)>> {
        let entries = self.map()?.iter();
        Ok(entries
            .map(|(name, value)| (name.as_str(), inner(&self.path, name, value)))
            .collect())
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Result<Vec<Member<'a>>> {
        let Value::Array(elements) = self.value else {
            return Err(self.error("protocol.list"));
        };
        let numbered = elements.iter().enumerate();
        Ok(numbered
            .map(|(number, value)| Member {
                value,
                path: format!("{}[{number}]", self.path),
            })
            .collect())
    }

    /// A string that is not empty.
    pub(super) fn string(&self) -> Result<&'a str> {
        match self.value.as_str() {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.error("protocol.string")),
        }
    }

    /// The number of a text among those that are known.
    pub(super) fn one_of(&self, known: &[&str]) -> Result<usize> {
        let text = self.value.as_str();
        let number = known.iter().position(|known| text == Some(known));
        number.ok_or_else(|| {
            let error = self.error("protocol.one_of");
            ProtocolError(error.0.with("known", known.join(", ")))
        })
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        self.value
            .as_bool()
            .ok_or_else(|| self.error("protocol.boolean"))
    }
}

/// An object of the document.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    pub(super) fn get(&self, name: &str) -> Option<Member<'a>> {
        let value = self.members.get(name)?;
        Some(inner(&self.path, name, value))
    }

    pub(super) fn require(&self, name: &str) -> Result<Member<'a>> {
        self.get(name)
            .ok_or_else(|| inner(&self.path, name, &Value::Null).error("protocol.missing"))
    }

    /// What `read` makes of each element of a list; nothing where there is no list.
    pub(super) fn each<T>(
        &self,
        name: &str,
        mut read: impl FnMut(&Member<'a>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let elements = self.get(name).map_or(Ok(Vec::new()), |list| list.list())?;
        elements.iter().map(&mut read).collect()
    }
}

fn inner<'v>(path: &str, name: &str, value: &'v Value) -> Member<'v> {
    let path = match (path, name.contains(['/', '.', '@'])) {
        (path, true) => format!("{path}[{name:?}]"),
        ("", false) => name.to_owned(),
        (path, false) => format!("{path}.{name}"),
    };
    Member { value, path }
}
