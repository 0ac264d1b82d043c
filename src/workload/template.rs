//! Request bodies: a JSON document with placeholders, taken apart once into pieces, so that a
//! request's body is written in one pass.

mod writer;

use std::collections::BTreeSet;

use serde_json::Value;

use self::writer::{Piece, Writer, escape, quote};
use super::Cell;

pub use self::writer::{Constants, MissingInput, Parts};

/// What is put into a body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling<'a> {
    /// `{query}`.
    pub query: &'a str,
    /// The values of the data file's columns.
    pub row: &'a [Cell],
    /// `{conversation_id}`; where there is none yet, that of the constants.
    pub conversation_id: Option<&'a str>,
    /// The conversation's turns so far: elements of an array, each followed by a comma.
    pub history: &'a [u8],
    /// `{answer}`, of a turn that is kept in the history.
    pub answer: &'a str,
}

/// A request body, complete but for what differs between requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyTemplate {
    pieces: Vec<Piece>,
    used: BTreeSet<String>,
    /// The conversation to go on with, as given.
    conversation_id: String,
}

impl BodyTemplate {
    /// Takes a document apart and fills in what is known already.
    ///
    /// Inside strings, at any depth, `{query}`, `{conversation_id}`, `{user}`, `{model}`,
    /// `{inputs.KEY}` and the names of columns are replaced once: what is inserted is not looked at
    /// again, and other braces stay as they are. A column comes before what else has its name; one
    /// that is named `inputs.KEY` is an input. A string that is exactly `{files}` or `{inputs}`
    /// becomes an empty array or the object of inputs, one that is exactly a column's name that
    /// column's value, whatever it is. Names of members are not touched; a member `"..."` that is
    /// `{inputs}` becomes a member for each input, and the object's other members of these names are
    /// left out.
    ///
    /// # Errors
    ///
    /// The name of an input that the document asks for and `constants` lacks.
    pub fn new(document: &Value, parts: Parts<'_>) -> Result<Self, MissingInput> {
        let (pieces, used) = Writer::write(document, parts)?;
        Ok(Self {
            pieces,
            used,
            conversation_id: parts.constants.conversation_id.clone(),
        })
    }

    /// The body with all that is put into it: valid JSON.
    #[must_use]
    pub fn render(&self, filling: &Filling<'_>) -> Vec<u8> {
        let Filling { query, history, .. } = filling;
        let length = |piece: &Piece| match piece {
            Piece::Literal(bytes) => bytes.len(),
            // Some room for what has to be escaped.
            Piece::Query => query.len() + query.len() / 8 + 8,
            Piece::History => history.len(),
            _ => 32,
        };
        let mut body = Vec::with_capacity(self.pieces.iter().map(length).sum());
        let cell = |place: usize| filling.row.get(place);
        for piece in &self.pieces {
            match piece {
                Piece::Literal(bytes) => body.extend_from_slice(bytes),
                Piece::Query => escape(query, &mut body),
                Piece::Column(place) => {
                    escape(cell(*place).map_or("", Cell::text), &mut body);
                }
                Piece::Value(place) => match cell(*place) {
                    Some(Cell::Json(json)) => body.extend_from_slice(json.as_bytes()),
                    text => quote(text.map_or("", Cell::text), &mut body),
                },
                Piece::Conversation => {
                    let id = filling.conversation_id.unwrap_or(&self.conversation_id);
                    escape(id, &mut body);
                }
                Piece::History => body.extend_from_slice(history),
                Piece::Answer => escape(filling.answer, &mut body),
            }
        }
        body
    }

    /// Whether a conversation's earlier turns have a place in it.
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
