//! What a document says about events, compiled: where things are, and under which conditions.

use super::found::{Findings, Found, Value};
use super::pointer::{Place, Trie};

/// The members of a document's `usage`.
pub(super) const USAGE: [&str; 5] = ["prompt", "completion", "cached", "reasoning", "total"];

/// The members of a document's `ids`.
pub(super) const IDS: [&str; 3] = ["conversation", "message", "task"];

/// The compiled `events` of a document.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) trie: Trie,
    /// Where the event's type is; the first that says something.
    pub(super) types: Vec<Subject>,
    pub(super) text: Vec<Source>,
    pub(super) reasoning: Vec<Source>,
    pub(super) tool: Vec<Source>,
    /// Where the server's counts of tokens are, in the order of [`USAGE`].
    pub(super) usage: [Vec<Count>; 5],
    /// Where identifiers are, in the order of [`IDS`].
    pub(super) ids: [Vec<Source>; 3],
    pub(super) finish_reason: Vec<Source>,
    /// Where text is that takes the place of the answer so far.
    pub(super) replace: Vec<Source>,
    pub(super) spans: Vec<SpanRule>,
    pub(super) errors: Vec<ErrorRule>,
    pub(super) end: Vec<EndRule>,
    pub(super) keep_alive: Vec<Rule>,
    pub(super) ignore: Vec<Rule>,
}

impl Rules {
    /// Whether there is a place of generated text, of any kind.
    pub(super) fn has_text(&self) -> bool {
        let kinds = [&self.text, &self.reasoning, &self.tool];
        kinds.iter().any(|sources| !sources.is_empty())
    }
}

/// A part of an event that can be asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// The SSE `event` field: `@event`.
    Event,
    /// The data as they are, white space around them taken off: `@data`.
    Data,
    /// A place in the data's JSON.
    Place(Place),
}

/// Which events something is said of: all of its conditions must hold.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// The event's type is one of these; any, if there are none.
    pub(super) on: Vec<String>,
    pub(super) when: Vec<When>,
}

#[derive(Debug)]
pub(super) struct When {
    pub(super) subject: Subject,
    /// Mask of the array levels in which the condition is about the same elements as the source
    /// that it belongs to.
    pub(super) shared: u64,
    pub(super) test: Test,
}

/// What a condition asks for, of any of the values that its pointer stands for.
#[derive(Debug)]
pub(super) enum Test {
    /// One of these values.
    OneOf(Vec<Accepted>),
    /// A value other than `null`.
    Present,
    /// No value, or only `null`.
    Absent,
    /// A value that says something, see [`Value::is_truthy`].
    Truthy,
    /// None that does.
    Falsy,
    /// A value other than `null` and these.
    NoneOf(Vec<Accepted>),
}

/// A value that a condition accepts.
#[derive(Debug, PartialEq)]
pub(super) enum Accepted {
    Text(String),
    Number(f64),
    Boolean(bool),
}

/// A place to take a value from, and in which events.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) rule: Rule,
    pub(super) place: Place,
    /// Whether its events repeat the whole text so far.
    pub(super) cumulative: Option<Remembered>,
}

/// Places whose counts add up to one.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) rule: Rule,
    pub(super) places: Vec<Place>,
    /// Whether each of parallel answers has a count of its own.
    pub(super) per: Option<Remembered>,
}

/// A source of which something is remembered, for each of parallel answers apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remembered {
    /// The source's number among those.
    pub(super) source: usize,
    /// What tells the answers apart, beside the elements of arrays that they are in.
    pub(super) per: Option<Per>,
}

/// What tells an answer from those that come in parallel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AnswerKey {
    /// The elements of arrays that it is in (packed indices), where no member tells.
    pub(super) elements: u64,
    /// What stands for the member that tells; 0 for none, as for the number 0, which servers leave
    /// out.
    pub(super) member: u64,
}

/// A member that tells parallel answers apart, wherever in an array they come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Per {
    pub(super) place: Place,
    /// Mask of the array levels that it has in common with the source that it belongs to.
    pub(super) shared: u64,
}

/// What a stream may end after.
#[derive(Debug)]
pub(super) enum EndRule {
    /// An event of that kind.
    One(Rule),
    /// An event of that kind for each of the answers that this member tells apart.
    Each(Rule, Place),
    /// One of each kind, in any order.
    All(Vec<Rule>),
}

/// What a service does for a request in parts that it tells of, such as the nodes of a workflow.
#[derive(Debug)]
pub(super) struct SpanRule {
    pub(super) start: Vec<Rule>,
    pub(super) end: Vec<Rule>,
    pub(super) id: Vec<Source>,
    /// What tells spans of one id apart that run at the same time.
    pub(super) instance: Vec<Source>,
    pub(super) kind: Vec<Source>,
    pub(super) title: Vec<Source>,
    pub(super) elapsed: Vec<Source>,
    /// Seconds of a unit of `elapsed`.
    pub(super) unit: f64,
    pub(super) failed: Vec<Rule>,
    /// The kinds in which a model generates text.
    pub(super) model_kinds: Vec<String>,
}

/// What makes an event an error. Code and message are taken from a second, whole reading of the
/// event: errors are rare.
#[derive(Debug)]
pub(super) struct ErrorRule {
    pub(super) rule: Rule,
    /// The pointer to the error, which is the message where no pointer leads to one; empty for the
    /// whole event.
    pub(super) at: String,
    pub(super) code: Vec<String>,
    pub(super) message: Vec<String>,
}

