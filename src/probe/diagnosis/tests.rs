//! Findings in streams with one oddity each.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::clock::Stamp;
use crate::probe::tests::observed;
use crate::protocol::Protocol;
use crate::record::{Failure, Phase, Sent, Usage};

const OPENAI: &str = "openai-chat";

fn record(outcome: Outcome) -> RequestRecord {
    let mut record = RequestRecord::begin(1, 1, Phase::Hold, Sent::default(), Stamp::ZERO);
    record.outcome = outcome;
    record.http_status = Some(200);
    record.chunks = 1;
    record.usage = Usage {
        completion: Some(2),
        ..Usage::default()
    };
    record
}

fn failed(kind: FailureKind, detail: &str) -> RequestRecord {
    record(Outcome::Failed(Failure::new(kind, detail)))
}

/// The ids of the findings in events that a protocol has read.
fn found(protocol: &str, observed: &Observed, record: &RequestRecord) -> Vec<&'static str> {
    diagnosis(protocol, observed, record)
        .findings
        .iter()
        .map(Message::id)
        .collect()
}

fn diagnosis(protocol: &str, observed: &Observed, record: &RequestRecord) -> Diagnosis {
    let protocol = Protocol::builtin(protocol).expect("a built-in protocol");
    let path = protocol.path.split('?').next().expect("a path");
    examined(&protocol, path, &json!({}), observed, record)
}

fn examined(
    protocol: &Protocol,
    path: &str,
    body: &serde_json::Value,
    observed: &Observed,
    record: &RequestRecord,
) -> Diagnosis {
    let sketch = Sketch {
        path,
        body,
        protocol,
    };
    diagnose(observed, record, &sketch)
}

fn with_headers(headers: &[(&str, &str)]) -> Observed {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Observed {
        headers: headers.iter().map(owned).collect(),
        ..Observed::default()
    }
}

fn as_stream(mut observed: Observed) -> Observed {
    let media_type = ("content-type".to_owned(), "text/event-stream".to_owned());
    observed.headers.push(media_type);
    observed
}

