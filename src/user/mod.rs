//! One virtual user: a thread that sends its next request when its last one is over.

mod attempt;
mod progress;
mod retry;
mod spans;
mod stream;
mod tap;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;

pub use self::progress::Watch;
pub use self::tap::{Seen, Tap};

use self::attempt::{Ended, Scratch};
use crate::clock::Clock;
use crate::monitor::run_queue_wait;
use crate::plan::Plan;
use crate::record::{EventKind, Outcome, RequestRecord, Sample};
use crate::stop::Stop;
use crate::transport::Client;
use crate::workload::Assignment;

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
    /// What is told of a request beside its counts.
    pub watch: Watch,
    /// Requests claimed so far.
    claimed: AtomicU64,
}

impl Context {
    /// The context of a run that begins now.
    #[must_use]
    pub fn new(plan: Arc<Plan>, clock: Clock, sender: Sender<Sample>, watch: Watch) -> Self {
        Self {
            plan,
            clock,
            stop: Stop::default(),
            sender,
            watch,
            claimed: AtomicU64::new(0),
        }
    }

    /// Claims the number of the run's next request, for a user that has sent `sent` of them; `None`
    /// where that user has no more to do.
    fn claim(&self, sent: u64) -> Option<u64> {
        if self.stop.is_finishing() {
            return None;
        }
        let now = self.clock.now();
        self.claimed
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |claimed| {
                self.plan
                    .load
                    .admits(claimed + 1, sent, now)
                    .then_some(claimed + 1)
            })
            .ok()
            .map(|claimed| claimed + 1)
    }

    fn send(&self, sample: Sample) {
        // The collector is gone only when the run is over and nobody counts any more.
        let _ = self.sender.send(sample);
    }
}

/// The request that a user has in flight. Whoever takes it out reports it: the user's thread when
/// it is over, or the engine, if it gives up waiting for that thread.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<Option<RequestRecord>>);

impl InFlight {
    fn put(&self, record: RequestRecord) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
    }

    /// Takes the request out, as it was when it began.
    pub fn take(&self) -> Option<RequestRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One virtual user. Made before the run begins, so that making it disturbs no measurement.
pub struct User {
    number: u32,
    scratch: Scratch,
    in_flight: Arc<InFlight>,
    /// How long the thread has waited for a processor in all, as last seen.
    waited: Option<Duration>,
}

impl User {
    /// The user of that number (from 1), with a client of its own.
    #[must_use]
    pub fn new(number: u32, plan: &Plan, client: Client, in_flight: Arc<InFlight>) -> Self {
        Self {
            number,
            scratch: Scratch::new(plan, client),
            in_flight,
            waited: None,
        }
    }

    /// Lets somebody watch closely all that comes for this user.
    pub fn tap(&mut self, tap: Tap) {
        self.scratch.tap = Some(tap);
    }

    /// Waits for its start and sends requests until there are no more to send, or until the run is
    /// told to stop.
    pub fn run(mut self, context: &Context) {
        let start = context.plan.load.user_start(self.number);
        if !context
            .clock
            .park_until(start, || context.stop.is_finishing())
        {
            return;
        }
        self.scratch.begin_run(context.clock);
        let user = self.number;
        let at = context.clock.now();
        let late = at.since(start);
        context.send(Sample::UserStarted { user, at, late });
        self.waited = run_queue_wait();
        let mut sent = 0;
        while let Some(request) = context.claim(sent) {
            self.request(context, request);
            sent += 1;
        }
        let at = context.clock.now();
        context.send(Sample::UserFinished { user, at });
    }

    fn request(&mut self, context: &Context, request: u64) {
        let assignment = context.plan.workload.assignment(request);
        let body = assignment.body();
        let start = context.clock.now();
        let phase = context.plan.load.phase(start);
        let mut record =
            RequestRecord::begin(request, self.number, phase, assignment.sent.clone(), start);
        self.in_flight.put(record.clone());
        let outcome = self.attempts(context, &assignment, &body, &mut record);
        record.outcome = masked(outcome, &assignment);
        self.note_waits(&mut record);
        if self.in_flight.take().is_none() {
            return;
        }
        context.send(Sample::Finished(Box::new(record)));
        if let Some(events) = &mut self.scratch.events {
            let mut events = std::mem::take(events);
            for event in events.iter_mut().filter(|e| e.kind == EventKind::Error) {
                event.value = assignment.mask_in(&event.value);
            }
            context.send(Sample::Events {
                request,
                user: self.number,
                events,
            });
        }
    }

    /// Notes how long the thread waited for a processor, in all and until the request was sent.
    fn note_waits(&mut self, record: &mut RequestRecord) {
        let before = self.waited;
        self.waited = run_queue_wait();
        let since = |total: Option<Duration>| Some(total?.saturating_sub(before?));
        record.run_queue_wait = since(self.waited);
        record.send_delay = since(self.scratch.last_attempt().waited);
    }

    /// Makes attempts until one is the last.
    fn attempts(
        &mut self,
        context: &Context,
        assignment: &Assignment<'_>,
        body: &[u8],
        record: &mut RequestRecord,
    ) -> Outcome {
        let retries = context.plan.retries;
        let mut may_reconnect = retries > 0;
        loop {
            let ended = self.scratch.attempt(context, assignment, body, record);
            let (failure, retry_after) = match ended {
                Ended::Over(outcome) => return outcome,
                Ended::BeforeStream {
                    failure,
                    retry_after,
                } => (failure, retry_after),
            };
            let now = context.clock.now();
            record.instants.end = now;
            if context.stop.is_cut() {
                return Outcome::Cancelled;
            }
            if may_reconnect && retry::was_stale(&failure, &self.scratch.last_attempt(), now) {
                may_reconnect = false;
                record.reconnects += 1;
                continue;
            }
            if record.attempts > retries || !retry::is_transient(&failure, record.http_status) {
                return Outcome::Failed(failure);
            }
            let seed = record.request << 8 | u64::from(record.attempts);
            let wait = retry::wait_after(record.attempts, retry::jitter(seed), retry_after);
            let too_late = context
                .plan
                .transport
                .max_time
                .is_some_and(|limit| now + wait >= record.instants.start + limit);
            if too_late {
                return Outcome::Failed(failure);
            }
            let waited = context
                .clock
                .park_until(now + wait, || context.stop.is_finishing());
            record.instants.end = context.clock.now();
            record.retry_wait += record.instants.end.since(now);
            if !waited {
                return Outcome::Cancelled;
            }
            record.attempts += 1;
            may_reconnect = true;
        }
    }
}

/// The outcome with the key masked wherever a server has repeated it.
fn masked(outcome: Outcome, assignment: &Assignment<'_>) -> Outcome {
    match outcome {
        Outcome::Failed(mut failure) => {
            failure.detail = assignment.mask_in(&failure.detail);
            Outcome::Failed(failure)
        }
        other => other,
    }
}
