//! By how much the stamps of a read's earlier events may be too late.

use std::time::Duration;

use crate::clock::Stamp;
use crate::transport::Arrival;

/// What is known of how late a stream's reads may have been.
///
/// A read has the stamp of its newest byte. The earlier ones lay in the socket for as long as the
/// thread could not read: not longer than since the read before nor, where the system tells, than it
/// had to wait for a processor or was stopped with the whole process. What it waited since it was
/// last asked includes other reads: those were late by what they waited, which is taken off.
///
/// Bytes that waited together may be too many for one read. The next one has arrived, all of it,
/// before that one returned, and was kept waiting by the same. The kernel merges what it keeps, and
/// the stamp of each is that of the newest byte of what was merged: none of these stamps is exact,
/// and all that is known is that their bytes came after the read before the first of them.
pub(in super::super) struct Doubt<'a> {
    /// How long the thread could not run in all, as of a moment, where the system tells.
    waited: &'a mut dyn FnMut(Stamp) -> Option<Duration>,
    /// That, when it was last asked.
    waited_before: Option<Duration>,
    /// How late the reads since then were, without those that waited with the one in hand.
    lags_before: Duration,
    /// How late those were, at most, that waited with the one in hand.
    lag_together: Duration,
    /// What they waited, as far as it has been asked.
    waited_together: Option<Duration>,
    /// The arrival of the read before the one in hand and those that waited with it.
    previous: Option<Stamp>,
    /// The last read that was asked about.
    asked: u64,
}

impl<'a> Doubt<'a> {
    /// Of a stream whose request was sent when the thread could not have run for `waited_before`
    /// in all.
    pub(in super::super) fn new(
        waited_before: Option<Duration>,
        waited: &'a mut dyn FnMut(Stamp) -> Option<Duration>,
    ) -> Self {
        Self {
            waited,
            waited_before,
            lags_before: Duration::ZERO,
            lag_together: Duration::ZERO,
            waited_together: None,
            previous: None,
            asked: 0,
        }
    }

    /// Takes a read after another one. Returns by how much the stamp of that one may be too late,
    /// at most, where only now it is known not to be exact.
    pub(super) fn read(&mut self, before: Option<Arrival>, arrival: Arrival) -> Option<Duration> {
        let before = before?;
        self.lag_together = self.lag_together.max(before.lag.unwrap_or_default());
        if before.lag.is_some() && arrival.at <= before.returned() {
            return self.of(before);
        }
        self.previous = Some(before.at);
        if self.waited_together.take().is_none() {
            self.lags_before += self.lag_together;
        }
        self.lag_together = Duration::ZERO;
        None
    }

    /// By how much the stamps of a read's events may be too late, at most, if they are not exact.
    /// `None` if it was asked about before: what the system tells costs more than an event.
    pub(super) fn of(&mut self, arrival: Arrival) -> Option<Duration> {
        if self.asked == arrival.read {
            return None;
        }
        self.asked = arrival.read;
        let total = (self.waited)(arrival.returned());
        let waited = total.zip(self.waited_before).map(|(total, before)| {
            let since = total.saturating_sub(before + self.lags_before);
            since + self.waited_together.unwrap_or_default()
        });
        self.waited_before = total;
        self.waited_together = waited;
        self.lags_before = Duration::ZERO;
        let since_read = self.previous.map(|before| arrival.at.since(before));
        Some(match (since_read, waited) {
            (Some(gap), Some(wait)) => gap.min(wait),
            (gap, wait) => wait.or(gap).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The doubt that comes with each read of these, each with its arrival and its lag in
    /// milliseconds, and whether it is asked about; the thread has waited for `waits` in all, as
    /// asked one after the other.
    fn doubts(reads: &[(u64, u64, bool)], waits: &[u64]) -> Vec<Option<u64>> {
        let millis = Duration::from_millis;
        let mut waits = waits.iter().map(|wait| millis(*wait));
        let mut waited = |_| waits.next();
        let mut doubt = Doubt::new(Some(Duration::ZERO), &mut waited);
        let mut before = None;
        let numbered = (1..).zip(reads);
        let doubts = numbered.map(|(read, (at, lag, asked))| {
            let arrival = Arrival {
                bytes: 1,
                at: Stamp::from_micros(at * 1_000),
                read,
                lag: Some(millis(*lag)),
                more: false,
            };
            let of_before = doubt.read(before.replace(arrival), arrival);
            let of = asked.then(|| doubt.of(arrival)).flatten();
            let most = of_before.max(of);
            most.map(|doubt| u64::try_from(doubt.as_millis()).expect("small"))
        });
        doubts.collect()
    }

    #[test]
    fn waits_are_those_of_the_read_and_of_no_other() {
        // Nothing was late.
        let reads = [(10, 0, false), (50, 0, true), (90, 0, true)];
        assert_eq!(doubts(&reads, &[0, 0]), [None, Some(0), Some(0)]);
        // 5 of the 7 ms were the first read's.
        let reads = [(10, 5, false), (50, 0, true)];
        assert_eq!(doubts(&reads, &[7]), [None, Some(2)]);
        // What the second one waited is known when the third is asked about.
        let reads = [(10, 0, false), (50, 6, true), (90, 0, true)];
        assert_eq!(doubts(&reads, &[8, 11]), [None, Some(8), Some(3)]);
    }

    #[test]
    fn bytes_that_waited_together_did_so_for_the_same_time() {
        // The thread could not run from 20 to 520 ms; what had come by then took three reads.
        let reads = [
            (10, 0, false),
            (200, 320, true),
            (400, 121, true),
            (515, 7, true),
            (530, 0, true),
        ];
        let expected = [None, Some(190), Some(390), Some(500), Some(0)];
        assert_eq!(doubts(&reads, &[500; 4]), expected);
        // Each of them held one event: that the first one's stamp is not its own shows later.
        let reads = [(10, 0, false), (60, 460, false), (510, 11, false)];
        assert_eq!(doubts(&reads, &[500]), [None, None, Some(50)]);
        // A later read is not late by what they waited.
        let reads = [(10, 0, false), (200, 320, false), (530, 0, true)];
        assert_eq!(doubts(&reads, &[500]), [None, None, Some(180)]);
    }
}
