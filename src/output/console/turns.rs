//! The table of a conversation's turns.

use super::page::{ABSENT, Page, decimals};
use super::spans::{Cells, table};
use crate::stats::TurnSummary;

/// The table; empty where requests were no turns of conversations.
pub(super) fn render(page: &Page, turns: &[TurnSummary]) -> String {
    if turns.is_empty() {
        return String::new();
    }
    let headers = [
        "console.table.count",
        "console.summary.failed",
        "console.table.mean",
        "P50",
        "P95",
    ]
    .map(|id| page.texts.get(id));
    let rows: Vec<Cells> = turns.iter().map(|turn| row(page, turn)).collect();
    let mut text = page.heading(page.text("console.turns.title"));
    text.push_str(&table(page, &headers, &rows));
    text.push_str(&page.remark(page.text("console.turns.remark")));
    text
}

fn row(page: &Page, turn: &TurnSummary) -> Cells {
    let figures = turn.ttft.map_or([0; 3].map(|_| ABSENT.to_owned()), |ttft| {
        [ttft.mean, ttft.p50, ttft.p95].map(decimals)
    });
    let counts = [(turn.ok + turn.failed).to_string(), turn.failed.to_string()];
    let label = format!("{} {}", page.text("console.turns.turn"), turn.turn);
    (label, counts.into_iter().chain(figures).collect())
}
