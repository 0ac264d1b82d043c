//! Reads a protocol's document and checks every member.

use std::sync::Arc;

use serde_json::Value;

use super::events::Compiler;
use super::history::{History, StopRequest};
use super::member::{Member, Result};
use super::{MODEL, Protocol};
use crate::text::Message;

impl Protocol {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, or a member is missing, unknown or malformed; the error names the
    /// member.
    pub fn parse(json: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(json).map_err(|error| syntax(&error))?;
        let document = Member::root(&value)
            .object("name, title, notes, request, events, expects_text, think_tags, $schema")?;
        // For editors and people alone.
        document.optional("$schema", Member::string)?;
        document.each("notes", Member::string)?;
        let name = document.require("name")?.text()?;
        let title = document.optional("title", Member::text)?;
        let request = document
            .require("request")?
            .object("path, suffixes, auth, headers, body, history, stop")?;
        let body = request.require("body")?.json_object()?;
        let expects_text = document.optional("expects_text", Member::boolean)?;
        let think_tags = document.optional("think_tags", Member::boolean)?;
        let protocol = Self {
            title: title.unwrap_or_else(|| name.clone()),
            name,
            path: path(&request.require("path")?)?,
            suffixes: request.each("suffixes", path)?,
            auth: request.optional("auth", read_auth)?,
            headers: request
                .optional("headers", read_headers)?
                .unwrap_or_default(),
            body,
            history: request.optional("history", History::read)?,
            stop: request.optional("stop", StopRequest::read)?,
            expects_text: expects_text.unwrap_or(true),
            think_tags: think_tags.unwrap_or(false),
            rules: Arc::new(Compiler::rules(&document.require("events")?)?),
        };
        let rules = &protocol.rules;
        let texts = [&rules.text, &rules.reasoning, &rules.tool];
        let has_text = !protocol.expects_text || texts.iter().any(|sources| !sources.is_empty());
        let events = document.require("events")?;
        events
            .inner("text", &Value::Null)
            .check(has_text, "protocol.text")?;
        Ok(protocol)
    }
}

fn syntax(error: &serde_json::Error) -> Message {
    let text = error.to_string();
    let detail = text.split(" at line ").next().unwrap_or_default();
    Message::new("protocol.syntax")
        .with("line", error.line())
        .with("column", error.column())
        .with("detail", detail)
}

fn path(member: &Member<'_>) -> Result<String> {
    let path = member.text()?;
    let is_path = path.starts_with(['/', ':'])
        && path.chars().all(|c| c.is_ascii_graphic())
        && !path.replace(MODEL, "").contains(['{', '}']);
    member.check(is_path, "protocol.path")?;
    Ok(path)
}

fn read_auth(auth: &Member<'_>) -> Result<(String, String)> {
    auth.object("header, value")?;
    let (header, value) = (auth.require("header")?, auth.require("value")?);
    let template = header_value(&value)?;
    value.check(template.contains("{key}"), "protocol.auth_value")?;
    Ok((header_name(&header, header.string()?)?, template))
}

fn read_headers(headers: &Member<'_>) -> Result<Vec<(String, String)>> {
    let entries = headers.entries()?.into_iter();
    entries
        .map(|(name, value)| Ok((header_name(&value, name)?, header_value(&value)?)))
        .collect()
}

fn header_name(member: &Member<'_>, name: &str) -> Result<String> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let is_name = !name.is_empty() && name.bytes().all(is_token);
    member.check(is_name, "protocol.header_name")?;
    Ok(name.to_owned())
}

fn header_value(member: &Member<'_>) -> Result<String> {
    let value = member.text()?;
    let is_plain = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    member.check(is_plain, "protocol.header_value")?;
    Ok(value)
}
