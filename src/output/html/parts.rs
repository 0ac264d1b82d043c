//! The parts of requests and of conversations on the page: a workflow's nodes, and turns.

use serde::Serialize;

use super::values::{StatisticsRow, Thousandths, cut};
use crate::stats::{Mergeable, SpanSummary, SpansSummary, TurnSummary};

#[derive(Serialize)]
pub(super) struct SpansData {
    approximate: bool,
    before_model: Option<StatisticsRow>,
    left_out: u64,
    nodes: Vec<SpanData>,
}

impl SpansData {
    /// `None` where there are none.
    pub(super) fn of(summary: &SpansSummary) -> Option<Self> {
        (!summary.spans.is_empty()).then(|| Self {
            approximate: summary.approximate,
            before_model: row(&summary.before_model),
            left_out: summary.left_out,
            nodes: summary.spans.iter().map(SpanData::of).collect(),
        })
    }
}

#[derive(Serialize)]
struct SpanData {
    id: String,
    kind: String,
    title: String,
    model: bool,
    count: u64,
    failed: u64,
    unfinished: u64,
    begun: Option<Thousandths>,
    client: Option<StatisticsRow>,
    server: Option<StatisticsRow>,
}

impl SpanData {
    fn of(span: &SpanSummary) -> Self {
        Self {
            id: cut(&span.id),
            kind: cut(&span.kind),
            title: cut(&span.title),
            model: span.model,
            count: span.count,
            failed: span.failed,
            unfinished: span.unfinished,
            begun: Thousandths::mean(span.begun, 1_000),
            client: row(&span.client),
            server: row(&span.server),
        }
    }
}

fn row(figures: &Mergeable) -> Option<StatisticsRow> {
    figures.statistics.as_ref().map(StatisticsRow::of)
}

/// A turn of conversations.
#[derive(Serialize)]
pub(super) struct TurnData {
    turn: u64,
    ok: u64,
    failed: u64,
    ttft: Option<StatisticsRow>,
}

impl TurnData {
    pub(super) fn of(turn: &TurnSummary) -> Self {
        Self {
            turn: turn.turn,
            ok: turn.ok,
            failed: turn.failed,
            ttft: turn.ttft.as_ref().map(StatisticsRow::of),
        }
    }
}
