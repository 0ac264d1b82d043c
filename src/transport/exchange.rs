//! What the transport's layers note while a request travels: the [`Exchange`] that a user's thread
//! shares with its connector, so that each instant is stamped in the layer that sees it. The notes
//! themselves belong to the thread: they need no lock.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::arrival::Received;
use crate::clock::{Clock, Stamp};
use crate::record::{ClockSource, Connection, FailureKind};

/// How far an attempt has come; the meaning of a failure depends on it.
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

/// An attempt as far as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attempt {
    /// Its connection.
    pub connection: Connection,
    /// When the client began to write the request.
    pub send_began: Option<Stamp>,
    /// When the request's last byte had been written.
    pub sent: Option<Stamp>,
    /// The run-queue wait of the thread in all, when the request had been sent.
    pub waited: Option<Duration>,
    /// When the first byte of the response came.
    pub first_byte: Option<Stamp>,
    /// The number of the read that brought the first byte; 0 without a response.
    pub first_read: u64,
    /// The largest lag of a read.
    pub most_lag: Option<Duration>,
    /// The clock that stamped the reads.
    pub clock: ClockSource,
    /// The status by which the proxy refused to connect.
    pub proxy_status: Option<u16>,
}

/// Bytes of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Their number; 0 at the end of the body.
    pub bytes: usize,
    /// When the newest byte of the socket read that completed them had arrived.
    pub at: Stamp,
    /// The number of that read within the attempt, from 1.
    pub read: u64,
    /// How late the client was: that read's return − the kernel's arrival.
    pub lag: Option<Duration>,
    /// Whether later reads have been made already, and are told next.
    pub more: bool,
}

impl Arrival {
    /// When that read returned, as far as it is known.
    #[must_use]
    pub fn returned(self) -> Stamp {
        self.at + self.lag.unwrap_or_default()
    }
}

/// The notes of one attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Notes {
    pub(super) attempt: Attempt,
    pub(super) reached: Reached,
    /// The server's address of the last connection, which a later attempt may use again.
    pub(super) server_addr: Option<SocketAddr>,
    /// The last socket read.
    pub(super) last: Arrival,
    /// The peer reset the connection.
    pub(super) reset: bool,
    /// A part of the request could not be written.
    pub(super) unsent: bool,
    /// The limit that a wait exceeded.
    pub(super) exceeded: Option<FailureKind>,
    /// The whole request must be over by then.
    pub(super) total_deadline: Option<Stamp>,
    /// The next token must have come by then.
    pub(super) token_deadline: Option<Stamp>,
    /// Reads of the body may wait for one another.
    pub(super) is_patient: bool,
    /// The reader of the body wants to hear of a silence.
    pub(super) heeds_silence: bool,
}

impl Notes {
    /// Notes a socket read, and whether `more` reads are to be told at once. The kernel's clock
    /// counts, unless the user's is asked for.
    pub(super) fn take(&mut self, received: &Received, user_clock: bool, more: bool) {
        let arrived = received.arrived.filter(|_| !user_clock);
        let last = &mut self.last;
        last.at = arrived.unwrap_or(received.returned).max(last.at);
        last.lag = received.lag();
        last.more = more;
        self.attempt.most_lag = self.attempt.most_lag.max(last.lag);
        if received.bytes > 0 {
            last.read += 1;
            if arrived.is_none() {
                self.attempt.clock = ClockSource::User;
            } else if last.read == 1 {
                self.attempt.clock = ClockSource::Kernel;
            }
        }
    }
}

thread_local! {
    /// The notes of the user whose thread this is: all layers of its agent run on this thread.
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// Shared by one user's thread, the transports of its agent, and the engine, which cuts requests.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// The run's clock; set when the run begins, after the client was made.
    pub(super) run_clock: OnceLock<Clock>,
    /// The engine has cut this user's requests.
    pub(super) cut: AtomicBool,
    /// The user is in the system's connect.
    pub(super) connects: AtomicBool,
}

impl Exchange {
    /// The run's clock.
    ///
    /// # Panics
    ///
    /// Before the run has begun: nothing is sent before.
    pub(super) fn clock(&self) -> &Clock {
        self.run_clock.get().expect("the run has begun")
    }

    /// Begins an attempt with these deadlines. The last attempt's notes are forgotten.
    pub(super) fn begin(&self, total_deadline: Option<Stamp>, token_deadline: Option<Stamp>) {
        self.note(|notes| {
            *notes = Notes {
                server_addr: notes.server_addr,
                total_deadline,
                token_deadline,
                ..Notes::default()
            }
        });
    }

    /// Reads or changes the notes of this thread: they are too many to be copied for each read.
    #[allow(clippy::unused_self)]
    pub(super) fn note<T>(&self, look: impl FnOnce(&mut Notes) -> T) -> T {
        NOTES.with_borrow_mut(look)
    }

    /// The earliest deadline of a wait that began at `began` and may last for `wait`, and the failure
    /// that it means.
    pub(super) fn deadline(
        &self,
        began: Stamp,
        wait: Duration,
        kind: FailureKind,
    ) -> (Stamp, FailureKind) {
        let [token, total] = self.note(|notes| [notes.token_deadline, notes.total_deadline]);
        let earlier = |(first, kind), at: Option<Stamp>, other| match at {
            Some(at) if at < first => (at, other),
            _ => (first, kind),
        };
        let earliest = earlier((began + wait, kind), token, FailureKind::TimeoutToken);
        earlier(earliest, total, FailureKind::TimeoutTotal)
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
            (None, None, (at(110), FailureKind::TimeoutIdle)),
            (Some(200), None, (at(110), FailureKind::TimeoutIdle)),
            (Some(50), None, (at(50), FailureKind::TimeoutTotal)),
            (None, Some(60), (at(60), FailureKind::TimeoutToken)),
            (Some(40), Some(60), (at(40), FailureKind::TimeoutTotal)),
        ];
        for (total, token, expected) in table {
            let exchange = Exchange::default();
            exchange.begin(total.map(at), token.map(at));
            let deadline = exchange.deadline(at(10), wait, FailureKind::TimeoutIdle);
            assert_eq!(deadline, expected);
        }
    }
}
