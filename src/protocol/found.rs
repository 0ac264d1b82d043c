//! Reads an event's JSON in one pass along the trie of pointers. Every event reuses the memory of
//! the event before it, and values without a pointer are not kept.
//!
//! The memory is small and close together, because a user's memory has left the caches when an event
//! wakes the user.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::pointer::{MAX_INDEX, Place, Trie, packed};
use super::unescape::push_unescaped;

/// Hashes texts, each the same way in every user.
const HASHING: BuildHasherDefault<DefaultHasher> = BuildHasherDefault::new();

/// A piece of the text that was found, as a range of its buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    start: usize,
    end: usize,
}

impl Slice {
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The slice without its first bytes.
    pub(super) fn from(mut self, bytes: usize) -> Self {
        self.start += bytes;
        self
    }

    /// The slice's first bytes.
    pub(super) fn to(mut self, bytes: usize) -> Self {
        self.end = self.start + bytes;
        self
    }
}

/// A value at a place of a document's pointers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Number(f64),
    Text(Slice),
    /// An object or an array, and whether it is empty.
    Container(bool),
}

impl Value {
    /// Whether the value is not `null`, `false`, 0, an empty string or an empty object or array.
    pub(super) fn is_truthy(self) -> bool {
        match self {
            Value::Null => false,
            Value::Boolean(value) => value,
            Value::Number(number) => number != 0.0,
            Value::Text(slice) => !slice.is_empty(),
            Value::Container(empty) => !empty,
        }
    }

    /// A whole number that is not negative, also written as `3.0`.
    pub(super) fn count(self) -> Option<u64> {
        match self {
            // The number is whole and not negative, and beyond u64 the cast saturates.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Value::Number(n) if n >= 0.0 && n.fract() == 0.0 => Some(n as u64),
            _ => None,
        }
    }
}

/// A value, and the packed indices of the array elements around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) index: u64,
    pub(super) value: Value,
}

/// The values of one event at the places of a trie.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Values with their slots, sorted by slot; within a slot in the order of the event.
    found: Vec<(usize, Found)>,
    /// The index in `found` at which each slot begins, and the end of the last slot.
    bounds: Vec<u32>,
    text: String,
    /// Whether the event's data are JSON: otherwise no condition on a place holds.
    pub(super) is_json: bool,
}

impl Findings {
    pub(super) fn new(trie: &Trie) -> Self {
        Self {
            bounds: vec![0; trie.slots + 1],
            ..Self::default()
        }
    }

    /// Reads one JSON value. After an error the findings are empty.
    pub(super) fn read(&mut self, trie: &Trie, json: &str) -> serde_json::Result<()> {
        self.found.clear();
        self.text.clear();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let walk = Walk {
            trie,
            findings: self,
            escapes: json.contains('\\'),
            node: 0,
            level: 0,
            index: 0,
        };
        let read = walk
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        self.is_json = read.is_ok();
        if !self.is_json {
            self.found.clear();
        }
        // Stable: the values of one slot keep the order of the event.
        self.found.sort_by_key(|(slot, _)| *slot);
        let mut end = 0;
        for (slot, bound) in self.bounds.iter_mut().enumerate() {
            while self.found.get(end).is_some_and(|(of, _)| *of < slot) {
                end += 1;
            }
            *bound = u32::try_from(end).unwrap_or(u32::MAX);
        }
        read
    }

    fn slot(&self, slot: usize) -> &[(usize, Found)] {
        &self.found[self.bounds[slot] as usize..self.bounds[slot + 1] as usize]
    }

    /// Number of values in a place's slot.
    pub(super) fn len(&self, place: &Place) -> usize {
        self.slot(place.slot).len()
    }

    /// A value by its number in the place's slot; `None` if the pointer stands for other array
    /// elements, or if a later member has the same name.
    pub(super) fn get(&self, place: &Place, number: usize) -> Option<Found> {
        let slot = self.slot(place.slot);
        let (_, found) = *slot.get(number)?;
        let next = slot.get(number + 1);
        let again = next.is_some_and(|(_, next)| next.index == found.index);
        (place.includes(found.index) && !again).then_some(found)
    }

