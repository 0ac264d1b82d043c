//! Finds the types of a stream's events and the place of the type.

use std::collections::BTreeSet;

use super::SeenEvent;
use super::leaves::{Leaves, distinct, rank};

/// Usual names of a type, the likeliest first.
const TYPE_NAMES: [&str; 7] = ["type", "event", "kind", "object", "op", "action", "status"];

/// The place of the type, and the type of each event by the event's number.
pub(super) struct Kind {
    pub(super) at: String,
    types: Vec<(usize, String)>,
}

impl Kind {
    pub(super) fn of(&self, event: usize) -> Option<&str> {
        let found = self.types.iter().find(|(number, _)| *number == event);
        found.map(|(_, kind)| kind.as_str())
    }

    /// The types of errors that came.
    pub(super) fn errors(&self) -> BTreeSet<&str> {
        let types = self.types.iter().map(|(_, kind)| kind.as_str());
        types.filter(|kind| is_error(kind)).collect()
    }
}

/// Whether a type is of errors, such as `error` or `RUN_ERROR`.
pub(super) fn is_error(kind: &str) -> bool {
    kind.to_ascii_lowercase().ends_with("error")
}

/// The `event` field if it differs between events, else a member of the outermost object that nearly
/// all events have and that has few different values.
pub(super) fn find_type(events: &[SeenEvent], leaves: &Leaves) -> Option<Kind> {
    let is_named = |event: &SeenEvent| event.data.is_some() && !event.event.is_empty();
    let named = events.iter().enumerate().filter(|(_, e)| is_named(e));
    let types: Vec<_> = named.map(|(number, e)| (number, e.event.clone())).collect();
    if distinct(&types) > 1 || types.iter().any(|(_, kind)| is_error(kind)) {
        let at = "@event".to_owned();
        return Some(Kind { at, types });
    }
    let candidates = leaves.by_pointer.iter().filter(|(pointer, leaf)| {
        let nearly_all = leaf.texts.len() * 10 >= leaves.events.len() * 9;
        // A member with a usual name is a type if one value repeats or is an error.
        let named = rank(&TYPE_NAMES, pointer) < TYPE_NAMES.len();
        let most = if named {
            leaf.texts.len().saturating_sub(1)
        } else {
            leaf.texts.len() / 3
        };
        let few = (2..=most).contains(&distinct(&leaf.texts))
            || named && leaf.texts.iter().any(|(_, kind)| is_error(kind));
        pointer.matches('/').count() == 1 && nearly_all && few
    });
    let (pointer, leaf) = candidates.min_by_key(|(pointer, _)| rank(&TYPE_NAMES, pointer))?;
    Some(Kind {
        at: pointer.clone(),
        types: leaf.texts.clone(),
    })
}
