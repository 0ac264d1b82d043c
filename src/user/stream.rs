//! What a stream's events mean for its request: the [`StreamMeter`] takes each SSE block with its
//! arrival and keeps the record, the gaps, the progress. It does no I/O and asks no time, so that
//! its tests use literal stamps.

mod judge;
mod uncertainty;

use crate::clock::{Stamp, micros};
use crate::protocol::{Came, Decoder, Malformed, Meaning, StreamError};
use crate::record::{Failure, ItlSummary, Outcome, RequestRecord};
use crate::sse::{Block, Event};
use crate::stats::percentile_of_sorted;
use crate::transport::Arrival;

use super::conversation::Kept;
use super::observer::Observer;
use super::progress::Reporter;
use super::spans::OpenSpans;

pub(super) use uncertainty::Uncertainty;

/// The longest text of an error or of an event that a failure's detail quotes, in characters.
const QUOTED: usize = 200;

/// How much is kept of a body without events, in bytes.
const OPENING: usize = 4 * QUOTED;

/// Measures one attempt's stream.
pub(super) struct StreamMeter<'a> {
    decoder: &'a mut Decoder,
    tally: Tally<'a>,
}

/// What the stream has come to so far, apart from the decoder whose scratch the meanings borrow.
struct Tally<'a> {
    record: &'a mut RequestRecord,
    /// Gaps between chunks in whole microseconds; the user's scratch.
    gaps: &'a mut Vec<u64>,
    /// The first longest of the gaps, and when it began.
    longest: Option<(u64, Stamp)>,
    /// Who is told each event.
    observers: &'a mut [Box<dyn Observer>],
    /// What is kept beside the record, where anything is.
    kept: Option<&'a mut Kept>,
    reporter: Reporter<'a>,
    spans: OpenSpans,
    uncertainty: Uncertainty<'a>,
    /// The read in hand, and when its bytes had arrived.
    read: Option<Arrival>,
    /// The read that completed the last event.
    last_read: u64,
    /// The read that completed the last chunk.
    last_chunk_read: u64,
    blocks: u64,
    /// How the body begins, where no block has come yet.
    opening: Vec<u8>,
    ended: bool,
    error: Option<StreamError>,
    malformed: Option<String>,
    /// The beginning of what came outside of any field and looks like JSON.
    stray: Option<String>,
}

impl<'a> StreamMeter<'a> {
    pub(super) fn new(
        record: &'a mut RequestRecord,
        decoder: &'a mut Decoder,
        gaps: &'a mut Vec<u64>,
        observers: &'a mut [Box<dyn Observer>],
        reporter: Reporter<'a>,
        uncertainty: Uncertainty<'a>,
    ) -> Self {
        gaps.clear();
        decoder.restart();
        Self {
            decoder,
            tally: Tally {
                record,
                gaps,
                longest: None,
                observers,
                kept: None,
                reporter,
                spans: OpenSpans::default(),
                uncertainty,
                read: None,
                last_read: 0,
                last_chunk_read: 0,
                blocks: 0,
                opening: Vec::new(),
                ended: false,
                error: None,
                malformed: None,
                stray: None,
            },
        }
    }

    /// Lets the stream's answer and task be kept too.
    pub(super) fn keep(&mut self, kept: &'a mut Kept) {
        self.tally.kept = Some(kept);
    }

    /// Takes bytes of the body, before they are parsed.
    pub(super) fn bytes(&mut self, arrival: Arrival) {
        let tally = &mut self.tally;
        tally.record.bytes += arrival.bytes as u64;
        tally.record.instants.first_body.get_or_insert(arrival.at);
        if tally.read.is_none_or(|read| read.read != arrival.read) {
            let uncertainty = tally.uncertainty.read(tally.read, arrival);
            tally.record.uncertainty = tally.record.uncertainty.max(uncertainty);
            tally.read = Some(arrival);
            if let Some(lag) = arrival.lag {
                tally.reporter.lag(arrival.at, micros(lag));
            }
        }
    }

    /// Takes a block that these bytes completed.
    pub(super) fn block(&mut self, block: &Block<'_>, arrival: Arrival) {
        self.tally.block(arrival);
        match block {
            Block::KeepAlive { .. } => self.tally.tell(block, None, arrival),
            Block::Event(event) => {
                let decoded = self.decoder.decode(event);
                match &decoded {
                    Ok(meaning) => self.tally.meaning(meaning, arrival),
                    Err(malformed) => self.tally.malformed(malformed),
                }
                self.tally.tell(block, Some(decoded.as_ref()), arrival);
            }
        }
    }

    /// Takes what came outside of any field and looks like JSON, at the end of the stream: an error
    /// in it counts.
    pub(super) fn stray(&mut self, json: &str) {
        let event = Event {
            event: "",
            data: json,
            id: "",
        };
        let error = self.decoder.decode(&event).ok().and_then(|m| m.error);
        if self.tally.error.is_none() {
            self.tally.error = error;
        }
        self.tally.stray = Some(quoted(json));
        for observer in &mut *self.tally.observers {
            observer.stray(json);
        }
    }

