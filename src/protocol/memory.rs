//! The memory of a decoder from one event of a stream to the next: texts that are repeated whole,
//! counts of parallel answers, and which of the awaited events have come.

use super::found::{Findings, Slice};
use super::pointer::Place;
use super::rules::{Answer, EndRule, Reading, Rule};
use super::think::ThinkTags;

/// The memory of one stream. Its lists are short.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The text of each answer so far, of sources that repeat it whole.
    texts: Vec<(Answer, String)>,
    /// The last count of each answer.
    counts: Vec<(Answer, u64)>,
    /// Whether what a rule of `end` awaits has come. The key is the rule's number, with the number of
    /// a kind of event or the key of an answer.
    awaited: Vec<((usize, Option<u64>), bool)>,
    /// `Some` if tags in the answer's text tell its reasoning.
    pub(super) think: Option<ThinkTags>,
}

/// The value of a key; a new key gets the default value.
fn entry<K: Copy + PartialEq, V: Default>(list: &mut Vec<(K, V)>, key: K) -> &mut V {
    let place = list.iter().position(|(known, _)| *known == key);
    let place = place.unwrap_or_else(|| {
        list.push((key, V::default()));
        list.len() - 1
    });
    &mut list[place].1
}

impl Memory {
    pub(super) fn new(think_tags: bool) -> Self {
        Self {
            think: think_tags.then(ThinkTags::default),
            ..Self::default()
        }
    }

    /// Forgets the stream.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.counts.clear();
        self.awaited.clear();
        self.think
            .iter_mut()
            .for_each(|tags| *tags = ThinkTags::default());
    }

    /// Remembers the whole text of an answer and returns the byte at which its new part begins; `None`
    /// if the text replaces the earlier one: then nothing of it is new.
    ///
    /// A text continues the earlier one if it begins with it, apart from U+FFFD at the earlier text's
    /// end: servers put U+FFFD for a character whose bytes have not all come.
    pub(super) fn grow(&mut self, answer: Answer, whole: &str) -> Option<usize> {
        let known = entry(&mut self.texts, answer);
        let kept = known.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let kept = if whole.starts_with(known.as_str()) {
            known.len()
        } else if whole.starts_with(kept) && !kept.is_empty() {
            kept.len()
        } else {
            whole.clone_into(known);
            return None;
        };
        known.truncate(kept);
        known.push_str(&whole[kept..]);
        Some(kept)
    }

    /// The whole text of a source so far: the texts of all answers, one after the other.
    pub(super) fn whole(&self, source: usize, findings: &mut Findings) -> Slice {
        let texts = self.texts.iter().filter(|(of, _)| of.source == source);
        texts.fold(Slice::default(), |whole, (_, text)| {
            let next = findings.add(|kept| kept.push_str(text));
            findings.join(whole, next)
        })
    }

    /// Replaces an answer's count.
    pub(super) fn count(&mut self, answer: Answer, count: u64) {
        *entry(&mut self.counts, answer) = count;
    }

    /// The sum of the counts of a source's answers.
    pub(super) fn sum(&self, source: usize) -> u64 {
        let counts = self.counts.iter().filter(|(of, _)| of.source == source);
        counts.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Whether the stream may end after this event.
    pub(super) fn ends(&mut self, rules: &[EndRule], reading: &Reading<'_>) -> bool {
        let rules = rules.iter().enumerate();
        rules.fold(false, |ends, (number, rule)| {
            ends | match rule {
                EndRule::One(rule) => rule.holds(reading),
                EndRule::Each(rule, member) => self.each_ended(number, rule, member, reading),
                EndRule::All(kinds) => {
                    for (kind, rule) in (0..).zip(kinds) {
                        *entry(&mut self.awaited, (number, Some(kind))) |= rule.holds(reading);
                    }
                    self.all_have_come(number)
                }
            }
        })
    }

    /// Whether the last of the answers that have begun ends with this event. An answer without the
    /// member that tells answers apart is the only one.
    fn each_ended(
        &mut self,
        number: usize,
        rule: &Rule,
        member: &Place,
        reading: &Reading<'_>,
    ) -> bool {
        let findings = &*reading.findings;
        if findings.len(member) == 0 {
            return rule.holds(reading);
        }
        let mut any = false;
        for place in 0..findings.len(member) {
            if let Some(found) = findings.get(member, place) {
                let ends = rule.value(member, place, reading).is_some();
                *entry(&mut self.awaited, (number, findings.key(found.value))) |= ends;
                any |= ends;
            }
        }
        any && self.all_have_come(number)
    }

    fn all_have_come(&self, rule: usize) -> bool {
        let mut awaited = self.awaited.iter().filter(|((of, _), _)| *of == rule);
        awaited.all(|(_, has_come)| *has_come)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(source: usize, elements: u64, member: u64) -> Answer {
        Answer {
            source,
            elements,
            member,
        }
    }

    #[test]
    fn the_new_part_of_a_text_that_is_repeated_whole() {
        let mut memory = Memory::default();
        for (whole, expected) in [
            ("", Some(0)),
            ("a", Some(0)),
            ("ab", Some(1)),
            ("ab", Some(2)),
            ("ab\u{FFFD}\u{FFFD}", Some(2)),
            ("ab豆", Some(2)),
            ("ab豆\u{FFFD}", Some(5)),
            ("ab", None),
            ("abc", Some(2)),
            ("no", None),
            ("no more", Some(2)),
        ] {
            assert_eq!(memory.grow(answer(0, 0, 0), whole), expected, "{whole:?}");
        }
        for other in [answer(0, 1, 0), answer(0, 0, 1), answer(1, 0, 0)] {
            assert_eq!(memory.grow(other, "no more of it"), Some(0));
        }
        memory.clear();
        assert_eq!(memory.grow(answer(0, 0, 0), "no more"), Some(0));
    }

    #[test]
    fn the_last_counts_of_answers_add_up() {
        let mut memory = Memory::default();
        for (source, member, count, sum) in [
            (0, 0, 3, 3),
            (0, 1, 2, 5),
            (0, 0, 4, 6),
            (1, 0, 9, 9),
            (0, 1, u64::MAX, u64::MAX),
        ] {
            memory.count(answer(source, 0, member), count);
            assert_eq!(memory.sum(source), sum);
        }
        memory.clear();
        assert_eq!(memory.sum(0), 0);
    }
}
