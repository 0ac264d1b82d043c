//! The table of a workflow's nodes, or whatever parts of its work a service tells of.

use super::page::{ABSENT, Page, decimals, figure, percentile};
use super::text::{left, one_line, right, shorten, width};
use crate::stats::{Mergeable, SpanSummary, SpansSummary};
use crate::text::Message;

/// Labels are shortened to what the figures leave room for, but not to less than this.
const LEAST_LABEL: usize = 12;
const INDENT: usize = 2;
const GAP: usize = 2;

/// A row: its label and its figures.
pub(super) type Cells = (String, Vec<String>);

/// The table; empty where there are no spans. Of a single request each node has its time alone.
pub(super) fn render(page: &Page, summary: &SpansSummary, single: bool) -> String {
    if summary.spans.is_empty() {
        return String::new();
    }
    let headers = if single {
        vec!["console.spans.client", "console.spans.server"]
    } else {
        vec![
            "console.table.count",
            "console.summary.failed",
            "console.table.mean",
            "P50",
            "P95",
            "P99",
        ]
    };
    let rows: Vec<Cells> = summary
        .spans
        .iter()
        .flat_map(|span| {
            if single {
                vec![row_of_one(page, span)]
            } else {
                rows(page, span, summary.approximate)
            }
        })
        .collect();
    let headers: Vec<&str> = headers.into_iter().map(|id| page.texts.get(id)).collect();
    let mut text = page.heading(page.text("console.spans.title"));
    text.push_str(&table(page, &headers, &rows));
    if let Some(share) = &summary.before_model.statistics {
        let id = if single {
            "console.spans.before_model_once"
        } else {
            "console.spans.before_model"
        };
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

/// The row of a span that occurred in a single request.
fn row_of_one(page: &Page, span: &SpanSummary) -> Cells {
    let figure = |of: &Mergeable| figure(of.statistics.map(|statistics| statistics.mean));
    let status = match (span.failed, span.unfinished) {
        (0, 0) => None,
        (0, _) => Some(page.text("console.spans.unfinished")),
        _ => Some(page.text("console.summary.failed")),
    };
    let client = status.map_or_else(|| figure(&span.client), str::to_owned);
    (label(span), vec![client, figure(&span.server)])
}

fn rows(page: &Page, span: &SpanSummary, approximate: bool) -> Vec<Cells> {
    let figures = |counts: [String; 2], of: &Mergeable| {
        let figures = of
            .statistics
            .map_or([0; 4].map(|_| ABSENT.to_owned()), |s| {
                let [p50, p95, p99] = [s.p50, s.p95, s.p99].map(|p| percentile(p, approximate));
                [decimals(s.mean), p50, p95, p99]
            });
        counts.into_iter().chain(figures).collect()
    };
    let counts = [span.count.to_string(), span.failed.to_string()];
    let mut rows = vec![(label(span), figures(counts, &span.client))];
    if span.server.statistics.is_some() {
        let label = format!("  {}", page.text("console.spans.by_server"));
        rows.push((label, figures([String::new(), String::new()], &span.server)));
    }
    rows
}

/// Title and type, or what there is of them.
fn label(span: &SpanSummary) -> String {
    let (title, kind) = (one_line(&span.title), one_line(&span.kind));
    match (title.as_str(), kind.as_str()) {
        ("", "") => one_line(&span.id),
        ("", one) | (one, "") => one.to_owned(),
        (title, kind) => format!("{title} ({kind})"),
    }
}

pub(super) fn table(page: &Page, headers: &[&str], rows: &[Cells]) -> String {
    let columns: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let figures = rows.iter().map(|(_, cells)| width(&cells[column]));
            GAP + figures.chain([width(header)]).max().unwrap_or(0)
        })
        .collect();
    let room = page
        .width
        .saturating_sub(INDENT + columns.iter().sum::<usize>());
    let labels = rows
        .iter()
        .map(|(label, _)| shorten(label, room.max(LEAST_LABEL)));
    let labels: Vec<String> = labels.collect();
    let label_width = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    let line = |cells: Vec<&str>| -> String {
        let cells = cells.into_iter().zip(&columns);
        cells.map(|(cell, columns)| right(cell, *columns)).collect()
    };
    let indent = " ".repeat(INDENT);
    let header = page.bold(&line(headers.to_vec()));
    let mut text = format!("{indent}{}{header}\n", left("", label_width));
    for (label, (_, cells)) in labels.iter().zip(rows) {
        let figures = line(cells.iter().map(String::as_str).collect());
        let row = format!("{indent}{}{figures}", left(label, label_width));
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
