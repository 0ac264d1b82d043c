//! Reads events by a protocol's rules.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use crate::record::Usage;
use crate::sse::Event;

use super::errors::{MESSAGE_CHARACTERS, RAW_CHARACTERS, first_scalar, one_line};
use super::found::{Findings, Slice, Value};
use super::meaning::{Malformed, Meaning, SpanMark, StreamError};
use super::memory::Memory;
use super::rules::{Count, ErrorRule, Reading, Rule, Rules, Source, SpanRule, Subject};

/// Finds the meaning of events. One thread reuses it for its streams, one after the other.
#[derive(Debug)]
pub struct Decoder {
    rules: Arc<Rules>,
    findings: Findings,
    memory: Memory,
}

impl Decoder {
    pub(super) fn new(rules: Arc<Rules>, think_tags: bool) -> Self {
        let findings = Findings::new(&rules.trie);
        let memory = Memory::new(think_tags);
        Self {
            rules,
            findings,
            memory,
        }
    }

    /// Forgets the stream so far, because another stream begins.
    pub fn restart(&mut self) {
        self.memory.clear();
    }

    /// The meaning of the stream's next event.
    ///
    /// An event with empty data is a keep-alive. JSON in which the protocol finds nothing has an empty
    /// meaning and is no error.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the data are not one JSON value, and no rule on the event's name or its raw
    /// data (such as `[DONE]`) makes the event an end or an error.
    pub fn decode<'a>(&'a mut self, event: &Event<'a>) -> Result<Meaning<'a>, Malformed> {
        let data = event.data.trim_ascii();
        if data.is_empty() {
            return Ok(Meaning {
                name: event.event,
                keep_alive: true,
                ..Meaning::default()
            });
        }
        let rules = &*self.rules;
        let read = self.findings.read(&rules.trie, data);
        let mut reading = Reading {
            event: event.event,
            data,
            name: None,
            has_empty: false,
            findings: &mut self.findings,
        };
        reading.name = reading.find_name(&rules.types);
        let keep_alive = reading.holds(&rules.keep_alive);
        if keep_alive || reading.holds(&rules.ignore) {
            return Ok(Meaning {
                name: reading.into_name(),
                keep_alive,
                ..Meaning::default()
            });
        }
        let end = self.memory.ends(&rules.end, &reading);
        let mut errors = rules.errors.iter();
        let failing = errors.find(|error| error.rule.holds(&reading));
        let error = failing.map(|rule| stream_error(rule, data));
        match read {
            Err(fault) if !end && error.is_none() => Err(malformed(&fault, data)),
            _ => Ok(reading.meaning(rules, &mut self.memory, end, error)),
        }
    }
}

