//! Finds the places of a stream's events that look like generated text.

use serde_json::{Value, json};

use super::kind::Kind;
use super::leaves::{Leaf, Leaves, distinct, last_name, rank};

/// Usual names of text.
const TEXT_NAMES: [&str; 12] = [
    "text", "content", "delta", "token", "answer", "t", "message", "output", "response", "chunk",
    "piece", "data",
];
const REASONING_NAMES: [&str; 3] = ["reason", "think", "thought"];

/// A place that holds pieces of text.
pub(super) struct TextPlace {
    pub(super) pointer: String,
    pub(super) kind: Option<String>,
    pub(super) events: Vec<usize>,
    cumulative: bool,
}

impl TextPlace {
    pub(super) fn is_reasoning(&self) -> bool {
        let name = self.pointer.to_ascii_lowercase();
        REASONING_NAMES.iter().any(|known| name.contains(known))
    }

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

/// The best place for the answer and the best place for reasoning, at least one of them.
pub(super) fn find_text(
    leaves: &Leaves,
    kind: Option<&Kind>,
    sure: bool,
) -> Option<Vec<TextPlace>> {
    let mut places: Vec<(usize, TextPlace)> = Vec::new();
    for (pointer, leaf) in &leaves.by_pointer {
        if kind.is_some_and(|kind| kind.at == *pointer) {
            continue;
        }
        for (on, pieces) in by_kind(leaf, kind) {
            if let Some(score) = score(pointer, &pieces, sure) {
                let cumulative = is_cumulative(&pieces);
                let place = TextPlace {
                    pointer: pointer.clone(),
                    kind: on,
                    events: pieces.iter().map(|(number, _)| *number).collect(),
                    cumulative,
                };
                places.push((score, place));
            }
        }
    }
    places.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let mut found: Vec<TextPlace> = Vec::new();
    for (_, place) in places {
        let alike = |known: &TextPlace| known.is_reasoning() == place.is_reasoning();
        if !found.iter().any(alike) {
            found.push(place);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Pieces of text, each with its event's number.
type Pieces<'a> = Vec<(usize, &'a str)>;

/// A leaf's texts that are not empty, apart by the types of their events.
fn by_kind<'a>(leaf: &'a Leaf, kind: Option<&Kind>) -> Vec<(Option<String>, Pieces<'a>)> {
    let mut groups: Vec<(Option<String>, Pieces<'a>)> = Vec::new();
    for (number, text) in leaf.texts.iter().filter(|(_, text)| !text.is_empty()) {
        let on = kind.and_then(|kind| kind.of(*number)).map(str::to_owned);
        match groups.iter_mut().find(|(known, _)| *known == on) {
            Some((_, pieces)) => pieces.push((*number, text)),
            None => groups.push((on, vec![(*number, text.as_str())])),
        }
    }
    groups
}

/// How much a place looks like generated text; `None` for no likeness, or, for `sure`, no usual name
/// of text.
fn score(pointer: &str, pieces: &[(usize, &str)], sure: bool) -> Option<usize> {
    let texts = distinct(pieces);
    let named = rank(&TEXT_NAMES, pointer) < TEXT_NAMES.len();
    let name = last_name(pointer);
    let is_id = name == "id" || name.ends_with("_id") || name.ends_with("time") || name == "model";
    // One text in every event is no answer, unless there is one event only.
    let is_text = match texts {
        0 | 1 => named && pieces.len() == 1 && !sure,
        _ => named || !sure,
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
    let lengths = |piece: Option<&(usize, &str)>| piece.map_or(0, |(_, text)| text.len());
    pieces.len() > 2 && grows && lengths(pieces.last()) > lengths(pieces.first())
}
