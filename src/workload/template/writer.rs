//! Takes a document apart into the pieces of a body.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::protocol::History;

/// The inputs, all of them.
const INPUTS: &str = "{inputs}";

/// The name of a member that stands for a member of each input.
const SPREAD: &str = "...";

/// What is the same in all bodies of a run.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    /// `{user}`.
    pub user: String,
    /// `{model}`; without one, a member whose value is exactly `"{model}"` is left out.
    pub model: Option<String>,
    /// `{conversation_id}`.
    pub conversation_id: String,
    /// `{inputs}` and `{inputs.KEY}`, in the order given.
    pub inputs: Vec<(String, String)>,
}

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes that are the same in every body.
    Literal(Vec<u8>),
    /// The request's query, escaped for the inside of a JSON string.
    Query,
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

/// What a document is made a template with.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What is the same in all bodies.
    pub constants: &'a Constants,
    /// The names of the data file's columns: `{NAME}`.
    pub columns: &'a [String],
    /// How a conversation's earlier turns are sent, where they are.
    pub history: Option<&'a History>,
    /// Whether there is an `{answer}`.
    pub answers: bool,
}

/// A document asks for `{inputs.KEY}`, and there is no such input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingInput {
    /// The input's key.
    pub key: String,
}

impl Constants {
    fn input(&self, key: &str) -> Option<&str> {
        self.inputs
            .iter()
            .find(|(given, _)| given == key)
            .map(|(_, value)| value.as_str())
    }
}

/// Writes a document as pieces.
pub(super) struct Writer<'a> {
    parts: Parts<'a>,
    /// Where a conversation's earlier turns belong.
    place: Option<&'a Value>,
    pieces: Vec<Piece>,
    literal: Vec<u8>,
    used: BTreeSet<String>,
}

impl<'a> Writer<'a> {
    /// Takes a document apart: its pieces, and the placeholders in it.
    pub(super) fn write(
        document: &'a Value,
        parts: Parts<'a>,
    ) -> Result<(Vec<Piece>, BTreeSet<String>), MissingInput> {
        let mut writer = Self {
            parts,
            place: parts.history.and_then(|history| history.place(document)),
            pieces: Vec::new(),
            literal: Vec::new(),
            used: BTreeSet::new(),
        };
        writer.value(document)?;
        writer.flush();
        Ok((writer.pieces, writer.used))
    }