fn text(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

fn openai(stream: &str) -> Observed {
    as_stream(observed(OPENAI, stream))
}

#[test]
fn a_good_stream_has_nothing_odd() {
    let stream = format!("{}{}data: [DONE]\n\n", text("a"), text("b"));
    assert!(found(OPENAI, &openai(&stream), &record(Outcome::Ok)).is_empty());
}

#[test]
fn what_came_before_the_first_token_is_told() {
    for (first, id) in [
        (": hello\n\n", "probe.keep_alive_first"),
        (
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
            "probe.empty_first",
        ),
    ] {
        let stream = format!("{first}{}data: [DONE]\n\n", text("a"));
        assert_eq!(found(OPENAI, &openai(&stream), &record(Outcome::Ok)), [id]);
    }
}

#[test]
fn a_missing_end_and_missing_usage_are_told() {
    let mut ok = record(Outcome::Ok);
    ok.usage = Usage::default();
    let stream = format!("{}data: [DONE]\n\n", text("a"));
    assert_eq!(found(OPENAI, &openai(&stream), &ok), ["probe.no_usage"]);
    ok.usage.completion = Some(0);
    assert_eq!(found(OPENAI, &openai(&stream), &ok), ["probe.zero_usage"]);
    let cut = failed(FailureKind::Truncated, "");
    assert_eq!(found(OPENAI, &openai(&text("a")), &cut), ["probe.no_end"]);
    let error = failed(FailureKind::ErrorEvent, "500: dead");
    let mut observed = openai(&text("a"));
    assert_eq!(found(OPENAI, &observed, &error), ["probe.error_event"]);
    observed.stray = Some("{}".to_owned());
    let ids = ["probe.error_event", "probe.stray"];
    assert_eq!(found(OPENAI, &observed, &error), ids);
}

#[test]
fn buffering_shows_in_the_arrivals() {
    let stream = text("a").repeat(20);
    let mut observed = openai(&stream);
    let ok = record(Outcome::Ok);
    assert!(found(OPENAI, &observed, &ok).is_empty(), "10 ms apart");
    for event in &mut observed.events {
        (event.row.at, event.row.read) = (Stamp::from_micros(900_000), 2);
    }
    assert_eq!(found(OPENAI, &observed, &ok), ["probe.buffered"]);
    observed
        .headers
        .push(("via".to_owned(), "1.1 x".to_owned()));
    let ids = ["probe.buffered", "probe.between"];
    assert_eq!(found(OPENAI, &observed, &ok), ids);
    observed.headers.pop();
    for (number, event) in (0..).zip(&mut observed.events) {
        let burst = number / 5;
        (event.row.at, event.row.read) = (Stamp::from_micros(300_000 * (burst + 1)), burst);
    }
    assert_eq!(found(OPENAI, &observed, &ok), ["probe.bursts"]);
    let mut late = ok;
    late.client_lag = Some(Duration::from_secs(1));
    let ids = found(OPENAI, &observed, &late);
    assert!(ids.is_empty(), "the client was late");
}

#[test]
fn another_protocol_is_recognised_or_proposed() {
    let cut = failed(FailureKind::Truncated, "");
    let other = include_str!("../../../tests/fixtures/anthropic.sse");
    let observed = as_stream(observed("dify-chat", other));
    let diagnosis = diagnosis("dify-chat", &observed, &cut);
    let said: Vec<String> = diagnosis.findings.iter().map(Message::to_string).collect();
    assert!(said[1].contains("--api anthropic"), "{said:?}");
    assert_eq!(diagnosis.proposal, None);
    let own = include_str!("../../../tests/fixtures/in-house.sse");
    let own = as_stream(crate::probe::tests::observed(OPENAI, own));
    let ids = ["probe.no_text", "probe.proposal", "probe.no_error_seen"];
    assert_eq!(found(OPENAI, &own, &cut), ids);
    let pings = openai(": a\n\n: b\n\n");
    assert_eq!(found(OPENAI, &pings, &cut), ["probe.only_keep_alives"]);
}

#[test]
fn an_empty_answer_of_the_right_protocol_is_told_and_no_other_is_proposed() {
    let empty = failed(FailureKind::Empty, "");
    let end = r#"{"event":"message_end","id":"m1","task_id":"t1","metadata":{},"files":[]}"#;
    let dify = as_stream(observed(
        "dify-chat",
        &format!("event: ping\n\ndata: {end}\n\n"),
    ));
    let first =
        "data: {\"event\":\"message\",\"id\":\"m1\",\"task_id\":\"t1\",\"answer\":\"\"}\n\n";
    let two = as_stream(observed("dify-chat", &format!("{first}data: {end}\n\n")));
    for observed in [dify, two] {
        let diagnosis = diagnosis("dify-chat", &observed, &empty);
        assert_eq!(diagnosis.proposal, None);
        let ids: Vec<_> = diagnosis.findings.iter().map(Message::id).collect();
        assert_eq!(ids, ["probe.empty_answer"]);
    }
    let role = r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
    let finish = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}"#;
    let stream = format!("data: {role}\n\ndata: {finish}\n\ndata: [DONE]\n\n");
    let mut filtered = empty.clone();
    filtered.finish_reason = Some("content_filter".to_owned());
    let ids = ["probe.empty_answer", "probe.finish_reason"];
    assert_eq!(found(OPENAI, &openai(&stream), &filtered), ids);
    // A workflow needs no text.
    let silent = include_str!("../../../tests/fixtures/dify-workflow-silent.sse");
    let silent = as_stream(observed("dify-workflow", silent));
    let mut ok = record(Outcome::Ok);
    ok.chunks = 0;
    ok.finish_reason = Some("partial-succeeded".to_owned());
    let ids = ["probe.text_not_needed"];
    assert_eq!(found("dify-workflow", &silent, &ok), ids);
}

