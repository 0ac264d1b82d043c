//! The spans of requests and of runs, added up.

use std::time::Duration;

use super::*;
use crate::clock::tests::ms;
use crate::record::FailureKind;
use crate::stats::Histogram;
use crate::stats::tests::{failed, ok_request};

fn span(id: &str, start: u64, end: Option<u64>) -> SpanRecord {
    SpanRecord {
        id: id.to_owned(),
        kind: if id == "m" { "llm" } else { "code" }.to_owned(),
        title: id.to_uppercase(),
        start: Some(ms(start)),
        end: end.map(ms),
        elapsed: end.map(|end| Duration::from_millis(end - start - 1)),
        model: id == "m",
        ..SpanRecord::default()
    }
}

#[test]
fn each_id_has_its_figures() {
    let mut spans = Spans::default();
    let mut first = ok_request(ms(0), ms(400), ms(900));
    first.spans = vec![span("c", 10, Some(110)), span("m", 100, Some(900))];
    let mut second = ok_request(ms(0), ms(200), ms(500));
    second.spans = vec![span("c", 10, Some(60)), span("m", 150, Some(450))];
    let mut broken = failed(ms(1_000), FailureKind::ErrorEvent);
    broken.spans = vec![span("c", 10, Some(1_000)), span("m", 20, None)];
    broken.spans[0].failed = true;
    let mut cut = ok_request(ms(0), ms(400), ms(900));
    cut.spans = vec![span("c", 10, None)];
    cut.outcome = Outcome::Cancelled;
    for request in [&first, &second, &broken, &cut] {
        spans.record(request);
    }
    let summary = spans.summary();
    let told: Vec<_> = summary
        .spans
        .iter()
        .map(|s| {
            let mean = |of: &Mergeable| of.statistics.map(|of| of.mean.to_bits());
            let counts = (s.count, s.failed, s.unfinished);
            (s.title.as_str(), counts, mean(&s.client), mean(&s.server))
        })
        .collect();
    let bits = |mean: f64| Some(mean.to_bits());
    let expected = [
        ("C", (3, 1, 0), bits(75.0), bits(74.0)),
        ("M", (2, 0, 1), bits(550.0), bits(549.0)),
    ];
    assert_eq!(told, expected);
    let began: Vec<_> = summary.spans.iter().map(|s| (s.model, s.begun)).collect();
    let begun = |sum| Sum { count: 2, sum };
    let expected = [(false, begun(20_000)), (true, begun(250_000))];
    assert_eq!(began, expected, "those that failed or did not end apart");
    let before = summary.before_model.statistics.unwrap();
    let expected = (2, 50.0_f64.to_bits());
    assert_eq!((before.count, before.mean.to_bits()), expected);
}

#[test]
fn ids_that_are_others_in_every_request_do_not_fill_the_memory() {
    let mut spans = Spans::default();
    for number in 0..300 {
        let mut request = ok_request(ms(0), ms(400), ms(900));
        request.spans = vec![span(&number.to_string(), 10, Some(110))];
        spans.record(&request);
    }
    let summary = spans.summary();
    assert_eq!((summary.spans.len(), summary.left_out), (MOST, 44));
}

/// A run of one request with those spans.
fn run(spans: Vec<SpanRecord>) -> SpansSummary {
    let mut request = ok_request(ms(0), ms(400), ms(900));
    request.spans = spans;
    let mut spans = Spans::default();
    spans.record(&request);
    spans.summary()
}

#[test]
fn spans_of_several_runs_are_put_together_by_their_ids() {
    let mut first = run(vec![span("c", 10, Some(110)), span("m", 100, Some(900))]);
    let second = run(vec![span("d", 5, None), span("c", 30, Some(330))]);
    let merged = SpansSummary::merged([&first, &second, &run(Vec::new())]).unwrap();
    let told: Vec<_> = merged
        .spans
        .iter()
        .map(|s| (s.id.as_str(), s.count, s.unfinished, s.begun.sum))
        .collect();
    let expected = [("c", 2, 0, 40_000), ("m", 1, 0, 100_000), ("d", 0, 1, 0)];
    assert_eq!(told, expected);
    let client = merged.spans[0].client.statistics.unwrap();
    assert_eq!(client.mean.to_bits(), 200_f64.to_bits());
    assert!(merged.approximate);
    // Of one run they are exact, and need no histograms.
    assert_eq!(SpansSummary::merged([&first]), Some(first.clone()));
    first.spans[1].server.histogram = Histogram::default();
    assert!(SpansSummary::merged([&first, &run(Vec::new())]).is_some());
    assert_eq!(SpansSummary::merged([&first, &second]), None);
}

#[test]
fn merged_runs_have_no_more_ids_than_one() {
    let many = |from: u64| {
        let ids = (from..from + 200).map(|id| span(&id.to_string(), 10, Some(110)));
        run(ids.collect())
    };
    let merged = SpansSummary::merged([&many(0), &many(150)]).unwrap();
    assert_eq!((merged.spans.len(), merged.left_out), (MOST, 94));
}
