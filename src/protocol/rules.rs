//! The compiled rules of a document: the places of values in an event, and conditions on events.

use serde_json::Value as Json;

use super::found::{Findings, Found, Slice, Value};
use super::pointer::{Place, Trie};

/// The members of a document's `usage`.
pub(super) const USAGE: [&str; 5] = ["prompt", "completion", "cached", "reasoning", "total"];

/// The members of a document's `ids`.
pub(super) const IDS: [&str; 3] = ["conversation", "message", "task"];

/// The compiled `events` of a document.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) trie: Trie,
    /// Places of the event's type; the first that has a text wins.
    pub(super) types: Vec<Subject>,
    pub(super) text: Vec<Source>,
    pub(super) reasoning: Vec<Source>,
    pub(super) tool: Vec<Source>,
    /// Places of the server's token counts, in the order of [`USAGE`].
    pub(super) usage: [Vec<Count>; 5],
    /// Places of identifiers, in the order of [`IDS`].
    pub(super) ids: [Vec<Source>; 3],
    pub(super) finish_reason: Vec<Source>,
    /// Places of text that replaces the answer so far.
    pub(super) replace: Vec<Source>,
    pub(super) spans: Vec<SpanRule>,
    pub(super) errors: Vec<ErrorRule>,
    pub(super) end: Vec<EndRule>,
    pub(super) keep_alive: Vec<Rule>,
    pub(super) ignore: Vec<Rule>,
}

/// The part of an event that a condition tests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// The SSE `event` field: `@event`.
    Event,
    /// The data without the white space around them: `@data`.
    Data,
    /// A place in the data's JSON.
    Place(Place),
}

/// Which events are meant: all conditions must hold.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// The event's type is one of these; any, if there are none.
    pub(super) on: Vec<String>,
    pub(super) when: Vec<When>,
}

#[derive(Debug)]
pub(super) struct When {
    pub(super) subject: Subject,
    /// Mask of the array levels in which the condition and its source stand for the same elements.
    pub(super) shared: u64,
    pub(super) test: Test,
}

/// The test of a condition. One value of the pointer's values has to pass.
#[derive(Debug)]
pub(super) enum Test {
    /// One of these texts, numbers and booleans.
    OneOf(Vec<Json>),
    /// A value other than `null`; for `false`, no such value.
    Present(bool),
    /// A truthy value, see [`Value::is_truthy`]; for `false`, no such value.
    Truthy(bool),
    /// A value other than `null` and these.
    NoneOf(Vec<Json>),
}

/// A place of a value, and the events to which it applies.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) rule: Rule,
    pub(super) place: Place,
    /// `Some` if each event repeats the whole text so far.
    pub(super) cumulative: Option<Remembered>,
}

/// Places of counts that add up to one count.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) rule: Rule,
    pub(super) places: Vec<Place>,
    /// `Some` if each of parallel answers has its own count.
    pub(super) per: Option<Remembered>,
}

/// A source whose values are remembered from event to event, for each of parallel answers apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remembered {
    /// The source's number among the remembered ones.
    pub(super) source: usize,
    /// The member that tells the answers apart wherever in an array they come, and the mask of the
    /// array levels that it shares with the source.
    pub(super) per: Option<(Place, u64)>,
}

/// One of the parallel answers that a source is read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The number of the source.
    pub(super) source: usize,
    /// The array elements around the answer (packed indices), where no member tells answers apart.
    pub(super) elements: u64,
    /// The key of the member that tells answers apart. A missing member has the key of the number 0,
    /// which servers leave out.
    pub(super) member: u64,
}

/// Events after which a stream may end.
#[derive(Debug)]
pub(super) enum EndRule {
    /// One event.
    One(Rule),
    /// One event for each of the answers that the member tells apart.
    Each(Rule, Place),
    /// One event by each rule, in any order.
    All(Vec<Rule>),
}

/// Rules for a part of the service's work that events report, such as a workflow's node.
#[derive(Debug)]
pub(super) struct SpanRule {
    pub(super) start: Vec<Rule>,
    pub(super) end: Vec<Rule>,
    /// Events that report another try of the span.
    pub(super) retry: Vec<Rule>,
    /// In an event with text: the id of the span that the text is from.
    pub(super) text: Vec<Source>,
    /// Output tokens of a model in the span.
    pub(super) tokens: Vec<Source>,
    /// The span's id, instance, kind and title. The instance tells spans of one id apart that run at
    /// the same time.
    pub(super) texts: [Vec<Source>; 4],
    pub(super) elapsed: Vec<Source>,
    /// Length of `elapsed`'s unit, in seconds.
    pub(super) unit: f64,
    pub(super) failed: Vec<Rule>,
    /// The kinds in which a model generates text.
    pub(super) model_kinds: Vec<String>,
}

/// Which events are errors. Code and message come from a second reading of the whole event, because
/// errors are rare.
#[derive(Debug)]
pub(super) struct ErrorRule {
    pub(super) rule: Rule,
    /// The pointer to the error; empty for the whole event. The error is the message if no pointer
    /// leads to a message.
    pub(super) at: String,
    pub(super) code: Vec<String>,
    pub(super) message: Vec<String>,
}

