//! Finds the places of a stream's events that look like generated text.

use serde_json::{Value, json};

use super::kind::{Kind, is_error};
use super::leaves::{Leaf, Leaves, distinct, last_name};

/// Usual names of text.
const TEXT_NAMES: [&str; 12] = [
    "text", "content", "delta", "token", "answer", "t", "message", "output", "response", "chunk",
    "piece", "data",
];

/// Words in the pointers and types of other generated text, by the members of a document.
const OTHER_ROLES: [(&str, &[&str]); 2] = [
    ("reasoning", &["reason", "think", "thought"]),
    ("tool", &["tool", "function_call"]),
];

/// Words in the names of a tool call's arguments. A call's other members are not generated text.
const ARGUMENT_NAMES: [&str; 3] = ["delta", "arg", "json"];

/// A place that holds pieces of text.
pub(super) struct TextPlace {
    pub(super) pointer: String,
    pub(super) kind: Option<String>,
    pub(super) events: Vec<usize>,
    /// The member of a document that lists such places.
    pub(super) role: &'static str,
    cumulative: bool,
}

impl TextPlace {
    /// The place as a source of a document.
    pub(super) fn source(&self) -> Value {
        match (&self.kind, self.cumulative) {
            (None, false) => json!(self.pointer),
            (None, true) => json!({"at": self.pointer, "mode": "cumulative"}),
            (Some(on), false) => json!({"at": self.pointer, "on": [on]}),
            (Some(on), true) => json!({"at": self.pointer, "on": [on], "mode": "cumulative"}),
        }
    }
}

/// The best place of each role, at least one of them, and the names of other likely places.
pub(super) fn find_text(
    leaves: &Leaves,
    kind: Option<&Kind>,
    sure: bool,
) -> Option<(Vec<TextPlace>, Vec<String>)> {
    let mut places: Vec<(usize, TextPlace)> = Vec::new();
    for (pointer, leaf) in &leaves.by_pointer {
        if kind.is_some_and(|kind| kind.at == *pointer) {
            continue;
        }
        for (on, pieces) in by_kind(leaf, kind) {
            let role = role(pointer, on.as_deref());
            if let Some(score) = score(pointer, role, &pieces, sure) {
                let cumulative = is_cumulative(&pieces);
                let place = TextPlace {
                    pointer: pointer.clone(),
                    kind: on,
                    events: pieces.iter().map(|(number, _)| *number).collect(),
                    role,
                    cumulative,
                };
                places.push((score, place));
            }
        }
    }
    places.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let (mut found, mut left_out): (Vec<TextPlace>, _) = (Vec::new(), Vec::new());
    for (_, place) in places {
        if !found.iter().any(|known| known.role == place.role) {
            found.push(place);
        } else if is_named(&place.pointer, place.role) {
            let on = place.kind.map(|on| format!(" ({on})"));
            left_out.push(place.pointer + &on.unwrap_or_default());
        }
    }
    (!found.is_empty()).then_some((found, left_out))
}

fn role(pointer: &str, on: Option<&str>) -> &'static str {
    let name = format!("{pointer} {}", on.unwrap_or_default()).to_ascii_lowercase();
    let is_named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let other = OTHER_ROLES.iter().find(|(_, words)| is_named(words));
    other.map_or("text", |(role, _)| role)
}

/// Whether a place has a usual name of generated text in this role.
fn is_named(pointer: &str, role: &str) -> bool {
    let name = last_name(pointer);
    match role {
        "tool" => ARGUMENT_NAMES.iter().any(|word| name.contains(word)),
        _ => TEXT_NAMES.contains(&name.as_str()),
    }
}

/// Pieces of text, each with its event's number.
type Pieces<'a> = Vec<(usize, &'a str)>;

/// A leaf's texts that are not empty, apart by the types of their events, without errors.
fn by_kind<'a>(leaf: &'a Leaf, kind: Option<&Kind>) -> Vec<(Option<String>, Pieces<'a>)> {
    let mut groups: Vec<(Option<String>, Pieces<'a>)> = Vec::new();
    for (number, text) in leaf.texts.iter().filter(|(_, text)| !text.is_empty()) {
        let on = kind.and_then(|kind| kind.of(*number)).map(str::to_owned);
        if on.as_deref().is_some_and(is_error) {
            continue;
        }
        match groups.iter_mut().find(|(known, _)| *known == on) {
            Some((_, pieces)) => pieces.push((*number, text)),
            None => groups.push((on, vec![(*number, text.as_str())])),
        }
    }
    groups
}

/// How much a place looks like generated text; `None` for no likeness, or, for `sure`, no usual name
/// of text.
fn score(pointer: &str, role: &str, pieces: &[(usize, &str)], sure: bool) -> Option<usize> {
    let texts = distinct(pieces);
    let named = is_named(pointer, role);
    let name = last_name(pointer);
    let is_id = name.ends_with("id") || name.ends_with("time") || name == "model";
    // One text in every event is no answer, unless there is one event only.
    let is_text = match texts {
        0 | 1 => named && pieces.len() == 1 && !sure,
        _ => named || !sure && role != "tool",
    };
    if is_id || !is_text {
        return None;
    }
    Some(texts * if named { 3 } else { 1 })
}

/// Whether each text begins with the one before it, and they grow.
pub(super) fn is_cumulative(pieces: &[(usize, &str)]) -> bool {
    let grows = pieces
        .windows(2)
        .all(|pair| pair[1].1.starts_with(pair[0].1));
    pieces.len() > 2 && grows && distinct(pieces) > 1
}
