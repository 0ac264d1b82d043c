//! The table of a workflow's nodes, or of other spans of a service's work.

use super::page::{Page, decimals, figure, percentile};
use super::table::{self, HEADERS, LEAST_LABEL, Row};
use super::text::one_line;
use crate::stats::{Mergeable, SpanSummary, SpansSummary};
use crate::text::Message;

/// The table; empty without spans. A single request's table shows no percentiles.
pub(super) fn render(page: &Page, summary: &SpansSummary, single: bool) -> String {
    if summary.spans.is_empty() {
        return String::new();
    }
    let spans = summary.spans.iter();
    let (table, before_model) = if single {
        let rows: Vec<Row> = spans.map(|span| row_of_one(page, span)).collect();
        let headers = ["console.spans.client", "console.spans.server"];
        let table = table::render(page, &headers, &rows, &[], LEAST_LABEL);
        (table, "console.spans.before_model_once")
    } else {
        let rows = spans.flat_map(|span| rows(page, span, summary.approximate));
        let rows: Vec<Row> = rows.collect();
        // Count, failed, mean, P50, P95, P99.
        let table = table::render(page, &HEADERS, &rows, &[3, 4, 6, 9], LEAST_LABEL);
        (table, "console.spans.before_model")
    };
    let mut text = page.heading(page.text("console.spans.title")) + &table;
    if let Some(share) = &summary.before_model.statistics {
        let message = Message::new(before_model)
            .with("mean", decimals(share.mean))
            .with("p50", percentile(share.p50, summary.approximate))
            .with("p95", percentile(share.p95, summary.approximate));
        text.push_str(&page.remark(&page.message(&message)));
    }
    let retries: u64 = summary.spans.iter().map(|span| span.retries).sum();
    if retries > 0 {
        let message = Message::new("console.spans.retries").with("retries", retries);
        text.push_str(&page.remark(&page.message(&message)));
    }
    if summary.left_out > 0 {
        let message = Message::new("report.nodes.left_out")
            .with("count", summary.left_out)
            .with("known", summary.spans.len());
        text.push_str(&page.remark(&page.message(&message)));
    }
    text
}

/// The row of a span of a single request.
fn row_of_one(page: &Page, span: &SpanSummary) -> Row {
    let figure = |of: &Mergeable| figure(of.statistics.map(|statistics| statistics.mean));
    let client = match (span.failed, span.unfinished) {
        (0, 0) => figure(&span.client),
        (0, _) => page.text("console.spans.unfinished").to_owned(),
        _ => page.text("console.summary.failed").to_owned(),
    };
    Row {
        label: label(span),
        unit: "",
        figures: vec![client, figure(&span.server)],
    }
}

/// The row by the client's clock, and the row by the server's clock if the server sent times.
fn rows(page: &Page, span: &SpanSummary, approximate: bool) -> Vec<Row> {
    let counts = [span.count, span.failed].map(|count| count.to_string());
    let (client, server) = (&span.client.statistics, &span.server.statistics);
    let mut rows = vec![Row::of(label(span), counts, client.as_ref(), approximate)];
    if server.is_some() {
        let label = format!("  {}", page.text("console.spans.by_server"));
        rows.push(Row::of(
            label,
            Default::default(),
            server.as_ref(),
            approximate,
        ));
    }
    rows
}

/// Title and kind, or one of them, or else the id.
fn label(span: &SpanSummary) -> String {
    let (title, kind) = (one_line(&span.title), one_line(&span.kind));
    match (title.as_str(), kind.as_str()) {
        ("", "") => one_line(&span.id),
        ("", one) | (one, "") => one.to_owned(),
        (title, kind) => format!("{title} ({kind})"),
    }
}
