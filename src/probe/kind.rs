//! Which types a stream's events have, and where they say so.

use super::SeenEvent;
use super::leaves::{Leaves, distinct, rank};

/// Names of members that hold a type; of several places one of these is taken.
const TYPE_NAMES: [&str; 7] = ["type", "event", "kind", "object", "op", "action", "status"];

/// Where the events' types are, and the type of each event, by its number.
pub(super) struct Kind {
    pub(super) at: String,
    types: Vec<(usize, String)>,
}

impl Kind {
    pub(super) fn of(&self, event: usize) -> Option<&str> {
        let found = self.types.iter().find(|(number, _)| *number == event);
        found.map(|(_, kind)| kind.as_str())
    }
}

/// The `event` field, where it says something; else the member of the outermost object that nearly
/// all events have and that tells few kinds apart.
pub(super) fn find_type(events: &[SeenEvent], leaves: &Leaves) -> Option<Kind> {
    let named: Vec<(usize, String)> = events
        .iter()
        .enumerate()
        .filter(|(_, event)| event.data.is_some() && !event.event.is_empty())
        .map(|(number, event)| (number, event.event.clone()))
        .collect();
    if distinct(&named) > 1 {
        let at = "@event".to_owned();
        return Some(Kind { at, types: named });
    }
    let candidates = leaves.by_pointer.iter().filter(|(pointer, leaf)| {
        let nearly_all = leaf.texts.len() * 10 >= leaves.events.len() * 9;
        // Under a name that says so, it is enough that a type comes again.
        let named = rank(&TYPE_NAMES, pointer) < TYPE_NAMES.len();
        let most = if named {
            leaf.texts.len().saturating_sub(1)
        } else {
            leaf.texts.len() / 3
        };
        let few = (2..=most).contains(&distinct(&leaf.texts));
        pointer.matches('/').count() == 1 && nearly_all && few
    });
    let (pointer, leaf) = candidates.min_by_key(|(pointer, _)| rank(&TYPE_NAMES, pointer))?;
    Some(Kind {
        at: pointer.clone(),
        types: leaf.texts.clone(),
    })
}
