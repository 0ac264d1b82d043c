//! Takes a document apart into the pieces of a body.

use std::collections::BTreeSet;
use std::{ptr, slice};

use serde_json::{Map, Value};

use crate::protocol::History;
use crate::text::Message;

/// The placeholder of all inputs.
const INPUTS: &str = "{inputs}";

/// The name of a member that stands for a member of each input.
const SPREAD: &str = "...";

/// Values that are the same in all bodies of a run.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    /// `{user}`; `{n}` in it is the number of the virtual user.
    pub user: String,
    /// `{model}`; without one, a member whose value is exactly `"{model}"` is left out.
    pub model: Option<String>,
    /// `{conversation_id}`.
    pub conversation_id: String,
    /// `{inputs}` and `{inputs.KEY}`, in the order given.
    pub inputs: Vec<(String, String)>,
    /// `--body`: members that the body's document has already.
    pub body: Vec<(String, String)>,
}

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes that are the same in every body.
    Literal(Vec<u8>),
    /// The request's query, escaped for the inside of a JSON string.
    Query,
    /// The number of the virtual user.
    User,
    /// The value of a column, by its place, escaped for the inside of a JSON string.
    Column(usize),
    /// The value of a column, by its place, as JSON.
    Value(usize),
    /// The conversation's id, escaped for the inside of a JSON string.
    Conversation,
    /// The conversation's turns so far: elements of an array, each followed by a comma.
    History,
    /// The answer to a turn, escaped for the inside of a JSON string.
    Answer,
}

/// Values for the placeholders of a document.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Values that are the same in all bodies.
    pub constants: &'a Constants,
    /// The names of the data file's columns: `{NAME}`.
    pub columns: &'a [String],
    /// How a conversation's earlier turns are sent; `None` if the service keeps them.
    pub history: Option<&'a History>,
    /// Whether `{answer}` is a placeholder.
    pub answers: bool,
}

impl Constants {
    fn input(&self, key: &str) -> Option<&str> {
        let (_, value) = self.inputs.iter().find(|(given, _)| given == key)?;
        Some(value)
    }
}

/// Writes a document as pieces.
pub(super) struct Writer<'a> {
    parts: Parts<'a>,
    /// Where a conversation's earlier turns belong.
    place: Option<&'a Value>,
    pieces: Vec<Piece>,
    used: BTreeSet<String>,
}

impl<'a> Writer<'a> {
    /// Takes a document apart: its pieces, and the placeholders in it.
    pub(super) fn write(
        document: &'a Value,
        parts: Parts<'a>,
    ) -> Result<(Vec<Piece>, BTreeSet<String>), Message> {
        let mut writer = Self {
            parts,
            place: parts.history.and_then(|history| history.place(document)),
            pieces: Vec::new(),
            used: BTreeSet::new(),
        };
        writer.value(document)?;
        Ok((writer.pieces, writer.used))
    }

    /// The bytes of the literal that the pieces end with.
    fn literal(&mut self) -> &mut Vec<u8> {
        if !matches!(self.pieces.last(), Some(Piece::Literal(_))) {
            self.pieces.push(Piece::Literal(Vec::new()));
        }
        match self.pieces.last_mut() {
            Some(Piece::Literal(bytes)) => bytes,
            _ => unreachable!("a literal was pushed"),
        }
    }

    fn value(&mut self, value: &Value) -> Result<(), Message> {
        let is_place = self.place.is_some_and(|place| ptr::eq(place, value));
        match (value, self.parts.history.filter(|_| is_place)) {
            (Value::Null | Value::Bool(_) | Value::Number(_), _) => {
                self.literal().extend(value.to_string().bytes());
                Ok(())
            }
            // The text of this place becomes a turn of its own, after the turns so far.
            (Value::String(_), Some(history)) => self.array(slice::from_ref(&history.user), true),
            (Value::String(text), None) => self.string(text),
            (Value::Array(items), _) => self.array(items, is_place),
            (Value::Object(members), _) => self.object(members),
        }
    }

