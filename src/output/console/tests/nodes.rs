//! The nodes of workflows, in the final statistics and after a watched request.

use super::data::*;
use super::{golden, shown, watching};
use crate::output::console::{Closing, Settings};
use crate::stats::tests::finished;
use crate::stats::{Mergeable, SpanSummary, SpansSummary, Statistics, Summary};

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
        ..Mergeable::default()
    }
}

/// Title, type, failures, and mean durations by the client and by the server.
type Node = (&'static str, &'static str, u64, Option<f64>, Option<f64>);

fn nodes<const N: usize>(nodes: [Node; N]) -> SpansSummary {
    let span = |(title, kind, failed, client, server): Node| SpanSummary {
        id: "1712".to_owned(),
        kind: kind.to_owned(),
        title: title.to_owned(),
        model: kind == "llm",
        count: 1_200,
        failed,
        client: times(client),
        server: times(server),
        ..SpanSummary::default()
    };
    SpansSummary {
        spans: nodes.map(span).into(),
        before_model: times(Some(61.5)),
        ..SpansSummary::default()
    }
}

pub(super) fn nodes_of_a_workflow() -> SpansSummary {
    let retrieval = "Retrieval from all of the knowledge there is";
    let mut nodes = nodes([
        ("开始", "start", 0, Some(1.25), Some(0.5)),
        (
            retrieval,
            "knowledge-retrieval",
            3,
            Some(312.5),
            Some(298.75),
        ),
        ("", "http-request", 1_200, None, None),
        ("LLM", "llm", 0, Some(12_345.678), None),
    ]);
    nodes.left_out = 7;
    nodes
}

#[test]
fn percentiles_of_merged_runs_are_marked() {
    let mut spans = nodes([("LLM", "llm", 0, Some(312.5), None)]);
    spans.approximate = true;
    let summary = Summary { spans, ..usual() };
    let text = shown(Settings::default(), |console| {
        console.summary(&summary, &Closing::default())
    });
    let text = text.replace("\n  ", " ");
    for expected in ["  312.50  ≈281.25  ≈546.88  ≈625.00", "(P50 ≈55.35%"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn nodes_of_one_request() {
    let mut spans = nodes([
        ("Start", "start", 0, Some(1.25), Some(0.5)),
        ("Fetch", "http-request", 1, None, Some(20.0)),
        ("LLM", "llm", 0, None, None),
    ]);
    spans.spans[2].unfinished = 1;
    let summary = Summary { spans, ..usual() };
    golden("watched_spans", watching(), |console| {
        console.sample(&head())?;
        console.sample(&finished(answered()))?;
        console.summary(&summary, &Closing::default())
    });
}
