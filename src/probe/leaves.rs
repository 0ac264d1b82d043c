//! The values of a stream's events by their JSON pointers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::SeenEvent;

/// A place's texts, each with the number of its event, and whether numbers came there.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaf {
    pub(super) texts: Vec<(usize, String)>,
    pub(super) has_numbers: bool,
    /// Events in which the value is not null, false, 0 or empty.
    pub(super) truthy: Vec<usize>,
}

/// The events whose data are JSON objects, and their leaves by pointer: array elements are `*`.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaves {
    pub(super) events: Vec<usize>,
    pub(super) by_pointer: BTreeMap<String, Leaf>,
}

impl Leaves {
    pub(super) fn of(events: &[SeenEvent]) -> Self {
        let mut leaves = Self::default();
        for (number, event) in events.iter().enumerate() {
            let data = event.data.as_deref().unwrap_or_default();
            let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(data) else {
                continue;
            };
            leaves.events.push(number);
            leaves.add("", &value, number, 0);
        }
        leaves
    }

    fn add(&mut self, pointer: &str, value: &Value, number: usize, arrays: u32) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.add(&format!("{pointer}/{name}"), member, number, arrays);
                }
            }
            // A document's pointer may have four array levels.
            Value::Array(_) if arrays == 4 => {}
            Value::Array(elements) => {
                for element in elements {
                    self.add(&format!("{pointer}/*"), element, number, arrays + 1);
                }
            }
            _ => {
                let leaf = self.by_pointer.entry(pointer.to_owned()).or_default();
                let truthy = match value {
                    Value::Bool(value) => *value,
                    Value::Number(value) => {
                        leaf.has_numbers = true;
                        value.as_f64() != Some(0.0)
                    }
                    Value::String(text) => {
                        leaf.texts.push((number, text.clone()));
                        !text.is_empty()
                    }
                    _ => false,
                };
                if truthy {
                    leaf.truthy.push(number);
                }
            }
        }
    }
}

/// The number of different texts.
pub(super) fn distinct<T: AsRef<str>>(texts: &[(usize, T)]) -> usize {
    let texts: BTreeSet<&str> = texts.iter().map(|(_, text)| text.as_ref()).collect();
    texts.len()
}

/// The last part of a pointer, in lower case.
pub(super) fn last_name(pointer: &str) -> String {
    let names = pointer.rsplit('/').find(|name| *name != "*");
    names.unwrap_or_default().to_ascii_lowercase()
}

/// The place of a pointer's name among `names`; the first name is the best.
pub(super) fn rank(names: &[&str], pointer: &str) -> usize {
    let name = last_name(pointer);
    let place = names.iter().position(|known| *known == name);
    place.unwrap_or(names.len())
}
