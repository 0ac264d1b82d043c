//! What a decoder remembers of a stream from one event to the next: texts that are repeated whole,
//! and which of several terminal events have come.

use super::rules::{End, Facts};

/// The memory of one stream.
#[derive(Debug, Default)]
pub(super) struct Memory {
    texts: Vec<Grown>,
    /// The parts that have come of each rule of `end`, as bits.
    ended: Vec<u64>,
}

/// The text that a cumulative source has given so far.
#[derive(Debug)]
struct Grown {
    source: usize,
    /// The elements of arrays that it belongs to: choices grow each for itself.
    index: u64,
    so_far: String,
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
        self.ended.clear();
    }

    /// Takes a text as a whole and says what is new.
    ///
    /// A text goes on where it begins with the earlier one, but for U+FFFD at that one's end:
    /// servers put it for a character whose bytes have not all come. Any other text has been
    /// replaced: shortened, corrected, withdrawn.
    pub(super) fn grow(&mut self, source: usize, index: u64, whole: &str) -> Growth {
        let same = |text: &Grown| text.source == source && text.index == index;
        let Some(known) = self.texts.iter_mut().find(|text| same(text)) else {
            self.texts.push(Grown {
                source,
                index,
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

    /// Whether the stream may end after this event.
    pub(super) fn ends(&mut self, rules: &[End], facts: Facts<'_>) -> bool {
        self.ended.resize(rules.len(), 0);
        let mut ends = false;
        for (rule, ended) in rules.iter().zip(&mut self.ended) {
            ends |= match rule {
                End::One(rule) => rule.holds(facts),
                End::All(parts) => {
                    for (bit, _) in (0..).zip(parts).filter(|(_, part)| part.holds(facts)) {
                        *ended |= 1_u64 << bit;
                    }
                    ended.count_ones() as usize == parts.len()
                }
            };
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(memory.grow(0, 0, whole), expected, "{whole:?}");
        }
        assert_eq!(memory.grow(0, 1, "no more of it"), Growth::From(0));
        assert_eq!(memory.grow(1, 0, "no"), Growth::From(0));
        memory.clear();
        assert_eq!(memory.grow(0, 0, "no more"), Growth::From(0));
    }
}
