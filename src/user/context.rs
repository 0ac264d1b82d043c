//! What a user shares: with all others the run, with the engine its request in flight.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;

use crate::clock::{Clock, Stamp};
use crate::load::{Claim, Slots, thinks};
use crate::monitor::Heartbeat;
use crate::plan::Plan;
use crate::record::{RequestRecord, Sample};
use crate::stop::Stop;

/// What all users of a run share.
#[derive(Debug)]
pub struct Context {
    /// What the run was asked to do.
    pub plan: Arc<Plan>,
    /// The run's clock.
    pub clock: Clock,
    /// How far the run has been told to stop.
    pub stop: Stop,
    /// The way to the collector.
    pub sender: Sender<Sample>,
    /// Whether the process has stood still, where somebody tells.
    pub heartbeat: Arc<Heartbeat>,
    /// The run's slots.
    slots: Slots,
}

impl Context {
    /// The context of a run that begins now.
    #[must_use]
    pub fn new(plan: Arc<Plan>, clock: Clock, sender: Sender<Sample>) -> Self {
        Self {
            slots: Slots::new(plan.load.clone(), plan.workload.turns),
            plan,
            clock,
            stop: Stop::default(),
            sender,
            heartbeat: Arc::default(),
        }
    }

    /// Claims the run's next slot for a user that has had `ended` conversations; `begins`: its
    /// request begins another one. `None` where that user has no more to do.
    pub(super) fn claim(&self, ended: u64, begins: bool) -> Option<Claim> {
        if self.stop.is_finishing() {
            return None;
        }
        self.slots.claim(ended, begins, self.clock.now())
    }

    /// Lets a user think after its `sent`th request, if there may be another one; false where it has
    /// no more to do.
    pub(super) fn think(&self, user: u32, sent: u64, ended: u64) -> bool {
        let Some(think_time) = self.plan.think_time else {
            return true;
        };
        let now = self.clock.now();
        let until = now + thinks(&think_time, self.plan.seed, user, sent);
        let goes_on = self.slots.may_follow(ended, now) && self.wait_until(until);
        if goes_on {
            let late = self.clock.now().since(until);
            self.send(Sample::UserResumed { late });
        }
        goes_on
    }

    /// Sleeps until an instant; `false` if the run ends before.
    pub(super) fn wait_until(&self, at: Stamp) -> bool {
        self.clock.park_until(at, || self.stop.is_finishing())
    }

    /// Sends a sample to the collector.
    pub fn send(&self, sample: Sample) {
        // The collector is gone only when the run is over and nobody counts any more.
        let _ = self.sender.send(sample);
    }
}

/// The request that a user has in flight. Whoever takes it out reports it: the user's thread when
/// it is over, or the engine, if it gives up waiting for that thread.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<Option<RequestRecord>>);

impl InFlight {
    pub(super) fn put(&self, record: RequestRecord) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
    }

    /// Takes the request out, as it was when it began.
    pub fn take(&self) -> Option<RequestRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
