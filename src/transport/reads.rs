//! Reads a socket until a deadline.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use crate::arrival::{Received, Receiver};
use crate::clock::{Clock, Stamp};

/// Reads a socket.
#[derive(Debug)]
pub(super) struct Reads {
    clock: Clock,
    receiver: Receiver,
    /// The socket's timeout as last set.
    armed: Option<Duration>,
}

impl Reads {
    pub(super) fn new(stream: &TcpStream, clock: &Clock) -> Self {
        Self {
            clock: *clock,
            receiver: Receiver::new(stream, clock),
            armed: None,
        }
    }

    /// Reads once; `None` if nothing has come by the deadline.
    pub(super) fn read(
        &mut self,
        stream: &TcpStream,
        input: &mut [u8],
        now: Stamp,
        deadline: Stamp,
    ) -> io::Result<Option<Received>> {
        let mut left = deadline.since(now);
        let mut has_waited = false;
        while !left.is_zero() {
            let set = |wait| stream.set_read_timeout(wait);
            arm(&mut self.armed, left, has_waited, set)?;
            match self.receiver.read(stream, input) {
                // A signal or SIGCONT interrupts a read that has a timeout, whatever SA_RESTART
                // says: go on with the time that is left.
                Err(error) if error.kind() == io::ErrorKind::Interrupted || is_timeout(&error) => {
                    has_waited = true;
                    left = self.clock.until(deadline);
                }
                read => return read.map(Some),
            }
        }
        Ok(None)
    }
}

/// Lets a socket's timeout, which is `armed`, suit a wait for the time that is left, with few system
/// calls: a shorter timeout stays until it has been waited for, and a longer one is replaced by half
/// of the time left, which suits later waits too.
pub(super) fn arm(
    armed: &mut Option<Duration>,
    left: Duration,
    has_waited: bool,
    set: impl Fn(Option<Duration>) -> io::Result<()>,
) -> io::Result<()> {
    let wanted = match armed.filter(|_| !has_waited) {
        Some(armed) if armed <= left => return Ok(()),
        Some(_) => left / 2,
        None => left,
    };
    let wanted = Some(wanted.max(Duration::from_micros(100)));
    if *armed != wanted {
        set(wanted)?;
        *armed = wanted;
    }
    Ok(())
}

/// Whether an operation ended with the socket's timeout.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
