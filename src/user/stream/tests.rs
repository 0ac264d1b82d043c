//! Streams with literal stamps, and their records.

use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};

use super::*;
use crate::clock::tests::ms;
use crate::protocol::Protocol;
use crate::record::{Failure, FailureKind, Phase, Progress, Sample, Sent};
use crate::sse::Parser;

/// An `OpenAI` delta with that member of the choice.
fn delta(member: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{member}}}}}]}}\n\n")
}

fn text(text: &str) -> String {
    delta(&format!("\"content\":\"{text}\""))
}

/// Measures reads, each with its arrival in milliseconds, of a thread that never waits.
fn measure(reads: &[(u64, String)]) -> (RequestRecord, Vec<Progress>) {
    measure_late(reads, None, None, &[])
}

/// Measures reads that return `lag` milliseconds after their arrival. `waits`: the thread's run-queue
/// wait in all, in milliseconds, each time that it is asked for.
fn measure_late(
    reads: &[(u64, String)],
    broken: Option<Outcome>,
    lag: Option<u64>,
    waits: &[u64],
) -> (RequestRecord, Vec<Progress>) {
    measure_body(reads, 0, broken, lag, waits)
}

/// As [`measure_late`], of a body whose head began with the read of that number.
fn measure_body(
    reads: &[(u64, String)],
    first_read: u64,
    broken: Option<Outcome>,
    lag: Option<u64>,
    waits: &[u64],
) -> (RequestRecord, Vec<Progress>) {
    let protocol = Protocol::builtin("openai-chat").expect("a built-in protocol");
    let (mut decoder, mut parser) = (protocol.decoder(), Parser::new(1 << 20));
    let mut record = RequestRecord::begin(1, 1, Phase::Hold, Sent::default(), Stamp::ZERO);
    let (sender, samples) = unbounded();
    let mut gaps = Gaps::default();
    let reporter = Reporter::new(&sender);
    let mut waits = waits.iter().map(|millis| Duration::from_millis(*millis));
    let waited_before = waits.next();
    let mut waited = |_| waits.next();
    let mut meter = StreamMeter {
        record: &mut record,
        gaps: &mut gaps,
        observers: &mut [],
        kept: &mut Kept::default(),
        reporter,
        uncertainty: Uncertainty::new(waited_before, &mut waited),
        seen: Seen::after(first_read),
    };
    for (read, (millis, bytes)) in (1..).zip(reads) {
        let at = ms(*millis);
        let arrival = Arrival {
            bytes: bytes.len(),
            at,
            read,
            lag: lag.map(Duration::from_millis),
            more: false,
        };
        meter
            .feed(&mut parser, &mut decoder, bytes.as_bytes(), arrival)
            .expect("small events");
    }
    let outcome = meter.finish(broken, parser.is_mid_block(), true);
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

#[test]
fn only_generated_text_is_a_token() {
    let (record, _) = measure(&[
        (10, ": ping\n\n".to_owned()),
        (20, delta("\"role\":\"assistant\",\"content\":\"\"")),
        (30, delta("\"reasoning_content\":\"hmm\"")),
        (50, text("hello")),
        (90, text("world")),
        (95, DONE.to_owned()),
    ]);
    let instants = record.instants;
    assert_eq!(record.outcome, Outcome::Ok);
    for (instant, expected) in [
        (instants.first_body, 10),
        (instants.first_event, 10),
        (instants.first_token, 30),
        (instants.first_answer, 50),
        (instants.last_token, 90),
        (instants.last_event, 95),
    ] {
        assert_eq!(instant, Some(ms(expected)), "{instants:?}");
    }
    assert_eq!((record.chunks, record.answer_chars), (3, 10));
    let itl = record.itl.expect("gaps of 20 and 40 ms");
    assert_eq!((itl.mean, itl.p50, itl.max), (30_000.0, 30_000.0, 40_000));
    assert_eq!(itl.max_from, ms(50), "the start of the longest gap");
    assert_eq!(record.coalesced, 0);
}

#[test]
fn events_of_one_read_share_its_stamp_and_are_counted() {
    let together = format!("{}{}{DONE}", text("a"), text("b"));
    let (record, _) = measure(&[(10, text("x")), (50, together)]);
    assert_eq!(record.coalesced, 2, "the earlier two of the three");
    assert_eq!(record.coalesced_chunks, 1, "the end is no chunk");
    assert_eq!(record.instants.last_token, Some(ms(50)));
    assert_eq!(record.chunks, 3);
}

#[test]
fn progress_is_coalesced_and_never_spans_a_second() {
    let reads: Vec<_> = (0..30).map(|i| (900 + i * 10, text("a"))).collect();
    let (record, progress) = measure(&reads);
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
fn the_outcome_is_the_fault_that_says_most() {
    let error = "data: {\"error\":{\"message\":\"dead\",\"code\":500}}\n\n".to_owned();
    let idle = || Some(Outcome::Failed(Failure::new(FailureKind::TimeoutIdle, "")));
    let text = || text("a");
    #[rustfmt::skip]
    let table = [
        (vec![text(), error.clone(), DONE.into()], None, "error_event"),
        (vec![error], idle(), "error_event"),
        (vec![text()], idle(), "timeout_idle"),
        (vec![text(), DONE.into()], Some(Outcome::Cancelled), "cancelled"),
        (vec!["data: {\n\n".into(), DONE.into()], None, "malformed"),
        (vec!["hello".into()], None, "not_sse"),
        (vec![text()], None, "truncated"),
        (vec![], None, "truncated"),
        (vec![DONE.into()], None, "empty"),
        (vec![text(), DONE.into()], None, "ok"),
    ];
    for (bodies, broken, expected) in table {
        let reads: Vec<_> = bodies.into_iter().map(|body| (10, body)).collect();
        let (record, _) = measure_late(&reads, broken, None, &[]);
        let failure = record.outcome.failure();
        let name = failure.map_or(record.outcome.name(), |failure| failure.kind.name());
        assert_eq!(name, expected, "{reads:?}");
    }
}

#[test]
fn coalesced_events_are_uncertain_by_what_the_thread_waited() {
    let together = format!("{}{}", text("a"), text("b"));
    let reads = [(10, text("x")), (50, together), (60, DONE.to_owned())];
    #[rustfmt::skip]
    let table: [(_, _, &[u64], _); 5] = [
        ("the thread waited for 7 ms",         None,    &[100, 107], 7),
        ("no earlier than the previous read",  None,    &[100, 900], 40),
        ("the system does not tell the waits", None,    &[],         40),
        ("the events came together",           None,    &[100, 100], 0),
        ("5 ms belong to the previous read",   Some(5), &[100, 107], 2),
    ];
    for (name, lag, waits, millis) in table {
        let (record, _) = measure_late(&reads, None, lag, waits);
        let uncertainty = record.uncertainty.expect("coalesced events");
        assert_eq!(uncertainty.as_millis(), millis, "{name}");
    }
    let apart = [(10, text("x")), (50, text("y")), (60, DONE.to_owned())];
    let (record, _) = measure_late(&apart, None, None, &[0, 9]);
    assert_eq!(record.uncertainty, None);
}

#[test]
fn ttfb_and_ttft_are_as_uncertain_as_their_own_reads() {
    let two = || format!("{}{}", text("a"), text("b"));
    let role = || delta("\"role\":\"assistant\"");
    // The read of the head's first byte, the reads, and the uncertainty of TTFB, TTFT and events.
    #[rustfmt::skip]
    let table = [
        (0, vec![(10, role()), (90, text("x")), (99, two())],  [None, None, Some(5)]),
        (0, vec![(10, role()), (90, two()), (99, text("x"))],  [None, Some(5), Some(5)]),
        (0, vec![(10, role()), (90, role() + &text("x"))],     [None, None, Some(5)]),
        (0, vec![(10, role()), (90, role() + &two())],         [None, Some(5), Some(5)]),
        (1, vec![(10, role()), (90, text("x"))],               [Some(5), None, None]),
        (1, vec![(10, text("x")), (90, text("x"))],            [Some(5), None, None]),
        (1, vec![(10, two()), (90, text("x"))],                [Some(5), Some(5), Some(5)]),
    ];
    for (first_read, reads, expected) in table {
        let (record, _) = measure_body(&reads, first_read, None, None, &[0, 5, 5]);
        let uncertainties = [
            record.ttfb_uncertainty,
            record.ttft_uncertainty,
            record.uncertainty,
        ];
        let millis = uncertainties.map(|late| late.map(|late| late.as_millis()));
        assert_eq!(millis, expected, "{first_read} {reads:?}");
    }
}

#[test]
fn the_lag_of_each_read_is_told() {
    let reads = [(900, text("x")), (950, text("y")), (1_050, DONE.to_owned())];
    let (_, progress) = measure_late(&reads, None, Some(2), &[]);
    let lags: Vec<u64> = progress.iter().flat_map(|p| p.lags.to_vec()).collect();
    assert_eq!(lags, [2_000; 3]);
    // The last read has no chunk.
    let last = progress.last().expect("a sample");
    assert_eq!((last.at, last.chunks), (ms(1_050), 0));
}
