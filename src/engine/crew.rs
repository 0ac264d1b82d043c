//! The users' threads: all are ready before the run's first instant, so that making them disturbs no
//! measurement, and wait at a gate.

use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, unbounded};

use crate::plan::Plan;
use crate::record::RequestRecord;
use crate::stop::Control;
use crate::text::Message;
use crate::transport::{Client, Cutter, Transport};
use crate::user::{Context, InFlight, User};

/// Stack of a user's thread: a TLS handshake overflows 64 KiB in debug builds; untouched pages cost
/// nothing.
pub(super) const STACK: usize = 256 * 1024;

/// A user as the engine sees it.
struct Member {
    thread: JoinHandle<()>,
    in_flight: Arc<InFlight>,
    /// Set when the user is ready.
    cutter: Arc<OnceLock<Cutter>>,
}

/// All users of a run.
pub(super) struct Crew {
    members: Vec<Member>,
    /// Users wait here until the run begins, when there is a context.
    gate: Arc<OnceLock<Arc<Context>>>,
    pub(super) transport: Arc<Transport>,
}

impl Crew {
    /// Spawns a thread for each user, fewer where the system refuses some, and waits until all are
    /// ready.
    ///
    /// # Errors
    ///
    /// If the system refuses all.
    pub(super) fn hire(
        plan: &Arc<Plan>,
        transport: Arc<Transport>,
        control: &Sender<Control>,
    ) -> Result<Self, Message> {
        let users = plan.load.users();
        let (ready, readiness) = unbounded();
        let mut crew = Self {
            members: Vec::with_capacity(users as usize),
            gate: Arc::default(),
            transport,
        };
        for number in 1..=users {
            if let Err(error) = crew.hire_one(number, plan, control, ready.clone()) {
                if crew.members.is_empty() {
                    return Err(Message::new("engine.thread").with("error", error));
                }
                break;
            }
        }
        drop(ready);
        // The channel closes when each thread has dropped its end.
        while readiness.recv().is_ok() {}
        Ok(crew)
    }

    fn hire_one(
        &mut self,
        number: u32,
        plan: &Arc<Plan>,
        control: &Sender<Control>,
        ready: Sender<()>,
    ) -> std::io::Result<()> {
        let (in_flight, cutter) = (Arc::<InFlight>::default(), Arc::<OnceLock<_>>::default());
        let thread = thread::Builder::new()
            .name(format!("user-{number}"))
            .stack_size(STACK)
            .spawn({
                let (plan, gate) = (Arc::clone(plan), Arc::clone(&self.gate));
                let transport = Arc::clone(&self.transport);
                let (in_flight, cutter) = (Arc::clone(&in_flight), Arc::clone(&cutter));
                let done = Done(control.clone());
                move || {
                    let _done = done;
                    let client = Client::new(&transport);
                    let _ = cutter.set(client.cutter());
                    let user = User::new(number, &plan, client, in_flight);
                    drop(ready);
                    user.run(gate.wait());
                }
            })?;
        self.members.push(Member {
            thread,
            in_flight,
            cutter,
        });
        Ok(())
    }

    /// Lets the users begin.
    pub(super) fn begin(&self, context: &Arc<Context>) {
        let _ = self.gate.set(Arc::clone(context));
    }

    /// Number of users.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Wakes users who wait for their start or for another attempt, to see the change.
    pub(super) fn wake(&self) {
        for member in &self.members {
            member.thread.thread().unpark();
        }
    }

    /// Cuts the requests in flight.
    pub(super) fn cut(&self) {
        self.transport.cut_lookups();
        for cutter in self.members.iter().filter_map(|m| m.cutter.get()) {
            cutter.cut();
        }
    }

    /// Whether every user that is not done is in the system's connect, which no cut ends.
    pub(super) fn only_connecting_left(&self) -> bool {
        let mut left = self.members.iter().filter(|m| !m.thread.is_finished());
        left.all(|member| member.cutter.get().is_some_and(Cutter::is_connecting))
    }

    /// Takes the requests of users that are not done, as they were when they began.
    pub(super) fn take_over(&self) -> impl Iterator<Item = RequestRecord> {
        self.members.iter().filter_map(|m| m.in_flight.take())
    }
}

/// Tells the engine that a user's thread is over, however it ends.
struct Done(Sender<Control>);

impl Drop for Done {
    fn drop(&mut self) {
        // The engine is gone where it has given this thread up.
        let _ = self.0.send(Control::UserDone);
    }
}
