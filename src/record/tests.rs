//! The metrics of one request, from literal stamps.

use super::*;

fn record() -> RequestRecord {
    RequestRecord::begin(
        1,
        1,
        Phase::Hold,
        Sent::default(),
        Stamp::from_micros(1_000),
    )
}

#[test]
fn what_did_not_happen_is_absent() {
    let r = record();
    assert_eq!(r.ttfb(), None);
    assert_eq!(r.ttft(), None);
    assert_eq!(r.tpot(), None);
    assert_eq!(r.output_tokens(), None);
    assert_eq!(r.tokens_per_second(), None);
    assert_eq!(r.response_time(), None, "a cancelled request has none");
}

#[test]
fn tpot_spreads_the_time_between_tokens_over_the_gaps() {
    let mut r = record();
    r.instants.first_token = Some(Stamp::from_micros(2_000));
    r.instants.last_token = Some(Stamp::from_micros(11_000));
    r.chunks = 4;
    r.estimated_tokens = 4;
    assert_eq!(r.tpot(), Some(Duration::from_millis(3)));
    r.usage.completion = Some(10);
    let by_usage = Duration::from_millis(1);
    assert_eq!(r.tpot(), Some(by_usage), "usage comes first");
    r.usage.completion = Some(1);
    assert_eq!(r.tpot(), None, "one token has no gap");
    r.usage.completion = Some(10);
    r.instants.last_token = r.instants.first_token;
    assert_eq!(r.tpot(), None, "one arrival has no rate");
    r.usage.completion = Some(0);
    assert_eq!(r.output_tokens(), Some((4, TokenSource::Estimate)));
    r.tokenized = Some(7);
    assert_eq!(r.output_tokens(), Some((7, TokenSource::Tokenizer)));
}

#[test]
fn the_time_before_the_first_model_is_a_share_of_ttft() {
    let span = |start, model| SpanRecord {
        start: Some(Stamp::from_micros(start)),
        model,
        ..SpanRecord::default()
    };
    let mut r = record();
    r.spans = vec![span(1_100, false), span(4_000, true), span(2_500, true)];
    assert_eq!(r.before_model_share(), None, "no TTFT");
    r.instants.first_token = Some(Stamp::from_micros(3_000));
    assert_eq!(r.before_model_share(), Some(0.75));
    r.instants.first_token = Some(Stamp::from_micros(1_500));
    assert_eq!(r.before_model_share(), Some(1.0));
    r.spans.truncate(1);
    assert_eq!(r.before_model_share(), None, "no model");
}

#[test]
fn tokens_per_second_needs_a_streaming_time_and_text() {
    let mut r = record();
    r.usage.completion = Some(10);
    r.instants.first_body = Some(Stamp::from_micros(2_000));
    r.instants.last_event = Some(Stamp::from_micros(2_000));
    assert_eq!(r.tokens_per_second(), None);
    r.instants.last_event = Some(Stamp::from_micros(502_000));
    assert_eq!(r.tokens_per_second(), None, "usage without text");
    r.chunks = 1;
    assert_eq!(r.tokens_per_second(), Some(20.0));
}
