//! Reads a document's `events`: where in them things are, and what they are.

use serde_json::Value;

use super::member::{Member, Object, Result};
use super::pointer::{Pointer, Trie};
use super::rules::{
    Accepted, Count, EndRule, ErrorRule, IDS, Per, Remembered, Rule, Rules, Source, SpanRule,
    Subject, Test, USAGE, When,
};

/// The members of a source.
const SOURCE: [&str; 3] = ["at", "on", "when"];

/// The most rules of which one event each is awaited.
const MOST_PARTS: usize = 64;

/// Reads `events`, and gathers the trie of its pointers on the way.
pub(super) struct Compiler {
    trie: Trie,
    /// Of how many sources something is remembered.
    remembered: usize,
}

impl Default for Compiler {
    fn default() -> Self {
        Self {
            trie: Trie::new(),
            remembered: 0,
        }
    }
}

impl Compiler {
    pub(super) fn rules(mut self, events: &Member<'_>) -> Result<Rules> {
        let events = events.object(&[
            "type",
            "text",
            "reasoning",
            "tool",
            "replace",
            "usage",
            "ids",
            "finish_reason",
            "spans",
            "error",
            "end",
            "keep_alive",
            "ignore",
        ])?;
        let types = events.each("type", |member| self.type_subject(member))?;
        let usage = self.lists(events.get("usage"), &USAGE, Self::count)?;
        let ids = self.lists(events.get("ids"), &IDS, |compiler, member| {
            compiler.source(member, &SOURCE)
        })?;
        let end = events.require("end")?;
        if end.list()?.is_empty() {
            return Err(end.error("protocol.end"));
        }
        Ok(Rules {
            types,
            text: self.texts(&events, "text")?,
            reasoning: self.texts(&events, "reasoning")?,
            tool: self.texts(&events, "tool")?,
            replace: self.sources(&events, "replace")?,
            usage,
            ids,
            finish_reason: self.sources(&events, "finish_reason")?,
            spans: events.each("spans", |member| self.span(member))?,
            errors: events.each("error", |member| self.error_rule(member))?,
            end: events.each("end", |member| self.end(member))?,
            keep_alive: events.each("keep_alive", |member| self.whole_rule(member))?,
            ignore: events.each("ignore", |member| self.whole_rule(member))?,
            trie: self.trie,
        })
    }

    fn type_subject(&mut self, member: &Member<'_>) -> Result<Subject> {
        match member.string()? {
            "@event" => Ok(Subject::Event),
            _ => Ok(Subject::Place(self.trie.insert(&pointer(member)?))),
        }
    }

    /// A pointer, or an object with one or several of which the sum is taken.
    fn count(&mut self, member: &Member<'_>) -> Result<Count> {
        let (pointers, object) = match member.value {
            Value::String(_) => (vec![pointer(member)?], None),
            Value::Object(_) => {
                let object = member.object(&["at", "sum", "on", "when", "per"])?;
                let pointers = object.each("sum", pointer)?;
                let per = object.get("per");
                let pointers = match (object.get("at"), pointers.is_empty()) {
                    (Some(at), true) => vec![pointer(&at)?],
                    (None, false) if per.is_none() => pointers,
                    _ => return Err(member.error("protocol.count")),
                };
                (pointers, Some(object))
            }
            _ => return Err(member.error("protocol.count")),
        };
        let per = object.as_ref().and_then(|object| object.get("per"));
        let per = per.map(|per| self.remembered(pointers.first(), Some(&per)));
        Ok(Count {
            rule: match object {
                Some(object) => self.rule(&object, pointers.first())?,
                None => Rule::default(),
            },
            places: pointers.iter().map(|at| self.trie.insert(at)).collect(),
            per: per.transpose()?,
        })
    }

    /// A source at those places of which something is remembered for each answer, and what tells
    /// answers apart.
    fn remembered(&mut self, at: Option<&Pointer>, per: Option<&Member<'_>>) -> Result<Remembered> {
        self.remembered += 1;
        let per = per.map(|per| {
            let per = pointer(per)?;
            Ok(Per {
                shared: at.map_or(0, |at| at.shared_levels(&per)),
                place: self.trie.insert(&per),
            })
        });
        Ok(Remembered {
            source: self.remembered,
            per: per.transpose()?,
        })
    }

    /// What `read` makes of each of an object's members, which are all lists; none is required.
    fn lists<T, const N: usize>(
        &mut self,
        object: Option<Member<'_>>,
        names: &'static [&'static str; N],
        read: impl Fn(&mut Self, &Member<'_>) -> Result<T>,
    ) -> Result<[Vec<T>; N]> {
        let mut lists = names.map(|_| Vec::new());
        if let Some(object) = object {
            let object = object.object(names)?;
            for (list, name) in lists.iter_mut().zip(names) {
                *list = object.each(name, |member| read(self, member))?;
            }
        }
        Ok(lists)
    }

    fn sources(&mut self, object: &Object<'_>, name: &str) -> Result<Vec<Source>> {
        object.each(name, |member| self.source(member, &SOURCE))
    }

    /// Sources of generated text, which may be repeated whole by each event.
    fn texts(&mut self, object: &Object<'_>, name: &str) -> Result<Vec<Source>> {
        object.each(name, |member| {
            self.source(member, &["at", "on", "when", "mode", "per"])
        })
    }

