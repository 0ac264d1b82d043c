//! The spans of one id, a workflow's node, in the run JSON.

use serde::{Deserialize, Serialize};

use super::sum::SumJson;
use crate::stats::{Histogram, Mergeable, SpanSummary, Statistics};

/// Earlier versions did not write the members that have a default.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SpanJson {
    #[serde(flatten)]
    span: SpanSummary,
    /// From the start of their request to the start of the spans in `client_ms`.
    #[serde(default)]
    begun_ms: SumJson,
    client_ms: Option<Statistics>,
    server_ms: Option<Statistics>,
    #[serde(default)]
    client_histogram: Histogram,
    #[serde(default)]
    server_histogram: Histogram,
}

impl SpanJson {
    pub(super) fn of(span: &SpanSummary) -> Self {
        let span = span.clone();
        Self {
            begun_ms: SumJson::of(span.begun, 1_000),
            client_ms: span.client.statistics,
            server_ms: span.server.statistics,
            client_histogram: span.client.histogram.clone(),
            server_histogram: span.server.histogram.clone(),
            span,
        }
    }

    pub(super) fn summary(self) -> SpanSummary {
        let mergeable = |statistics, histogram| Mergeable {
            statistics,
            histogram,
        };
        SpanSummary {
            begun: self.begun_ms.sum(1_000),
            client: mergeable(self.client_ms, self.client_histogram),
            server: mergeable(self.server_ms, self.server_histogram),
            ..self.span
        }
    }
}