/// An event whose data have been read.
pub(super) struct Reading<'a> {
    /// The SSE `event` field.
    pub(super) event: &'a str,
    pub(super) data: &'a str,
    /// The event's type, if it lies in the data; otherwise the type is the `event` field.
    pub(super) name: Option<Slice>,
    /// Whether the event has generated text that is empty.
    pub(super) has_empty: bool,
    pub(super) findings: &'a mut Findings,
}

impl Reading<'_> {
    fn name(&self) -> &str {
        self.name
            .map_or(self.event, |slice| self.findings.text(slice))
    }
}

impl Rule {
    /// Whether the rule is about this event.
    pub(super) fn holds(&self, reading: &Reading<'_>) -> bool {
        self.holds_for(reading, None)
    }

    /// The value of that number at a place, if the rule holds for its array elements.
    pub(super) fn value(
        &self,
        place: &Place,
        number: usize,
        reading: &Reading<'_>,
    ) -> Option<Found> {
        let found = reading.findings.get(place, number)?;
        self.holds_for(reading, Some(found.index)).then_some(found)
    }

    /// The values at a place for which the rule holds, in the order of the event.
    pub(super) fn values<'a>(
        &'a self,
        place: &'a Place,
        reading: &'a Reading<'_>,
    ) -> impl DoubleEndedIterator<Item = Found> {
        let numbers = 0..reading.findings.len(place);
        numbers.filter_map(move |number| self.value(place, number, reading))
    }

    /// The last value at a place from which `pick` makes something.
    pub(super) fn last<T>(
        &self,
        place: &Place,
        reading: &Reading<'_>,
        pick: impl Fn(Value) -> Option<T>,
    ) -> Option<T> {
        let mut values = self.values(place, reading).rev();
        values.find_map(|found| pick(found.value))
    }

    /// Whether type and conditions fit for those array elements; without any, for some elements.
    fn holds_for(&self, reading: &Reading<'_>, elements: Option<u64>) -> bool {
        let is_on = self.on.is_empty() || self.on.iter().any(|on| on == reading.name());
        is_on && self.when.iter().all(|when| when.holds(reading, elements))
    }
}

impl Count {
    /// The sum of the last counts of the places; `None` if no place has one.
    pub(super) fn count(&self, reading: &Reading<'_>) -> Option<u64> {
        let places = self.places.iter();
        let counts = places.filter_map(|place| self.rule.last(place, reading, Value::count));
        counts.reduce(u64::saturating_add)
    }

    /// The counts of parallel answers.
    pub(super) fn each<'a>(
        &'a self,
        per: Remembered,
        reading: &'a Reading<'_>,
    ) -> impl Iterator<Item = (Answer, u64)> {
        let places = self.places.iter();
        let values = places.flat_map(|place| self.rule.values(place, reading));
        values.filter_map(move |found| {
            let answer = per.answer(reading.findings, found.index);
            Some((answer, found.value.count()?))
        })
    }
}

impl Remembered {
    /// The answer that a value in those array elements belongs to.
    pub(super) fn answer(&self, findings: &Findings, index: u64) -> Answer {
        let member = self.per.and_then(|(place, shared)| {
            let value = findings.at(place, shared, index).last()?;
            Some((findings.key(value)?, index & !shared))
        });
        let (member, elements) = member.unwrap_or((0, index));
        Answer {
            source: self.source,
            elements,
            member,
        }
    }
}

impl When {
    fn holds(&self, reading: &Reading<'_>, elements: Option<u64>) -> bool {
        let place = match self.subject {
            Subject::Event => return self.test.holds_for_text(reading.event),
            Subject::Data => return self.test.holds_for_text(reading.data),
            Subject::Place(place) => place,
        };
        let findings = &*reading.findings;
        let shared = elements.map_or(0, |_| self.shared);
        let mut values = findings.at(place, shared, elements.unwrap_or_default());
        let is_among = |value, all: &[Json]| all.iter().any(|json| is_same(json, value, findings));
        findings.is_json
            && match &self.test {
                Test::OneOf(all) => values.any(|v| is_among(v, all)),
                Test::NoneOf(all) => values.any(|v| v != Value::Null && !is_among(v, all)),
                Test::Present(wanted) => values.any(|v| v != Value::Null) == *wanted,
                Test::Truthy(wanted) => values.any(Value::is_truthy) == *wanted,
            }
    }
}

impl Test {
    fn holds_for_text(&self, text: &str) -> bool {
        let is_text = |json: &Json| json.as_str() == Some(text);
        match self {
            Test::OneOf(all) => all.iter().any(is_text),
            Test::NoneOf(all) => !text.is_empty() && !all.iter().any(is_text),
            Test::Present(wanted) | Test::Truthy(wanted) => text.is_empty() != *wanted,
        }
    }
}

/// Whether a text, a number or a boolean of a document is the found value.
fn is_same(json: &Json, value: Value, findings: &Findings) -> bool {
    match value {
        Value::Text(slice) => json.as_str() == Some(findings.text(slice)),
        Value::Number(n) => json.as_f64().is_some_and(|json| json.total_cmp(&n).is_eq()),
        Value::Boolean(value) => json.as_bool() == Some(value),
        Value::Null | Value::Container(_) => false,
    }
}
