//! Limits how many requests are answered at once.

use std::sync::atomic::{AtomicU32, Ordering};

/// One of the limited places, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a AtomicU32);

impl<'a> Slot<'a> {
    /// Takes a place, unless all are taken.
    pub(super) fn take(active: &'a AtomicU32, places: Option<u32>) -> Option<Self> {
        let slot = Slot(active);
        let before = active.fetch_add(1, Ordering::Relaxed);
        places.is_none_or(|places| before < places).then_some(slot)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_given_back() {
        let active = AtomicU32::new(0);
        let first = Slot::take(&active, Some(1));
        assert!(first.is_some());
        assert!(
            Slot::take(&active, Some(1)).is_none(),
            "a refusal takes no place"
        );
        drop(first);
        assert!(Slot::take(&active, Some(1)).is_some());
        assert!(Slot::take(&active, None).is_some());
    }
}
