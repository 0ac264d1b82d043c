//! The threads that serve connections. Many connections may come at once, and starting a thread for
//! each would delay them all: so some threads wait from the start.

use std::fmt;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

/// Stack of a worker in bytes: small, since there may be thousands.
const STACK: usize = 128 * 1024;
/// Number of workers that wait from the start.
const PREPARED: usize = 128;

/// A connection with its number.
type Task = (u64, TcpStream);
type Work = dyn Fn(u64, TcpStream) + Send + Sync;

/// Threads that serve one connection after the other.
pub(super) struct Workers {
    work: Arc<Work>,
    tasks: Sender<Task>,
    waiting: Receiver<Task>,
    /// Workers that wait, less the tasks on their way to them.
    idle: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("threads", &self.threads.len())
            .finish_non_exhaustive()
    }
}

impl Workers {
    /// No workers yet; `work` serves a connection.
    pub(super) fn new(work: impl Fn(u64, TcpStream) + Send + Sync + 'static) -> Self {
        let (tasks, waiting) = unbounded();
        Self {
            work: Arc::new(work),
            tasks,
            waiting,
            idle: Arc::default(),
            threads: Vec::new(),
        }
    }

    /// Starts the first workers; fewer if the system permits no more threads.
    pub(super) fn prepare(&mut self) {
        while self.threads.len() < PREPARED && self.start(None).is_ok() {
            self.idle.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Gives a connection to a worker that waits, or to a new one.
    ///
    /// # Errors
    ///
    /// If the system permits no further thread.
    pub(super) fn hand_over(&mut self, number: u64, stream: TcpStream) -> io::Result<()> {
        let reserve = |idle: usize| idle.checked_sub(1);
        if self
            .idle
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, reserve)
            .is_ok()
        {
            // `self` holds a receiver, so the channel is open.
            let _ = self.tasks.send((number, stream));
            return Ok(());
        }
        self.start(Some((number, stream)))
    }

    fn start(&mut self, first: Option<Task>) -> io::Result<()> {
        let name = format!("mock-{}", self.threads.len() + 1);
        let thread = Builder::new().name(name).stack_size(STACK).spawn({
            let (work, waiting) = (Arc::clone(&self.work), self.waiting.clone());
            let idle = Arc::clone(&self.idle);
            move || {
                if let Some((number, stream)) = first {
                    work(number, stream);
                    idle.fetch_add(1, Ordering::AcqRel);
                }
                while let Ok((number, stream)) = waiting.recv() {
                    work(number, stream);
                    idle.fetch_add(1, Ordering::AcqRel);
                }
            }
        })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Waits for workers that still serve, and ends all.
    pub(super) fn dismiss(self) {
        drop(self.tasks);
        for thread in self.threads {
            // A panic has been printed where it happened.
            let _ = thread.join();
        }
    }
}
