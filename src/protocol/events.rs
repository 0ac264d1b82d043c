//! Compiles a document's `events` into rules.

use serde_json::Value;

use super::member::{Member, Result};
use super::pointer::{Pointer, Trie};
use super::rules::{
    Count, EndRule, ErrorRule, IDS, Remembered, Rule, Rules, Source, SpanRule, Subject, Test,
    USAGE, When,
};

/// The members of a source.
const SOURCE: &str = "at, on, when";

/// The members of a source of generated text.
const TEXT: &str = "at, on, when, mode, per";

/// The most rules that `all` may list.
const MOST_PARTS: usize = 64;

/// Reads `events` and puts all pointers into one trie.
pub(super) struct Compiler {
    trie: Trie,
    /// Number of sources whose values are remembered.
    remembered: usize,
}

impl Compiler {
    pub(super) fn rules(events: &Member<'_>) -> Result<Rules> {
        let mut this = Self {
            trie: Trie::new(),
            remembered: 0,
        };
        let events = events.object(
            "type, text, reasoning, tool, replace, usage, ids, finish_reason, spans, error, end, \
             keep_alive, ignore",
        )?;
        let end = events.require("end")?;
        end.check(!end.list()?.is_empty(), "protocol.end")?;
        Ok(Rules {
            types: events.each("type", |member| this.type_subject(member))?,
            usage: this.lists(&events, "usage", USAGE, Self::count)?,
            ids: this.lists(&events, "ids", IDS, |this, member| {
                this.source(member, SOURCE)
            })?,
            end: events.each("end", |member| this.end(member))?,
            text: this.sources(&events, "text", TEXT)?,
            reasoning: this.sources(&events, "reasoning", TEXT)?,
            tool: this.sources(&events, "tool", TEXT)?,
            replace: this.sources(&events, "replace", SOURCE)?,
            finish_reason: this.sources(&events, "finish_reason", SOURCE)?,
            spans: events.each("spans", |member| this.span(member))?,
            errors: events.each("error", |member| this.error_rule(member))?,
            keep_alive: this.plain_rules(&events, "keep_alive")?,
            ignore: this.plain_rules(&events, "ignore")?,
            trie: this.trie,
        })
    }

    fn type_subject(&mut self, member: &Member<'_>) -> Result<Subject> {
        match member.string()? {
            "@event" => Ok(Subject::Event),
            _ => Ok(Subject::Place(self.trie.insert(&pointer(member)?))),
        }
    }

    /// A pointer, or an object with one pointer or with several to add up.
    fn count(&mut self, member: &Member<'_>) -> Result<Count> {
        let pointers = match member.value {
            Value::String(_) => vec![pointer(member)?],
            Value::Object(_) => {
                member.object("at, sum, on, when, per")?;
                let sum = member.each("sum", pointer)?;
                match member.get("at") {
                    Some(at) if sum.is_empty() => vec![pointer(&at)?],
                    None if !sum.is_empty() && member.get("per").is_none() => sum,
                    _ => return Err(member.error("protocol.count")),
                }
            }
            _ => return Err(member.error("protocol.count")),
        };
        let at = &pointers[0];
        Ok(Count {
            per: member.optional("per", |per| self.remembered(at, Some(per)))?,
            rule: self.rule(member, Some(at))?,
            places: pointers.iter().map(|at| self.trie.insert(at)).collect(),
        })
    }

    /// Numbers the source at `at`, whose values are remembered; `per` tells answers apart.
    fn remembered(&mut self, at: &Pointer, per: Option<&Member<'_>>) -> Result<Remembered> {
        self.remembered += 1;
        let per = per.map(pointer).transpose()?;
        Ok(Remembered {
            source: self.remembered,
            per: per.map(|per| (self.trie.insert(&per), at.shared_levels(&per))),
        })
    }

