//! What a user's thread reports while a request runs: chunks, coalesced to at most 10 samples a
//! second, each of which lies within one second of the run.

use std::time::Duration;

use crossbeam_channel::Sender;

use crate::clock::Stamp;
use crate::protocol::Meaning;
use crate::record::{Progress, RequestRecord, Sample};

/// The shortest time between two samples of one request.
const INTERVAL: Duration = Duration::from_millis(100);

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
        at: Stamp,
        tokens: u64,
        gap: Option<u64>,
        meaning: &Meaning<'_>,
    ) {
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
        if self.last_sent.is_none_or(|last| at.since(last) >= INTERVAL) {
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

    #[test]
    fn an_answer_is_set_apart_from_its_reasoning() {
        let sent = Sent {
            query_index: None,
            query: "q".into(),
            key_index: None,
            masked_key: "".into(),
        };
        let record = RequestRecord::begin(1, 1, Phase::Hold, sent, Stamp::ZERO);
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
            reporter.chunk(&record, Stamp::ZERO, 1, None, &meaning);
        }
        reporter.flush();
        let texts = samples.try_iter().filter_map(|sample| match sample {
            Sample::Progress(progress) => progress.so_far.map(|so_far| so_far.text),
            _ => None,
        });
        assert_eq!(texts.collect::<String>(), "hm\n\nHello?\n\n!");
    }
}
