//! Templates: JSON texts of a document, with placeholders for facts and for parts. A template is
//! compiled once, into pieces that are written one after the other.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::reply::{Fact, Reply};

/// Says what is wrong with a document.
pub(super) type Invalid = Box<dyn Error>;

/// A condition of a document.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    /// Usage is sent.
    Usage,
    /// The stream is ended as the API ends it.
    Terminal,
    /// Reasoning comes before the answer.
    Reasoning,
    /// The answer comes without reasoning.
    NotReasoning,
}

impl When {
    pub(super) fn holds(self, reply: &Reply) -> bool {
        match self {
            Self::Usage => reply.usage,
            Self::Terminal => reply.terminal,
            Self::Reasoning => reply.reasoning,
            Self::NotReasoning => !reply.reasoning,
        }
    }
}

/// JSON that templates share, or that depends on a condition.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part<'a> {
    #[serde(rename = "if")]
    when: Option<When>,
    #[serde(borrow)]
    is: &'a RawValue,
}

/// What the compilation of a template needs from its document.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    pub(super) parts: &'a BTreeMap<String, Part<'a>>,
    /// An answer with the document's values, to see which facts exist.
    pub(super) sample: &'a Reply,
    /// Whether characters beyond ASCII become `\uXXXX`, as Python's `json.dumps` writes them.
    pub(super) ascii: bool,
}

/// A compiled template.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    ascii: bool,
}

#[derive(Debug)]
enum Piece {
    Literal(String),
    /// The fact of that name.
    Fact(String),
    /// Pieces for the case that a condition holds, and the text for the other case.
    If(When, Vec<Piece>, &'static str),
}

impl Compiler<'_> {
    /// Compiles a template. `before` is written before it.
    ///
    /// # Errors
    ///
    /// If a placeholder names neither a fact nor a value nor a part.
    pub(super) fn compile(&self, before: &str, json: &RawValue) -> Result<Template, Invalid> {
        let mut pieces = Vec::new();
        push_literal(before, &mut pieces);
        self.append(&text(json)?, &mut pieces)?;
        let ascii = self.ascii;
        Ok(Template { pieces, ascii })
    }

    fn append(&self, mut rest: &str, pieces: &mut Vec<Piece>) -> Result<(), Invalid> {
        while let Some((before, name, after)) = placeholder(rest) {
            let unquoted = before.strip_suffix('"').zip(after.strip_prefix('"'));
            let part = self.parts.get(name);
            rest = match (part, self.sample.fact(name), unquoted) {
                (Some(part), None, Some((before, after))) => {
                    self.append_part(part, before, pieces)?;
                    after
                }
                (None, Some(fact), _) => {
                    // A number loses the quotes around its placeholder.
                    let unquoted = unquoted.filter(|_| !matches!(fact, Fact::Text(_)));
                    let (before, after) = unquoted.unwrap_or((before, after));
                    push_literal(before, pieces);
                    pieces.push(Piece::Fact(name.to_owned()));
                    after
                }
                _ => return Err(format!("{{{name}}}: no fact, no value and no part").into()),
            };
        }
        push_literal(rest, pieces);
        Ok(())
    }

