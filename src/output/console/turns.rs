//! The table of a conversation's turns.

use super::page::{ABSENT, Page, decimals};
use super::spans::LEAST_LABEL;
use super::table::{self, Row};
use crate::stats::TurnSummary;

const HEADERS: [&str; 5] = [
    "console.table.count",
    "console.summary.failed",
    "console.table.mean",
    "P50",
    "P95",
];

/// The table; empty if requests were not turns of conversations.
pub(super) fn render(page: &Page, turns: &[TurnSummary]) -> String {
    if turns.is_empty() {
        return String::new();
    }
    let rows: Vec<Row> = turns.iter().map(|turn| row(page, turn)).collect();
    page.heading(page.text("console.turns.title"))
        + &table::render(page, &HEADERS, &rows, &[(&[], 2)], LEAST_LABEL)
        + &page.remark(page.text("console.turns.remark"))
}

fn row(page: &Page, turn: &TurnSummary) -> Row {
    let figures = turn.ttft.map_or([0; 3].map(|_| ABSENT.to_owned()), |ttft| {
        [ttft.mean, ttft.p50, ttft.p95].map(decimals)
    });
    let counts = [turn.ok + turn.failed, turn.failed].map(|count| count.to_string());
    Row {
        label: format!("{} {}", page.text("console.turns.turn"), turn.turn),
        figures: counts.into_iter().chain(figures).collect(),
        ..Row::default()
    }
}
