//! Reads a protocol's document: everything in it is checked here, and named if it is wrong.

use std::sync::Arc;

use serde_json::Value;

use super::Protocol;
use super::member::{Member, Object, ProtocolError, Result};
use super::pointer::{Pointer, Trie};
use super::rules::UsageSources;
use super::rules::{Accepted, Condition, ErrorRule, Rule, Rules, Source, Subject, Test};

/// Reads a whole document.
pub(super) fn read(json: &str) -> Result<Protocol> {
    let value: Value = serde_json::from_str(json).map_err(|e| ProtocolError::syntax(&e))?;
    let document =
        Member::root(&value).object(&["name", "title", "request", "events", "expects_text"])?;
    let name = document.require("name")?.string()?.to_owned();
    let title = match document.get("title") {
        Some(title) => title.string()?.to_owned(),
        None => name.clone(),
    };
    let request = document
        .require("request")?
        .object(&["path", "suffixes", "auth", "headers", "body"])?;
    let body = request.require("body")?;
    if !body.value.is_object() {
        return Err(body.error("protocol.object"));
    }
    let expects_text = document
        .get("expects_text")
        .map_or(Ok(true), |member| member.boolean())?;
    Ok(Protocol {
        name,
        title,
        path: path(&request.require("path")?)?.to_owned(),
        suffixes: request.each("suffixes", |member| Ok(path(member)?.to_owned()))?,
        auth: request
            .get("auth")
            .map(|auth| read_auth(&auth))
            .transpose()?,
        headers: read_headers(&request)?,
        body: body.value.clone(),
        expects_text,
        rules: Arc::new(Reader::default().rules(&document.require("events")?)?),
    })
}

fn path<'a>(member: &Member<'a>) -> Result<&'a str> {
    let is_plain = |c: char| c.is_ascii_graphic();
    match member.string()? {
        path if path.starts_with(['/', ':']) && path.chars().all(is_plain) => Ok(path),
        _ => Err(member.error("protocol.path")),
    }
}

fn read_auth(auth: &Member<'_>) -> Result<(String, String)> {
    let object = auth.object(&["header", "value"])?;
    let (header, value) = (object.require("header")?, object.require("value")?);
    let template = header_value(&value)?;
    if !template.contains("{key}") {
        return Err(value.error("protocol.auth_value"));
    }
    Ok((header_name(&header, header.string()?)?, template))
}

fn read_headers(request: &Object<'_>) -> Result<Vec<(String, String)>> {
    let Some(headers) = request.get("headers") else {
        return Ok(Vec::new());
    };
    let entries = headers.entries()?;
    entries
        .iter()
        .map(|(name, value)| Ok((header_name(value, name)?, header_value(value)?)))
        .collect()
}

fn header_name(member: &Member<'_>, name: &str) -> Result<String> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(member.error("protocol.header_name"));
    }
    Ok(name.to_owned())
}

fn header_value(member: &Member<'_>) -> Result<String> {
    let value = member.string()?;
    if value.contains(|c: char| !(c.is_ascii_graphic() || c == ' ')) {
        return Err(member.error("protocol.header_value"));
    }
    Ok(value.to_owned())
}

/// Reads `events`, and gathers the trie of its pointers on the way.
struct Reader {
    trie: Trie,
}

impl Default for Reader {
    fn default() -> Self {
        Self { trie: Trie::new() }
    }
}

impl Reader {
    fn rules(mut self, events: &Member<'_>) -> Result<Rules> {
        let events = events.object(&[
            "type",
            "text",
            "reasoning",
            "tool",
            "usage",
            "ids",
            "finish_reason",
            "error",
            "end",
            "keep_alive",
        ])?;
        let types = events.each("type", |member| self.type_subject(member))?;
        let usage = self.usage(events.get("usage"))?;
        let (conversation, message) = self.ids(events.get("ids"))?;
        let end = events.require("end")?;
        if end.list()?.is_empty() {
            return Err(end.error("protocol.end"));
        }
        Ok(Rules {
            types,
            text: self.sources(&events, "text")?,
            reasoning: self.sources(&events, "reasoning")?,
            tool: self.sources(&events, "tool")?,
            usage,
            conversation,
            message,
            finish_reason: self.sources(&events, "finish_reason")?,
            errors: events.each("error", |member| self.error_rule(member))?,
            end: events.each("end", |member| self.whole_rule(member))?,
            keep_alive: events.each("keep_alive", |member| self.whole_rule(member))?,
            trie: self.trie,
        })
    }

    fn type_subject(&mut self, member: &Member<'_>) -> Result<Subject> {
        match member.string()? {
            "@event" => Ok(Subject::Event),
            _ => Ok(Subject::Place(self.trie.insert(&pointer(member)?))),
        }
    }

