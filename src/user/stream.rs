//! What a stream's events mean for its request: the [`StreamMeter`] takes each SSE block with its
//! arrival and keeps the record, the gaps, the progress. It does no I/O and asks no time, so that
//! its tests use literal stamps.

use crate::clock::{Stamp, micros};
use crate::protocol::{Decoder, Meaning, StreamError, estimate_tokens};
use crate::record::{
    EventKind, EventRecord, Failure, FailureKind, ItlSummary, Outcome, RequestRecord,
};
use crate::sse::{Block, Event};
use crate::stats::percentile_of_sorted;
use crate::transport::Arrival;

use super::progress::Reporter;

/// The longest text of an error or of an event that a failure's detail quotes, in characters.
const QUOTED: usize = 200;

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
    /// The request's events, where they are wanted.
    events: Option<&'a mut Vec<EventRecord>>,
    reporter: Reporter<'a>,
    /// The read that completed the last event.
    last_read: u64,
    blocks: u64,
    ended: bool,
    error: Option<StreamError>,
    malformed: Option<String>,
}

impl<'a> StreamMeter<'a> {
    pub(super) fn new(
        record: &'a mut RequestRecord,
        decoder: &'a mut Decoder,
        gaps: &'a mut Vec<u64>,
        events: Option<&'a mut Vec<EventRecord>>,
        reporter: Reporter<'a>,
    ) -> Self {
        gaps.clear();
        Self {
            decoder,
            tally: Tally {
                record,
                gaps,
                events,
                reporter,
                last_read: 0,
                blocks: 0,
                ended: false,
                error: None,
                malformed: None,
            },
        }
    }

    /// Takes bytes of the body, before they are parsed.
    pub(super) fn bytes(&mut self, arrival: Arrival) {
        let record = &mut *self.tally.record;
        record.bytes += arrival.bytes as u64;
        record.instants.first_body.get_or_insert(arrival.at);
    }

