//! By how much the stamps of a stream's events may be too late.

use std::time::Duration;

use crate::clock::Stamp;
use crate::transport::Arrival;

/// Bounds on how late the stamps of each read may be.
///
/// A read has the stamp of its newest byte. Its earlier bytes lay in the socket while the thread
/// could not read: no longer than since the read before and, where the system tells, no longer than
/// the thread waited for a processor or the whole process was stopped. The system's figure covers
/// all reads since it was last asked for: the lags of the other reads are taken off.
///
/// Bytes that waited together may be too many for one read. Then the next read's bytes had all
/// arrived before this read returned. The kernel merges bytes that wait and keeps the newest stamp:
/// no stamp of these reads is exact. Their bytes came after the read before the first of them.
pub(in super::super) struct Uncertainty<'a> {
    /// How long the thread could not run in all until a moment, where the system tells.
    waited: &'a mut dyn FnMut(Stamp) -> Option<Duration>,
    /// The answer of `waited` when it was last asked.
    waited_before: Option<Duration>,
    /// Lags, in all, of the reads since `waited` was asked, without the current group. A group is the
    /// reads whose bytes waited together.
    lags_before: Duration,
    /// The largest lag in the current group.
    lag_together: Duration,
    /// How long the thread could not run while the group's bytes waited, where `waited` was asked.
    waited_together: Option<Duration>,
    /// The arrival of the last read before the current group.
    previous: Option<Stamp>,
    /// The number of the last read that [`Self::of`] was called for, and the answer.
    asked: (u64, Option<Duration>),
}

impl<'a> Uncertainty<'a> {
    /// For a stream whose request was sent when `waited` told `waited_before`.
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
            asked: (0, None),
        }
    }

    /// Takes the read that follows `before`. Returns by how much the stamp of `before` may be too
    /// late, in case this read shows that it is not exact.
    pub(super) fn read(&mut self, before: Arrival, arrival: Arrival) -> Option<Duration> {
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

    /// By how much the stamps of a read's inexact events may be too late. The system is asked once a
    /// read: that costs more than an event.
    pub(super) fn of(&mut self, arrival: Arrival) -> Option<Duration> {
        if self.asked.0 == arrival.read {
            return self.asked.1;
        }
        let total = (self.waited)(arrival.returned());
        let waited = total.zip(self.waited_before).map(|(total, before)| {
            let since = total.saturating_sub(before + self.lags_before);
            since + self.waited_together.unwrap_or_default()
        });
        self.waited_before = total;
        self.waited_together = waited;
        self.lags_before = Duration::ZERO;
        let since_read = self.previous.map(|before| arrival.at.since(before));
        let answer = match (since_read, waited) {
            (Some(gap), Some(wait)) => gap.min(wait),
            (gap, wait) => wait.or(gap).unwrap_or_default(),
        };
        self.asked = (arrival.read, Some(answer));
        self.asked.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The uncertainty of each read, in milliseconds. A read is its arrival and its lag in
    /// milliseconds, and whether it is asked about; `waits` is what the system tells each time.
    fn uncertainties(reads: &[(u64, u64, bool)], waits: &[u64]) -> Vec<Option<u64>> {
        let millis = Duration::from_millis;
        let mut waits = waits.iter().map(|wait| millis(*wait));
        let mut waited = |_| waits.next();
        let mut uncertainty = Uncertainty::new(Some(Duration::ZERO), &mut waited);
        let mut before = None;
        let numbered = (1..).zip(reads);
        let uncertainties = numbered.map(|(read, (at, lag, asked))| {
            let arrival = Arrival {
                bytes: 1,
                at: Stamp::from_micros(at * 1_000),
                read,
                lag: Some(millis(*lag)),
                more: false,
            };
            let of_before = before.replace(arrival);
            let of_before = of_before.and_then(|before| uncertainty.read(before, arrival));
            let of = asked.then(|| uncertainty.of(arrival)).flatten();
            let most = of_before.max(of);
            most.map(|uncertainty| u64::try_from(uncertainty.as_millis()).expect("small"))
        });
        uncertainties.collect()
    }

    #[test]
    fn a_wait_counts_for_one_read_alone() {
        // Nothing was late.
        let reads = [(10, 0, false), (50, 0, true), (90, 0, true)];
        assert_eq!(uncertainties(&reads, &[0, 0]), [None, Some(0), Some(0)]);
        // 5 of the 7 ms were the first read's.
        let reads = [(10, 5, false), (50, 0, true)];
        assert_eq!(uncertainties(&reads, &[7]), [None, Some(2)]);
        // What the second one waited is known when the third is asked about.
        let reads = [(10, 0, false), (50, 6, true), (90, 0, true)];
        assert_eq!(uncertainties(&reads, &[8, 11]), [None, Some(8), Some(3)]);
    }

    #[test]
    fn bytes_that_waited_together_share_one_wait() {
        // The thread could not run from 20 to 520 ms; what had come by then took three reads.
        let reads = [
            (10, 0, false),
            (200, 320, true),
            (400, 121, true),
            (515, 7, true),
            (530, 0, true),
        ];
        let expected = [None, Some(190), Some(390), Some(500), Some(0)];
        assert_eq!(uncertainties(&reads, &[500; 4]), expected);
        // Each of them held one event: that the first one's stamp is not its own shows later.
        let reads = [(10, 0, false), (60, 460, false), (510, 11, false)];
        assert_eq!(uncertainties(&reads, &[500]), [None, None, Some(50)]);
        // A later read is not late by what they waited.
        let reads = [(10, 0, false), (200, 320, false), (530, 0, true)];
        assert_eq!(uncertainties(&reads, &[500]), [None, None, Some(180)]);
    }
}
