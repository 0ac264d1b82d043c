//! Request bodies: a JSON document with placeholders, taken apart once into segments, so that a
//! request's body is written in one pass.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The inputs, all of them.
const INPUTS: &str = "{inputs}";

/// The name of a member that stands for a member of each input.
const SPREAD: &str = "...";

/// What is the same in all bodies of a run.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// `{user}`.
    pub user: String,
    /// `{model}`; without one, a member whose value is exactly `"{model}"` is left out.
    pub model: Option<String>,
    /// `{conversation_id}`.
    pub conversation_id: String,
    /// `{inputs}` and `{inputs.KEY}`, in the order given.
    pub inputs: Vec<(String, String)>,
}

impl Fields {
    fn input(&self, key: &str) -> Option<&str> {
        self.inputs
            .iter()
            .find(|(given, _)| given == key)
            .map(|(_, value)| value.as_str())
    }
}

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// Bytes that are the same in every body.
    Literal(Vec<u8>),
    /// The request's query, escaped for the inside of a JSON string.
    Query,
}

/// A request body, complete but for the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyTemplate {
    segments: Vec<Segment>,
    used: BTreeSet<String>,
}

impl BodyTemplate {
    /// Takes a document apart and fills in what is known already.
    ///
    /// Inside strings, at any depth, `{query}`, `{conversation_id}`, `{user}`, `{model}` and
    /// `{inputs.KEY}` are replaced once: what is inserted is not looked at again, and other braces
    /// stay as they are. A string that is exactly `{files}` or `{inputs}` becomes an empty array or
    /// the object of inputs. Names of members are not touched; a member `"..."` that is `{inputs}`
    /// becomes a member for each input, and the object's other members of these names are left out.
    ///
    /// # Errors
    ///
    /// The name of an input that the document asks for and `fields` lacks.
    pub fn new(document: &Value, fields: &Fields) -> Result<Self, MissingInput> {
        let mut writer = Writer {
            fields,
            segments: Vec::new(),
            literal: Vec::new(),
            used: BTreeSet::new(),
        };
        writer.value(document)?;
        writer.flush();
        Ok(Self {
            segments: writer.segments,
            used: writer.used,
        })
    }

    /// The body for a query: valid JSON.
    #[must_use]
    pub fn render(&self, query: &str) -> Vec<u8> {
        let length = |segment: &Segment| match segment {
            Segment::Literal(bytes) => bytes.len(),
            // Some room for what has to be escaped.
            Segment::Query => query.len() + query.len() / 8 + 8,
        };
        let mut body = Vec::with_capacity(self.segments.iter().map(length).sum());
        for segment in &self.segments {
            match segment {
                Segment::Literal(bytes) => body.extend_from_slice(bytes),
                Segment::Query => escape(query, &mut body),
            }
        }
        body
    }

    /// Whether the document has that placeholder: `query`, `inputs`, `inputs.city` …
    #[must_use]
    pub fn uses(&self, placeholder: &str) -> bool {
        self.used.contains(placeholder)
    }
}

/// A document asks for `{inputs.KEY}`, and there is no such input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingInput {
    /// The input's key.
    pub key: String,
}

