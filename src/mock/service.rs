//! What all connections of the simulated service share.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use super::log::Entry;
use super::options::Options;
use crate::clock::Clock;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) clock: Clock,
    pub(super) options: Options,
    /// Number of requests read.
    pub(super) requests: AtomicU64,
    /// Number of requests that are being answered.
    pub(super) active: AtomicU32,
    /// Sends to the log, if there is one.
    pub(super) log: Option<Sender<Option<Entry>>>,
    /// Whether to stop.
    stop: AtomicBool,
}

impl Service {
    /// A service whose clock starts at this call.
    pub(super) fn new(options: Options, log: Option<Sender<Option<Entry>>>) -> Self {
        Self {
            clock: Clock::start(),
            options,
            requests: AtomicU64::new(0),
            active: AtomicU32::new(0),
            log,
            stop: AtomicBool::new(false),
        }
    }

    /// Asks all threads to stop.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Whether to stop.
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
