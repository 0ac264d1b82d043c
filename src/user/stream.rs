//! What a stream's events mean for its request: the [`StreamMeter`] takes each SSE block with its
//! arrival and keeps the record, the gaps, the progress. It does no I/O and asks no time, so that
//! its tests use literal stamps.

mod gaps;
mod judge;
mod uncertainty;

use std::time::Duration;

use crate::clock::{Stamp, micros};
use crate::protocol::{Came, Decoder, Malformed, Meaning, RAW_CHARACTERS, StreamError, one_line};
use crate::record::{Outcome, RequestRecord};
use crate::sse::{Block, Event, Parser, TooLarge};
use crate::transport::Arrival;

use super::conversation::Kept;
use super::observer::Observer;
use super::progress::Reporter;
use super::spans::{OpenSpans, note_text};

pub(super) use gaps::Gaps;
pub(super) use uncertainty::Uncertainty;

/// How much is kept of a body without events, in bytes.
const OPENING: usize = 4 * RAW_CHARACTERS;

/// Measures one attempt's stream.
pub(super) struct StreamMeter<'a> {
    pub(super) record: &'a mut RequestRecord,
    /// Gaps between chunks; the user's scratch.
    pub(super) gaps: &'a mut Gaps,
    /// Each of them sees every event.
    pub(super) observers: &'a mut [Box<dyn Observer>],
    /// Texts of the stream that the user needs later.
    pub(super) kept: &'a mut Kept,
    pub(super) reporter: Reporter<'a>,
    pub(super) uncertainty: Uncertainty<'a>,
    pub(super) seen: Seen,
}

/// The state of a stream beside its record.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The first longest gap, and when it began.
    longest: Option<(u64, Stamp)>,
    spans: OpenSpans,
    /// The current read.
    read: Option<Arrival>,
    /// The read that brought the response's first byte.
    first_read: u64,
    /// The read that brought the first token.
    token_read: u64,
    /// The read that completed the last event.
    last_read: u64,
    /// The read that completed the last chunk.
    last_chunk_read: u64,
    blocks: u64,
    /// How the body begins, where no block has come yet.
    opening: Vec<u8>,
    /// A terminal event has come: no further token is awaited.
    pub(super) ended: bool,
    error: Option<StreamError>,
    malformed: Option<String>,
    /// The beginning of JSON that came outside of any field.
    stray: Option<String>,
}

impl Seen {
    /// Nothing of a body, whose response's first byte came with that read.
    pub(super) fn after(first_read: u64) -> Self {
        Self {
            first_read,
            ..Self::default()
        }
    }
}

