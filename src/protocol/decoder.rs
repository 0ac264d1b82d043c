//! Reads events by a protocol's rules.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::record::Usage;
use crate::sse::Event;

use super::errors::{MESSAGE_CHARACTERS, RAW_CHARACTERS, first_scalar, one_line};
use super::found::{Findings, Span, Value};
use super::meaning::{Malformed, Meaning, StreamError};
use super::rules::{ErrorRule, Facts, Rules, Source, Subject};

/// Tells what events mean. It is the scratch memory of one thread, used again for all of its
/// streams: no state goes from one event to the next.
#[derive(Debug)]
pub struct Decoder {
    rules: Arc<Rules>,
    findings: Findings,
}

impl Decoder {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        let findings = Findings::new(&rules.trie);
        Self { rules, findings }
    }

    /// Tells what an event means.
    ///
    /// An event whose data are empty is a keep-alive. Data that are JSON but say nothing that the
    /// protocol asks for mean nothing, which is no error.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the data are not one JSON value, and no rule on the event's name or its
    /// raw data (such as `[DONE]`) says what they are.
    pub fn decode<'a>(&'a mut self, event: &Event<'a>) -> Result<Meaning<'a>, Malformed> {
        let data = event.data.trim_ascii();
        if data.is_empty() {
            return Ok(keep_alive(event.event));
        }
        let rules = &*self.rules;
        let read = self.findings.read(&rules.trie, data);
        let mut reading = Reading {
            findings: &mut self.findings,
            event: event.event,
            data,
            name: None,
            is_json: read.is_ok(),
        };
        reading.name = reading.find_name(&rules.types);
        let facts = reading.facts();
        if rules.keep_alive.iter().any(|rule| rule.holds(facts)) {
            return Ok(keep_alive(reading.into_name()));
        }
        let end = rules.end.iter().any(|rule| rule.holds(facts));
        let failing = rules.errors.iter().find(|error| error.rule.holds(facts));
        let error = failing.map(|rule| stream_error(rule, data));
        match read {
            Err(fault) if !end && error.is_none() => Err(malformed(&fault, data)),
            _ => Ok(reading.meaning(rules, end, error)),
        }
    }
}

/// One event being read.
struct Reading<'a> {
    findings: &'a mut Findings,
    event: &'a str,
    data: &'a str,
    /// The type, where it is in the data; otherwise it is the `event` field.
    name: Option<Span>,
    is_json: bool,
}

impl<'a> Reading<'a> {
    fn facts(&self) -> Facts<'_> {
        Facts {
            event: self.event,
            data: self.data,
            name: self
                .name
                .map_or(self.event, |span| self.findings.text(span)),
            json: self.is_json.then_some(&*self.findings),
        }
    }

    fn into_name(self) -> &'a str {
        match self.name {
            Some(span) => self.findings.text(span),
            None => self.event,
        }
    }

    fn find_name(&self, types: &[Subject]) -> Option<Span> {
        for subject in types {
            match *subject {
                Subject::Event if !self.event.is_empty() => return None,
                Subject::Place(place) => {
                    let mut values = self.findings.at(place, 0, 0);
                    if let Some(span) = values.find_map(non_empty) {
                        return Some(span);
                    }
                }
                Subject::Event | Subject::Data => {}
            }
        }
        None
    }

    fn meaning(mut self, rules: &Rules, end: bool, error: Option<StreamError>) -> Meaning<'a> {
        let text = self.all_text(&rules.text);
        let reasoning = self.all_text(&rules.reasoning);
        let tool = self.all_text(&rules.tool);
        let conversation = self.last_text(&rules.conversation);
        let message = self.last_text(&rules.message);
        let finish_reason = self.last_text(&rules.finish_reason);
        let usage = Usage {
            prompt: self.last_count(&rules.usage.prompt),
            completion: self.last_count(&rules.usage.completion),
            cached: self.last_count(&rules.usage.cached),
            reasoning: self.last_count(&rules.usage.reasoning),
        };
        let findings: &'a Findings = self.findings;
        Meaning {
            name: self.name.map_or(self.event, |span| findings.text(span)),
            text: findings.text(text),
            reasoning: findings.text(reasoning),
            tool: findings.text(tool),
            usage,
            conversation_id: conversation.map(|span| findings.text(span)),
            message_id: message.map(|span| findings.text(span)),
            finish_reason: finish_reason.map(|span| findings.text(span)),
            error,
            end,
            keep_alive: false,
        }
    }

    /// The text of the first source that has any: servers send the same text under two names.
    fn all_text(&mut self, sources: &[Source]) -> Span {
        for source in sources {
            let mut text = Span::default();
            let mut next = 0;
            loop {
                let found = source.values(next, self.facts()).next();
                let Some((number, value)) = found else { break };
                if let Some(piece) = non_empty(value) {
                    text = self.findings.join(text, piece);
                }
                next = number + 1;
            }
            if !text.is_empty() {
                return text;
            }
        }
        Span::default()
    }

    /// The last text of the first source that has any; a number will do.
    fn last_text(&mut self, sources: &[Source]) -> Option<Span> {
        let facts = self.facts();
        let value = sources.iter().find_map(|source| {
            let mut values = source.values(0, facts).rev().map(|(_, value)| value);
            values.find(|&v| non_empty(v).is_some() || matches!(v, Value::Number(_)))
        })?;
        match value {
            Value::Number(number) => Some(self.findings.push(&number.to_string())),
            value => non_empty(value),
        }
    }

    /// The last count of the first source that has any.
    fn last_count(&self, sources: &[Source]) -> Option<u64> {
        let facts = self.facts();
        sources.iter().find_map(|source| {
            let mut values = source.values(0, facts).rev();
            values.find_map(|(_, value)| value.count())
        })
    }
}

fn non_empty(value: Value) -> Option<Span> {
    match value {
        Value::Text(span) if !span.is_empty() => Some(span),
        _ => None,
    }
}

fn keep_alive(name: &str) -> Meaning<'_> {
    Meaning {
        name,
        keep_alive: true,
        ..Meaning::default()
    }
}

/// Reads the event again, whole, for what its error says.
fn stream_error(rule: &ErrorRule, data: &str) -> StreamError {
    let Ok(json) = serde_json::from_str::<Json>(data) else {
        return StreamError {
            code: String::new(),
            message: one_line(data, RAW_CHARACTERS),
        };
    };
    let message = first_scalar(&json, &rule.message).unwrap_or_else(|| {
        match json.pointer(&rule.at).unwrap_or(&json) {
            Json::String(text) => text.clone(),
            error => one_line(&error.to_string(), RAW_CHARACTERS),
        }
    });
    StreamError {
        code: first_scalar(&json, &rule.code).unwrap_or_default(),
        message: one_line(&message, MESSAGE_CHARACTERS),
    }
}

fn malformed(fault: &serde_json::Error, data: &str) -> Malformed {
    let start = one_line(data, 100);
    Malformed {
        detail: format!("an event's data are not JSON: {fault}: {start}"),
    }
}
