//! The spans of one id, a workflow's node, in the run JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::sum::SumJson;
use crate::stats::{Histogram, Mergeable, SpanSummary, Statistics};

/// Members that earlier versions did not write may be missing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SpanJson<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    title: Cow<'a, str>,
    #[serde(default)]
    model: bool,
    count: u64,
    failed: u64,
    unfinished: u64,
    /// From the start of their request to theirs, of those of `client_ms`.
    #[serde(default)]
    begun_ms: SumJson,
    client_ms: Option<Statistics>,
    server_ms: Option<Statistics>,
    #[serde(default)]
    client_histogram: Cow<'a, Histogram>,
    #[serde(default)]
    server_histogram: Cow<'a, Histogram>,
}

impl<'a> SpanJson<'a> {
    pub(super) fn of(span: &'a SpanSummary) -> Self {
        Self {
            id: Cow::Borrowed(&span.id),
            kind: Cow::Borrowed(&span.kind),
            title: Cow::Borrowed(&span.title),
            model: span.model,
            count: span.count,
            failed: span.failed,
            unfinished: span.unfinished,
            begun_ms: SumJson::of(span.begun, 1_000),
            client_ms: span.client.statistics,
            server_ms: span.server.statistics,
            client_histogram: Cow::Borrowed(&span.client.histogram),
            server_histogram: Cow::Borrowed(&span.server.histogram),
        }
    }

    pub(super) fn summary(&self) -> SpanSummary {
        let mergeable = |statistics, histogram: &Histogram| Mergeable {
            statistics,
            histogram: histogram.clone(),
        };
        SpanSummary {
            id: self.id.to_string(),
            kind: self.kind.to_string(),
            title: self.title.to_string(),
            model: self.model,
            count: self.count,
            failed: self.failed,
            unfinished: self.unfinished,
            begun: self.begun_ms.sum(1_000),
            client: mergeable(self.client_ms, &self.client_histogram),
            server: mergeable(self.server_ms, &self.server_histogram),
        }
    }
}