    /// Keeps how the body begins, for as long as it holds no block: what came in place of events
    /// says most about why.
    pub(super) fn keep_opening(&mut self, bytes: &[u8]) {
        let opening = &mut self.tally.opening;
        if self.tally.blocks == 0 && opening.len() < OPENING {
            let more = bytes.len().min(OPENING - opening.len());
            opening.extend_from_slice(&bytes[..more]);
        }
    }

    /// Whether a terminal event has come: no further token is awaited then.
    pub(super) fn has_ended(&self) -> bool {
        self.tally.ended
    }

    /// When the last token came.
    pub(super) fn last_token(&self) -> Option<Stamp> {
        self.tally.record.instants.last_token
    }

    /// Ends the measurement: sends what has not been reported, sums up the gaps, and judges by the
    /// rules of success. `broken` is what ended the stream before its end, if anything did;
    /// `mid_block` tells that it ended inside a block.
    pub(super) fn finish(
        mut self,
        broken: Option<Broken>,
        mid_block: bool,
        expects_text: bool,
    ) -> Outcome {
        self.tally.reporter.flush();
        self.tally.record.itl = self.tally.summarize();
        self.tally.judge(broken, mid_block, expects_text)
    }
}

impl Tally<'_> {
    fn block(&mut self, arrival: Arrival) {
        self.blocks += 1;
        let instants = &mut self.record.instants;
        instants.first_event.get_or_insert(arrival.at);
        instants.last_event = Some(arrival.at);
        // The stamp is that of the newest byte of a read: too late for all events but the last.
        if arrival.read == self.last_read {
            self.record.coalesced += 1;
            self.record.uncertainty = self.record.uncertainty.max(self.uncertainty.of(arrival));
        }
        self.last_read = arrival.read;
    }

    fn malformed(&mut self, malformed: &Malformed) {
        self.malformed.get_or_insert_with(|| malformed.to_string());
    }

    fn meaning(&mut self, meaning: &Meaning<'_>, arrival: Arrival) {
        let tokens = meaning.tokens();
        if tokens > 0 {
            if arrival.read == self.last_chunk_read {
                self.record.coalesced_chunks += 1;
            }
            self.last_chunk_read = arrival.read;
            self.chunk(meaning, tokens, arrival);
        }
        let record = &mut *self.record;
        record.usage.update(meaning.usage);
        keep(&mut record.conversation_id, meaning.conversation_id);
        keep(&mut record.message_id, meaning.message_id);
        keep(&mut record.finish_reason, meaning.finish_reason);
        if let Some(kept) = &mut self.kept {
            kept.take(meaning);
        }
        if let Some(text) = meaning.replacement {
            record.answer_chars = text.chars().count() as u64;
        }
        if let Some(mark) = &meaning.span {
            self.spans.mark(mark, arrival.at, &mut record.spans);
        }
        self.ended |= meaning.end;
        if self.error.is_none() {
            self.error.clone_from(&meaning.error);
        }
    }

    fn chunk(&mut self, meaning: &Meaning<'_>, tokens: u64, arrival: Arrival) {
        let at = arrival.at;
        let record = &mut *self.record;
        let instants = &mut record.instants;
        let gap = instants.last_token.map(|last| micros(at.since(last)));
        if let (Some(gap), Some(last)) = (gap, instants.last_token)
            && self.longest.is_none_or(|(longest, _)| gap > longest)
        {
            self.longest = Some((gap, last));
        }
        instants.first_token.get_or_insert(at);
        if !meaning.text.is_empty() {
            instants.first_answer.get_or_insert(at);
            record.answer_chars += meaning.text.chars().count() as u64;
        }
        instants.last_token = Some(at);
        record.chunks += 1;
        record.estimated_tokens += tokens;
        self.gaps.extend(gap);
        self.reporter.chunk(arrival, tokens, gap);
    }

    /// Tells the observers of an event that the record counts already.
    fn tell(
        &mut self,
        block: &Block<'_>,
        meaning: Option<Result<&Meaning<'_>, &Malformed>>,
        arrival: Arrival,
    ) {
        for observer in &mut *self.observers {
            let came = Came {
                block,
                meaning,
                at: arrival.at,
                read: arrival.read,
            };
            observer.event(&came, self.record);
        }
    }

    /// The gaps in figures; sorts them.
    fn summarize(&mut self) -> Option<ItlSummary> {
        let (max, max_from) = self.longest?;
        self.gaps.sort_unstable();
        let sum: u64 = self.gaps.iter().sum();
        Some(ItlSummary {
            mean: sum as f64 / self.gaps.len() as f64,
            p50: percentile_of_sorted(self.gaps, 50.0)?,
            p99: percentile_of_sorted(self.gaps, 99.0)?,
            max,
            max_from,
        })
    }
}

/// What ended a stream before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The engine cut it.
    Cut,
    /// It failed.
    Failed(Failure),
}

/// Keeps the newest value, without an allocation where it is what we have.
fn keep(kept: &mut Option<String>, newer: Option<&str>) {
    if let Some(newer) = newer.filter(|newer| kept.as_deref() != Some(newer)) {
        *kept = Some(newer.to_owned());
    }
}

/// The first characters of a text, on one line.
pub(super) fn quoted(text: &str) -> String {
    text.chars()
        .take(QUOTED)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests;