    /// The values at a place whose array elements equal those of `index` in the levels of `shared`.
    pub(super) fn at(&self, place: Place, shared: u64, index: u64) -> impl Iterator<Item = Value> {
        let slot = self.slot(place.slot);
        let wanted = index & shared;
        let start = slot.partition_point(|(_, found)| found.index & shared < wanted);
        (start..slot.len())
            .take_while(move |&number| slot[number].1.index & shared == wanted)
            .filter_map(move |number| self.get(&place, number))
            .map(|found| found.value)
    }

    pub(super) fn text(&self, slice: Slice) -> &str {
        &self.text[slice.start..slice.end]
    }

    /// A key that tells answers apart without a copy of a text: the bits of a number or the hash of a
    /// text. `None` for any other value.
    pub(super) fn key(&self, value: Value) -> Option<u64> {
        match value {
            Value::Number(number) => Some(number.to_bits()),
            Value::Text(slice) => Some(HASHING.hash_one(self.text(slice))),
            Value::Null | Value::Boolean(_) | Value::Container(_) => None,
        }
    }

    /// One slice for two pieces, one after the other.
    pub(super) fn join(&mut self, left: Slice, right: Slice) -> Slice {
        if left.is_empty() {
            return right;
        }
        let start = if left.end == self.text.len() {
            left.start
        } else {
            self.text.extend_from_within(left.start..left.end);
            self.text.len() - (left.end - left.start)
        };
        self.text.extend_from_within(right.start..right.end);
        let end = self.text.len();
        Slice { start, end }
    }

    /// Keeps the text that `append` appends.
    pub(super) fn add(&mut self, append: impl FnOnce(&mut String)) -> Slice {
        let start = self.text.len();
        append(&mut self.text);
        let end = self.text.len();
        Slice { start, end }
    }
}

/// Reads the value at one node of the trie.
struct Walk<'a> {
    trie: &'a Trie,
    findings: &'a mut Findings,
    /// Whether the event has escapes, for which `serde_json` would allocate memory.
    escapes: bool,
    node: usize,
    level: u32,
    index: u64,
}

impl Walk<'_> {
    fn record(self, value: Value) {
        if let Some(slot) = self.trie.node(self.node).slot {
            let index = self.index;
            self.findings.found.push((slot, Found { index, value }));
        }
    }

    /// The value of a leaf's JSON; `None` for a number out of range.
    fn leaf(&mut self, raw: &str) -> Option<Value> {
        Some(match raw.as_bytes().first()? {
            b'"' => {
                let raw = raw.get(1..raw.len() - 1)?;
                Value::Text(self.findings.add(|text| push_unescaped(text, raw)))
            }
            b'{' | b'[' => {
                let inside = raw.get(1..raw.len() - 1)?;
                Value::Container(inside.trim_ascii().is_empty())
            }
            b't' | b'f' => Value::Boolean(raw == "true"),
            b'n' => Value::Null,
            _ => Value::Number(raw.parse().ok().filter(|n: &f64| n.is_finite())?),
        })
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        if !self.escapes || !self.trie.node(self.node).is_leaf() {
            return deserializer.deserialize_any(self);
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let value = self.leaf(raw);
        self.record(value.ok_or_else(|| D::Error::custom("number out of range"))?);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.record(Value::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.record(Value::Boolean(value));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_f64(number as f64)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.record(Value::Number(number));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.trie.node(self.node).slot.is_some() {
            let slice = self.findings.add(|kept| kept.push_str(text));
            self.record(Value::Text(slice));
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut empty = true;
        while let Some(Name(name)) = map.next_key()? {
            empty = false;
            match self.trie.member(self.node, &name) {
                Some(node) => map.next_value_seed(Walk {
                    findings: &mut *self.findings,
                    node,
                    ..self
                })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.record(Value::Container(empty));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        if let Some(node) = self.trie.node(self.node).element {
            while number <= MAX_INDEX {
                let walk = Walk {
                    findings: &mut *self.findings,
                    node,
                    level: self.level + 1,
                    index: self.index | packed(self.level, number),
                    ..self
                };
                if elements.next_element_seed(walk)?.is_none() {
                    break;
                }
                number += 1;
            }
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {
            number += 1;
        }
        self.record(Value::Container(number == 0));
        Ok(())
    }
}

/// A member's name, copied only if it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
