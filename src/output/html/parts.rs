//! The parts of requests and of conversations on the page: a workflow's nodes, and turns.

use serde::Serialize;

use super::series::{Thousandths, mean};
use super::statistics::StatisticsRow;
use crate::stats::{Mergeable, SpanSummary, SpansSummary, TurnSummary};

/// How long a text from outside may be, in characters; the page shows less.
const LONGEST: usize = 4_000;

/// The first characters of a text.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

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
            begun: mean(span.begun),
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
