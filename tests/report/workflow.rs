//! Requests that are turns of conversations, and go through the nodes of a workflow.

use std::time::Duration;

use sse_perf::record::{Outcome, RequestRecord, SpanRecord, Turn};

use crate::runs::{HOSTILE, usual};

/// So many turns a conversation has.
const TURNS: u32 = 5;

/// The usual run as a chatflow: each user's requests are turns, the later the slower, through a
/// retrieval that fails now and then and a language model that the run may cut.
pub fn workflow() -> Vec<RequestRecord> {
    let mut requests = usual();
    let mut of_user = [0_u32; 9];
    for (number, request) in (0..).zip(&mut requests) {
        let before = &mut of_user[request.user as usize];
        let turn = *before % TURNS;
        request.turn = Some(Turn {
            conversation: u64::from(request.user + 8 * (*before / TURNS)),
            turn: turn + 1,
        });
        *before += 1;
        let later = Duration::from_millis(u64::from(turn) * 40);
        let instants = &mut request.instants;
        for instant in [&mut instants.first_token, &mut instants.first_answer] {
            *instant = instant.map(|at| at + later);
        }
        request.spans = nodes(request, number);
    }
    requests
}

/// The nodes that the stream of a request told of.
fn nodes(request: &RequestRecord, number: u64) -> Vec<SpanRecord> {
    let start = request.instants.start;
    let Some(token) = request.instants.first_token else {
        return Vec::new();
    };
    let waited = u64::try_from(token.since(start).as_micros()).unwrap_or_default();
    let node = |id: &str, kind: &str, title: &str, from: u64, to: u64| SpanRecord {
        id: id.to_owned(),
        kind: kind.to_owned(),
        title: title.to_owned(),
        start: Some(start + Duration::from_micros(from)),
        end: Some(start + Duration::from_micros(to)),
        elapsed: Some(Duration::from_micros((to - from) * 9 / 10)),
        ..SpanRecord::default()
    };
    let (kind, title) = ("knowledge-retrieval", "Knowledge retrieval");
    let mut retrieval = node("1702", kind, title, 6_000, waited / 2);
    retrieval.failed = number.is_multiple_of(9);
    let end = waited + 200_000 + 1_000 * (number % 70);
    let mut model = node("1703", "llm", "LLM", waited / 2 + 3_000, end);
    model.model = true;
    if !matches!(request.outcome, Outcome::Ok) {
        (model.end, model.elapsed) = (None, None);
    }
    let start = node("1701", "start", "开始", 5_000, 6_000);
    let mut nodes = vec![start, retrieval, model];
    if number.is_multiple_of(2) {
        nodes.push(node("1704", "code", "", end + 500, end + 9_000));
    }
    nodes
}

/// Nodes whose texts are hostile; the first one's is a formula too.
pub fn hostile_nodes(request: &RequestRecord, number: usize) -> Vec<SpanRecord> {
    let start = request.instants.start;
    let number = number % 60;
    let title = match number {
        0 => format!("=1+1,\"{HOSTILE}"),
        _ => format!("{HOSTILE}{}", "W".repeat(number * 5)),
    };
    vec![SpanRecord {
        id: format!("{number} {HOSTILE}"),
        kind: HOSTILE.to_owned(),
        title,
        start: Some(start),
        end: Some(start + Duration::from_millis(10 + number as u64)),
        model: true,
        ..SpanRecord::default()
    }]
}
