//! Request bodies: a JSON document with placeholders. It is taken apart into pieces once, and each
//! request writes its body from the pieces in one pass.

mod writer;

use std::collections::BTreeSet;

use serde_json::Value;

use self::writer::{Piece, Writer, escape, quote};
use super::Cell;
use crate::text::Message;

pub use self::writer::{Constants, Parts};

/// The values of one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling<'a> {
    /// `{query}`.
    pub query: &'a str,
    /// `{n}` in the name of the end user: the number of the virtual user.
    pub user: u32,
    /// The values of the data file's columns.
    pub row: &'a [Cell],
    /// `{conversation_id}`; without one, the id of the constants.
    pub conversation_id: Option<&'a str>,
    /// The conversation's turns so far: elements of an array, each followed by a comma.
    pub history: &'a [u8],
    /// `{answer}`: the answer to a turn of the history.
    pub answer: &'a str,
}

/// A request body without the values that differ between requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyTemplate {
    pieces: Vec<Piece>,
    used: BTreeSet<String>,
    /// The conversation that the user asked to go on with.
    conversation_id: String,
}

impl BodyTemplate {
    /// Takes a document apart, and fills in the values that are the same in all bodies.
    ///
    /// Inside strings, at any depth, `{query}`, `{conversation_id}`, `{user}`, `{model}`,
    /// `{inputs.KEY}` and the names of columns are replaced once: an inserted value is not searched,
    /// and other braces stay. A column goes before another placeholder of its name; a column
    /// `inputs.KEY` is an input. A string that is exactly `{files}` becomes an empty array, exactly
    /// `{inputs}` the object of inputs, exactly a column's name the column's JSON value. Names of
    /// members are not touched. A member `"..."` that is `{inputs}` becomes a member for each input,
    /// and the object's other members of these names are left out.
    ///
    /// # Errors
    ///
    /// If the document asks for an input that `parts` lacks.
    pub fn new(document: &Value, parts: Parts<'_>) -> Result<Self, Message> {
        let (pieces, used) = Writer::write(document, parts)?;
        Ok(Self {
            pieces,
            used,
            conversation_id: parts.constants.conversation_id.clone(),
        })
    }

    /// The body with these values: valid JSON.
    #[must_use]
    pub fn render(&self, filling: &Filling<'_>) -> Vec<u8> {
        let Filling { query, history, .. } = filling;
        let length = |piece: &Piece| match piece {
            Piece::Literal(bytes) => bytes.len(),
            // With room for escapes.
            Piece::Query => query.len() + query.len() / 8 + 8,
            Piece::History => history.len(),
            _ => 32,
        };
        let mut body = Vec::with_capacity(self.pieces.iter().map(length).sum());
        let cell = |place: usize| filling.row.get(place);
        let text = |place: usize| cell(place).map_or("", Cell::text);
        let conversation_id = filling.conversation_id.unwrap_or(&self.conversation_id);
        for piece in &self.pieces {
            match piece {
                Piece::Literal(bytes) => body.extend_from_slice(bytes),
                Piece::Query => escape(query, &mut body),
                Piece::User => body.extend_from_slice(filling.user.to_string().as_bytes()),
                Piece::Column(place) => escape(text(*place), &mut body),
                Piece::Value(place) => match cell(*place) {
                    Some(Cell::Json(json)) => body.extend_from_slice(json.as_bytes()),
                    _ => quote(text(*place), &mut body),
                },
                Piece::Conversation => escape(conversation_id, &mut body),
                Piece::History => body.extend_from_slice(history),
                Piece::Answer => escape(filling.answer, &mut body),
            }
        }
        body
    }

    /// Whether it has a place for a conversation's earlier turns.
    #[must_use]
    pub fn has_history(&self) -> bool {
        self.pieces.contains(&Piece::History)
    }

    /// Whether the document has that placeholder: `query`, `inputs`, `inputs.city` …
    #[must_use]
    pub fn uses(&self, placeholder: &str) -> bool {
        self.used.contains(placeholder)
    }
}

#[cfg(test)]
mod tests;
