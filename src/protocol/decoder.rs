//! Reads events by a protocol's rules.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use crate::record::Usage;
use crate::sse::Event;

use super::errors::{MESSAGE_CHARACTERS, RAW_CHARACTERS, first_scalar, one_line};
use super::found::{Findings, Slice, Value};
use super::meaning::{Malformed, Meaning, SpanMark, StreamError};
use super::memory::{Growth, Memory};
use super::rules::{Count, ErrorRule, Facts, Rule, Rules, Source, SpanRule, Subject};

/// Tells what events mean. It is the scratch memory of one thread, used again for all of its
/// streams, one after the other.
#[derive(Debug)]
pub struct Decoder {
    rules: Arc<Rules>,
    findings: Findings,
    memory: Memory,
}

impl Decoder {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        let findings = Findings::new(&rules.trie);
        Self {
            rules,
            findings,
            memory: Memory::default(),
        }
    }

    /// Forgets the stream so far: another one begins.
    pub fn restart(&mut self) {
        self.memory.clear();
    }

    /// Tells what the stream's next event means.
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
            memory: &mut self.memory,
            raw: Raw {
                event: event.event,
                data,
                name: None,
                is_json: read.is_ok(),
            },
        };
        reading.raw.name = reading.find_name(&rules.types);
        if reading.holds(&rules.keep_alive) {
            return Ok(keep_alive(reading.into_name()));
        }
        if reading.holds(&rules.ignore) {
            return Ok(Meaning {
                name: reading.into_name(),
                ..Meaning::default()
            });
        }
        let end = reading.ends(rules);
        let facts = reading.facts();
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
    memory: &'a mut Memory,
    raw: Raw<'a>,
}

/// What there is of an event beside what was found in its data.
struct Raw<'a> {
    event: &'a str,
    data: &'a str,
    /// The type, where it is in the data; otherwise it is the `event` field.
    name: Option<Slice>,
    is_json: bool,
}

/// All text that an event has in one of the three kinds.
#[derive(Clone, Copy, Debug, Default)]
struct NewText {
    new: Slice,
    /// The whole text, of all answers, where one took the place of an earlier one.
    replaced: Option<Slice>,
}

impl<'a> Raw<'a> {
    /// The event's type.
    fn name<'f>(&self, findings: &'f Findings) -> &'f str
    where
        'a: 'f,
    {
        self.name.map_or(self.event, |slice| findings.text(slice))
    }

    /// What rules are asked about. Not a method of [`Reading`], so that the memory can be changed
    /// meanwhile.
    fn facts<'f>(&'f self, findings: &'f Findings) -> Facts<'f> {
        Facts {
            event: self.event,
            data: self.data,
            name: self.name(findings),
            json: self.is_json.then_some(findings),
        }
    }
}