#[test]
fn a_stream_that_breaks_off_before_its_text_lacks_its_end() {
    let cut = failed(FailureKind::Truncated, "");
    let started =
        "data: {\"event\":\"node_started\",\"data\":{\"node_id\":\"1\",\"title\":\"T\"}}\n\n";
    let observed = as_stream(observed("dify-chat", started));
    assert_eq!(found("dify-chat", &observed, &cut), ["probe.no_end"]);
}

#[test]
fn text_at_another_place_of_a_known_protocol_is_no_empty_answer() {
    let choice = |rest: &str| format!("data: {{\"choices\":[{{\"index\":0,{rest}}}]}}\n\n");
    let words = ["Hel", "lo"].map(|t| choice(&format!("\"message\":{{\"content\":\"{t}\"}}")));
    let stream = words.concat() + &choice("\"finish_reason\":\"stop\"");
    let empty = failed(FailureKind::Empty, "");
    let ids = ["probe.no_text", "probe.proposal", "probe.no_error_seen"];
    assert_eq!(found(OPENAI, &openai(&stream), &empty), ids);
}

#[test]
fn text_that_is_repeated_or_replaced_is_told() {
    let stream: String = ["a", "ab", "abc"].map(text).concat();
    let ok = record(Outcome::Ok);
    assert_eq!(found(OPENAI, &openai(&stream), &ok), ["probe.cumulative"]);
    let deltas = ["a", "b", "c", "d"].map(|text| format!("data: {{\"text\":\"{text}\"}}\n\n"));
    let observed = as_stream(observed("sglang", &deltas.concat()));
    assert_eq!(found("sglang", &observed, &ok), ["probe.replaced"]);
}

#[test]
fn responses_that_are_no_streams_are_told_by_their_headers() {
    let refused = failed(FailureKind::NotSse, "");
    #[rustfmt::skip]
    let cases: [(&[_], _); 3] = [
        (&[("content-type", "text/html; charset=utf-8")], "probe.html"),
        (&[("content-type", "application/json")], "probe.json"),
        (&[("content-encoding", "gzip"), ("content-type", "text/event-stream")], "probe.compressed"),
    ];
    for (headers, id) in cases {
        assert_eq!(found(OPENAI, &with_headers(headers), &refused), [id]);
    }
    let plain = observed(OPENAI, &text("a"));
    let ids = found(OPENAI, &plain, &record(Outcome::Ok));
    assert_eq!(ids, ["probe.media_type"]);
    let mut page = refused.clone();
    page.http_status = Some(502);
    let observed = with_headers(&[("content-type", "text/html")]);
    assert_eq!(found(OPENAI, &observed, &page), ["probe.error_page"]);
    let query = found("gemini", &Observed::default(), &refused);
    assert_eq!(query, ["probe.query"]);
    let mut nothing = refused;
    nothing.http_status = None;
    assert!(found("gemini", &Observed::default(), &nothing).is_empty());
}

#[test]
fn a_path_of_another_protocol_is_told() {
    let stream = format!("{}data: [DONE]\n\n", text("a"));
    let (ok, cut) = (record(Outcome::Ok), failed(FailureKind::Truncated, ""));
    let protocol = Protocol::builtin(OPENAI).expect("a built-in protocol");
    #[rustfmt::skip]
    let table = [
        ("/v1/chat/completions?x=1", &ok, ""),
        ("/v1/completions", &ok, "belongs to openai-completions, but the request is one of openai-chat"),
        ("/v1/messages/", &cut, "belongs to anthropic"),
        ("/api/ask", &ok, ""),
        ("/api/ask", &cut, "does not fit openai-chat, whose paths end in /chat/completions"),
    ];
    for (path, record, expected) in table {
        let found = examined(&protocol, path, &json!({}), &openai(&stream), record).findings;
        let said = found.first().map(Message::to_string).unwrap_or_default();
        let is_of_path = said.starts_with("the path");
        assert_eq!(is_of_path, !expected.is_empty(), "{path}: {said}");
        assert!(said.contains(expected), "{path}: {said}");
    }
    let own =
        r#"{"name":"own","request":{"path":"/a","body":{}},"events":{"text":["/t"],"end":[{}]}}"#;
    let own = Protocol::parse(own).expect("a protocol");
    let found = examined(&own, "/v1/messages", &json!({}), &openai(&stream), &ok).findings;
    assert!(
        !found.iter().any(|message| message.id().contains("path")),
        "any path"
    );
}

