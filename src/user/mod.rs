//! One virtual user: a thread that sends its next request when its last one is over.

mod attempt;
mod context;
mod conversation;
mod observer;
mod progress;
mod retry;
mod spans;
mod stream;
mod watched;

use std::sync::Arc;
use std::time::Duration;

pub use self::context::{Context, InFlight};
pub use self::observer::Observer;

use self::attempt::Scratch;
use self::conversation::Conversation;
use self::observer::Events;
use self::watched::Watched;
use crate::clock::Stamp;
use crate::load::Claim;
use crate::monitor::run_queue_wait;
use crate::plan::Plan;
use crate::record::{Failure, FailureKind, Outcome, RequestRecord, Sample};
use crate::transport::Client;
use crate::workload::Assignment;

/// One virtual user. Made before the run begins, so that making it disturbs no measurement.
pub struct User {
    number: u32,
    scratch: Scratch,
    in_flight: Arc<InFlight>,
    conversation: Conversation,
    /// Run-queue wait of the thread in all, when last read.
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
            conversation: Conversation::default(),
            waited: None,
        }
    }

    /// Adds an observer of this user's requests.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.scratch.reading.observers.push(observer);
    }

    /// Waits for its start and sends requests until there are no more to send, or until the run is
    /// told to stop.
    pub fn run(mut self, context: &Context) {
        let plan = &context.plan;
        let start = plan.load.user_start(self.number);
        if !context.wait_until(start) {
            return;
        }
        self.scratch.client.begin_run(context.clock);
        if plan.console.watched {
            let watched = Watched::new(context.sender.clone(), plan.console.show_text);
            self.observe(Box::new(watched));
        }
        if plan.outputs.has_events() {
            self.observe(Box::new(Events::new(context.sender.clone())));
        }
        let user = self.number;
        let at = context.clock.now();
        let late = at.since(start);
        context.send(Sample::UserStarted { user, at, late });
        self.waited = run_queue_wait();
        let (mut sent, mut ended) = (0, 0);
        while sent == 0 || context.think(user, sent, ended) {
            let claim = context.claim(ended, self.conversation.turn.is_none());
            let Some(over) = claim.and_then(|claim| self.request(context, claim)) else {
                break;
            };
            sent += 1;
            ended += u64::from(over);
        }
        let at = context.clock.now();
        context.send(Sample::UserFinished { user, at });
    }

    /// Sends the request that was claimed when it is due. Returns whether its conversation is over;
    /// `None` if the run was told to stop before.
    fn request(&mut self, context: &Context, claim: Claim) -> Option<bool> {
        let plan = &context.plan;
        let (request, slot) = (claim.request, claim.slot);
        let turns = plan.workload.turns;
        let turn = self.conversation.next(claim.conversation);
        let assignment = plan.workload.turn(self.number, request, turn);
        let conversation = &self.conversation;
        let body = assignment.body_in(conversation.id.as_deref(), &conversation.history);
        if let Some(due) = slot.due {
            if !context.wait_until(due) {
                return None;
            }
            self.waited = run_queue_wait();
        }
        let start = context.clock.now();
        let sent = assignment.sent.clone();
        let mut record = RequestRecord::begin(request, self.number, slot.phase, sent, start);
        record.instants.scheduled = slot.due;
        record.stage = slot.stage;
        record.turn = (turns > 1).then_some(turn);
        record.token_count = plan.tokens;
        self.in_flight.put(record.clone());
        let leaving = plan.leaving.filter(|who| who.leaves(plan.seed, request));
        self.scratch.leave_at = leaving.map(|leaving| start + leaving.after);
        let outcome = self.attempts(context, &assignment, &body, &mut record);
        let left = self.has_left(context, start, &outcome);
        record.outcome = match outcome {
            _ if left => Outcome::Abandoned,
            Outcome::Failed(mut failure) => {
                // A server may have repeated the key.
                failure.detail = assignment.mask_in(&failure.detail);
                Outcome::Failed(failure)
            }
            outcome => outcome,
        };
        self.note_waits(&mut record);
        if left {
            record.stop = self.scratch.stop(context, &assignment);
        }
        if self.in_flight.take().is_none() {
            return Some(true);
        }
        let reading = &mut self.scratch.reading;
        record.generated = reading.kept.take_generated();
        for observer in &mut reading.observers {
            observer.end(&record);
        }
        let answer = reading.kept.answer.as_deref().unwrap_or_default();
        let over = self.conversation.note(&record, &assignment, answer, turns);
        context.send(Sample::Finished(Box::new(record)));
        Some(over)
    }

    /// Whether the request was cut because its user left: at the end of its time, which was not
    /// that of `--max-time`.
    fn has_left(&self, context: &Context, start: Stamp, outcome: &Outcome) -> bool {
        let limit = context.plan.transport.max_time;
        let is_timeout = |failure: &Failure| failure.kind == FailureKind::TimeoutTotal;
        let timed_out = outcome.failure().is_some_and(is_timeout);
        let leave_at = self.scratch.leave_at;
        timed_out && leave_at.is_some_and(|at| limit.is_none_or(|limit| at <= start + limit))
    }

    /// Notes the run-queue waits during the request, in all and until it was sent.
    fn note_waits(&mut self, record: &mut RequestRecord) {
        let before = self.waited;
        self.waited = run_queue_wait();
        let since = |total: Option<Duration>| Some(total?.saturating_sub(before?));
        record.run_queue_wait = since(self.waited);
        record.send_delay = since(self.scratch.client.attempt().waited);
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
            let attempted = self.scratch.attempt(context, assignment, body, record);
            let (failure, retry_after) = match attempted {
                Ok(outcome) => return outcome,
                Err(before_stream) => before_stream,
            };
            let now = context.clock.now();
            record.instants.end = now;
            if context.stop.is_cut() {
                return Outcome::Cancelled;
            }
            let attempt = self.scratch.client.attempt();
            if may_reconnect && retry::was_stale(&failure, &attempt, now) {
                may_reconnect = false;
                record.reconnects += 1;
                continue;
            }
            let status = record.http_status;
            let may_pass = retry::is_transient(&failure, status, attempt.proxy_status);
            if record.attempts > retries || !may_pass {
                return Outcome::Failed(failure);
            }
            let seed = record.request << 8 | u64::from(record.attempts);
            let wait = retry::wait_after(record.attempts, retry::jitter(seed), retry_after);
            let limit = context.plan.transport.max_time;
            if limit.is_some_and(|limit| now + wait >= record.instants.start + limit) {
                return Outcome::Failed(failure);
            }
            let until = (now + wait).min(self.scratch.leave_at.unwrap_or(now + wait));
            let goes_on = context.wait_until(until);
            record.instants.end = context.clock.now();
            record.retry_wait += record.instants.end.since(now);
            if !goes_on {
                return Outcome::Cancelled;
            }
            record.attempts += 1;
            may_reconnect = true;
        }
    }
}
