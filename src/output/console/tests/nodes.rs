//! The nodes of workflows, in the final statistics and after a watched request.

use super::data::*;
use super::{golden, shown, watching};
use crate::output::console::{Closing, Settings};
use crate::record::Sample;
use crate::stats::{Histogram, Mergeable, SpanSummary, SpansSummary, Statistics, Sum, Summary};

fn times(mean: Option<f64>) -> Mergeable {
    let statistics = |mean| Statistics {
        count: 10,
        mean,
        std_dev: Some(1.0),
        min: mean * 0.8,
        p50: mean * 0.9,
        p90: mean * 1.5,
        p95: mean * 1.75,
        p99: mean * 2.0,
        max: mean * 2.5,
    };
    Mergeable {
        statistics: mean.map(statistics),
        histogram: Histogram::default(),
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
        model: kind == "llm",
        count: 1_200,
        failed,
        unfinished: 0,
        begun: Sum::default(),
        client: times(client),
        server: times(server),
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
        before_model: times(Some(61.5)),
        left_out: 7,
        approximate: false,
    };
    golden("summary_spans", Settings::default(), |console| {
        let spans = spans.clone();
        console.summary(&Summary { spans, ..usual() }, &Closing::default())
    });
}

#[test]
fn percentiles_of_merged_runs_are_marked() {
    let spans = SpansSummary {
        spans: vec![span("LLM", "llm", 0, Some(312.5), None)],
        before_model: times(Some(61.5)),
        left_out: 0,
        approximate: true,
    };
    let text = shown(Settings::default(), |console| {
        let spans = spans.clone();
        console.summary(&Summary { spans, ..usual() }, &Closing::default())
    });
    let text = text.replace("\n  ", " ");
    for expected in ["  312.50  ≈281.25  ≈546.88  ≈625.00", "(P50 ≈55.35%"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn nodes_of_one_request() {
    let mut spans = SpansSummary {
        spans: vec![
            span("Start", "start", 0, Some(1.25), Some(0.5)),
            span("Fetch", "http-request", 1, None, Some(20.0)),
            span("LLM", "llm", 0, None, None),
        ],
        before_model: times(Some(61.5)),
        left_out: 0,
        approximate: false,
    };
    spans.spans[2].unfinished = 1;
    golden("watched_spans", watching(), |console| {
        console.sample(&head())?;
        console.sample(&Sample::Finished(Box::new(answered())))?;
        let spans = spans.clone();
        console.summary(&Summary { spans, ..usual() }, &Closing::default())
    });
}