#[test]
fn usage_that_contradicts_the_text_is_told() {
    let observed = openai(&format!("{}data: [DONE]\n\n", text("a")));
    for (completion, chunks, estimate, is_told) in [
        (20, 42, 42, true),
        (20, 21, 20, true),
        (20, 20, 41, true),
        (20, 20, 40, false),
        (20, 1, 5, false),
        (u64::MAX, 1, u64::MAX, false),
    ] {
        let mut record = record(Outcome::Ok);
        record.usage.completion = Some(completion);
        (record.chunks, record.estimated_tokens) = (chunks, estimate);
        let ids = found(OPENAI, &observed, &record);
        assert_eq!(
            ids == ["probe.usage_contradicts"],
            is_told,
            "{completion}: {ids:?}"
        );
    }
}

#[test]
fn a_stall_in_the_middle_is_told() {
    let mut ok = record(Outcome::Ok);
    ok.usage.completion = Some(9);
    for (pause, is_told) in [(1_000_000, true), (999_999, false)] {
        let mut observed = openai(&text("a").repeat(9));
        for event in &mut observed.events[5..] {
            event.row.at = event.row.at + Duration::from_micros(pause - 10_000);
        }
        let ids = found(OPENAI, &observed, &ok);
        assert_eq!(ids == ["probe.stall"], is_told, "{pause}: {ids:?}");
        let mut late = ok.clone();
        late.client_lag = Some(Duration::from_secs(1));
        assert!(
            found(OPENAI, &observed, &late).is_empty(),
            "the client was late"
        );
        for (number, event) in (1..).zip(&mut observed.events) {
            event.row.at = Stamp::from_micros(number * pause);
        }
        assert!(found(OPENAI, &observed, &ok).is_empty(), "a slow service");
    }
}

#[test]
fn a_tool_call_without_arguments_is_no_advice_on_token_limits() {
    let stream = r#"
data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":9}}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"now","input":{}}}

data: {"type":"content_block_stop","index":0}

data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}

data: {"type":"message_stop"}

"#;
    let mut empty = failed(FailureKind::Empty, "");
    empty.finish_reason = Some("tool_use".to_owned());
    empty.chunks = 0;
    let observed = as_stream(observed("anthropic", stream));
    assert_eq!(found("anthropic", &observed, &empty), ["probe.tool_only"]);
}

#[test]
fn json_in_place_of_a_stream_is_told_by_what_it_says_and_what_was_asked() {
    let refused = failed(FailureKind::NotSse, "");
    let protocol = Protocol::builtin(OPENAI).expect("a built-in protocol");
    let mut observed = with_headers(&[("content-type", "application/json")]);
    #[rustfmt::skip]
    let table = [
        (json!({"a": "{query}"}), r#"{"choices":[]}"#, "does the body ask for a stream"),
        (json!({"stream": true}), r#"{"choices":[]}"#, "the request asks for a stream"),
        (protocol.body.clone(), r#"{"choices":[]}"#, "the request asks for a stream"),
        (protocol.body.clone(), r#"{"error":{"message":"dead","code":"x"}}"#, "HTTP 200, but the body looks like an error: x: dead"),
        (json!({}), "", "does the body ask for a stream"),
    ];
    for (body, answer, expected) in table {
        observed.body = answer.to_owned();
        let found = examined(&protocol, &protocol.path, &body, &observed, &refused).findings;
        let said: Vec<String> = found.iter().map(Message::to_string).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(expected), "{said:?}");
    }
}
