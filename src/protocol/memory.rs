//! What a decoder remembers of a stream from one event to the next: texts that are repeated whole,
//! the counts of parallel answers, and what has come of all that must before a stream may end.

use super::found::{Findings, Slice};
use super::pointer::Place;
use super::rules::{AnswerKey, EndRule, Facts, Rule};

/// The memory of one stream.
#[derive(Debug, Default)]
pub(super) struct Memory {
    texts: Vec<Grown>,
    counts: Vec<Counted>,
    awaited: Vec<Awaited>,
}

/// The text that a cumulative source has given so far of one answer.
#[derive(Debug)]
struct Grown {
    source: usize,
    answer: AnswerKey,
    so_far: String,
}

/// The last count of one answer.
#[derive(Debug)]
struct Counted {
    source: usize,
    answer: AnswerKey,
    count: u64,
}

/// What a rule of `end` awaits, beside others, before the stream may end: an event of one kind, or the
/// end of one answer.
#[derive(Debug)]
struct Awaited {
    /// The number of the rule.
    rule: usize,
    /// What tells the kinds, or the answers, apart.
    key: Option<u64>,
    has_come: bool,
}

/// What a cumulative text has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// What is new begins at that byte; nothing is, if that is its end.
    From(usize),
    /// It is another text: nothing of it counts as new.
    Replaced,
}

impl Memory {
    /// Forgets the stream.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.counts.clear();
        self.awaited.clear();
    }

    /// Takes a text as a whole and says what is new.
    ///
    /// A text goes on where it begins with the earlier one, but for U+FFFD at that one's end:
    /// servers put it for a character whose bytes have not all come. Any other text has been
    /// replaced: shortened, corrected, withdrawn.
    pub(super) fn grow(&mut self, source: usize, answer: AnswerKey, whole: &str) -> Growth {
        let same = |text: &Grown| text.source == source && text.answer == answer;
        let Some(known) = self.texts.iter_mut().find(|text| same(text)) else {
            self.texts.push(Grown {
                source,
                answer,
                so_far: whole.to_owned(),
            });
            return Growth::From(0);
        };
        let kept = known.so_far.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let kept = if whole.starts_with(known.so_far.as_str()) {
            known.so_far.len()
        } else if whole.starts_with(kept) && !kept.is_empty() {
            kept.len()
        } else {
            whole.clone_into(&mut known.so_far);
            return Growth::Replaced;
        };
        known.so_far.truncate(kept);
        known.so_far.push_str(&whole[kept..]);
        Growth::From(kept)
    }

    /// The whole text of a source so far: that of all answers, one after the other.
    pub(super) fn whole(&self, source: usize, findings: &mut Findings) -> Slice {
        let texts = self.texts.iter().filter(|text| text.source == source);
        texts.fold(Slice::default(), |whole, text| {
            let next = findings.add(|kept| kept.push_str(&text.so_far));
            findings.join(whole, next)
        })
    }

    /// Takes an answer's count in place of its last one.
    pub(super) fn count(&mut self, source: usize, answer: AnswerKey, count: u64) {
        let mut known = self.counts.iter_mut();
        match known.find(|known| known.source == source && known.answer == answer) {
            Some(known) => known.count = count,
            None => self.counts.push(Counted {
                source,
                answer,
                count,
            }),
        }
    }

    /// The counts of a source's answers together.
    pub(super) fn sum(&self, source: usize) -> u64 {
        let counts = self.counts.iter().filter(|known| known.source == source);
        counts.fold(0, |sum, known| sum.saturating_add(known.count))
    }

    /// Whether the stream may end after this event.
    pub(super) fn ends(&mut self, rules: &[EndRule], facts: Facts<'_>) -> bool {
        let mut ends = false;
        for (number, rule) in rules.iter().enumerate() {
            ends |= match rule {
                EndRule::One(rule) => rule.holds(facts),
                EndRule::Each(rule, member) => self.each_ended(number, rule, member, facts),
                EndRule::All(kinds) => {
                    for (key, kind) in (0..).zip(kinds) {
                        self.awaited(number, Some(key)).has_come |= kind.holds(facts);
                    }
                    self.all_have_come(number)
                }
            };
        }
        ends
    }

    /// Whether the last of the answers that have begun ends with this event. An answer without the
    /// member that tells answers apart is the only one.
    fn each_ended(&mut self, number: usize, rule: &Rule, member: &Place, facts: Facts<'_>) -> bool {
        let Some(json) = facts.json.filter(|json| json.len(member) > 0) else {
            return rule.holds(facts);
        };
        for place in 0..json.len(member) {
            if let Some(found) = json.get(member, place) {
                self.awaited(number, json.key(found.value));
            }
        }
        let mut any = false;
        for (_, found) in rule.values(member, 0, facts) {
            self.awaited(number, json.key(found.value)).has_come = true;
            any = true;
        }
        any && self.all_have_come(number)
    }

    fn all_have_come(&self, rule: usize) -> bool {
        let mut awaited = self.awaited.iter().filter(|awaited| awaited.rule == rule);
        awaited.all(|awaited| awaited.has_come)
    }

    /// What the rule awaits under that key; it has not come where the key is new.
    fn awaited(&mut self, rule: usize, key: Option<u64>) -> &mut Awaited {
        let mut known = self.awaited.iter();
        let place = known.position(|known| known.rule == rule && known.key == key);
        let place = place.unwrap_or_else(|| {
            self.awaited.push(Awaited {
                rule,
                key,
                has_come: false,
            });
            self.awaited.len() - 1
        });
        &mut self.awaited[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: AnswerKey = AnswerKey {
        elements: 0,
        member: 0,
    };

    #[test]
    fn what_is_new_of_a_text_that_is_repeated_whole() {
        let mut memory = Memory::default();
        for (whole, expected) in [
            ("", Growth::From(0)),
            ("a", Growth::From(0)),
            ("ab", Growth::From(1)),
            ("ab", Growth::From(2)),
            ("ab\u{FFFD}\u{FFFD}", Growth::From(2)),
            ("ab豆", Growth::From(2)),
            ("ab豆\u{FFFD}", Growth::From(5)),
            ("ab", Growth::Replaced),
            ("abc", Growth::From(2)),
            ("no", Growth::Replaced),
            ("no more", Growth::From(2)),
        ] {
            assert_eq!(memory.grow(0, FIRST, whole), expected, "{whole:?}");
        }
        for other in [
            AnswerKey {
                elements: 1,
                member: 0,
            },
            AnswerKey {
                elements: 0,
                member: 1,
            },
        ] {
            assert_eq!(memory.grow(0, other, "no more of it"), Growth::From(0));
        }
        assert_eq!(memory.grow(1, FIRST, "no"), Growth::From(0));
        memory.clear();
        assert_eq!(memory.grow(0, FIRST, "no more"), Growth::From(0));
    }

    #[test]
    fn the_last_counts_of_answers_add_up() {
        let second = AnswerKey {
            elements: 0,
            member: 1,
        };
        let mut memory = Memory::default();
        for (source, answer, count, sum) in [
            (0, FIRST, 3, 3),
            (0, second, 2, 5),
            (0, FIRST, 4, 6),
            (1, FIRST, 9, 9),
            (0, second, u64::MAX, u64::MAX),
        ] {
            memory.count(source, answer, count);
            assert_eq!(memory.sum(source), sum);
        }
        memory.clear();
        assert_eq!(memory.sum(0), 0);
    }
}
