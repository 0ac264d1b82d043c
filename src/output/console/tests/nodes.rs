//! The nodes of workflows, in the final statistics and after a watched request.

use super::data::*;
use super::{golden, watching};
use crate::output::console::{Closing, Settings};
use crate::record::Sample;
use crate::stats::{SpanSummary, SpansSummary, Statistics, Summary};

fn times(mean: f64) -> Statistics {
    Statistics {
        count: 10,
        mean,
        std_dev: Some(1.0),
        min: mean * 0.8,
        p50: mean * 0.9,
        p90: mean * 1.5,
        p95: mean * 1.75,
        p99: mean * 2.0,
        max: mean * 2.5,
    }
}

fn span(
    title: &str,
    kind: &str,
    failed: u64,
    client: Option<f64>,
    server: Option<f64>,
) -> SpanSummary {
    SpanSummary {
        id: "1712".to_owned(),
        kind: kind.to_owned(),
        title: title.to_owned(),
        count: 1_200,
        failed,
        unfinished: 0,
        client: client.map(times),
        server: server.map(times),
    }
}

#[test]
fn nodes_of_a_workflow() {
    let spans = SpansSummary {
        spans: vec![
            span("开始", "start", 0, Some(1.25), Some(0.5)),
            span(
                "Retrieval from all of the knowledge there is",
                "knowledge-retrieval",
                3,
                Some(312.5),
                Some(298.75),
            ),
            span("", "http-request", 1_200, None, None),
            span("LLM", "llm", 0, Some(12_345.678), None),
        ],
        before_model: Some(times(61.5)),
        left_out: 7,
    };
    golden("summary_spans", Settings::default(), |console| {
        let spans = spans.clone();
        console.summary(&Summary { spans, ..usual() }, &Closing::default())
    });
}

#[test]
fn nodes_of_one_request() {
    let mut spans = SpansSummary {
        spans: vec![
            span("Start", "start", 0, Some(1.25), Some(0.5)),
            span("Fetch", "http-request", 1, None, Some(20.0)),
            span("LLM", "llm", 0, None, None),
        ],
        before_model: Some(times(61.5)),
        left_out: 0,
    };
    spans.spans[2].unfinished = 1;
    golden("watched_spans", watching(), |console| {
        console.sample(&head())?;
        console.sample(&Sample::Finished(Box::new(answered())))?;
        let spans = spans.clone();
        console.summary(&Summary { spans, ..usual() }, &Closing::default())
    });
}
