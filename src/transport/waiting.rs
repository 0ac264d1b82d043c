//! Which reads may wait before they are told to the layers above.
//!
//! A user that wakes for an event finds none of its memory in a processor's cache: fetching the
//! memory costs more than understanding the event. Several events at once cost less. A stamp is
//! exact however long its read waits, since a read is stamped when it returns.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crate::arrival::Received;

/// How many reads wait at most.
const MOST: usize = 16;

/// How soon the next read must be expected.
const PATIENCE: Duration = Duration::from_millis(200);

/// The reads of a connection that have not been told, oldest first. A failure is the last one.
pub(super) type WaitingReads = VecDeque<io::Result<Received>>;

/// Whether the newest of these reads, which completes one block, may wait for another read. `before`
/// is the read before the newest. The next read is expected after as long a gap as the last one, and
/// must be expected in the second of the oldest read: a second's events are reported in it.
///
/// Bytes that had arrived when `before` returned may not wait: how exact their stamps are depends on
/// how long the thread waits for a processor, which is told only at once.
pub(super) fn may_wait(waiting: &WaitingReads, before: Option<Received>) -> bool {
    let (Some(before), Some(Ok(first)), Some(Ok(last))) = (before, waiting.front(), waiting.back())
    else {
        return false;
    };
    let gap = last.at().since(before.at());
    let next = last.at() + gap;
    waiting.len() < MOST
        && gap <= PATIENCE
        && next.second() == first.at().second()
        && last.at() > before.returned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;

    /// Whether the last of these reads may wait, each with its arrival and its return in
    /// milliseconds; the first read has been told.
    fn waits(reads: &[(u64, u64)]) -> bool {
        let reads = reads.iter().map(|(arrived, returned)| Received {
            bytes: 1,
            returned: Stamp::from_micros(returned * 1_000),
            arrived: Some(Stamp::from_micros(arrived * 1_000)),
        });
        let reads: Vec<_> = reads.collect();
        let before = reads.iter().rev().nth(1).copied();
        may_wait(&reads.into_iter().skip(1).map(Ok).collect(), before)
    }

    #[test]
    fn a_read_waits_for_one_that_comes_soon_and_in_its_second() {
        let table: &[(&[(u64, u64)], bool)] = &[
            (&[(100, 100)], false),
            (&[(100, 100), (200, 200)], true),
            (&[(100, 100), (301, 301)], false),
            (&[(600, 600), (700, 700), (800, 800)], true),
            (&[(700, 700), (800, 800), (900, 900)], false),
            (&[(800, 800), (900, 900), (1_050, 1_050)], false),
            // It had arrived when the one before it returned.
            (&[(100, 300), (200, 300)], false),
            (&[(100, 150), (200, 300)], true),
        ];
        for (reads, expected) in table {
            assert_eq!(waits(reads), *expected, "{reads:?}");
        }
        let many: Vec<_> = (0..=MOST as u64).map(|at| (at, at)).collect();
        assert!(!waits(&many), "there are many");
        assert!(waits(&many[1..]));
    }
}
