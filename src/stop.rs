//! Stopping a run: [`Control`] tells the engine to stop, and [`Stop`] tells the users: a flag that
//! every thread reads before it waits or sends.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// How many signals to end the process has got.
static SIGNALS: AtomicU32 = AtomicU32::new(0);

/// Counts a signal to end. Returns how many there have been.
pub fn count_signal() -> u32 {
    SIGNALS.fetch_add(1, Ordering::SeqCst) + 1
}

/// How many signals to end there have been.
#[must_use]
pub fn signals() -> u32 {
    SIGNALS.load(Ordering::SeqCst)
}

/// A message to the engine while it waits.
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
    /// No request starts from now on; requests in flight go on.
    pub fn finish(&self) {
        self.0.fetch_max(FINISH, Ordering::AcqRel);
    }

    /// Requests in flight are given up too.
    pub fn cut(&self) {
        self.0.fetch_max(CUT, Ordering::AcqRel);
    }

    /// Whether no request may start.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        self.0.load(Ordering::Acquire) >= FINISH
    }

    /// Whether requests in flight are given up.
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
