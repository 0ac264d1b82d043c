//! A table: labels, and figures in columns that are as wide as their figures.

use super::page::{ABSENT, Page, decimals, figure, percentile};
use super::text::{left, right, shorten, width};
use crate::stats::Statistics;

const INDENT: &str = "  ";

/// Columns of [`HEADERS`] in the order in which the table leaves them out where it is too narrow:
/// the count is among the last, since a percentile needs it.
const DISPENSABLE: [usize; 7] = [3, 4, 6, 9, 7, 2, 0];

/// The least columns of labels that may be shortened.
pub(super) const LEAST_LABEL: usize = 12;

/// Headers of distributions.
pub(super) const HEADERS: [&str; 10] = [
    "console.table.count",
    "console.summary.failed",
    "console.table.mean",
    "console.table.std_dev",
    "console.table.min",
    "P50",
    "P90",
    "P95",
    "P99",
    "console.table.max",
];

/// A row: its label, the unit behind the label, and its figures.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) unit: &'static str,
    pub(super) figures: Vec<String>,
}

impl Row {
    /// The row of a distribution: two counts, then its figures.
    pub(super) fn of(
        label: String,
        counts: [String; 2],
        statistics: Option<&Statistics>,
        approximate: bool,
    ) -> Self {
        let absent = || [0; 8].map(|_| ABSENT.to_owned());
        let figures = statistics.map_or_else(absent, |s| {
            let percentiles = [s.p50, s.p90, s.p95, s.p99];
            let [p50, p90, p95, p99] = percentiles.map(|p| percentile(p, approximate));
            let [mean, min, max] = [s.mean, s.min, s.max].map(decimals);
            [mean, figure(s.std_dev), min, p50, p90, p95, p99, max]
        });
        Self {
            label,
            unit: "",
            figures: counts.into_iter().chain(figures).collect(),
        }
    }
}

/// The table without the columns `left_out`, and without further columns and with narrower gaps
/// until it fits. Labels are shortened to the remaining columns, but not below `least_label`.
/// `headers` are ids of texts, or the headers themselves.
pub(super) fn render(
    page: &Page,
    headers: &[&'static str],
    rows: &[Row],
    left_out: &[usize],
    least_label: usize,
) -> String {
    let headers: Vec<&str> = headers.iter().map(|id| page.text(id)).collect();
    let widest = |column: usize| {
        let figures = rows.iter().map(|row| width(&row.figures[column]));
        figures.chain([width(headers[column])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(widest).collect();
    let is_shown = |column: &usize, dispensed: usize| {
        !left_out.contains(column) && !DISPENSABLE[..dispensed].contains(column)
    };
    let room = |(dispensed, gap): (usize, usize)| {
        let shown = (0..widths.len()).filter(|column| is_shown(column, dispensed));
        let figures: usize = shown.map(|column| widths[column] + gap).sum();
        page.width.saturating_sub(INDENT.len() + figures)
    };
    let label_width = |label: &str, unit: &str| width(label) + width(unit);
    let longest = rows.iter().map(|row| label_width(&row.label, row.unit));
    let longest = longest.max().unwrap_or(0);
    let dispensed = 0..=DISPENSABLE.len();
    let mut forms = dispensed.flat_map(|dispensed| [(dispensed, 2), (dispensed, 1)]);
    let fitting = forms.find(|form| longest.min(least_label) <= room(*form));
    let form = fitting.unwrap_or((DISPENSABLE.len(), 1));
    let label_columns = longest.min(room(form).max(least_label));
    let line = |cells: Vec<&str>| -> String {
        let cells = cells.into_iter().zip(&widths).enumerate();
        let shown = cells.filter(|(column, _)| is_shown(column, form.0));
        shown
            .map(|(_, (cell, width))| right(cell, width + form.1))
            .collect()
    };
    let header = page.bold(&line(headers.clone()));
    let mut text = format!("{INDENT}{}{header}\n", left("", label_columns));
    for row in rows {
        let label = shorten(&row.label, label_columns);
        let pad = label_columns.saturating_sub(label_width(&label, row.unit));
        let figures = line(row.figures.iter().map(String::as_str).collect());
        let line = format!("{INDENT}{label}{}{:pad$}{figures}", page.dim(row.unit), "");
        text = text + line.trim_end() + "\n";
    }
    text
}
