//! Templates: JSON of a document, with placeholders for facts and for parts.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::reply::{Fact, Reply};

/// The fault of a document.
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
pub(super) struct Part {
    #[serde(rename = "if")]
    when: Option<When>,
    pub(super) is: Template,
}

/// JSON with placeholders, as the document has it; of a JSON string, the text between its quotes.
/// Several lines lose the indentation of the last one, and end with a line break.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub(super) struct Template(pub(super) String);

impl TryFrom<Box<RawValue>> for Template {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let json = json.get();
        if json.starts_with('"') {
            return serde_json::from_str(json).map(Self);
        }
        let Some((_, last)) = json.rsplit_once('\n') else {
            return Ok(Self(json.to_owned()));
        };
        let indentation = &last[..last.len() - last.trim_start().len()];
        let text = json.replace(&format!("\n{indentation}"), "\n");
        Ok(Self(text + "\n"))
    }
}

/// A template's text to be written for an answer.
#[derive(Clone, Copy)]
pub(super) struct Filled<'a> {
    pub(super) text: &'a str,
    pub(super) parts: &'a BTreeMap<String, Part>,
    pub(super) reply: &'a Reply,
    /// Whether characters beyond ASCII become `\uXXXX`, as Python's `json.dumps` writes them.
    pub(super) ascii: bool,
}

impl Filled<'_> {
    /// Writes the text with its facts and parts.
    ///
    /// # Errors
    ///
    /// If a placeholder names neither a fact nor a value nor a part.
    pub(super) fn write(self, out: &mut dyn fmt::Write) -> Result<(), Invalid> {
        let mut rest = self.text;
        while let Some((before, name, after)) = placeholder(rest) {
            let unquoted = before.strip_suffix('"').zip(after.strip_prefix('"'));
            if let (Some(part), Some((before, after))) = (self.parts.get(name), unquoted) {
                self.write_part(part, before, out)?;
                rest = after;
                continue;
            }
            let fact = self.reply.fact(name);
            let fact = fact.ok_or_else(|| format!("{{{name}}}: no fact, no value and no part"))?;
            // A number loses the quotes around its placeholder.
            let unquoted = unquoted.filter(|_| !matches!(fact, Fact::Text(_)));
            let (before, after) = unquoted.unwrap_or((before, after));
            out.write_str(before)?;
            match fact {
                Fact::Text(text) => escape(&text, self.ascii, out)?,
                Fact::Number(number) => write!(out, "{number}")?,
                Fact::Seconds(time) => write!(out, "{:.6}", time.as_secs_f64())?,
            }
            rest = after;
        }
        Ok(out.write_str(rest)?)
    }

    /// Writes the text `before` a part and then the part: its members after `"...":`, else all.
    fn write_part(
        self,
        part: &Part,
        before: &str,
        out: &mut dyn fmt::Write,
    ) -> Result<(), Invalid> {
        let json = part.is.0.as_str();
        let (before, comma, text, otherwise) = match before.trim_end().strip_suffix("\"...\":") {
            None => (before, "", json, "null"),
            Some(object) => {
                let members = json.get(1..json.len() - 1).unwrap_or_default();
                // Without the members there is no comma.
                let (object, comma) = object.split_at(object.trim_end_matches([',', ' ']).len());
                (object, comma, members, "")
            }
        };
        out.write_str(before)?;
        if part.when.is_some_and(|when| !when.holds(self.reply)) {
            return Ok(out.write_str(otherwise)?);
        }
        out.write_str(comma)?;
        Filled { text, ..self }.write(out)
    }
}

impl fmt::Display for Filled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f).map_err(|_| fmt::Error)
    }
}

/// Splits a text at its first `{name}`: the text before, the name, the text after.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        (!name.is_empty() && is_name(name)).then_some((&text[..at], name, after))
    })
}

/// Writes a text as the inside of a JSON string.
fn escape(text: &str, ascii: bool, out: &mut dyn fmt::Write) -> fmt::Result {
    let special = |b: u8| b.is_ascii_control() || b"\"\\".contains(&b) || ascii && !b.is_ascii();
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        out.write_str(&rest[..at])?;
        let mut characters = rest[at..].chars();
        match characters.next().unwrap_or_default() {
            '\n' => out.write_str("\\n")?,
            c @ ('"' | '\\') => write!(out, "\\{c}")?,
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        rest = characters.as_str();
    }
    out.write_str(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(ascii: bool, text: &str) -> String {
        let reply = Reply {
            text: text.to_owned(),
            ..Reply::default()
        };
        Filled {
            text: r#"{"t": "{text}"}"#,
            parts: &BTreeMap::new(),
            reply: &reply,
            ascii,
        }
        .to_string()
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