/// An event whose data have been read, and what rules are asked about.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) event: &'a str,
    pub(super) data: &'a str,
    /// The event's type.
    pub(super) name: &'a str,
    /// What the data hold as JSON; `None` if they are none: then no condition on a place holds,
    /// whatever it asks for.
    pub(super) json: Option<&'a Findings>,
}

impl Rule {
    /// Whether the event is one of those that the rule is about.
    pub(super) fn holds(&self, facts: Facts<'_>) -> bool {
        self.is_on(facts.name) && self.conditions_hold(facts, None)
    }

    /// The values of a place in the event, in order, each with its number; from that number on.
    pub(super) fn values<'a>(
        &'a self,
        place: &'a Place,
        from: usize,
        facts: Facts<'a>,
    ) -> impl DoubleEndedIterator<Item = (usize, Found)> {
        let json = facts.json.filter(|_| self.is_on(facts.name));
        let count = json.map_or(0, |json| json.len(place));
        (from..count).filter_map(move |number| {
            let found = json?.get(place, number)?;
            let holds = self.conditions_hold(facts, Some(found.index));
            holds.then_some((number, found))
        })
    }

    fn is_on(&self, name: &str) -> bool {
        self.on.is_empty() || self.on.iter().any(|on| on == name)
    }

    /// Whether the conditions hold for those elements of arrays; without any, for some elements.
    fn conditions_hold(&self, facts: Facts<'_>, element: Option<u64>) -> bool {
        self.when.iter().all(|c| c.holds(facts, element))
    }
}

impl Source {
    /// The values of this source in the event, in order, each with its number; from that number
    /// on.
    pub(super) fn values<'a>(
        &'a self,
        from: usize,
        facts: Facts<'a>,
    ) -> impl DoubleEndedIterator<Item = (usize, Found)> {
        self.rule.values(&self.place, from, facts)
    }
}

impl Count {
    /// The sum of the last counts of the places; `None` if no place has one.
    pub(super) fn count(&self, facts: Facts<'_>) -> Option<u64> {
        let counts = self.places.iter().filter_map(|place| {
            let mut values = self.rule.values(place, 0, facts).rev();
            values.find_map(|(_, found)| found.value.count())
        });
        counts.reduce(u64::saturating_add)
    }

    /// The counts, each with what tells its answer from the others.
    pub(super) fn each<'a>(
        &'a self,
        per: Remembered,
        facts: Facts<'a>,
    ) -> impl Iterator<Item = (AnswerKey, u64)> {
        let values = self.places.iter();
        let values = values.flat_map(move |place| self.rule.values(place, 0, facts));
        values.filter_map(move |(_, found)| {
            let json = facts.json?;
            Some((per.answer(json, found.index), found.value.count()?))
        })
    }
}

impl Remembered {
    /// Which answer a value in those elements of arrays belongs to.
    pub(super) fn answer(&self, json: &Findings, index: u64) -> AnswerKey {
        let member = self.per.and_then(|per| {
            let value = json.at(per.place, per.shared, index).last()?;
            Some((json.key(value)?, index & !per.shared))
        });
        let (member, elements) = member.unwrap_or((0, index));
        AnswerKey { elements, member }
    }
}

impl When {
    fn holds(&self, facts: Facts<'_>, element: Option<u64>) -> bool {
        match self.subject {
            Subject::Event => self.test.holds_for_text(facts.event),
            Subject::Data => self.test.holds_for_text(facts.data),
            Subject::Place(place) => facts.json.is_some_and(|json| {
                let shared = element.map_or(0, |_| self.shared);
                let mut values = json.at(place, shared, element.unwrap_or_default());
                match &self.test {
                    Test::OneOf(all) => values.any(|v| all.iter().any(|a| a.is(v, json))),
                    Test::NoneOf(all) => {
                        values.any(|v| v != Value::Null && !all.iter().any(|a| a.is(v, json)))
                    }
                    Test::Present => values.any(|v| v != Value::Null),
                    Test::Absent => values.all(|v| v == Value::Null),
                    Test::Truthy => values.any(Value::is_truthy),
                    Test::Falsy => !values.any(Value::is_truthy),
                }
            }),
        }
    }
}

impl Test {
    fn holds_for_text(&self, text: &str) -> bool {
        let is_among = |all: &[Accepted]| {
            all.iter()
                .any(|accepted| matches!(accepted, Accepted::Text(a) if a == text))
        };
        match self {
            Test::OneOf(all) => is_among(all),
            Test::NoneOf(all) => !text.is_empty() && !is_among(all),
            Test::Present | Test::Truthy => !text.is_empty(),
            Test::Absent | Test::Falsy => text.is_empty(),
        }
    }
}

impl Accepted {
    fn is(&self, value: Value, json: &Findings) -> bool {
        match (self, value) {
            (Accepted::Text(a), Value::Text(slice)) => a == json.text(slice),
            (Accepted::Number(a), Value::Number(number)) => a.total_cmp(&number).is_eq(),
            (Accepted::Boolean(a), Value::Boolean(value)) => *a == value,
            _ => false,
        }
    }
}
