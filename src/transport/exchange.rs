//! What the transport's layers note while a request travels: the [`Exchange`] that a user's thread
//! shares with its connector, so that stamps are taken where things happen.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::arrival::Received;
use crate::clock::{Clock, Stamp};

/// How far an attempt has come; what a failure means depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reached {
    /// Looking up the host's name (or taking a connection from the pool).
    #[default]
    Resolving,
    /// Waiting for TCP to connect.
    Connecting,
    /// Connected, and asking the proxy to connect where there is one.
    Tunnelling,
    /// In TLS's handshake.
    Handshaking,
    /// Writing the request.
    Sending,
    /// Waiting for the response's head.
    Waiting,
    /// Reading the body.
    Streaming,
}

/// Which limit a wait has exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeLimit {
    /// The connect timeout.
    Connect,
    /// The time to write the request.
    Send,
    /// The wait for the next read.
    Idle,
    /// The wait for the next token.
    Token,
    /// The time of the whole request.
    Total,
}

/// Deadlines that outlast a single read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deadlines {
    /// The whole request must be over by then.
    pub(super) total: Option<Stamp>,
    /// The next token must have come by then.
    pub(super) token: Option<Stamp>,
}

impl Deadlines {
    /// The earlier of these deadlines and that of one wait which began at `began`.
    pub(super) fn earliest(
        self,
        began: Stamp,
        wait: Duration,
        cause: TimeLimit,
    ) -> (Stamp, TimeLimit) {
        let mut earliest = (began + wait, cause);
        for (deadline, cause) in [
            (self.token, TimeLimit::Token),
            (self.total, TimeLimit::Total),
        ] {
            if let Some(at) = deadline.filter(|at| *at < earliest.0) {
                earliest = (at, cause);
            }
        }
        earliest
    }
}

/// The notes of one attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Notes {
    pub(super) reached: Reached,
    /// Whether this attempt made a connection of its own.
    pub(super) connected: bool,
    pub(super) server_addr: Option<SocketAddr>,
    pub(super) dns: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
    /// When the first byte was about to be written.
    pub(super) send_began: Option<Stamp>,
    pub(super) sent: Option<Stamp>,
    /// How long the thread had waited for a processor in all, when the request had been sent.
    pub(super) waited: Option<Duration>,
    pub(super) first_byte: Option<Stamp>,
    /// Socket reads that brought bytes.
    pub(super) reads: u64,
    /// When what the last socket read brought had arrived.
    pub(super) last_read: Stamp,
    /// How late the client was at that read.
    pub(super) last_lag: Option<Duration>,
    /// Whether others have been made since.
    pub(super) more: bool,
    /// How late the client was at its latest.
    pub(super) most_lag: Option<Duration>,
    /// A read brought bytes without the kernel's stamp.
    pub(super) unstamped: bool,
    /// The peer reset the connection.
    pub(super) reset: bool,
    /// The limit that a wait exceeded.
    pub(super) exceeded: Option<TimeLimit>,
    /// The status by which the proxy refused to connect.
    pub(super) proxy_status: Option<u16>,
}

impl Notes {
    /// Notes what a socket read brought, and whether `more` of them are to be told at once. Of the
    /// two clocks the kernel's counts, unless the user's is asked for.
    pub(super) fn take(&mut self, received: &Received, user_clock: bool, more: bool) {
        let arrived = received.arrived.filter(|_| !user_clock);
        self.last_read = arrived.unwrap_or(received.returned).max(self.last_read);
        self.last_lag = received.lag();
        self.more = more;
        self.most_lag = self.most_lag.max(self.last_lag);
        if received.bytes > 0 {
            self.reads += 1;
            self.unstamped |= arrived.is_none();
        }
    }
}

/// Shared by one user's thread and the transports of its agent. The lock is never contended: the
/// layers run on the user's own thread.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The run's clock; set when the run begins, after the client was made.
    clock: OnceLock<Clock>,
    state: Mutex<(Notes, Deadlines)>,
    /// The reads of the attempt's body may wait for one another.
    is_patient: AtomicBool,
    /// The engine has cut this user's requests.
    cut: AtomicBool,
}

impl Exchange {
    pub(super) fn new() -> Self {
        Self {
            clock: OnceLock::new(),
            state: Mutex::default(),
            is_patient: AtomicBool::new(false),
            cut: AtomicBool::new(false),
        }
    }

    /// Sets the run's clock, once.
    pub(super) fn begin_run(&self, clock: Clock) {
        let _ = self.clock.set(clock);
    }

    /// The run's clock.
    ///
    /// # Panics
    ///
    /// Before the run has begun: nothing is sent before.
    pub(super) fn clock(&self) -> &Clock {
        self.clock.get().expect("the run has begun")
    }

    fn lock(&self) -> MutexGuard<'_, (Notes, Deadlines)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the last attempt. The address survives: a reused connection has it still.
    pub(super) fn begin(&self, deadlines: Deadlines) {
        self.set_patient(false);
        let mut state = self.lock();
        let server_addr = state.0.server_addr;
        *state = (
            Notes {
                server_addr,
                ..Notes::default()
            },
            deadlines,
        );
    }

    pub(super) fn notes(&self) -> Notes {
        self.lock().0
    }

    /// Looks at some of the notes: they are too many to be copied for each read.
    pub(super) fn see<T>(&self, look: impl FnOnce(&Notes) -> T) -> T {
        look(&self.lock().0)
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.lock().0);
    }

    pub(super) fn deadlines(&self) -> Deadlines {
        self.lock().1
    }

    pub(super) fn set_token_deadline(&self, at: Option<Stamp>) {
        self.lock().1.token = at;
    }

    pub(super) fn set_patient(&self, is_patient: bool) {
        self.is_patient.store(is_patient, Ordering::Relaxed);
    }

    pub(super) fn is_patient(&self) -> bool {
        self.is_patient.load(Ordering::Relaxed)
    }

    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_deadline_names_its_cause() {
        let at = Stamp::from_micros;
        let wait = Duration::from_micros(100);
        let table = [
            (None, None, (at(110), TimeLimit::Idle)),
            (Some(200), None, (at(110), TimeLimit::Idle)),
            (Some(50), None, (at(50), TimeLimit::Total)),
            (None, Some(60), (at(60), TimeLimit::Token)),
            (Some(40), Some(60), (at(40), TimeLimit::Total)),
        ];
        for (total, token, expected) in table {
            let deadlines = Deadlines {
                total: total.map(at),
                token: token.map(at),
            };
            assert_eq!(deadlines.earliest(at(10), wait, TimeLimit::Idle), expected);
        }
    }
}
