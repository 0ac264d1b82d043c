//! Reads that have been made and not yet been told to the layers above: they wait here, each with
//! its own stamps, until several are worth a look.
//!
//! A user that wakes for an event finds nothing of its memory in a processor's cache: fetching what
//! it takes to understand an event costs more than understanding it. Nothing measured depends on
//! when that is done, since a read is stamped when it returns.

use std::time::Duration;

use smallvec::SmallVec;

use super::reads::FailedRead;
use crate::arrival::Received;
use crate::sse::may_complete_several;

/// How many reads wait at most.
const MOST: usize = 16;

/// How long a read waits at most for the next one, by what is expected of that.
const PATIENCE: Duration = Duration::from_millis(200);

/// The reads of a connection that wait, oldest first, and the failure that ended them.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// The last read stays here when it has been told.
    waiting: SmallVec<[Received; MOST]>,
    /// How many of these have been told.
    told: usize,
    failed: Option<FailedRead>,
    /// The read before the last one.
    before: Option<Received>,
}

impl Backlog {
    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.told == self.waiting.len() && self.failed.is_none()
    }

    /// The oldest that has not been told.
    pub(super) fn pop(&mut self) -> Option<Result<Received, FailedRead>> {
        if let Some(received) = self.waiting.get(self.told) {
            self.told += 1;
            return Some(Ok(*received));
        }
        self.failed.take().map(Err)
    }

    /// Takes a read that failed; nothing comes after it.
    pub(super) fn fail(&mut self, failed: FailedRead) {
        self.failed = Some(failed);
    }

    /// Takes a read.
    pub(super) fn push(&mut self, received: Received) {
        self.before = self.waiting.last().copied();
        if self.told == self.waiting.len() {
            self.waiting.clear();
            self.told = 0;
        }
        self.waiting.push(received);
    }

    /// Whether the last read, which brought these bytes, may wait for another one, where the body is
    /// chunked or ends with its connection. It may while
    ///
    /// - not many wait;
    /// - another one is to come: the body has not ended;
    /// - by the time since the read before, that one comes soon, and in the same second of the run:
    ///   what happens in a second is reported in it;
    /// - its stamp is that of the one block that it completes. What the stamps of others are worth
    ///   depends on how long the thread has waited for a processor, which is told only now.
    pub(super) fn may_wait(&self, bytes: &[u8]) -> bool {
        let (Some(first), Some(before), Some(last)) =
            (self.waiting.first(), self.before, self.waiting.last())
        else {
            return false;
        };
        let gap = last.at().since(before.at());
        let next = last.at() + gap;
        self.waiting.len() < MOST
            && !ends_body(bytes)
            && gap <= PATIENCE
            && next.second() == first.at().second()
            && last.at() > before.returned
            && !may_complete_several(bytes)
    }
}

/// Whether a read may have ended a chunked body, or one that ends with its connection.
///
/// The last chunk has no data: what ends it is its own line or those of its trailers, if there are
/// any, and a blank one, behind which no line end follows. Of the other chunks only one does the
/// same, whose data end with a single CRLF. Where such an end comes in pieces, the last one begins
/// with a line's end.
fn ends_body(bytes: &[u8]) -> bool {
    let is_rest = matches!(bytes.first(), None | Some(b'\r' | b'\n'));
    is_rest || bytes.ends_with(b"\r\n\r\n") && !bytes.ends_with(b"\r\n\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::clock::Stamp;

    const EVENT: &[u8] = b"9\r\ndata: a\n\n\r\n";

    fn read(bytes: &[u8], at: u64, returned: u64) -> Received {
        Received {
            bytes: bytes.len(),
            returned: Stamp::from_micros(returned * 1_000),
            arrived: Some(Stamp::from_micros(at * 1_000)),
        }
    }

    /// Whether the last of these reads may wait, each with its arrival and its return in
    /// milliseconds.
    fn waits(reads: &[(u64, u64)], last: &[u8]) -> bool {
        let mut backlog = Backlog::default();
        for (at, returned) in reads {
            backlog.push(read(last, *at, *returned));
        }
        backlog.may_wait(last)
    }

    #[test]
    fn a_read_waits_for_one_that_comes_soon_and_in_its_second() {
        let table: &[(&[(u64, u64)], bool)] = &[
            (&[(100, 100)], false),
            (&[(100, 100), (200, 200)], true),
            (&[(100, 100), (301, 301)], false),
            (&[(700, 700), (800, 800), (900, 900)], false),
            (&[(900, 900), (1_050, 1_050)], false),
        ];
        for (reads, expected) in table {
            assert_eq!(waits(reads, EVENT), *expected, "{reads:?}");
        }
        let mut reads = [(0, 0); MOST];
        for (at, read) in (0..).zip(&mut reads) {
            *read = (at, at);
        }
        assert!(!waits(&reads, EVENT), "there are many");
        assert!(waits(&reads[1..], EVENT));
    }

    #[test]
    fn a_read_whose_stamp_is_uncertain_does_not_wait() {
        let both = [EVENT, EVENT].concat();
        assert!(!waits(&[(100, 100), (200, 200)], &both));
        // It had arrived when the one before it was made.
        assert!(!waits(&[(100, 300), (200, 300)], EVENT));
        assert!(waits(&[(100, 150), (200, 300)], EVENT));
    }

    #[test]
    fn the_end_of_a_body_does_not_wait() {
        let ends: &[&[u8]] = &[
            b"",
            b"0\r\n\r\n",
            b"9\r\ndata: a\n\n\r\n0\r\n\r\n",
            b"0;last\r\nx-took: 1\r\n\r\n",
            // The rest of an end that has come in two reads.
            b"\r\n",
            b"\n\r\n",
            b"\r\n\r\n",
        ];
        for end in ends {
            assert!(!waits(&[(100, 100), (200, 200)], end), "{end:?}");
        }
        for more in [EVENT, b"b\r\ndata: a\r\n\r\n\r\n"] {
            assert!(waits(&[(100, 100), (200, 200)], more), "{more:?}");
        }
    }

    #[test]
    fn reads_are_told_in_order_and_the_failure_after_them() {
        let mut backlog = Backlog::default();
        let told = |backlog: &mut Backlog| {
            let told = backlog.pop()?;
            Some(told.map(|read| read.bytes).map_err(|failed| failed.at))
        };
        for bytes in [EVENT, b"ab"] {
            backlog.push(read(bytes, 1, 1));
        }
        assert_eq!(told(&mut backlog), Some(Ok(EVENT.len())));
        let at = Stamp::from_micros(5);
        let error = io::ErrorKind::ConnectionReset.into();
        backlog.fail(FailedRead { error, at });
        assert_eq!(told(&mut backlog), Some(Ok(2)));
        assert!(!backlog.is_empty());
        assert_eq!(told(&mut backlog), Some(Err(at)));
        assert!(backlog.is_empty());
        assert_eq!(told(&mut backlog), None);
    }
}