    /// A pointer, or an object with one and the conditions.
    fn source(&mut self, member: &Member<'_>, known: &'static [&'static str]) -> Result<Source> {
        let (at, object) = match member.value {
            Value::String(_) => (pointer(member)?, None),
            Value::Object(_) => {
                let object = member.object(known)?;
                (pointer(&object.require("at")?)?, Some(object))
            }
            _ => return Err(member.error("protocol.source")),
        };
        let own = |name| object.as_ref().and_then(|object| object.get(name));
        let mode = own("mode").map(|mode| mode.one_of(&["delta", "cumulative"]));
        let cumulative = match (mode.transpose()?, own("per")) {
            (Some(1), per) => Some(self.remembered(Some(&at), per.as_ref())?),
            (_, Some(per)) => return Err(per.error("protocol.per")),
            (_, None) => None,
        };
        Ok(Source {
            rule: match object {
                Some(object) => self.rule(&object, Some(&at))?,
                None => Rule::default(),
            },
            place: self.trie.insert(&at),
            cumulative,
        })
    }

    fn span(&mut self, member: &Member<'_>) -> Result<SpanRule> {
        const UNITS: [f64; 4] = [1.0, 1e-3, 1e-6, 1e-9];
        let object = member.object(&[
            "start",
            "end",
            "id",
            "instance",
            "type",
            "title",
            "elapsed",
            "unit",
            "failed",
            "model_types",
        ])?;
        for name in ["end", "id"] {
            object.require(name)?;
        }
        let unit = object
            .get("unit")
            .map(|unit| unit.one_of(&["s", "ms", "us", "ns"]));
        Ok(SpanRule {
            start: object.each("start", |member| self.whole_rule(member))?,
            end: object.each("end", |member| self.whole_rule(member))?,
            id: self.sources(&object, "id")?,
            instance: self.sources(&object, "instance")?,
            kind: self.sources(&object, "type")?,
            title: self.sources(&object, "title")?,
            elapsed: self.sources(&object, "elapsed")?,
            unit: UNITS[unit.transpose()?.unwrap_or(0)],
            failed: object.each("failed", |member| self.whole_rule(member))?,
            model_kinds: object.each("model_types", |member| Ok(member.string()?.to_owned()))?,
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

    /// A rule, for each of parallel answers or not, or `{"all": [rules]}`.
    fn end(&mut self, member: &Member<'_>) -> Result<EndRule> {
        let object = member.object(&["on", "when", "per", "all"])?;
        let Some(all) = object.get("all") else {
            let Some(per) = object.get("per") else {
                return Ok(EndRule::One(self.rule(&object, None)?));
            };
            let per = pointer(&per)?;
            let rule = self.rule(&object, Some(&per))?;
            return Ok(EndRule::Each(rule, self.trie.insert(&per)));
        };
        let count = all.list()?.len();
        let beside = ["on", "when", "per"];
        let alone = beside.iter().all(|name| object.get(name).is_none());
        if !alone || !(1..=MOST_PARTS).contains(&count) {
            return Err(all.error("protocol.all"));
        }
        object
            .each("all", |part| self.whole_rule(part))
            .map(EndRule::All)
    }

    fn whole_rule(&mut self, member: &Member<'_>) -> Result<Rule> {
        let object = member.object(&["on", "when"])?;
        self.rule(&object, None)
    }

    /// The conditions in an object: those of a source are about the elements that it is at.
    fn rule(&mut self, object: &Object<'_>, at: Option<&Pointer>) -> Result<Rule> {
        let on = object.each("on", |member| Ok(member.string()?.to_owned()))?;
        if let Some(none) = object.get("on").filter(|_| on.is_empty()) {
            return Err(none.error("protocol.on"));
        }
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
    ) -> Result<When> {
        let (subject, shared) = match subject {
            "@event" => (Subject::Event, 0),
            "@data" => (Subject::Data, 0),
            text => {
                let place = Pointer::parse(text).ok_or_else(|| member.error("protocol.subject"))?;
                let shared = at.map_or(0, |at| at.shared_levels(&place));
                (Subject::Place(self.trie.insert(&place)), shared)
            }
        };
        Ok(When {
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
        Value::Array(_) => accepted(member).map(Test::OneOf),
        Value::Object(_) => {
            let none = member.object(&["not"])?.require("not")?;
            accepted(&none).map(Test::NoneOf)
        }
        _ => Err(member.error("protocol.test")),
    }
}

/// A list of texts, numbers, `true` and `false`.
fn accepted(member: &Member<'_>) -> Result<Vec<Accepted>> {
    let values = member.value.as_array().filter(|values| !values.is_empty());
    let accepted = values.into_iter().flatten().map(|value| match value {
        Value::String(text) => Some(Accepted::Text(text.clone())),
        Value::Number(number) => number.as_f64().map(Accepted::Number),
        Value::Bool(value) => Some(Accepted::Boolean(*value)),
        _ => None,
    });
    match accepted.collect::<Option<Vec<_>>>() {
        Some(accepted) if !accepted.is_empty() => Ok(accepted),
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
