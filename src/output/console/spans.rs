//! The table of a workflow's nodes, or of other spans of a service's work.

use super::page::{ABSENT, Page, decimals, figure, percentile};
use super::table::{self, Row};
use super::text::one_line;
use crate::stats::{Mergeable, SpanSummary, SpansSummary};
use crate::text::Message;

/// The least columns of a label.
pub(super) const LEAST_LABEL: usize = 12;

/// The table; empty without spans. A single request's table shows no percentiles.
pub(super) fn render(page: &Page, summary: &SpansSummary, single: bool) -> String {
    if summary.spans.is_empty() {
        return String::new();
    }
    let (headers, id): (&[_], _) = if single {
        let headers = &["console.spans.client", "console.spans.server"];
        (headers, "console.spans.before_model_once")
    } else {
        (&HEADERS, "console.spans.before_model")
    };
    let spans = summary.spans.iter();
    let rows: Vec<Row> = if single {
        spans.map(|span| row_of_one(page, span)).collect()
    } else {
        spans
            .flat_map(|span| rows(page, span, summary.approximate))
            .collect()
    };
    let mut text = page.heading(page.text("console.spans.title"));
    text.push_str(&table::render(
        page,
        headers,
        &rows,
        &[(&[], 2)],
        LEAST_LABEL,
    ));
    if let Some(share) = &summary.before_model.statistics {
        let message = Message::new(id)
            .with("mean", decimals(share.mean))
            .with("p50", percentile(share.p50, summary.approximate))
            .with("p95", percentile(share.p95, summary.approximate));
        text.push_str(&page.remark(&page.message(&message)));
    }
    if summary.left_out > 0 {
        let message = Message::new("console.spans.left_out")
            .with("count", summary.left_out)
            .with("known", summary.spans.len());
        text.push_str(&page.remark(&page.message(&message)));
    }
    text
}

const HEADERS: [&str; 6] = [
    "console.table.count",
    "console.summary.failed",
    "console.table.mean",
    "P50",
    "P95",
    "P99",
];

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
        figures: vec![client, figure(&span.server)],
        ..Row::default()
    }
}

fn rows(page: &Page, span: &SpanSummary, approximate: bool) -> Vec<Row> {
    let row = |label: String, counts: [String; 2], of: &Mergeable| {
        let absent = || [0; 4].map(|_| ABSENT.to_owned());
        let figures = of.statistics.map_or_else(absent, |s| {
            let [p50, p95, p99] = [s.p50, s.p95, s.p99].map(|p| percentile(p, approximate));
            [decimals(s.mean), p50, p95, p99]
        });
        Row {
            label,
            figures: counts.into_iter().chain(figures).collect(),
            ..Row::default()
        }
    };
    let counts = [span.count, span.failed].map(|count| count.to_string());
    let mut rows = vec![row(label(span), counts, &span.client)];
    if span.server.statistics.is_some() {
        let label = format!("  {}", page.text("console.spans.by_server"));
        rows.push(row(label, Default::default(), &span.server));
    }
    rows
}

/// The title with the kind, or the one that is there, or the id.
fn label(span: &SpanSummary) -> String {
    let (title, kind) = (one_line(&span.title), one_line(&span.kind));
    match (title.as_str(), kind.as_str()) {
        ("", "") => one_line(&span.id),
        ("", one) | (one, "") => one.to_owned(),
        (title, kind) => format!("{title} ({kind})"),
    }
}
