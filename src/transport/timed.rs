//! Reads or writes a socket until a deadline.

use std::io;
use std::time::Duration;

use crate::clock::{Clock, Stamp};

/// The socket's timeout for reads or for writes, as last set.
#[derive(Debug, Default)]
pub(super) struct Timed(Option<Duration>);

impl Timed {
    /// Reads or writes once; `None` if that was not possible by the deadline. `set` sets the timeout.
    pub(super) fn once<T>(
        &mut self,
        clock: &Clock,
        (now, deadline): (Stamp, Stamp),
        set: impl Fn(Option<Duration>) -> io::Result<()>,
        mut act: impl FnMut() -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
        let mut left = deadline.since(now);
        let mut has_waited = false;
        while !left.is_zero() {
            // Few system calls: a shorter timeout stays until it has been waited for, and a longer one
            // is replaced by half of the time left, which suits later waits too.
            let wanted = match self.0.filter(|_| !has_waited) {
                Some(armed) if armed <= left => armed,
                Some(_) => left / 2,
                None => left,
            };
            let wanted = Some(wanted.max(Duration::from_micros(100)));
            if self.0 != wanted {
                set(wanted)?;
                self.0 = wanted;
            }
            match act() {
                // A signal or SIGCONT interrupts a read that has a timeout, whatever SA_RESTART
                // says: go on with the time that is left.
                Err(error) if matches!(error.kind(), Interrupted | TimedOut | WouldBlock) => {
                    has_waited = true;
                    left = clock.until(deadline);
                }
                done => return done.map(Some),
            }
        }
        Ok(None)
    }
}
