//! The users' threads: all exist before the run's first instant, so that making them disturbs no
//! measurement, and wait at a [`Gate`].

use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::Sender;

use crate::record::RequestRecord;
use crate::stop::Control;
use crate::text::Message;
use crate::transport::{Cutter, Transport};
use crate::user::{Context, InFlight, User, await_start};

/// Stack of a user's thread: a TLS handshake overflows 64 KiB in debug builds; untouched pages cost
/// nothing.
const STACK: usize = 256 * 1024;

/// Where users wait until the run begins.
#[derive(Debug, Default)]
struct Gate {
    context: Mutex<Option<Arc<Context>>>,
    opened: Condvar,
}

impl Gate {
    fn open(&self, context: &Arc<Context>) {
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(context));
        self.opened.notify_all();
    }

    fn wait(&self) -> Arc<Context> {
        let mut guard = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(context) = &*guard {
                return Arc::clone(context);
            }
            guard = self
                .opened
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What the engine holds of a user.
struct Member {
    thread: JoinHandle<()>,
    post: Arc<Post>,
}

/// What a user's thread shares with the engine.
#[derive(Debug, Default)]
struct Post {
    in_flight: InFlight,
    /// Set when the user has started.
    cutter: OnceLock<Cutter>,
}

/// All users of a run.
pub(super) struct Crew {
    members: Vec<Member>,
    gate: Arc<Gate>,
    transport: Arc<Transport>,
}

impl Crew {
    /// Spawns a thread for each of `users`; fewer where the system refuses some.
    ///
    /// # Errors
    ///
    /// If it refuses all.
    pub(super) fn hire(
        users: u32,
        transport: Arc<Transport>,
        control: &Sender<Control>,
    ) -> Result<Self, Message> {
        let mut crew = Self {
            members: Vec::with_capacity(users as usize),
            gate: Arc::default(),
            transport,
        };
        for number in 1..=users {
            if let Err(error) = crew.hire_one(number, control) {
                if crew.members.is_empty() {
                    return Err(Message::new("engine.thread").with("error", error));
                }
                break;
            }
        }
        Ok(crew)
    }

    fn hire_one(&mut self, number: u32, control: &Sender<Control>) -> std::io::Result<()> {
        let post = Arc::new(Post::default());
        let gate = Arc::clone(&self.gate);
        let transport = Arc::clone(&self.transport);
        let done = Done(control.clone());
        let thread = thread::Builder::new()
            .name(format!("user-{number}"))
            .stack_size(STACK)
            .spawn({
                let post = Arc::clone(&post);
                move || {
                    let _done = done;
                    let context = gate.wait();
                    if await_start(&context, number) {
                        let client = transport.client(context.clock);
                        let _ = post.cutter.set(client.cutter());
                        User::new(number, &context, client, &post.in_flight).run();
                    }
                }
            })?;
        self.members.push(Member { thread, post });
        Ok(())
    }

    /// Lets the users begin.
    pub(super) fn begin(&self, context: &Arc<Context>) {
        self.gate.open(context);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Wakes those who wait for their start or for another attempt, so that they see that the run
    /// has been told to stop.
    pub(super) fn wake(&self) {
        for member in &self.members {
            member.thread.thread().unpark();
        }
    }

    /// Cuts what is in flight.
    pub(super) fn cut(&self) {
        self.transport.cut_lookups();
        for cutter in self.members.iter().filter_map(|m| m.post.cutter.get()) {
            cutter.cut();
        }
    }

    /// Whether everybody who is not done is in the system's connect, where no cut reaches.
    pub(super) fn only_connecting_left(&self) -> bool {
        self.members
            .iter()
            .filter(|member| !member.thread.is_finished())
            .all(|member| {
                let cutter = member.post.cutter.get();
                cutter.is_some_and(Cutter::is_connecting)
            })
    }

    /// Takes over the requests of those who are not done, as they were when they began.
    pub(super) fn take_over(&self) -> impl Iterator<Item = RequestRecord> {
        self.members.iter().filter_map(|m| m.post.in_flight.take())
    }

    /// How often the system has refused a socket.
    pub(super) fn refused_sockets(&self) -> u64 {
        self.transport.refused_sockets()
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