impl StreamMeter<'_> {
    /// Takes bytes of the body.
    ///
    /// # Errors
    ///
    /// If an event is too large.
    pub(super) fn feed(
        &mut self,
        parser: &mut Parser,
        decoder: &mut Decoder,
        bytes: &[u8],
        arrival: Arrival,
    ) -> Result<(), TooLarge> {
        self.bytes(arrival);
        let fed = parser.feed(bytes, |block| self.block(&block, decoder, arrival));
        // The beginning of a body without events shows best why there are none.
        let opening = &mut self.seen.opening;
        if self.seen.blocks == 0 && opening.len() < OPENING {
            let more = bytes.len().min(OPENING - opening.len());
            opening.extend_from_slice(&bytes[..more]);
        }
        fed
    }

    fn bytes(&mut self, arrival: Arrival) {
        self.record.bytes += arrival.bytes as u64;
        self.record.instants.first_body.get_or_insert(arrival.at);
        let before = self.seen.read;
        if before.is_none_or(|read| read.read != arrival.read) {
            if let Some(before) = before {
                let uncertainty = self.uncertainty.read(before, arrival);
                self.doubt(before, uncertainty);
            } else if arrival.read == self.seen.first_read {
                // The head came earlier than the newest byte of its read.
                self.record.ttfb_uncertainty = self.uncertainty.of(arrival);
            }
            self.seen.read = Some(arrival);
            if let Some(lag) = arrival.lag {
                self.reporter.lag(arrival.at, micros(lag));
            }
        }
    }

    /// Notes by how much the stamps of a read's events may be too late.
    fn doubt(&mut self, read: Arrival, uncertainty: Option<Duration>) {
        let record = &mut *self.record;
        record.uncertainty = record.uncertainty.max(uncertainty);
        if read.read == self.seen.token_read {
            record.ttft_uncertainty = record.ttft_uncertainty.max(uncertainty);
        }
    }

    fn block(&mut self, block: &Block<'_>, decoder: &mut Decoder, arrival: Arrival) {
        self.seen.blocks += 1;
        let instants = &mut self.record.instants;
        instants.first_event.get_or_insert(arrival.at);
        instants.last_event = Some(arrival.at);
        // The stamp is that of the newest byte of a read: too late for all events but the last.
        if arrival.read == self.seen.last_read {
            self.record.coalesced += 1;
            let uncertainty = self.uncertainty.of(arrival);
            self.doubt(arrival, uncertainty);
        }
        self.seen.last_read = arrival.read;
        let Block::Event(event) = block else {
            return self.tell(block, None, arrival);
        };
        let decoded = decoder.decode(event);
        match &decoded {
            Ok(meaning) => self.meaning(meaning, arrival),
            Err(malformed) => {
                let first = &mut self.seen.malformed;
                first.get_or_insert_with(|| malformed.detail.clone());
            }
        }
        self.tell(block, Some(decoded.as_ref()), arrival);
    }

    /// Takes JSON that came outside of any field, at the end of the stream: an error in it counts.
    pub(super) fn stray(&mut self, json: &str, decoder: &mut Decoder) {
        let event = Event {
            event: "",
            data: json,
            id: "",
        };
        let error = decoder.decode(&event).ok().and_then(|m| m.error);
        self.seen.error = self.seen.error.take().or(error);
        self.seen.stray = Some(one_line(json, RAW_CHARACTERS));
        for observer in &mut *self.observers {
            observer.stray(json);
        }
    }

    /// Ends the measurement: sends the rest of the progress, sums up the gaps, and judges by the
    /// rules of success. `broken`: the outcome of a stream that was ended before its end.
    /// `mid_block`: the stream ended inside a block.
    pub(super) fn finish(
        mut self,
        broken: Option<Outcome>,
        mid_block: bool,
        expects_text: bool,
    ) -> Outcome {
        self.reporter.flush();
        let longest = self.seen.longest;
        self.record.itl = longest.and_then(|(max, from)| self.gaps.summarize(max, from));
        let record = &mut *self.record;
        if let Some((tokens, ..)) = record.streamed() {
            record.usage.completion = Some(tokens);
        }
        record.implausible_usage = record.usage.remove_implausible(record.bytes);
        self.judge(broken, mid_block, expects_text)
    }

    fn meaning(&mut self, meaning: &Meaning<'_>, arrival: Arrival) {
        let tokens = meaning.tokens();
        if tokens > 0 {
            if arrival.read == self.seen.last_chunk_read {
                self.record.coalesced_chunks += 1;
            }
            self.seen.last_chunk_read = arrival.read;
            self.chunk(meaning, tokens, arrival);
            if let Some(id) = meaning.text_span {
                note_text(id, arrival.at, &mut self.record.spans);
            }
        }
        let record = &mut *self.record;
        record.empty_deltas += u64::from(meaning.empty);
        record.usage.update(meaning.usage);
        keep(&mut record.conversation_id, meaning.conversation_id);
        keep(&mut record.message_id, meaning.message_id);
        keep(&mut record.finish_reason, meaning.finish_reason);
        self.kept.take(meaning);
        if let Some(text) = meaning.replacement {
            record.answer_chars = text.chars().count() as u64;
        }
        if let Some(mark) = &meaning.span {
            self.seen.spans.mark(mark, arrival.at, &mut record.spans);
        }
        self.seen.ended |= meaning.end;
        if let Some(error) = &meaning.error {
            match &mut self.seen.error {
                Some(first) => first.add_code(&error.code),
                none => *none = Some(error.clone()),
            }
        }
    }

    fn chunk(&mut self, meaning: &Meaning<'_>, tokens: u64, arrival: Arrival) {
        let at = arrival.at;
        let record = &mut *self.record;
        let instants = &mut record.instants;
        let gap = instants.last_token.map(|last| micros(at.since(last)));
        if let (Some(gap), Some(last)) = (gap, instants.last_token)
            && self.seen.longest.is_none_or(|(longest, _)| gap > longest)
        {
            self.seen.longest = Some((gap, last));
        }
        if instants.first_token.is_none() {
            instants.first_token = Some(at);
            self.seen.token_read = arrival.read;
        }
        if !meaning.text.is_empty() {
            instants.first_answer.get_or_insert(at);
            record.answer_chars += meaning.text.chars().count() as u64;
        }
        instants.last_token = Some(at);
        record.chunks += 1;
        record.estimated_tokens += tokens;
        if let Some(gap) = gap {
            self.gaps.push(gap);
        }
        self.reporter.chunk(arrival, tokens, gap);
    }

    /// Tells the observers of an event that the record counts already.
    fn tell(
        &mut self,
        block: &Block<'_>,
        meaning: Option<Result<&Meaning<'_>, &Malformed>>,
        arrival: Arrival,
    ) {
        let came = Came {
            block,
            meaning,
            at: arrival.at,
            read: arrival.read,
        };
        for observer in &mut *self.observers {
            observer.event(&came, self.record);
        }
    }
}

/// Keeps the newest value, without an allocation where it is what we have.
fn keep(kept: &mut Option<String>, newer: Option<&str>) {
    if let Some(newer) = newer.filter(|newer| kept.as_deref() != Some(newer)) {
        *kept = Some(newer.to_owned());
    }
}

#[cfg(test)]
mod tests;
