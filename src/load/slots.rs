//! Hands out the numbers of a run's requests and conversations, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Load;
use super::shape::Slot;
use crate::clock::Stamp;

/// The slots of a run that begins.
#[derive(Debug)]
pub struct Slots {
    load: Load,
    /// Requests of a conversation.
    turns: u32,
    /// Slots claimed so far.
    claimed: AtomicU64,
    /// Conversations begun so far.
    conversations: AtomicU64,
}

/// What a user has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Running number of the request in the run, from 1.
    pub request: u64,
    /// Running number of the conversation that the request begins, from 1; `None` if the request
    /// continues a conversation.
    pub conversation: Option<u64>,
    /// When the request is due, and its phase and stage.
    pub slot: Slot,
}

impl Slots {
    /// The slots of a load whose conversations have `turns` requests.
    #[must_use]
    pub fn new(load: Load, turns: u32) -> Self {
        Self {
            load,
            turns,
            claimed: AtomicU64::new(0),
            conversations: AtomicU64::new(0),
        }
    }

    /// Claims the next slot for a user that has had `ended` conversations; `begins` says whether the
    /// request begins a conversation. `None` if nothing is left for the user to send.
    pub fn claim(&self, ended: u64, begins: bool, now: Stamp) -> Option<Claim> {
        if !self.load.admits(ended, now) {
            return None;
        }
        let request = self.claimed.fetch_add(1, Ordering::AcqRel) + 1;
        let slot = self.load.slot(request, now)?;
        let conversation = begins.then(|| match self.turns {
            1 => request,
            _ => self.conversations.fetch_add(1, Ordering::Relaxed) + 1,
        });
        Some(Claim {
            request,
            conversation,
            slot,
        })
    }

    /// Whether a user that has had `ended` conversations may find another slot.
    #[must_use]
    pub fn may_follow(&self, ended: u64, now: Stamp) -> bool {
        let claimed = self.claimed.load(Ordering::Acquire);
        let most = self.load.requests(self.turns);
        self.load.admits(ended, now) && most.is_none_or(|most| claimed < most)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    #[test]
    fn requests_and_conversations_are_numbered_in_turn() {
        let now = Stamp::ZERO;
        let numbers = |claim: Claim| (claim.request, claim.conversation);
        let slots = Slots::new(load(1, 0.0, None, Some(4)), 2);
        let mut claims = Vec::new();
        for begins in [true, true, false, true, true] {
            assert_eq!(slots.may_follow(0, now), claims.len() < 4);
            claims.extend(slots.claim(0, begins, now).map(numbers));
        }
        let expected = [(1, Some(1)), (2, Some(2)), (3, None), (4, Some(3))];
        assert_eq!(claims, expected, "and no fifth");

        let single = Slots::new(load(2, 0.0, None, None), 1);
        assert_eq!(single.claim(1, true, now), None, "it has had its own");
        let first = single.claim(0, true, now).map(numbers);
        assert_eq!(first, Some((1, Some(1))), "no number was lost");
    }
}
