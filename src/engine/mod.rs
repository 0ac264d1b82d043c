//! Runs a test: spawns the users, lets them begin, watches the limits of time and the signals,
//! stops and joins.

mod crew;
pub mod limits;
mod signals;

pub use signals::keep_ignored as keep_ignored_signals;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use self::crew::Crew;
use crate::clock::{Clock, Stamp};
use crate::collector::{Collected, Collector};
use crate::plan::Plan;
use crate::record::{Outcome, Sample};
use crate::stop::Control;
use crate::text::Message;
use crate::transport::Transport;
use crate::user::Context;

/// How long the engine waits for threads after a cut, except for threads in a connect. A cut wakes
/// every read and write, but on a busy machine a thread has to wait for its turn.
const CUT_WAIT: Duration = Duration::from_secs(2);
/// How often that wait checks which threads are left.
const CUT_POLL: Duration = Duration::from_millis(10);

/// How a run ended.
pub struct Finished {
    /// What was collected.
    pub collected: Collected,
    /// Whether a signal ended it.
    pub interrupted: bool,
}

/// Carries out the run and returns when everything is reported.
///
/// # Errors
///
/// If it cannot begin: a limit of the system, an unusable setting, a file that cannot be written.
pub fn run(
    plan: &Arc<Plan>,
    make_collector: impl FnOnce(Clock, Sender<Control>) -> Result<Collector, Message>,
) -> Result<Finished, Message> {
    let users = plan.load.users() as usize;
    let transport = Transport::new(plan.transport.clone(), &plan.target, &plan.protocol.headers)?;
    let (control, controls) = unbounded();
    let crew = Crew::hire(plan, Arc::new(transport), &control)?;

    let clock = Clock::start();
    // Until the files are open, a signal ends the process: a FIFO without a reader never opens.
    let collector = make_collector(clock, control.clone())?;
    signals::listen(control)
        .map_err(|error| Message::new("engine.signals").with("error", error))?;
    let heartbeat = collector.heartbeat();
    let (sender, samples) = unbounded();
    let collecting = thread::Builder::new()
        .name("collector".to_owned())
        .spawn(move || collector.run(&samples))
        .map_err(|error| Message::new("engine.thread").with("error", error))?;
    let mut context = Context::new(Arc::clone(plan), clock, sender);
    context.heartbeat = heartbeat;
    let context = Arc::new(context);
    let mut supervisor = Supervisor {
        context: &context,
        crew: &crew,
        controls,
        left: crew.len(),
        interrupted: false,
    };
    let started = crew.len();
    if started < users {
        // The run goes on with fewer users.
        let message = Message::new("engine.threads_refused");
        let message = message.with("users", users).with("started", started);
        context.send(Sample::Notice(message));
        context.send(Sample::Refused((users - started) as u64));
    }
    crew.begin(&context);
    supervisor.supervise();
    let interrupted = supervisor.interrupted;
    let collected = collecting
        .join()
        .map_err(|_| Message::new("engine.collector"))?;
    Ok(Finished {
        collected,
        interrupted,
    })
}

/// Watches over a run.
struct Supervisor<'a> {
    context: &'a Context,
    crew: &'a Crew,
    controls: Receiver<Control>,
    /// Users whose thread is not over.
    left: usize,
    interrupted: bool,
}

impl Supervisor<'_> {
    /// Waits until all users are done or given up, and ends the collector.
    fn supervise(&mut self) {
        self.watch();
        let refused = self.crew.transport.refused_sockets();
        if refused > 0 {
            let message = Message::new("engine.sockets_refused").with("count", refused);
            self.context.send(Sample::Notice(message));
            self.context.send(Sample::Refused(refused));
        }
        self.context.send(Sample::Done);
    }

    fn watch(&mut self) {
        let context = self.context;
        let grace = context.plan.grace;
        let mut cut_at = context.plan.load.deadline().map(|at| at + grace);
        while self.left > 0 {
            let wait = cut_at.map_or(Duration::MAX, |at| context.clock.until(at));
            match self.controls.recv_timeout(wait).ok() {
                Some(Control::UserDone) => self.left -= 1,
                Some(Control::Signal(1)) => {
                    self.interrupted = true;
                    let message = Message::new("engine.stopping");
                    let message = message.with("seconds", grace.as_secs_f64());
                    self.context.send(Sample::Stopping(message));
                    cut_at = Some(self.finish(cut_at));
                }
                Some(Control::OutputFailed) => cut_at = Some(self.finish(cut_at)),
                Some(Control::Signal(_)) => {
                    self.interrupted = true;
                    self.context
                        .send(Sample::Stopping(Message::new("engine.cutting")));
                    return self.cut();
                }
                Some(Control::OutputClosed) | None => return self.cut(),
            }
        }
    }

    /// Stops sending. Returns the latest moment at which requests in flight are cut.
    fn finish(&self, cut_at: Option<Stamp>) -> Stamp {
        self.context.stop.finish();
        self.crew.wake();
        let by = self.context.clock.now() + self.context.plan.grace;
        cut_at.map_or(by, |at| at.min(by))
    }

    /// Cuts the requests in flight. Threads in a connect are not waited for: the engine reports
    /// their requests.
    fn cut(&mut self) {
        self.context.stop.cut();
        self.crew.cut();
        self.crew.wake();
        let clock = &self.context.clock;
        let give_up = clock.now() + CUT_WAIT;
        while self.left > 0 && !clock.until(give_up).is_zero() {
            match self.controls.recv_timeout(CUT_POLL) {
                Ok(Control::UserDone) => self.left -= 1,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) if !self.crew.only_connecting_left() => {}
                Err(_) => break,
            }
        }
        if self.left > 0 {
            for mut record in self.crew.take_over() {
                record.outcome = Outcome::Cancelled;
                record.instants.end = clock.now();
                self.context.send(Sample::Finished(Box::new(record)));
            }
        }
    }
}
