//! The reads of a socket: each waits until its deadline at most, and is stamped.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use crate::arrival::{Received, Receiver};
use crate::clock::{Clock, Stamp};

/// What the wait for a read came to.
#[derive(Debug)]
pub(super) enum Read {
    /// The read brought something, or the end.
    Received(Received),
    /// It failed.
    Failed(FailedRead),
    /// Nothing came in time.
    Late,
}

/// A read that failed.
#[derive(Debug)]
pub(super) struct FailedRead {
    pub(super) error: io::Error,
    pub(super) at: Stamp,
}

/// How long to wait for a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) now: Stamp,
    pub(super) deadline: Stamp,
    /// The longest silence, where one ends the wait before the deadline does. It may be taken for
    /// half as long.
    pub(super) silence: Option<Duration>,
}

/// Reads a socket.
#[derive(Debug)]
pub(super) struct Reads {
    clock: Clock,
    receiver: Receiver,
    /// The longest time that a wait usually has.
    usual: Duration,
    /// The socket's timeout as last set, so that setting it costs a system call only when it
    /// changes.
    armed: Option<Duration>,
}

impl Reads {
    pub(super) fn new(stream: &TcpStream, clock: &Clock, usual: Duration) -> Self {
        Self {
            clock: *clock,
            receiver: Receiver::new(stream, clock),
            usual,
            armed: None,
        }
    }

    /// Reads once.
    pub(super) fn read(
        &mut self,
        stream: &TcpStream,
        input: &mut [u8],
        wait: Wait,
    ) -> io::Result<Read> {
        let mut waited = false;
        let mut left = wait.deadline.since(wait.now);
        loop {
            if left.is_zero() {
                return Ok(Read::Late);
            }
            self.arm(
                stream,
                wait.silence.map_or(left, |silence| left.min(silence)),
                waited,
            )?;
            match self.receiver.read(stream, input) {
                Ok(received) => return Ok(Read::Received(received)),
                Err(error) if is_timeout(&error) && wait.silence.is_some() => {
                    return Ok(Read::Late);
                }
                // A signal or SIGCONT interrupts a read that has a timeout, whatever SA_RESTART
                // says: go on with the time that is left.
                Err(error) if error.kind() == io::ErrorKind::Interrupted || is_timeout(&error) => {
                    waited = true;
                    left = self.clock.until(wait.deadline);
                }
                Err(error) => {
                    let at = self.clock.now();
                    return Ok(Read::Failed(FailedRead { error, at }));
                }
            }
        }
    }

    /// Sets the socket's timeout so that a read wakes by the deadline, without a system call for
    /// each read where a deadline draws near: a timeout that would overshoot is replaced by half of
    /// what is left, and by all of it once that has been waited for.
    fn arm(&mut self, stream: &TcpStream, left: Duration, waited: bool) -> io::Result<()> {
        let current = self.armed.unwrap_or(Duration::MAX);
        let wanted = if waited || left >= self.usual {
            left
        } else if current > left {
            left / 2
        } else {
            return Ok(());
        };
        let wanted = wanted.max(Duration::from_micros(100));
        if wanted != current {
            stream.set_read_timeout(Some(wanted))?;
            self.armed = Some(wanted);
        }
        Ok(())
    }
}

/// Whether an operation ended with the socket's timeout.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
