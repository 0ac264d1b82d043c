//! What the threads of the simulated service share.

use std::collections::HashMap;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread, ThreadId};

use super::log::Rows;
use super::options::Options;
use crate::clock::Clock;

/// Open files of the process beside its connections, those that are refused included.
const OTHER_FILES: u64 = 256;

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
    /// Most open connections.
    pub(super) most_connections: usize,
    /// Takes rows for the log, if there is one.
    pub(super) log: Option<Rows>,
    /// The open connections and the threads that serve them.
    open: Mutex<HashMap<ThreadId, (Arc<TcpStream>, Thread)>>,
    stopped: AtomicBool,
}

impl Service {
    /// A service whose clock starts at this call.
    pub(super) fn new(listener: TcpListener, options: Options, log: Option<Rows>) -> Self {
        let most_connections = permitted(options.max_connections.into());
        Self {
            listener,
            clock: Clock::start(),
            options,
            requests: AtomicU64::new(0),
            active: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
            most_connections,
            log,
            open: Mutex::default(),
            stopped: AtomicBool::new(false),
        }
    }

    /// Notes the connection that this thread serves, for a stop to end it. Returns the number of
    /// other connections; `None` after a stop: the connection must not be served.
    pub(super) fn enter(&self, stream: &Arc<TcpStream>) -> Option<usize> {
        let mut open = self.open();
        let (others, thread) = (open.len(), thread::current());
        open.insert(thread.id(), (Arc::clone(stream), thread));
        (!self.stopped()).then_some(others)
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

/// The number of connections, at most `wanted`, that the limit of open files permits. Raises the
/// limit if the system allows.
#[cfg(unix)]
fn permitted(wanted: u64) -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let files = Resource::RLIMIT_NOFILE;
    let (mut permitted, most) = getrlimit(files).unwrap_or((u64::MAX, u64::MAX));
    let needed = most.min(wanted + OTHER_FILES);
    if permitted < needed && setrlimit(files, needed, most).is_ok() {
        permitted = needed;
    }
    let connections = wanted.min(permitted.saturating_sub(OTHER_FILES));
    usize::try_from(connections).unwrap_or(usize::MAX)
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn permitted(wanted: u64) -> usize {
    usize::try_from(wanted).unwrap_or(usize::MAX)
}