impl<'a> Reading<'a> {
    fn facts(&self) -> Facts<'_> {
        self.raw.facts(self.findings)
    }

    /// Whether the event fits any of the rules.
    fn holds(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| rule.holds(self.facts()))
    }

    fn into_name(self) -> &'a str {
        self.raw.name(self.findings)
    }

    fn ends(&mut self, rules: &Rules) -> bool {
        let facts = self.raw.facts(self.findings);
        self.memory.ends(&rules.end, facts)
    }

    fn find_name(&self, types: &[Subject]) -> Option<Slice> {
        for subject in types {
            match *subject {
                Subject::Event if !self.raw.event.is_empty() => return None,
                Subject::Place(place) => {
                    let mut values = self.findings.at(place, 0, 0);
                    if let Some(slice) = values.find_map(non_empty) {
                        return Some(slice);
                    }
                }
                Subject::Event | Subject::Data => {}
            }
        }
        None
    }

    fn meaning(mut self, rules: &Rules, end: bool, error: Option<StreamError>) -> Meaning<'a> {
        let text = self.all_text(&rules.text);
        let reasoning = self.all_text(&rules.reasoning).new;
        let tool = self.all_text(&rules.tool).new;
        let replacement = self.last_text(&rules.replace).or(text.replaced);
        let [conversation, message, task] =
            rules.ids.each_ref().map(|sources| self.last_text(sources));
        let finish_reason = self.last_text(&rules.finish_reason);
        let [prompt, completion, cached, reasoning_tokens, total] =
            rules.usage.each_ref().map(|counts| self.count(counts));
        let mark = rules.spans.iter().find_map(|rule| self.mark(rule));
        let findings: &'a Findings = self.findings;
        let said = |slice: Option<Slice>| slice.map(|slice| findings.text(slice));
        let span = mark.map(|(mark, texts)| {
            let [id, instance, kind, title] = texts.map(|slice| findings.text(slice));
            SpanMark {
                id,
                instance,
                kind,
                title,
                ..mark
            }
        });
        Meaning {
            name: self.raw.name(findings),
            text: findings.text(text.new),
            reasoning: findings.text(reasoning),
            tool: findings.text(tool),
            replacement: said(replacement),
            usage: Usage {
                prompt,
                completion,
                cached,
                reasoning: reasoning_tokens,
                total,
            },
            conversation_id: said(conversation),
            message_id: said(message),
            task_id: said(task),
            finish_reason: said(finish_reason),
            span,
            error,
            end,
            keep_alive: false,
        }
    }

    /// The text of the first source that has any: servers send the same text under two names.
    fn all_text(&mut self, sources: &[Source]) -> NewText {
        for source in sources {
            let mut text = NewText::default();
            let (mut next, mut any, mut replaced) = (0, false, None);
            loop {
                let found = source.values(next, self.facts()).next();
                let Some((number, found)) = found else { break };
                next = number + 1;
                let Some(piece) = non_empty(found.value) else {
                    continue;
                };
                any = true;
                let new = match source.cumulative {
                    None => Some(piece),
                    Some(of) => {
                        let answer = of.answer(self.findings, found.index);
                        let whole = self.findings.text(piece);
                        match self.memory.grow(of.source, answer, whole) {
                            Growth::From(bytes) => Some(piece.from(bytes)),
                            Growth::Replaced => None,
                        }
                    }
                };
                match new {
                    Some(new) => text.new = self.findings.join(text.new, new),
                    None => replaced = source.cumulative,
                }
            }
            if any {
                text.replaced = replaced.map(|of| self.memory.whole(of.source, self.findings));
                return text;
            }
        }
        NewText::default()
    }

    /// The last text of the first source that has any; a number will do.
    fn last_text(&mut self, sources: &[Source]) -> Option<Slice> {
        let facts = self.facts();
        let value = sources.iter().find_map(|source| {
            let mut values = source.values(0, facts).rev().map(|(_, found)| found.value);
            values.find(|&v| non_empty(v).is_some() || matches!(v, Value::Number(_)))
        })?;
        match value {
            Value::Number(number) => {
                let number = number.to_string();
                Some(self.findings.add(|text| text.push_str(&number)))
            }
            value => non_empty(value),
        }
    }

    /// The count of the first source that has one; of parallel answers, the sum of theirs.
    fn count(&mut self, sources: &[Count]) -> Option<u64> {
        let facts = self.raw.facts(self.findings);
        let memory = &mut *self.memory;
        sources.iter().find_map(|source| {
            let Some(per) = source.per else {
                return source.count(facts);
            };
            let mut counts = source.each(per, facts).peekable();
            counts.peek()?;
            counts.for_each(|(answer, count)| memory.count(per.source, answer, count));
            Some(memory.sum(per.source))
        })
    }

    /// The span that the event starts or ends, and its id, instance, kind and title.
    fn mark(&mut self, rule: &SpanRule) -> Option<(SpanMark<'static>, [Slice; 4])> {
        let starts = self.holds(&rule.start);
        if !starts && !self.holds(&rule.end) {
            return None;
        }
        let id = self.last_text(&rule.id)?;
        let [instance, kind, title] = [&rule.instance, &rule.kind, &rule.title]
            .map(|sources| self.last_text(sources).unwrap_or_default());
        let kind_text = self.findings.text(kind);
        let mark = SpanMark {
            starts,
            elapsed: self.elapsed(rule),
            failed: self.holds(&rule.failed),
            model: rule.model_kinds.iter().any(|known| known == kind_text),
            ..SpanMark::default()
        };
        Some((mark, [id, instance, kind, title]))
    }

    /// The time that a span took by the server's clock.
    fn elapsed(&self, rule: &SpanRule) -> Option<Duration> {
        let facts = self.facts();
        let number = rule.elapsed.iter().find_map(|source| {
            let mut values = source.values(0, facts).rev();
            values.find_map(|(_, found)| match found.value {
                Value::Number(number) => Some(number),
                _ => None,
            })
        })?;
        Duration::try_from_secs_f64(number * rule.unit).ok()
    }
}

fn non_empty(value: Value) -> Option<Slice> {
    match value {
        Value::Text(slice) if !slice.is_empty() => Some(slice),
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