    fn array(&mut self, items: &[Value], has_history: bool) -> Result<(), Message> {
        self.literal().push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.literal().push(b',');
            }
            // The last element is the turn that is about to be sent.
            if has_history && index + 1 == items.len() {
                self.pieces.push(Piece::History);
            }
            self.value(item)?;
        }
        self.literal().push(b']');
        Ok(())
    }

    fn object(&mut self, members: &Map<String, Value>) -> Result<(), Message> {
        self.literal().push(b'{');
        let spreads = members.get(SPREAD).is_some_and(|value| value == INPUTS);
        let mut first = true;
        for (name, value) in members {
            let no_model = self.parts.constants.model.is_none() && self.column("model").is_none();
            let left_out = no_model && value == "{model}" || spreads && self.is_input(name);
            if spreads && name == SPREAD {
                self.inputs(&mut first);
            } else if !left_out {
                self.member(name, &mut first);
                self.value(value)?;
            }
        }
        self.literal().push(b'}');
        Ok(())
    }

    /// Begins a member: its name, and a comma before it unless it is the first one.
    fn member(&mut self, name: &str, first: &mut bool) {
        if !std::mem::replace(first, false) {
            self.literal().push(b',');
        }
        quote(name, self.literal());
        self.literal().push(b':');
    }

    /// The place of the column of that name.
    fn column(&self, name: &str) -> Option<usize> {
        self.parts.columns.iter().position(|column| column == name)
    }

    /// Whether there is an input of that name, by flag or as a column.
    fn is_input(&self, key: &str) -> bool {
        self.parts.constants.input(key).is_some() || self.column(&format!("inputs.{key}")).is_some()
    }

    fn string(&mut self, text: &str) -> Result<(), Message> {
        let name = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        if let Some(place) = name.and_then(|name| self.column(name)) {
            self.used.extend(name.map(str::to_owned));
            self.pieces.push(Piece::Value(place));
            return Ok(());
        }
        match text {
            "{files}" => self.literal().extend_from_slice(b"[]"),
            INPUTS => {
                self.literal().push(b'{');
                self.inputs(&mut true);
                self.literal().push(b'}');
            }
            _ => {
                self.literal().push(b'"');
                self.inside_string(text)?;
                self.literal().push(b'"');
            }
        }
        Ok(())
    }

    /// Writes a member for each input. A column replaces a flag's input of the same name.
    fn inputs(&mut self, first: &mut bool) {
        self.used.insert("inputs".to_owned());
        for (key, value) in &self.parts.constants.inputs {
            if self.column(&format!("inputs.{key}")).is_none() {
                self.member(key, first);
                quote(value, self.literal());
            }
        }
        for (place, name) in self.parts.columns.iter().enumerate() {
            if let Some(key) = name.strip_prefix("inputs.") {
                self.member(key, first);
                self.used.insert(name.clone());
                self.pieces.push(Piece::Value(place));
            }
        }
    }

    fn inside_string(&mut self, text: &str) -> Result<(), Message> {
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            escape(&rest[..open], self.literal());
            let after = &rest[open + 1..];
            match after.split_once('}') {
                Some((name, tail)) if self.placeholder(name)? => rest = tail,
                _ => {
                    self.literal().push(b'{');
                    rest = after;
                }
            }
        }
        escape(rest, self.literal());
        Ok(())
    }

    /// Writes the value of a placeholder; `false` if there is no placeholder of that name.
    fn placeholder(&mut self, name: &str) -> Result<bool, Message> {
        let constants = self.parts.constants;
        let of_request = match name {
            "query" => Some(Piece::Query),
            "conversation_id" => Some(Piece::Conversation),
            "answer" if self.parts.answers => Some(Piece::Answer),
            _ => None,
        };
        if let Some(piece) = self.column(name).map(Piece::Column).or(of_request) {
            self.pieces.push(piece);
            self.used.insert(name.to_owned());
            return Ok(true);
        }
        let value = match name {
            "user" => {
                for (number, part) in constants.user.split("{n}").enumerate() {
                    self.pieces.extend((number > 0).then_some(Piece::User));
                    escape(part, self.literal());
                }
                ""
            }
            "model" => constants.model.as_deref().unwrap_or_default(),
            _ => match name.strip_prefix("inputs.") {
                Some(key) if !key.is_empty() && !key.contains('{') => {
                    let missing = || Message::new("usage.input_missing").with("key", key);
                    constants.input(key).ok_or_else(missing)?
                }
                _ => return Ok(false),
            },
        };
        escape(value, self.literal());
        self.used.insert(name.to_owned());
        Ok(true)
    }
}

/// Appends a text as a JSON string.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("memory takes everything");
}

/// Appends a text as the inside of a JSON string.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    quote(text, out);
    out.pop();
    out.remove(start);
}
