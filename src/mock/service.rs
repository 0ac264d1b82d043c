//! What the threads of the simulated service share.

use std::collections::HashMap;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread, ThreadId};

use super::log::Rows;
use super::options::Options;
use crate::clock::Clock;

/// What all threads share.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) listener: TcpListener,
    pub(super) clock: Clock,
    pub(super) options: Options,
    /// Number of requests read.
    pub(super) requests: AtomicU64,
    /// Number of requests that are being answered.
    pub(super) active: AtomicU32,
    /// Number of threads that wait for a connection.
    pub(super) waiting: AtomicUsize,
    /// Takes rows for the log, if there is one.
    pub(super) log: Option<Rows>,
    /// The open connections and the threads that serve them.
    open: Mutex<HashMap<ThreadId, (Arc<TcpStream>, Thread)>>,
    stopped: AtomicBool,
}

impl Service {
    /// A service whose clock starts at this call.
    pub(super) fn new(listener: TcpListener, options: Options, log: Option<Rows>) -> Self {
        Self {
            listener,
            clock: Clock::start(),
            options,
            requests: AtomicU64::new(0),
            active: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
            log,
            open: Mutex::default(),
            stopped: AtomicBool::new(false),
        }
    }

    /// Notes the connection that this thread serves, for a stop to end it. `false` after a stop: the
    /// connection must not be served.
    pub(super) fn enter(&self, stream: &Arc<TcpStream>) -> bool {
        let mut open = self.open();
        let thread = thread::current();
        open.insert(thread.id(), (Arc::clone(stream), thread));
        !self.stopped()
    }

    /// Forgets the connection of this thread: its socket closes when the thread drops it.
    pub(super) fn leave(&self) {
        self.open().remove(&thread::current().id());
    }

    /// Ends all connections, wakes their threads, and asks all threads to stop.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        for (stream, thread) in self.open().values() {
            // This fails if the client has closed already.
            let _ = stream.shutdown(Shutdown::Both);
            thread.unpark();
        }
    }

    /// Whether to stop.
    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<ThreadId, (Arc<TcpStream>, Thread)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
