//! A table: labels, and figures in columns that are as wide as their figures.

use super::page::Page;
use super::text::{left, right, shorten, width};

const INDENT: &str = "  ";

/// A row: its label, the unit behind the label, and its figures.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) unit: &'static str,
    pub(super) figures: Vec<String>,
}

/// The columns that are left out, and the gap before each of the others.
pub(super) type Form = (&'static [usize], usize);

/// The table in the first of the forms that fits, or in the last. Labels are shortened to the
/// remaining columns, but not below `least_label`. `headers` are ids of texts, or the headers.
pub(super) fn render(
    page: &Page,
    headers: &[&'static str],
    rows: &[Row],
    forms: &[Form],
    least_label: usize,
) -> String {
    let headers: Vec<&str> = headers.iter().map(|id| page.text(id)).collect();
    let widest = |column: usize| {
        let figures = rows.iter().map(|row| width(&row.figures[column]));
        figures.chain([width(headers[column])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(widest).collect();
    let figures_width = |(left_out, gap): &Form| -> usize {
        let columns = widths.iter().enumerate();
        let shown = columns.filter(|(column, _)| !left_out.contains(column));
        shown.map(|(_, width)| width + gap).sum()
    };
    let room = |form: &Form| {
        page.width
            .saturating_sub(INDENT.len() + figures_width(form))
    };
    let label_width = |label: &str, unit: &str| width(label) + width(unit);
    let longest = rows.iter().map(|row| label_width(&row.label, row.unit));
    let longest = longest.max().unwrap_or(0);
    let fitting = forms.iter().find(|form| longest <= room(form));
    let Some(form) = fitting.or(forms.last()) else {
        return String::new();
    };
    let label_room = room(form).max(least_label);
    let labels = rows.iter().map(|row| shorten(&row.label, label_room));
    let labels: Vec<String> = labels.collect();
    let label_columns = labels
        .iter()
        .zip(rows)
        .map(|(label, row)| label_width(label, row.unit));
    let label_columns = label_columns.max().unwrap_or(0);
    let line = |cells: Vec<&str>| -> String {
        let cells = cells.into_iter().zip(&widths).enumerate();
        let shown = cells.filter(|(column, _)| !form.0.contains(column));
        shown
            .map(|(_, (cell, width))| right(cell, width + form.1))
            .collect()
    };
    let mut text = format!(
        "{INDENT}{}{}\n",
        left("", label_columns),
        page.bold(&line(headers.clone()))
    );
    for (label, row) in labels.iter().zip(rows) {
        let pad = left("", label_columns - label_width(label, row.unit));
        let figures = line(row.figures.iter().map(String::as_str).collect());
        let line = format!("{INDENT}{label}{}{pad}{figures}", page.dim(row.unit));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
