//! Reads requests: checks them, and takes the facts for the answer from them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::passage;
use super::super::rng::Rng;
use super::reply::Reply;

/// A document's rules for requests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestRules {
    /// Requirements of a request, in the order of the checks.
    needs: Vec<Need>,
    /// Pointers to the texts whose tokens are the prompt's.
    prompt: Vec<String>,
    /// Pointer to the member that asks for usage. If absent, usage is always sent.
    usage: Option<String>,
    /// Texts that templates may name, each with its sources.
    #[serde(default)]
    values: Map<String, Value>,
}

/// A requirement: a value at a place of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Need {
    /// Pointer to the place.
    at: String,
    /// The kinds of value that are accepted; all, if empty.
    #[serde(default, rename = "type")]
    kinds: Vec<String>,
    /// The only value that is accepted.
    value: Option<Value>,
    /// The error if the place has nothing, or another value. If absent, the place may have nothing.
    #[serde(rename = "else")]
    error: Option<String>,
}

impl Need {
    fn check(&self, body: &Value) -> Result<(), String> {
        for found in at(&self.at, body) {
            let kind = kind(found);
            let is_kind = self.kinds.is_empty() || self.kinds.iter().any(|known| known == kind);
            let is_value = self.value.as_ref().is_none_or(|value| value == found);
            match &self.error {
                None if found.is_null() => {}
                Some(error) if found.is_null() || is_kind && !is_value => return Err(error.clone()),
                _ if !is_kind => {
                    let (at, kinds) = (&self.at, self.kinds.join(" or a "));
                    return Err(format!("{at}: invalid type: a {kind}, expected a {kinds}"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The kind of a value, as documents name it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// The values at a pointer; null if there is none. `*` in it is each element or member.
fn at<'v>(pointer: &str, body: &'v Value) -> Vec<&'v Value> {
    let mut found = vec![body];
    for segment in pointer.split('/').skip(1) {
        let member = format!("/{segment}");
        let step = |value: &'v Value| match value {
            Value::Array(elements) if segment == "*" => elements.iter().collect(),
            Value::Object(members) if segment == "*" => members.values().collect(),
            _ if segment == "*" => Vec::new(),
            _ => vec![value.pointer(&member).unwrap_or(&Value::Null)],
        };
        found = found.into_iter().flat_map(step).collect();
    }
    found
}

impl RequestRules {
    /// An answer whose values are empty.
    pub(super) fn sample(&self) -> Reply {
        let names = self.values.keys();
        Reply {
            values: names.map(|name| (name.clone(), String::new())).collect(),
            ..Reply::default()
        }
    }

    /// Reads a request's body. The error names the fault of the request.
    pub(super) fn read(&self, body: &[u8], rng: &mut Rng) -> Result<Reply, String> {
        let body = serde_json::from_slice(body).map(Value::Object);
        let body = body.map_err(|error| error.to_string())?;
        self.needs.iter().try_for_each(|need| need.check(&body))?;
        let texts = self.prompt.iter().flat_map(|pointer| at(pointer, &body));
        let asks = |pointer: &String| body.pointer(pointer) == Some(&Value::Bool(true));
        let mut reply = Reply {
            prompt_tokens: texts.filter_map(Value::as_str).map(passage::count).sum(),
            usage: self.usage.as_ref().is_none_or(asks),
            terminal: true,
            ..self.sample()
        };
        for ((_, value), sources) in reply.values.iter_mut().zip(self.values.values()) {
            let mut sources = sources.as_array().into_iter().flatten();
            let texts = sources.find_map(|source| drawn(source.as_str()?, &body, rng));
            *value = texts.unwrap_or_default();
        }
        Ok(reply)
    }
}

/// The text of a source, if not empty: a text of the request by its pointer, or a text in which
/// `{uuid}` and `{hex}` are drawn.
fn drawn(source: &str, body: &Value, rng: &mut Rng) -> Option<String> {
    if source.starts_with('/') {
        let text = body.pointer(source)?.as_str()?;
        return Some(text.to_owned()).filter(|text| !text.is_empty());
    }
    let uuid = rng.uuid();
    let hex = uuid.replace('-', "");
    Some(source.replace("{uuid}", &uuid).replace("{hex}", &hex))
}
