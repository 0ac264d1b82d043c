//! Reads a protocol's document: everything in it is checked here, and named if it is wrong.

use std::sync::Arc;

use serde_json::Value;

use super::events::Compiler;
use super::history::{History, StopRequest};
use super::member::{Member, Object, ProtocolError, Result};
use super::{MODEL, Protocol};

impl Protocol {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or a member of it is missing, unknown or not what it should be; the
    /// error names it.
    pub fn parse(json: &str) -> Result<Self> {
        read(json)
    }
}

/// Reads a whole document.
fn read(json: &str) -> Result<Protocol> {
    let value: Value = serde_json::from_str(json).map_err(|e| ProtocolError::syntax(&e))?;
    let document = Member::root(&value).object(&[
        "name",
        "title",
        "notes",
        "request",
        "events",
        "expects_text",
        "$schema",
    ])?;
    // Of use to editors and people, not to us.
    document.get("$schema").map_or(Ok(""), |m| m.string())?;
    document.each("notes", super::member::Member::string)?;
    let name = document.require("name")?.string()?.to_owned();
    let title = match document.get("title") {
        Some(title) => title.string()?.to_owned(),
        None => name.clone(),
    };
    let request = document.require("request")?.object(&[
        "path", "suffixes", "auth", "headers", "body", "history", "stop",
    ])?;
    let body = request.require("body")?;
    if !body.value.is_object() {
        return Err(body.error("protocol.object"));
    }
    let expects_text = document
        .get("expects_text")
        .map_or(Ok(true), |member| member.boolean())?;
    let protocol = Protocol {
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
        history: History::read(&request)?,
        stop: StopRequest::read(&request)?,
        expects_text,
        rules: Arc::new(Compiler::default().rules(&document.require("events")?)?),
    };
    if expects_text && !protocol.rules.has_text() {
        let events = document.require("events")?;
        return Err(events.inner("text").error("protocol.text"));
    }
    Ok(protocol)
}

fn path<'a>(member: &Member<'a>) -> Result<&'a str> {
    let is_plain = |c: char| c.is_ascii_graphic();
    match member.string()? {
        path if path.starts_with(['/', ':'])
            && path.chars().all(is_plain)
            && !path.replace(MODEL, "").contains(['{', '}']) =>
        {
            Ok(path)
        }
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
