//! The table of distributions: as many columns as fit, each as wide as its figures.

use super::page::{ABSENT, Page, decimals, percentile};
use super::text::{left, right, width};
use crate::metrics::{Flag, Metric};
use crate::stats::Statistics;

/// A row: a metric and its distribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) metric: Metric,
    name: &'a str,
    /// Of times; the names of others have it.
    unit: &'a str,
    /// `None` where nothing was measured.
    pub(super) statistics: Option<&'a Statistics>,
}

impl<'a> Row<'a> {
    /// The row of a metric, by its short name where it has one.
    pub(super) fn of(page: &Page, metric: Metric, statistics: Option<&'a Statistics>) -> Self {
        let text = |kind: &str| page.texts.find(&format!("{kind}{}", metric.id));
        let name = text("console.metric.").or_else(|| text("metric."));
        let unit = metric.unit;
        Self {
            metric,
            name: name.unwrap_or(metric.id),
            unit: if unit.is_time() { unit.name() } else { "" },
            statistics,
        }
    }
}

/// Headers of the columns; how many values there are and their deviation are shown only where
/// there is room.
const HEADERS: [&str; 9] = [
    "console.table.count",
    "console.table.mean",
    "console.table.std_dev",
    "console.table.min",
    "P50",
    "P90",
    "P95",
    "P99",
    "console.table.max",
];
const COUNT: usize = 0;
const STD_DEV: usize = 2;
const INDENT: usize = 2;

/// The table in the most generous form that fits.
pub(super) fn render(page: &Page, rows: &[Row<'_>]) -> String {
    let headers = HEADERS.map(|id| page.texts.get(id).to_owned());
    let cells: Vec<[String; 9]> = rows.iter().map(cells).collect();
    let names = rows.iter().map(|row| width(&label(row)));
    let label_width = names.max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(|column| {
        let figures = cells.iter().map(|row| width(&row[column]));
        figures.chain([width(&headers[column])]).max().unwrap_or(0)
    });
    let forms: [(&[usize], usize); 5] = [
        (&[], 2),
        (&[STD_DEV], 2),
        (&[STD_DEV], 1),
        (&[STD_DEV, COUNT], 2),
        (&[STD_DEV, COUNT], 1),
    ];
    let total = |(left_out, gap): &(&[usize], usize)| {
        let shown = (0..9).filter(|column| !left_out.contains(column));
        let figures: usize = shown.map(|column| widths[column] + gap).sum();
        INDENT + label_width + figures
    };
    let fitting = forms.iter().find(|form| total(form) <= page.width);
    let (left_out, gap) = fitting.unwrap_or(&forms[4]);
    let line = |cells: &[String; 9]| -> String {
        let shown = (0..9).filter(|column| !left_out.contains(column));
        shown
            .map(|column| right(&cells[column], widths[column] + gap))
            .collect()
    };
    let indent = " ".repeat(INDENT);
    let header = line(&headers);
    let mut text = format!("{indent}{}{}\n", left("", label_width), page.bold(&header));
    for (row, cells) in rows.iter().zip(&cells) {
        let pad = left("", label_width - width(&label(row)));
        let unit = page.dim(row.unit);
        let space = if row.unit.is_empty() { "" } else { " " };
        let figures = line(cells);
        let line = format!("{indent}{}{space}{unit}{pad}{figures}\n", row.name);
        text.push_str(&line);
    }
    text
}

fn label(row: &Row<'_>) -> String {
    if row.unit.is_empty() {
        row.name.to_owned()
    } else {
        format!("{} {}", row.name, row.unit)
    }
}

fn cells(row: &Row<'_>) -> [String; 9] {
    let Some(s) = row.statistics else {
        return std::array::from_fn(|_| ABSENT.to_owned());
    };
    let percentile = |value| percentile(value, row.metric.has(Flag::Pooled));
    [
        s.count.to_string(),
        decimals(s.mean),
        s.std_dev.map_or_else(|| ABSENT.to_owned(), decimals),
        decimals(s.min),
        percentile(s.p50),
        percentile(s.p90),
        percentile(s.p95),
        percentile(s.p99),
        decimals(s.max),
    ]
}