    fn usage(&mut self, usage: Option<Member<'_>>) -> Result<UsageSources> {
        const NAMES: &[&str] = &["prompt", "completion", "cached", "reasoning"];
        let usage = usage.map(|usage| usage.object(NAMES)).transpose()?;
        let mut sources = |name| match &usage {
            Some(usage) => self.sources(usage, name),
            None => Ok(Vec::new()),
        };
        Ok(UsageSources {
            prompt: sources("prompt")?,
            completion: sources("completion")?,
            cached: sources("cached")?,
            reasoning: sources("reasoning")?,
        })
    }

    fn ids(&mut self, ids: Option<Member<'_>>) -> Result<(Vec<Source>, Vec<Source>)> {
        let Some(ids) = ids else {
            return Ok((Vec::new(), Vec::new()));
        };
        let ids = ids.object(&["conversation", "message"])?;
        Ok((
            self.sources(&ids, "conversation")?,
            self.sources(&ids, "message")?,
        ))
    }

    fn sources(&mut self, object: &Object<'_>, name: &str) -> Result<Vec<Source>> {
        object.each(name, |member| self.source(member))
    }

    /// A pointer, or an object with one and the conditions.
    fn source(&mut self, member: &Member<'_>) -> Result<Source> {
        let (at, object) = match member.value {
            Value::String(_) => (pointer(member)?, None),
            Value::Object(_) => {
                let object = member.object(&["at", "on", "when"])?;
                (pointer(&object.require("at")?)?, Some(object))
            }
            _ => return Err(member.error("protocol.source")),
        };
        Ok(Source {
            rule: match object {
                Some(object) => self.rule(&object, Some(&at))?,
                None => Rule::default(),
            },
            place: self.trie.insert(&at),
        })
    }

    fn error_rule(&mut self, member: &Member<'_>) -> Result<ErrorRule> {
        let object = member.object(&["on", "when", "at", "code", "message"])?;
        let at = object.get("at").map(|at| whole_pointer(&at)).transpose()?;
        Ok(ErrorRule {
            rule: self.rule(&object, None)?,
            at: at.unwrap_or_default(),
            code: object.each("code", whole_pointer)?,
            message: object.each("message", whole_pointer)?,
        })
    }

    fn whole_rule(&mut self, member: &Member<'_>) -> Result<Rule> {
        let object = member.object(&["on", "when"])?;
        self.rule(&object, None)
    }

    /// The conditions in an object: those of a source are about the elements that it is at.
    fn rule(&mut self, object: &Object<'_>, at: Option<&Pointer>) -> Result<Rule> {
        let on = object.each("on", |member| Ok(member.string()?.to_owned()))?;
        let conditions = match object.get("when") {
            Some(when) => when.entries()?,
            None => Vec::new(),
        };
        let when = conditions
            .iter()
            .map(|(subject, member)| self.condition(subject, member, at))
            .collect::<Result<_>>()?;
        Ok(Rule { on, when })
    }

    fn condition(
        &mut self,
        subject: &str,
        member: &Member<'_>,
        at: Option<&Pointer>,
    ) -> Result<Condition> {
        let (subject, shared) = match subject {
            "@event" => (Subject::Event, 0),
            "@data" => (Subject::Data, 0),
            text => {
                let place = Pointer::parse(text).ok_or_else(|| member.error("protocol.subject"))?;
                let shared = at.map_or(0, |at| at.shared_levels(&place));
                (Subject::Place(self.trie.insert(&place)), shared)
            }
        };
        Ok(Condition {
            subject,
            shared,
            test: test(member)?,
        })
    }
}

fn test(member: &Member<'_>) -> Result<Test> {
    match member.value {
        Value::String(word) => match word.as_str() {
            "present" => Ok(Test::Present),
            "absent" => Ok(Test::Absent),
            "truthy" => Ok(Test::Truthy),
            "falsy" => Ok(Test::Falsy),
            _ => Err(member.error("protocol.test")),
        },
        Value::Array(values) if !values.is_empty() => {
            let accepted = values.iter().map(|value| match value {
                Value::String(text) => Some(Accepted::Text(text.clone())),
                Value::Number(number) => number.as_f64().map(Accepted::Number),
                Value::Bool(value) => Some(Accepted::Boolean(*value)),
                _ => None,
            });
            let all = accepted.collect::<Option<_>>();
            all.map(Test::OneOf)
                .ok_or_else(|| member.error("protocol.test"))
        }
        _ => Err(member.error("protocol.test")),
    }
}

fn pointer(member: &Member<'_>) -> Result<Pointer> {
    Pointer::parse(member.string()?).ok_or_else(|| member.error("protocol.pointer"))
}

/// A pointer to one place: without `*`.
fn whole_pointer(member: &Member<'_>) -> Result<String> {
    pointer(member)?;
    let text = member.string()?;
    if text.split('/').any(|segment| segment == "*") {
        return Err(member.error("protocol.single_pointer"));
    }
    Ok(text.to_owned())
}