impl<'a> Reading<'a> {
    /// Whether the event fits any of the rules.
    fn holds(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| rule.holds(self))
    }

    fn into_name(self) -> &'a str {
        let findings: &'a Findings = self.findings;
        self.name.map_or(self.event, |slice| findings.text(slice))
    }

    fn find_name(&self, types: &[Subject]) -> Option<Slice> {
        for subject in types {
            let found = match *subject {
                Subject::Event if !self.event.is_empty() => return None,
                Subject::Event | Subject::Data => None,
                Subject::Place(place) => self.findings.at(place, 0, 0).find_map(non_empty),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn meaning(
        mut self,
        rules: &Rules,
        memory: &mut Memory,
        end: bool,
        error: Option<StreamError>,
    ) -> Meaning<'a> {
        let (mut text, replaced) = self.new_text(&rules.text, memory);
        let (mut reasoning, _) = self.new_text(&rules.reasoning, memory);
        if let Some(tags) = &mut memory.think {
            let [answer, thought] = tags.split(text, end, self.findings);
            text = answer;
            reasoning = self.findings.join(reasoning, thought);
        }
        let (tool, _) = self.new_text(&rules.tool, memory);
        let empty = self.has_empty && [text, reasoning, tool].iter().all(|text| text.is_empty());
        let replacement = self.last_text(&rules.replace).or(replaced);
        let [conversation, message, task] =
            rules.ids.each_ref().map(|sources| self.last_text(sources));
        let finish_reason = self.last_text(&rules.finish_reason);
        let [prompt, completion, cached, reasoning_tokens, total] = rules
            .usage
            .each_ref()
            .map(|sources| self.count(sources, memory));
        let mark = rules.spans.iter().find_map(|rule| self.mark(rule));
        let mut spans = rules.spans.iter();
        let text_span = spans.find_map(|rule| self.last_text(&rule.text));
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
            name: said(self.name).unwrap_or(self.event),
            text: findings.text(text),
            reasoning: findings.text(reasoning),
            tool: findings.text(tool),
            empty,
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
            text_span: said(text_span),
            error,
            end,
            keep_alive: false,
        }
    }

    /// The new text of the first source that has any: servers send the same text under two names.
    /// Second, if an answer took the place of an earlier one, the whole text of all answers.
    fn new_text(&mut self, sources: &[Source], memory: &mut Memory) -> (Slice, Option<Slice>) {
        for source in sources {
            let (mut new, mut any, mut replaced) = (Slice::default(), false, None);
            for number in 0..self.findings.len(&source.place) {
                let found = source.rule.value(&source.place, number, self);
                let is_empty = |value| matches!(value, Value::Text(slice) if slice.is_empty());
                self.has_empty |= found.is_some_and(|found| is_empty(found.value));
                let piece = found.and_then(|found| Some((non_empty(found.value)?, found.index)));
                let Some((piece, index)) = piece else {
                    continue;
                };
                any = true;
                let from = source.cumulative.map_or(Some(0), |of| {
                    let answer = of.answer(self.findings, index);
                    memory.grow(answer, self.findings.text(piece))
                });
                match from {
                    Some(from) => new = self.findings.join(new, piece.from(from)),
                    None => replaced = source.cumulative,
                }
            }
            if any {
                let replaced = replaced.map(|of| memory.whole(of.source, self.findings));
                return (new, replaced);
            }
        }
        (Slice::default(), None)
    }

    /// The last value of the first source from which `pick` makes something.
    fn last<T>(&self, sources: &[Source], pick: fn(Value) -> Option<T>) -> Option<T> {
        let mut sources = sources.iter();
        sources.find_map(|source| source.rule.last(&source.place, self, pick))
    }

    /// The last text of the first source that has any. A number counts as its text.
    fn last_text(&mut self, sources: &[Source]) -> Option<Slice> {
        let says = |value| {
            let says = non_empty(value).is_some() || number(value).is_some();
            says.then_some(value)
        };
        match self.last(sources, says)? {
            Value::Number(number) => {
                let number = number.to_string();
                Some(self.findings.add(|text| text.push_str(&number)))
            }
            value => non_empty(value),
        }
    }

    /// The count of the first source that has one; of parallel answers, the sum of their counts.
    fn count(&self, sources: &[Count], memory: &mut Memory) -> Option<u64> {
        sources.iter().find_map(|source| {
            let Some(per) = source.per else {
                return source.count(self);
            };
            let mut counts = source.each(per, self).peekable();
            counts.peek()?;
            counts.for_each(|(answer, count)| memory.count(answer, count));
            Some(memory.sum(per.source))
        })
    }

    /// The span that the event starts or ends, and its id, instance, kind and title.
    fn mark(&mut self, rule: &SpanRule) -> Option<(SpanMark<'static>, [Slice; 4])> {
        let [starts, retries, ends] =
            [&rule.start, &rule.retry, &rule.end].map(|rules| self.holds(rules));
        if !(starts || retries || ends) {
            return None;
        }
        let texts = rule.texts.each_ref().map(|from| self.last_text(from));
        texts[0]?;
        let texts = texts.map(Option::unwrap_or_default);
        let kind = self.findings.text(texts[2]);
        let elapsed = self.last(&rule.elapsed, number);
        let mark = SpanMark {
            starts,
            retries,
            // More tokens cannot be true.
            tokens: self
                .last(&rule.tokens, Value::count)
                .filter(|n| *n < 1 << 32),
            elapsed: elapsed.and_then(|n| Duration::try_from_secs_f64(n * rule.unit).ok()),
            failed: self.holds(&rule.failed),
            model: rule.model_kinds.iter().any(|known| known == kind),
            ..SpanMark::default()
        };
        Some((mark, texts))
    }
}

fn non_empty(value: Value) -> Option<Slice> {
    match value {
        Value::Text(slice) if !slice.is_empty() => Some(slice),
        _ => None,
    }
}

fn number(value: Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number),
        _ => None,
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
    let code = first_scalar(&json, &rule.code).unwrap_or_default();
    StreamError {
        code: one_line(&code, RAW_CHARACTERS),
        message: one_line(&message, MESSAGE_CHARACTERS),
    }
}

/// Quotes the data around the fault.
fn malformed(fault: &serde_json::Error, data: &str) -> Malformed {
    const BEFORE: usize = 60;
    let lines = data
        .split_inclusive('\n')
        .take(fault.line().saturating_sub(1));
    let at = lines.map(str::len).sum::<usize>() + fault.column();
    let starts = data.char_indices().map(|(start, _)| start);
    let start = starts.take_while(|start| start + BEFORE <= at).last();
    let start = start.unwrap_or_default();
    let cut = if start > 0 { "…" } else { "" };
    let quoted = one_line(&data[start..], 100);
    Malformed {
        detail: format!("an event's data are not JSON: {fault}: {cut}{quoted}"),
    }
}
