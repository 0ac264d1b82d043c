//! The members of a protocol's document. Each knows its path, for errors.

use serde_json::{Map, Value};

use crate::text::Message;

/// The error names the member and its expected form.
pub(super) type Result<T> = std::result::Result<T, Message>;

/// A value of the document, and the path to it: `events.text[0].at`.
#[derive(Clone)]
pub(super) struct Member<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> Member<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        let path = String::new();
        Self { value, path }
    }

    /// An error about this member: the text with this id.
    pub(super) fn error(&self, id: &'static str) -> Message {
        if self.path.is_empty() {
            // The document itself has no name.
            return Message::new("protocol.document");
        }
        Message::new(id).with("member", &self.path)
    }

    /// Refuses this member with the text of this id, unless it `fits`.
    pub(super) fn check(&self, fits: bool, id: &'static str) -> Result<()> {
        fits.then_some(()).ok_or_else(|| self.error(id))
    }

    /// This member, checked to be an object with no members but the known ones (`a, b`).
    pub(super) fn object(&self, known: &str) -> Result<Self> {
        for (name, member) in self.entries()? {
            if !known.split(", ").any(|known| known == name) {
                return Err(member.error("protocol.unknown").with("known", known));
            }
        }
        Ok(self.clone())
    }

    /// A copy of this member, checked to be an object.
    pub(super) fn json_object(&self) -> Result<Value> {
        self.map().map(|_| self.value.clone())
    }

    fn map(&self) -> Result<&'a Map<String, Value>> {
        let map = self.value.as_object();
        map.ok_or_else(|| self.error("protocol.object"))
    }

    /// The members of an object, whatever their names.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>> {
        let entries = self.map()?.iter();
        Ok(entries
            .map(|(name, value)| (name.as_str(), self.inner(name, value)))
            .collect())
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Result<Vec<Self>> {
        let elements = self.value.as_array();
        let elements = elements.ok_or_else(|| self.error("protocol.list"))?;
        let numbered = elements.iter().enumerate().map(|(number, value)| Self {
            value,
            path: format!("{}[{number}]", self.path),
        });
        Ok(numbered.collect())
    }

    /// A string that is not empty.
    pub(super) fn string(&self) -> Result<&'a str> {
        let text = self.value.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| self.error("protocol.string"))
    }

    /// A copy of a string that is not empty.
    pub(super) fn text(&self) -> Result<String> {
        self.string().map(str::to_owned)
    }

    /// The index of a string in the known strings (`a, b`).
    pub(super) fn one_of(&self, known: &str) -> Result<usize> {
        let text = self.value.as_str();
        let place = known.split(", ").position(|known| text == Some(known));
        place.ok_or_else(|| self.error("protocol.one_of").with("known", known))
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        let boolean = self.value.as_bool();
        boolean.ok_or_else(|| self.error("protocol.boolean"))
    }

    /// A member of this object.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        Some(self.inner(name, self.value.get(name)?))
    }

    pub(super) fn require(&self, name: &str) -> Result<Self> {
        let missing = || self.inner(name, &Value::Null).error("protocol.missing");
        self.get(name).ok_or_else(missing)
    }

    /// Reads a member that may be absent.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<Option<T>> {
        self.get(name).map(|member| read(&member)).transpose()
    }

    /// Reads each element of a list; an absent list has none.
    pub(super) fn each<T>(
        &self,
        name: &str,
        read: impl FnMut(&Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let elements = self.optional(name, Self::list)?.unwrap_or_default();
        elements.iter().map(read).collect()
    }

    /// The member with this name and value.
    pub(super) fn inner<'v>(&self, name: &str, value: &'v Value) -> Member<'v> {
        let path = match (self.path.as_str(), name.contains(['/', '.', '@'])) {
            (path, true) => format!("{path}[{name:?}]"),
            ("", false) => name.to_owned(),
            (path, false) => format!("{path}.{name}"),
        };
        Member { value, path }
    }
}