    fn value(&mut self, value: &Value) -> Result<(), MissingInput> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                self.literal.extend_from_slice(value.to_string().as_bytes());
                Ok(())
            }
            Value::String(text) if self.is_place(value) => self.history(text),
            Value::String(text) => self.string(text),
            Value::Array(items) => self.array(items, self.is_place(value)),
            Value::Object(members) => self.object(members),
        }
    }

    fn is_place(&self, value: &Value) -> bool {
        self.place.is_some_and(|place| std::ptr::eq(place, value))
    }

    /// Writes the turns so far and then what stands in their place, as a turn of its own.
    fn history(&mut self, text: &str) -> Result<(), MissingInput> {
        let Some(history) = self.parts.history else {
            return self.string(text);
        };
        self.literal.push(b'[');
        self.piece(Piece::History);
        self.value(&history.user)?;
        self.literal.push(b']');
        Ok(())
    }

    fn array(&mut self, items: &[Value], has_history: bool) -> Result<(), MissingInput> {
        self.literal.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.literal.push(b',');
            }
            // The last element is the turn in hand.
            if has_history && index + 1 == items.len() {
                self.piece(Piece::History);
            }
            self.value(item)?;
        }
        self.literal.push(b']');
        Ok(())
    }

    fn object(&mut self, members: &Map<String, Value>) -> Result<(), MissingInput> {
        self.literal.push(b'{');
        let spreads = members.get(SPREAD).is_some_and(|value| value == INPUTS);
        let mut first = true;
        for (name, value) in members {
            let no_model = self.parts.constants.model.is_none() && self.column("model").is_none();
            let left_out = no_model && value == "{model}" || spreads && self.is_input(name);
            if spreads && name == SPREAD {
                self.used.insert("inputs".to_owned());
                self.inputs(&mut first);
            } else if !left_out {
                self.separate(&mut first);
                quote(name, &mut self.literal);
                self.literal.push(b':');
                self.value(value)?;
            }
        }
        self.literal.push(b'}');
        Ok(())
    }

    /// Writes a comma, unless what follows is the first member.
    fn separate(&mut self, first: &mut bool) {
        if !std::mem::replace(first, false) {
            self.literal.push(b',');
        }
    }

    /// The place of the column of that name.
    fn column(&self, name: &str) -> Option<usize> {
        self.parts.columns.iter().position(|column| column == name)
    }

    /// Whether there is an input of that name, by flag or as a column.
    fn is_input(&self, key: &str) -> bool {
        self.parts.constants.input(key).is_some() || self.column(&format!("inputs.{key}")).is_some()
    }

    fn piece(&mut self, piece: Piece) {
        self.flush();
        self.pieces.push(piece);
    }

    fn string(&mut self, text: &str) -> Result<(), MissingInput> {
        let name = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        if let Some(place) = name.and_then(|name| self.column(name)) {
            self.used.extend(name.map(str::to_owned));
            self.piece(Piece::Value(place));
            return Ok(());
        }
        match text {
            "{files}" => self.literal.extend_from_slice(b"[]"),
            INPUTS => {
                self.used.insert("inputs".to_owned());
                self.literal.push(b'{');
                self.inputs(&mut true);
                self.literal.push(b'}');
            }
            _ => {
                self.literal.push(b'"');
                self.inside_string(text)?;
                self.literal.push(b'"');
            }
        }
        Ok(())
    }

    /// Writes a member for each input; one of a column in place of a flag's.
    fn inputs(&mut self, first: &mut bool) {
        for (key, value) in &self.parts.constants.inputs {
            if self.column(&format!("inputs.{key}")).is_none() {
                self.separate(first);
                quote(key, &mut self.literal);
                self.literal.push(b':');
                quote(value, &mut self.literal);
            }
        }
        for (place, name) in self.parts.columns.iter().enumerate() {
            if let Some(key) = name.strip_prefix("inputs.") {
                self.separate(first);
                quote(key, &mut self.literal);
                self.literal.push(b':');
                self.used.insert(name.clone());
                self.piece(Piece::Value(place));
            }
        }
    }

    fn inside_string(&mut self, text: &str) -> Result<(), MissingInput> {
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            escape(&rest[..open], &mut self.literal);
            let after = &rest[open + 1..];
            match after.split_once('}') {
                Some((name, tail)) if self.placeholder(name)? => rest = tail,
                _ => {
                    self.literal.push(b'{');
                    rest = after;
                }
            }
        }
        escape(rest, &mut self.literal);
        Ok(())
    }

    /// Writes what a placeholder stands for; `false` if there is none of that name.
    fn placeholder(&mut self, name: &str) -> Result<bool, MissingInput> {
        let constants = self.parts.constants;
        if let Some(place) = self.column(name) {
            self.piece(Piece::Column(place));
            self.used.insert(name.to_owned());
            return Ok(true);
        }
        let value = match name {
            "query" => {
                self.piece(Piece::Query);
                ""
            }
            "conversation_id" => {
                self.piece(Piece::Conversation);
                ""
            }
            "answer" if self.parts.answers => {
                self.piece(Piece::Answer);
                ""
            }
            "user" => &constants.user,
            "model" => constants.model.as_deref().unwrap_or_default(),
            _ => match name.strip_prefix("inputs.") {
                Some(key) if !key.is_empty() && !key.contains('{') => {
                    constants.input(key).ok_or_else(|| MissingInput {
                        key: key.to_owned(),
                    })?
                }
                _ => return Ok(false),
            },
        };
        escape(value, &mut self.literal);
        self.used.insert(name.to_owned());
        Ok(true)
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces
                .push(Piece::Literal(std::mem::take(&mut self.literal)));
        }
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
