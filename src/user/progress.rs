//! What a user's thread reports while a request runs: chunks, coalesced to at most 10 samples a
//! second, about 5 where nobody watches closely, each of which lies within one second of the run.

use std::time::Duration;

use crossbeam_channel::Sender;

use crate::clock::Stamp;
use crate::protocol::Meaning;
use crate::record::{Progress, RequestRecord, Sample};
use crate::transport::Arrival;

/// The shortest time between two samples of one request, but for the last one of a second.
const INTERVAL: Duration = Duration::from_millis(200);
/// The same of a request that is being watched.
const WATCHED_INTERVAL: Duration = Duration::from_millis(100);

/// What a reporter tells beside the counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The figures of the request so far: a single request is being watched.
    pub figures: bool,
    /// Its text too.
    pub text: bool,
}

/// Sends the progress of one request.
pub(super) struct Reporter<'a> {
    sender: &'a Sender<Sample>,
    watch: Watch,
    /// Not sent yet; empty where it has no chunks.
    pending: Progress,
    last_sent: Option<Stamp>,
    /// Whether the text so far ends with reasoning.
    after_reasoning: bool,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(sender: &'a Sender<Sample>, watch: Watch) -> Self {
        Self {
            sender,
            watch,
            pending: Progress::default(),
            last_sent: None,
            after_reasoning: false,
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

    /// Takes a chunk that the record counts already.
    pub(super) fn chunk(
        &mut self,
        record: &RequestRecord,
        arrival: Arrival,
        tokens: u64,
        gap: Option<u64>,
        meaning: &Meaning<'_>,
    ) {
        let at = arrival.at;
        self.enter(at);
        let pending = &mut self.pending;
        pending.chunks += 1;
        pending.tokens += tokens;
        pending.gaps.extend(gap);
        if self.watch.figures {
            let first_token = record.instants.first_token.unwrap_or(at);
            let so_far = pending.so_far.get_or_insert_default();
            so_far.chunks = record.chunks;
            so_far.tokens = record.estimated_tokens;
            so_far.ttft = first_token.since(record.instants.start);
            so_far.since_first_token = at.since(first_token);
            if self.watch.text {
                so_far.text.push_str(meaning.reasoning);
                self.after_reasoning |= !meaning.reasoning.is_empty();
                // An answer does not go on in the line of its reasoning.
                if self.after_reasoning && !meaning.text.is_empty() {
                    so_far.text.push_str("\n\n");
                    self.after_reasoning = false;
                }
                so_far.text.push_str(meaning.text);
            }
        }
        let interval = if self.watch.figures {
            WATCHED_INTERVAL
        } else {
            INTERVAL
        };
        let is_due = self.last_sent.is_none_or(|last| at.since(last) >= interval);
        // What is kept when a second ends comes too late for its line.
        let is_last = gap.is_some_and(|gap| {
            let next = at + Duration::from_micros(gap);
            next.second() != at.second()
        });
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
    use crate::record::{Phase, Sent};

    fn request() -> RequestRecord {
        RequestRecord::begin(1, 1, Phase::Hold, Sent::default(), Stamp::ZERO)
    }

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
    fn samples(watch: Watch, chunks: &[u64]) -> Vec<(u64, u64)> {
        let chunks: Vec<_> = chunks.iter().map(|at| (*at, false)).collect();
        samples_of_told(watch, &chunks)
    }

    /// The same of chunks after which more are told at once, or not.
    fn samples_of_told(watch: Watch, chunks: &[(u64, bool)]) -> Vec<(u64, u64)> {
        let record = request();
        let (sender, samples) = unbounded();
        let mut reporter = Reporter::new(&sender, watch);
        let meaning = Meaning {
            text: "a",
            ..Meaning::default()
        };
        let mut before = None;
        for (at, more) in chunks {
            let gap = before.replace(*at).map(|before| (at - before) * 1_000);
            reporter.chunk(&record, arrival(*at, *more), 1, gap, &meaning);
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
        assert_eq!(samples(Watch::default(), &quick), expected);
        // A chunk that comes sooner than it seemed is in its second, too.
        let uneven = [100, 900, 950, 990];
        let expected = [(100, 1), (900, 1), (950, 1), (990, 1)];
        assert_eq!(samples(Watch::default(), &uneven), expected);
        // What is told together is reported together.
        let told = [
            (100, true),
            (400, true),
            (500, false),
            (900, true),
            (950, true),
        ];
        let expected = [(500, 3), (900, 1), (950, 1)];
        assert_eq!(samples_of_told(Watch::default(), &told), expected);
        let watch = Watch {
            figures: true,
            text: false,
        };
        let expected = [(100, 1), (200, 2), (300, 2)];
        assert_eq!(samples(watch, &[100, 150, 200, 250, 300]), expected);
    }

    #[test]
    fn an_answer_is_set_apart_from_its_reasoning() {
        let record = request();
        let (sender, samples) = unbounded();
        let watch = Watch {
            figures: true,
            text: true,
        };
        let mut reporter = Reporter::new(&sender, watch);
        for (reasoning, text) in [("h", ""), ("m", ""), ("", "He"), ("", "llo"), ("?", "!")] {
            let meaning = Meaning {
                text,
                reasoning,
                ..Meaning::default()
            };
            reporter.chunk(&record, arrival(0, false), 1, None, &meaning);
        }
        reporter.flush();
        let texts = samples.try_iter().filter_map(|sample| match sample {
            Sample::Progress(progress) => progress.so_far.map(|so_far| so_far.text),
            _ => None,
        });
        assert_eq!(texts.collect::<String>(), "hm\n\nHello?\n\n!");
    }
}