/// Writes a document as segments.
struct Writer<'a> {
    fields: &'a Fields,
    segments: Vec<Segment>,
    literal: Vec<u8>,
    used: BTreeSet<String>,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> Result<(), MissingInput> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                self.literal.extend_from_slice(value.to_string().as_bytes());
                Ok(())
            }
            Value::String(text) => self.string(text),
            Value::Array(items) => self.array(items),
            Value::Object(members) => self.object(members),
        }
    }

    fn array(&mut self, items: &[Value]) -> Result<(), MissingInput> {
        self.literal.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.literal.push(b',');
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
            let left_out = self.fields.model.is_none() && value == "{model}"
                || spreads && self.fields.input(name).is_some();
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

    fn string(&mut self, text: &str) -> Result<(), MissingInput> {
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

    /// Writes a member for each input.
    fn inputs(&mut self, first: &mut bool) {
        for (key, value) in &self.fields.inputs {
            self.separate(first);
            quote(key, &mut self.literal);
            self.literal.push(b':');
            quote(value, &mut self.literal);
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
        let fields = self.fields;
        let value = match name {
            "query" => {
                self.flush();
                self.segments.push(Segment::Query);
                ""
            }
            "conversation_id" => &fields.conversation_id,
            "user" => &fields.user,
            "model" => fields.model.as_deref().unwrap_or_default(),
            _ => match name.strip_prefix("inputs.") {
                Some(key) if !key.is_empty() && !key.contains('{') => {
                    fields.input(key).ok_or_else(|| MissingInput {
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
            self.segments
                .push(Segment::Literal(std::mem::take(&mut self.literal)));
        }
    }
}

/// Appends a text as a JSON string.
fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, out);
    out.push(b'"');
}

/// Appends a text as the inside of a JSON string.
fn escape(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for &byte in text.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Fields {
        Fields {
            user: "gao\"lou".to_owned(),
            model: Some("m".to_owned()),
            conversation_id: "c-1".to_owned(),
            inputs: vec![
                ("city".to_owned(), "{query}".to_owned()),
                ("日期".to_owned(), "a\nb".to_owned()),
            ],
        }
    }

    fn rendered(document: &Value, fields: &Fields, query: &str) -> Value {
        let body = BodyTemplate::new(document, fields).unwrap().render(query);
        serde_json::from_slice(&body).expect("a body is valid JSON")
    }

    #[test]
    fn placeholders_are_replaced_at_any_depth() {
        let document = json!({
            "a": [{"b": "<{query}> for {user} in {inputs.city}"}, 1.5, null, true],
            "model": "{model}", "c": "{conversation_id}{conversation_id}",
            "files": "{files}", "inputs": "{inputs}", "{query}": "{inputs.日期}",
        });
        let expected = json!({
            "a": [{"b": "<q> for gao\"lou in {query}"}, 1.5, null, true],
            "model": "m", "c": "c-1c-1",
            "files": [], "inputs": {"city": "{query}", "日期": "a\nb"}, "{query}": "a\nb",
        });
        assert_eq!(rendered(&document, &fields(), "q"), expected);
    }

    #[test]
    fn a_query_may_contain_anything() {
        let document = json!({"q": "{query}", "twice": "{query} {query}"});
        for query in [
            "say \"hi\" \\ / back",
            "line\nbreak\r\n\ttab \u{1} \u{7f} \u{2028}",
            "{query} {user} {{inputs}} }{",
            "你好 🙂",
            "",
        ] {
            let expected = json!({"q": query, "twice": format!("{query} {query}")});
            assert_eq!(rendered(&document, &fields(), query), expected, "{query:?}");
        }
    }

    #[test]
    fn other_braces_stay_as_they_are() {
        for text in [
            "{foo}",
            "{",
            "}",
            "{}",
            "{{query",
            "{inputs.}",
            "x {files}",
            "{inputs} x",
            "{ query }",
        ] {
            let document = json!({ "t": text });
            assert_eq!(rendered(&document, &fields(), "q"), document, "{text}");
        }
        let nested = json!({"t": "{{query}} {a{user}"});
        assert_eq!(
            rendered(&nested, &fields(), "q"),
            json!({"t": "{q} {agao\"lou"})
        );
    }

    #[test]
    fn without_a_model_its_member_is_left_out() {
        let document = json!({"model": "{model}", "x": "<{model}>", "model2": "{model}"});
        let none = Fields::default();
        assert_eq!(rendered(&document, &none, "q"), json!({"x": "<>"}));
    }

    #[test]
    fn inputs_can_be_members_among_others() {
        let document = json!({"i": {"query": "{query}", "...": "{inputs}", "city": "?"}});
        let mut fields = fields();
        let expected = json!({"i": {"query": "q", "city": "{query}", "日期": "a\nb"}});
        assert_eq!(rendered(&document, &fields, "q"), expected);
        fields.inputs = vec![("query".to_owned(), "mine".to_owned())];
        let body = BodyTemplate::new(&document, &fields).unwrap();
        assert_eq!(body.render("q"), br#"{"i":{"query":"mine","city":"?"}}"#);
        assert!(body.uses("inputs") && !body.uses("query"));
        fields.inputs.clear();
        let body = BodyTemplate::new(&document, &fields).unwrap();
        assert_eq!(body.render("q"), br#"{"i":{"query":"q","city":"?"}}"#);
    }

    #[test]
    fn an_input_that_is_not_given_is_an_error() {
        let document = json!({"x": "{inputs.city} {inputs.nope}"});
        let error = BodyTemplate::new(&document, &fields()).unwrap_err();
        assert_eq!(error.key, "nope");
    }

    #[test]
    fn it_is_known_which_placeholders_are_used() {
        let document = json!({"x": "{query} {inputs.city} {foo}"});
        let body = BodyTemplate::new(&document, &fields()).unwrap();
        assert!(body.uses("query") && body.uses("inputs.city"));
        assert!(!body.uses("inputs") && !body.uses("user") && !body.uses("foo"));
    }

    #[test]
    fn members_keep_their_order() {
        let document: Value = serde_json::from_str(r#"{"z":1,"a":"{query}","m":[]}"#).unwrap();
        let body = BodyTemplate::new(&document, &fields()).unwrap().render("q");
        assert_eq!(body, br#"{"z":1,"a":"q","m":[]}"#);
    }
}
