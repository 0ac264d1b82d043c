//! Reports the chunks of a request while it runs: about 5 samples a second and at most 10, each of
//! chunks within one second of the run.

use std::time::Duration;

use crossbeam_channel::Sender;

use crate::clock::Stamp;
use crate::record::{Progress, Sample};
use crate::transport::Arrival;

/// The shortest time between two samples of one request, but for the last one of a second.
const INTERVAL: Duration = Duration::from_millis(200);

/// Sends the progress of one request.
pub(super) struct Reporter<'a> {
    sender: &'a Sender<Sample>,
    /// Chunks and lags that have not been sent.
    pub(super) pending: Progress,
    last_sent: Option<Stamp>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(sender: &'a Sender<Sample>) -> Self {
        Self {
            sender,
            pending: Progress::default(),
            last_sent: None,
        }
    }

    /// Takes the client's lag at a read, in whole microseconds.
    pub(super) fn lag(&mut self, at: Stamp, lag: u64) {
        self.enter(at);
        self.pending.lags.push(lag);
    }

    /// Makes sure that what is pending and what comes at `at` lie in one second.
    fn enter(&mut self, at: Stamp) {
        if self.pending.at.second() != at.second() {
            self.flush();
        }
        self.pending.at = at;
    }

    /// Takes a chunk, with its tokens and the gap before it in whole microseconds.
    pub(super) fn chunk(&mut self, arrival: Arrival, tokens: u64, gap: Option<u64>) {
        let at = arrival.at;
        self.enter(at);
        let pending = &mut self.pending;
        pending.chunks += 1;
        pending.tokens += tokens;
        pending.gaps.extend(gap);
        let is_due = self.last_sent.is_none_or(|last| at.since(last) >= INTERVAL);
        // Chunks that are pending when a second ends are missed by its live line.
        let next = gap.map(|gap| at + Duration::from_micros(gap));
        let is_last = next.is_some_and(|next| next.second() != at.second());
        if (is_due && !arrival.more) || is_last {
            self.flush();
            self.last_sent = Some(at);
        }
    }

    /// Sends what has not been sent.
    pub(super) fn flush(&mut self) {
        if self.pending.chunks > 0 || !self.pending.lags.is_empty() {
            let progress = std::mem::take(&mut self.pending);
            // The collector is gone only when the run is over and nobody counts any more.
            let _ = self.sender.send(Sample::Progress(progress));
        }
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;

    fn arrival(millis: u64, more: bool) -> Arrival {
        Arrival {
            bytes: 1,
            at: Stamp::from_micros(millis * 1_000),
            read: 1,
            lag: None,
            more,
        }
    }

    /// The moments, in milliseconds, of the samples of chunks that come at these, told one by one,
    /// and how many chunks each brings.
    fn samples(chunks: &[u64]) -> Vec<(u64, u64)> {
        let chunks: Vec<_> = chunks.iter().map(|at| (*at, false)).collect();
        samples_of_told(&chunks)
    }

    /// As [`samples`], each chunk with whether more reads are told next.
    fn samples_of_told(chunks: &[(u64, bool)]) -> Vec<(u64, u64)> {
        let (sender, samples) = unbounded();
        let mut reporter = Reporter::new(&sender);
        let mut before = None;
        for (at, more) in chunks {
            let gap = before.replace(*at).map(|before| (at - before) * 1_000);
            reporter.chunk(arrival(*at, *more), 1, gap);
        }
        reporter.flush();
        let samples = samples.try_iter().map(|sample| match sample {
            Sample::Progress(progress) => (progress.at.as_micros() / 1_000, progress.chunks),
            other => panic!("{other:?}"),
        });
        samples.collect()
    }

    #[test]
    fn chunks_are_put_together_but_not_over_the_end_of_a_second() {
        let quick: Vec<u64> = (600..1_300).step_by(50).collect();
        let expected = [(600, 1), (800, 4), (950, 3), (1_150, 4), (1_250, 2)];
        assert_eq!(samples(&quick), expected);
        // A chunk that comes sooner than it seemed is in its second, too.
        let uneven = [100, 900, 950, 990];
        let expected = [(100, 1), (900, 1), (950, 1), (990, 1)];
        assert_eq!(samples(&uneven), expected);
        // What is told together is reported together.
        let told = [
            (100, true),
            (400, true),
            (500, false),
            (900, true),
            (950, true),
        ];
        let expected = [(500, 3), (900, 1), (950, 1)];
        assert_eq!(samples_of_told(&told), expected);
    }
}