    /// Takes a block that these bytes completed.
    pub(super) fn block(&mut self, block: &Block<'_>, arrival: Arrival) {
        self.tally.block(arrival);
        match block {
            Block::KeepAlive { event } => {
                self.tally
                    .note(EventKind::Ping, arrival, None, 0, (event, ""));
            }
            Block::Event(event) => match self.decoder.decode(event) {
                Ok(meaning) => self.tally.meaning(&meaning, event, arrival),
                Err(malformed) => self.tally.malformed(&malformed.to_string(), event, arrival),
            },
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
    /// rules of success. `broken` is what ended the stream before its end, if anything did.
    pub(super) fn finish(mut self, broken: Option<Broken>, expects_text: bool) -> Outcome {
        self.tally.reporter.flush();
        self.tally.record.itl = summarize(self.tally.gaps);
        self.tally.judge(broken, expects_text)
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
        }
        self.last_read = arrival.read;
    }

    fn malformed(&mut self, why: &str, event: &Event<'_>, arrival: Arrival) {
        let name = (event.event, "malformed");
        self.note(EventKind::Other, arrival, None, event.data.len(), name);
        self.malformed
            .get_or_insert_with(|| format!("{why}: {}", quoted(event.data)));
    }

    fn meaning(&mut self, meaning: &Meaning<'_>, event: &Event<'_>, arrival: Arrival) {
        let tokens = [meaning.text, meaning.reasoning, meaning.tool]
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(estimate_tokens)
            .sum::<u64>();
        if tokens > 0 {
            self.chunk(meaning, tokens, arrival.at);
        }
        let record = &mut *self.record;
        record.usage.update(meaning.usage);
        keep(&mut record.conversation_id, meaning.conversation_id);
        keep(&mut record.message_id, meaning.message_id);
        keep(&mut record.finish_reason, meaning.finish_reason);
        self.ended |= meaning.end;
        if self.error.is_none() {
            self.error.clone_from(&meaning.error);
        }
        if self.events.is_some() {
            let error = meaning.error.as_ref().map(ToString::to_string);
            let value = error.as_deref().or(meaning.finish_reason);
            let name = (meaning.name, value.unwrap_or_default());
            let tokens = (tokens > 0).then_some(tokens);
            self.note(meaning.kind(), arrival, tokens, event.data.len(), name);
        }
    }

    fn chunk(&mut self, meaning: &Meaning<'_>, tokens: u64, at: Stamp) {
        let record = &mut *self.record;
        let instants = &mut record.instants;
        let gap = instants.last_token.map(|last| micros(at.since(last)));
        instants.first_token.get_or_insert(at);
        if !meaning.text.is_empty() {
            instants.first_answer.get_or_insert(at);
            record.answer_chars += meaning.text.chars().count() as u64;
        }
        instants.last_token = Some(at);
        record.chunks += 1;
        record.estimated_tokens += tokens;
        self.gaps.extend(gap);
        self.reporter.chunk(record, at, tokens, gap, meaning);
    }

    /// Keeps an event with its name and value, where events are wanted.
    fn note(
        &mut self,
        kind: EventKind,
        arrival: Arrival,
        tokens: Option<u64>,
        bytes: usize,
        (name, value): (&str, &str),
    ) {
        if let Some(events) = &mut self.events {
            events.push(EventRecord {
                kind,
                at: arrival.at,
                read: arrival.read,
                tokens,
                bytes: bytes as u64,
                name: name.to_owned(),
                value: value.to_owned(),
            });
        }
    }

    fn judge(self, broken: Option<Broken>, expects_text: bool) -> Outcome {
        // An error event says most, whatever came after it.
        if let Some(error) = self.error {
            return failed(FailureKind::ErrorEvent, error.to_string());
        }
        match broken {
            Some(Broken::Cut) => return Outcome::Cancelled,
            Some(Broken::Failed(failure)) => return Outcome::Failed(failure),
            None => {}
        }
        if let Some(detail) = self.malformed {
            return failed(FailureKind::Malformed, detail);
        }
        if self.blocks == 0 && self.record.bytes > 0 {
            return failed(FailureKind::NotSse, "the body holds no event");
        }
        if !self.ended {
            let what = "the stream ended without its terminal event";
            return failed(FailureKind::Truncated, what);
        }
        if expects_text && self.record.chunks == 0 {
            return failed(FailureKind::Empty, "the stream ended without any token");
        }
        Outcome::Ok
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

fn failed(kind: FailureKind, detail: impl Into<String>) -> Outcome {
    Outcome::Failed(Failure::new(kind, detail))
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

/// The gaps in figures; sorts them.
fn summarize(gaps: &mut [u64]) -> Option<ItlSummary> {
    gaps.sort_unstable();
    let max = *gaps.last()?;
    let sum: u64 = gaps.iter().sum();
    Some(ItlSummary {
        mean: sum as f64 / gaps.len() as f64,
        p50: percentile_of_sorted(gaps, 50.0)?,
        p99: percentile_of_sorted(gaps, 99.0)?,
        max,
    })
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::{Receiver, unbounded};

    use super::*;
    use crate::protocol::Protocol;
    use crate::record::{Phase, Progress, Sample, Sent};
    use crate::sse::Parser;
    use crate::user::Watch;

    /// An `OpenAI` delta with that member of the choice.
    fn delta(member: &str) -> String {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{member}}}}}]}}\n\n")
    }

    fn text(text: &str) -> String {
        delta(&format!("\"content\":\"{text}\""))
    }

    /// Measures reads, each with its arrival in milliseconds.
    fn measure(reads: &[(u64, String)], broken: Option<Broken>) -> (RequestRecord, Vec<Progress>) {
        let protocol = Protocol::builtin("openai-chat").expect("a built-in protocol");
        let (mut decoder, mut parser) = (protocol.decoder(), Parser::new(1 << 20));
        let sent = Sent {
            query_index: None,
            query: "q".into(),
            key_index: None,
            masked_key: "".into(),
        };
        let mut record = RequestRecord::begin(1, 1, Phase::Hold, sent, Stamp::ZERO);
        let (sender, samples) = unbounded();
        let mut gaps = Vec::new();
        let reporter = Reporter::new(&sender, Watch::default());
        let mut meter = StreamMeter::new(&mut record, &mut decoder, &mut gaps, None, reporter);
        for (read, (millis, bytes)) in (1..).zip(reads) {
            let at = ms(*millis);
            let arrival = Arrival {
                bytes: bytes.len(),
                at,
                read,
            };
            meter.bytes(arrival);
            parser
                .feed(bytes.as_bytes(), |block| meter.block(&block, arrival))
                .expect("small events");
        }
        let outcome = meter.finish(broken, true);
        record.outcome = outcome;
        (record, progress(&samples))
    }

    fn progress(samples: &Receiver<Sample>) -> Vec<Progress> {
        samples
            .try_iter()
            .filter_map(|sample| match sample {
                Sample::Progress(progress) => Some(progress),
                _ => None,
            })
            .collect()
    }

    const DONE: &str = "data: [DONE]\n\n";

    fn ms(millis: u64) -> Stamp {
        Stamp::from_micros(millis * 1_000)
    }

    #[test]
    fn only_generated_text_is_a_token() {
        let (record, _) = measure(
            &[
                (10, ": ping\n\n".to_owned()),
                (20, delta("\"role\":\"assistant\",\"content\":\"\"")),
                (30, delta("\"reasoning_content\":\"hmm\"")),
                (50, text("hello")),
                (90, text("world")),
                (95, DONE.to_owned()),
            ],
            None,
        );
        let instants = record.instants;
        assert_eq!(record.outcome, Outcome::Ok);
        assert_eq!(
            (instants.first_body, instants.first_event),
            (Some(ms(10)), Some(ms(10)))
        );
        assert_eq!(
            (instants.first_token, instants.first_answer),
            (Some(ms(30)), Some(ms(50)))
        );
        assert_eq!(
            (instants.last_token, instants.last_event),
            (Some(ms(90)), Some(ms(95)))
        );
        assert_eq!((record.chunks, record.answer_chars), (3, 10));
        let itl = record.itl.expect("gaps of 20 and 40 ms");
        assert_eq!((itl.mean, itl.p50, itl.max), (30_000.0, 30_000.0, 40_000));
        assert_eq!(record.coalesced, 0);
    }

    #[test]
    fn events_of_one_read_share_its_stamp_and_are_counted() {
        let together = format!("{}{}{DONE}", text("a"), text("b"));
        let (record, _) = measure(&[(10, text("x")), (50, together)], None);
        assert_eq!(record.coalesced, 2, "the earlier two of the three");
        assert_eq!(record.instants.last_token, Some(ms(50)));
        assert_eq!(record.chunks, 3);
    }

    #[test]
    fn progress_is_coalesced_and_never_spans_a_second() {
        let reads: Vec<_> = (0..30).map(|i| (900 + i * 10, text("a"))).collect();
        let (record, progress) = measure(&reads, None);
        let seconds: Vec<_> = progress.iter().map(|p| p.at.second()).collect();
        assert!(progress.len() <= 6, "{} samples in 0.3 s", progress.len());
        assert_eq!(seconds.first(), Some(&0));
        let chunks_of = |second| -> u64 {
            let of_second = progress.iter().filter(|p| p.at.second() == second);
            of_second.map(|p| p.chunks).sum()
        };
        assert_eq!((chunks_of(0), chunks_of(1)), (10, 20));
        let gaps: usize = progress.iter().map(|p| p.gaps.len()).sum();
        assert_eq!(gaps as u64, record.chunks - 1);
    }

    #[test]
    fn the_outcome_is_judged_by_what_says_most() {
        let error = "data: {\"error\":{\"message\":\"dead\",\"code\":500}}\n\n".to_owned();
        let idle = || Some(Broken::Failed(Failure::new(FailureKind::TimeoutIdle, "")));
        let table = [
            (
                vec![text("a"), error.clone(), DONE.into()],
                None,
                "error_event",
            ),
            (vec![error], idle(), "error_event"),
            (vec![text("a")], idle(), "timeout_idle"),
            (vec![text("a"), DONE.into()], Some(Broken::Cut), "cancelled"),
            (vec!["data: {\n\n".into(), DONE.into()], None, "malformed"),
            (vec!["hello".into()], None, "not_sse"),
            (vec![text("a")], None, "truncated"),
            (vec![], None, "truncated"),
            (vec![DONE.into()], None, "empty"),
            (vec![text("a"), DONE.into()], None, "ok"),
        ];
        for (bodies, broken, expected) in table {
            let reads: Vec<_> = bodies.into_iter().map(|body| (10, body)).collect();
            let (record, _) = measure(&reads, broken);
            let failure = record.outcome.failure();
            let name = failure.map_or(record.outcome.name(), |failure| failure.kind.name());
            assert_eq!(name, expected, "{reads:?}");
        }
    }

    #[test]
    fn quotes_stay_on_one_line_and_are_cut() {
        assert_eq!(quoted("a\r\nb"), "a  b");
        assert_eq!(quoted(&"豆".repeat(300)).chars().count(), QUOTED);
    }
}
