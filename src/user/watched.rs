//! Sends the progress of a single request to the terminal, at most 10 times a second.

use std::time::Duration;

use crossbeam_channel::Sender;

use super::observer::Observer;
use crate::clock::Stamp;
use crate::protocol::Came;
use crate::record::{RequestRecord, Sample, SoFar};
use crate::transport::Response;
use crate::workload::Assignment;

/// The shortest time between two samples.
const INTERVAL: Duration = Duration::from_millis(100);

/// Watches a single request for the terminal.
pub(super) struct Watched {
    sender: Sender<Sample>,
    /// Whether the text is shown too.
    show_text: bool,
    so_far: SoFar,
    /// Whether anything in `so_far` has not been sent.
    is_pending: bool,
    last_sent: Option<Stamp>,
    /// Whether the text so far ends with reasoning.
    after_reasoning: bool,
}

impl Watched {
    pub(super) fn new(sender: Sender<Sample>, show_text: bool) -> Self {
        Self {
            sender,
            show_text,
            so_far: SoFar::default(),
            is_pending: false,
            last_sent: None,
            after_reasoning: false,
        }
    }

    fn flush(&mut self) {
        if std::mem::take(&mut self.is_pending) {
            self.last_sent = Some(self.so_far.at);
            // The collector is gone only when the run is over and nobody counts any more.
            let _ = self.sender.send(Sample::SoFar(self.so_far.clone()));
            self.so_far.text.clear();
        }
    }
}

impl Observer for Watched {
    fn is_live(&self) -> bool {
        true
    }

    fn head(&mut self, response: &Response<'_>, record: &RequestRecord, _: &Assignment<'_>) {
        let _ = self.sender.send(Sample::Head {
            status: response.status,
            ttfb: record.ttfb(),
        });
    }

    fn event(&mut self, came: &Came<'_>, record: &RequestRecord) {
        let so_far = &mut self.so_far;
        let meaning = came.meaning.filter(|_| record.chunks != so_far.chunks);
        let Some(Ok(meaning)) = meaning else {
            return;
        };
        let (at, instants) = (came.at, &record.instants);
        let first_token = instants.first_token.unwrap_or(at);
        so_far.at = at;
        so_far.chunks = record.chunks;
        so_far.tokens = record.estimated_tokens;
        so_far.ttft = first_token.since(instants.start);
        so_far.since_first_token = at.since(first_token);
        if self.show_text {
            so_far.text.push_str(meaning.reasoning);
            self.after_reasoning |= !meaning.reasoning.is_empty();
            // An answer does not go on in the line of its reasoning.
            if self.after_reasoning && !meaning.text.is_empty() {
                so_far.text.push_str("\n\n");
                self.after_reasoning = false;
            }
            so_far.text.push_str(meaning.text);
        }
        self.is_pending = true;
        if self.last_sent.is_none_or(|last| at.since(last) >= INTERVAL) {
            self.flush();
        }
    }

    fn end(&mut self, _record: &RequestRecord) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;
    use crate::protocol::Meaning;
    use crate::record::{Phase, Sent};
    use crate::sse::Block;

    /// The samples of chunks, each with its moment in milliseconds, its reasoning and its text.
    fn told(chunks: &[(u64, &str, &str)]) -> Vec<SoFar> {
        let (sender, samples) = unbounded();
        let mut watched = Watched::new(sender, true);
        let mut record = RequestRecord::begin(1, 1, Phase::Hold, Sent::default(), Stamp::ZERO);
        for (millis, reasoning, text) in chunks {
            let meaning = Meaning {
                text,
                reasoning,
                ..Meaning::default()
            };
            let came = Came {
                block: &Block::KeepAlive { event: "" },
                meaning: Some(Ok(&meaning)),
                at: Stamp::from_micros(millis * 1_000),
                read: 1,
            };
            record.instants.first_token.get_or_insert(came.at);
            record.chunks += 1;
            watched.event(&came, &record);
        }
        watched.flush();
        let samples = samples.try_iter().map(|sample| match sample {
            Sample::SoFar(so_far) => so_far,
            other => panic!("{other:?}"),
        });
        samples.collect()
    }

    #[test]
    fn there_are_at_most_ten_samples_a_second() {
        let chunks = [100, 150, 200, 250, 300, 310].map(|at| (at, "", "a"));
        let told: Vec<_> = told(&chunks)
            .into_iter()
            .map(|so_far| (so_far.at.as_micros() / 1_000, so_far.chunks, so_far.text))
            .collect();
        let expected = [(100, 1, "a"), (200, 3, "aa"), (300, 5, "aa"), (310, 6, "a")];
        assert_eq!(told, expected.map(|(at, n, text)| (at, n, text.to_owned())));
    }

    #[test]
    fn an_answer_is_set_apart_from_its_reasoning() {
        let pieces = [("h", ""), ("m", ""), ("", "He"), ("", "llo"), ("?", "!")];
        let told = told(&pieces.map(|(reasoning, text)| (0, reasoning, text)));
        let texts = told.into_iter().map(|so_far| so_far.text);
        assert_eq!(texts.collect::<String>(), "hm\n\nHello?\n\n!");
    }
}
