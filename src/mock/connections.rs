//! The open connections, so that a stop can end them all.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

/// The open connections by number.
#[derive(Debug)]
pub(super) struct Connections(Mutex<Option<HashMap<u64, Connection>>>);

/// What it takes to end a connection from outside.
#[derive(Debug)]
struct Connection {
    stream: Arc<TcpStream>,
    thread: Thread,
}

impl Connections {
    /// No connections.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(HashMap::new())))
    }

    /// Adds a connection that this thread serves. `false` after a stop: it must not be served.
    pub(super) fn enter(&self, number: u64, stream: &Arc<TcpStream>) -> bool {
        let connection = Connection {
            stream: Arc::clone(stream),
            thread: std::thread::current(),
        };
        let mut open = self.open();
        let entered = open.as_mut().map(|open| open.insert(number, connection));
        entered.is_some()
    }

    /// Removes a connection, so that the socket closes when its thread drops it.
    pub(super) fn leave(&self, number: u64) {
        if let Some(open) = self.open().as_mut() {
            open.remove(&number);
        }
    }

    /// Shuts all connections down and wakes their threads. None can be added after this.
    pub(super) fn end(&self) {
        let open = self.open().take().unwrap_or_default();
        for connection in open.values() {
            // This fails if the client has closed already.
            let _ = connection.stream.shutdown(Shutdown::Both);
            connection.thread.unpark();
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<HashMap<u64, Connection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