    /// Appends the text `before` a part and then the part: its members after `"...":`, else all.
    fn append_part(
        &self,
        part: &Part<'_>,
        before: &str,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Invalid> {
        let json = text(part.is)?;
        let (before, comma, json, otherwise) = match before.trim_end().strip_suffix("\"...\":") {
            None => (before, "", json.as_str(), "null"),
            Some(object) => {
                let members = json.get(1..json.len() - 1).unwrap_or_default();
                // Without the members there is no comma.
                let (object, comma) = object.split_at(object.trim_end_matches([',', ' ']).len());
                (object, comma, members, "")
            }
        };
        push_literal(before, pieces);
        let mut inner = Vec::new();
        let target = part.when.map_or(&mut *pieces, |_| &mut inner);
        push_literal(comma, target);
        self.append(json, target)?;
        if let Some(when) = part.when {
            pieces.push(Piece::If(when, inner, otherwise));
        }
        Ok(())
    }
}

fn push_literal(text: &str, pieces: &mut Vec<Piece>) {
    match pieces.last_mut() {
        Some(Piece::Literal(last)) => last.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
}

/// The text of a template as the document has it; of a JSON string, the text between its quotes.
/// Several lines lose the indentation of the last one, and end with a line break.
fn text(json: &RawValue) -> Result<String, Invalid> {
    let json = json.get();
    if json.starts_with('"') {
        return Ok(serde_json::from_str(json)?);
    }
    Ok(match json.rsplit_once('\n') {
        None => json.to_owned(),
        Some((_, last)) => {
            let indentation = &last[..last.len() - last.trim_start().len()];
            json.replace(&format!("\n{indentation}"), "\n") + "\n"
        }
    })
}

/// Splits a text at its first `{name}`: what stands before it, the name, what stands after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        (!name.is_empty() && is_name(name)).then_some((&text[..at], name, after))
    })
}

impl Template {
    /// The template's text for an answer.
    pub(super) fn of<'a>(&'a self, reply: &'a Reply) -> Filled<'a> {
        Filled(self, reply)
    }

    fn write(&self, pieces: &[Piece], reply: &Reply, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pieces.iter().try_for_each(|piece| match piece {
            Piece::Literal(text) => f.write_str(text),
            Piece::If(when, pieces, _) if when.holds(reply) => self.write(pieces, reply, f),
            Piece::If(_, _, otherwise) => f.write_str(otherwise),
            Piece::Fact(name) => match reply.fact(name) {
                Some(Fact::Text(text)) => escape(&text, self.ascii, f),
                Some(Fact::Number(number)) => write!(f, "{number}"),
                Some(Fact::Seconds(time)) => write!(f, "{:.6}", time.as_secs_f64()),
                None => Ok(()),
            },
        })
    }
}

/// A template to be written for an answer.
pub(super) struct Filled<'a>(&'a Template, &'a Reply);

impl fmt::Display for Filled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(&self.0.pieces, self.1, f)
    }
}

/// Writes a text as the inside of a JSON string.
fn escape(text: &str, ascii: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let special = |b: u8| b.is_ascii_control() || b"\"\\".contains(&b) || ascii && !b.is_ascii();
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        f.write_str(&rest[..at])?;
        let mut characters = rest[at..].chars();
        match characters.next().unwrap_or_default() {
            '\n' => f.write_str("\\n")?,
            c @ ('"' | '\\') => write!(f, "\\{c}")?,
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(f, "\\u{unit:04x}")?;
                }
            }
        }
        rest = characters.as_str();
    }
    f.write_str(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(ascii: bool, text: &str) -> String {
        let reply = Reply {
            text: text.to_owned(),
            ..Reply::default()
        };
        let (parts, json) = (
            BTreeMap::new(),
            RawValue::from_string(r#"{"t": "{text}"}"#.into()),
        );
        let compiler = Compiler {
            parts: &parts,
            sample: &reply,
            ascii,
        };
        let template = compiler.compile("", &json.expect("JSON"));
        template.expect("a template").of(&reply).to_string()
    }

    #[test]
    fn texts_are_escaped_as_json() {
        let text = "a\"\\\n\u{1}豆\u{1F600}";
        let utf8 = "{\"t\": \"a\\\"\\\\\\n\\u0001豆\u{1F600}\"}";
        let ascii = r#"{"t": "a\"\\\n\u0001\u8c46\ud83d\ude00"}"#;
        assert_eq!([filled(false, text), filled(true, text)], [utf8, ascii]);
        for json in [utf8, ascii] {
            let read: serde_json::Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(read["t"], text);
        }
    }
}
