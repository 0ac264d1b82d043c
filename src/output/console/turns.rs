//! The table of a conversation's turns.

use super::page::Page;
use super::table::{self, HEADERS, LEAST_LABEL, Row};
use crate::stats::TurnSummary;

/// The table; empty if requests were not turns of conversations.
pub(super) fn render(page: &Page, turns: &[TurnSummary]) -> String {
    if turns.is_empty() {
        return String::new();
    }
    let row = |turn: &TurnSummary| {
        let label = format!("{} {}", page.text("console.turns.turn"), turn.turn);
        let counts = [turn.ok + turn.failed, turn.failed].map(|count| count.to_string());
        Row::of(label, counts, turn.ttft.as_ref(), false)
    };
    let rows: Vec<Row> = turns.iter().map(row).collect();
    // Count, failed, mean, P50, P95.
    page.heading(page.text("console.turns.title"))
        + &table::render(page, &HEADERS, &rows, &[3, 4, 6, 8, 9], LEAST_LABEL)
        + &page.remark(page.text("console.turns.remark"))
}
