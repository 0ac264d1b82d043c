//! Stopping a run: what tells the engine to ([`Control`]), and how far it has told everybody else
//! to ([`Stop`]), a flag that every thread looks at before it waits or sends.

use std::sync::atomic::{AtomicU8, Ordering};

/// What the engine is told while it waits.
#[derive(Debug)]
pub enum Control {
    /// The process got its first, second, … signal to end.
    Signal(u32),
    /// A user's thread is over.
    UserDone,
    /// The results can no longer be saved: stop sending.
    OutputFailed,
    /// Nobody reads the output any more: end at once.
    OutputClosed,
}

/// Shared by the engine, which sets it, and the users' threads, which obey it. It only rises.
#[derive(Debug, Default)]
pub struct Stop(AtomicU8);

const FINISH: u8 = 1;
const CUT: u8 = 2;

impl Stop {
    /// Nothing new is sent from now on; what is in flight goes on.
    pub fn finish(&self) {
        self.0.fetch_max(FINISH, Ordering::AcqRel);
    }

    /// What is in flight is given up too.
    pub fn cut(&self) {
        self.0.fetch_max(CUT, Ordering::AcqRel);
    }

    /// Whether nothing new may be sent.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        self.0.load(Ordering::Acquire) >= FINISH
    }

    /// Whether what is in flight is being given up.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.0.load(Ordering::Acquire) >= CUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_rises() {
        let stop = Stop::default();
        assert!(!stop.is_finishing() && !stop.is_cut());
        stop.cut();
        stop.finish();
        assert!(stop.is_finishing() && stop.is_cut());
    }
}