    /// Reads an object whose members `names` are lists; none is required.
    fn lists<T, const N: usize>(
        &mut self,
        events: &Member<'_>,
        name: &str,
        names: [&str; N],
        read: impl Fn(&mut Self, &Member<'_>) -> Result<T>,
    ) -> Result<[Vec<T>; N]> {
        let mut lists = names.map(|_| Vec::new());
        if let Some(object) = events.get(name) {
            object.object(&names.join(", "))?;
            for (list, name) in lists.iter_mut().zip(names) {
                *list = object.each(name, |member| read(self, member))?;
            }
        }
        Ok(lists)
    }

    /// A list of sources that may have the `known` members.
    fn sources(&mut self, object: &Member<'_>, name: &str, known: &str) -> Result<Vec<Source>> {
        object.each(name, |member| self.source(member, known))
    }

    /// A pointer, or an object with a pointer and conditions.
    fn source(&mut self, member: &Member<'_>, known: &str) -> Result<Source> {
        let at = match member.value {
            Value::String(_) => pointer(member)?,
            Value::Object(_) => pointer(&member.object(known)?.require("at")?)?,
            _ => return Err(member.error("protocol.source")),
        };
        let mode = member.optional("mode", |mode| mode.one_of("delta, cumulative"))?;
        let cumulative = match (mode, member.get("per")) {
            (Some(1), per) => Some(self.remembered(&at, per.as_ref())?),
            (_, Some(per)) => return Err(per.error("protocol.per")),
            (_, None) => None,
        };
        Ok(Source {
            rule: self.rule(member, Some(&at))?,
            place: self.trie.insert(&at),
            cumulative,
        })
    }

    fn span(&mut self, member: &Member<'_>) -> Result<SpanRule> {
        const UNITS: [f64; 4] = [1.0, 1e-3, 1e-6, 1e-9];
        let span = member.object(
            "start, retry, end, id, instance, type, title, text, tokens, elapsed, unit, failed, \
             model_types",
        )?;
        for name in ["end", "id"] {
            span.require(name)?;
        }
        let unit = span.optional("unit", |unit| unit.one_of("s, ms, us, ns"))?;
        Ok(SpanRule {
            start: self.plain_rules(&span, "start")?,
            end: self.plain_rules(&span, "end")?,
            retry: self.plain_rules(&span, "retry")?,
            text: self.sources(&span, "text", SOURCE)?,
            tokens: self.sources(&span, "tokens", SOURCE)?,
            texts: [
                self.sources(&span, "id", SOURCE)?,
                self.sources(&span, "instance", SOURCE)?,
                self.sources(&span, "type", SOURCE)?,
                self.sources(&span, "title", SOURCE)?,
            ],
            elapsed: self.sources(&span, "elapsed", SOURCE)?,
            unit: UNITS[unit.unwrap_or(0)],
            failed: self.plain_rules(&span, "failed")?,
            model_kinds: span.each("model_types", Member::text)?,
        })
    }

    fn error_rule(&mut self, member: &Member<'_>) -> Result<ErrorRule> {
        let error = member.object("on, when, at, code, message")?;
        Ok(ErrorRule {
            at: error.optional("at", whole_pointer)?.unwrap_or_default(),
            rule: self.rule(&error, None)?,
            code: error.each("code", whole_pointer)?,
            message: error.each("message", whole_pointer)?,
        })
    }

    /// A rule, for each of parallel answers or not, or `{"all": [rules]}`.
    fn end(&mut self, member: &Member<'_>) -> Result<EndRule> {
        let end = member.object("on, when, per, all")?;
        if let Some(all) = end.get("all") {
            let mut others = ["on", "when", "per"].into_iter();
            let alone = others.all(|name| end.get(name).is_none());
            let fits = (1..=MOST_PARTS).contains(&all.list()?.len()) && alone;
            all.check(fits, "protocol.all")?;
            return self.plain_rules(&end, "all").map(EndRule::All);
        }
        let per = end.optional("per", pointer)?;
        let rule = self.rule(&end, per.as_ref())?;
        Ok(match per {
            Some(per) => EndRule::Each(rule, self.trie.insert(&per)),
            None => EndRule::One(rule),
        })
    }

    /// A list of rules with no members but `on` and `when`.
    fn plain_rules(&mut self, object: &Member<'_>, name: &str) -> Result<Vec<Rule>> {
        object.each(name, |rule| self.rule(&rule.object("on, when")?, None))
    }

    /// The conditions in an object; those of a source share the array elements of its pointer `at`.
    fn rule(&mut self, object: &Member<'_>, at: Option<&Pointer>) -> Result<Rule> {
        let on = object.each("on", Member::text)?;
        if let Some(none) = object.get("on").filter(|_| on.is_empty()) {
            return Err(none.error("protocol.on"));
        }
        let conditions = object.optional("when", Member::entries)?;
        let conditions = conditions.iter().flatten();
        let when = conditions.map(|(subject, member)| self.condition(subject, member, at));
        let when = when.collect::<Result<_>>()?;
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
    match (member.value, member.value.as_str()) {
        (_, Some("present")) => Ok(Test::Present(true)),
        (_, Some("absent")) => Ok(Test::Present(false)),
        (_, Some("truthy")) => Ok(Test::Truthy(true)),
        (_, Some("falsy")) => Ok(Test::Truthy(false)),
        (Value::Object(_), _) => {
            let none = member.object("not")?.require("not")?;
            accepted(&none).map(Test::NoneOf)
        }
        _ => accepted(member).map(Test::OneOf),
    }
}

/// A list of at least one text, number, `true` or `false`.
fn accepted(member: &Member<'_>) -> Result<Vec<Value>> {
    let is_scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    let values = member.value.as_array();
    let values = values.filter(|values| !values.is_empty() && values.iter().all(is_scalar));
    values.cloned().ok_or_else(|| member.error("protocol.test"))
}

fn pointer(member: &Member<'_>) -> Result<Pointer> {
    Pointer::parse(member.string()?).ok_or_else(|| member.error("protocol.pointer"))
}

/// A pointer to one place: without `*`.
fn whole_pointer(member: &Member<'_>) -> Result<String> {
    pointer(member)?;
    let text = member.text()?;
    let is_single = text.split('/').all(|segment| segment != "*");
    member.check(is_single, "protocol.single_pointer")?;
    Ok(text)
}
