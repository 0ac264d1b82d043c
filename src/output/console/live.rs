//! The live table: a row each second.

use super::page::{Page, or_absent, percent};
use super::text::{align, width};
use crate::stats::LiveLine;
use crate::text::Message;

/// The table shows a lag of the client above this one, in milliseconds.
const LAG: f64 = 5.0;

/// Rows between two headers, also in the table of a watched request.
pub(super) const ROWS_PER_HEADER: usize = 20;

/// Columns of each figure: room for 10,000 users, nine digits of chunks and minutes of waiting.
/// With a space between them, a row has 79 columns.
const WIDTHS: [usize; 9] = [8, 11, 9, 9, 7, 7, 7, 5, 8];
/// Ids of the header's two lines: the name, and the unit below the name.
const HEADERS: [(&str, &str); 9] = [
    ("console.live.time", ""),
    ("console.live.users", "console.live.users_unit"),
    ("console.live.chunks", ""),
    ("console.live.response", "console.live.ms"),
    ("console.live.tpot", "console.live.ms_per_token"),
    ("console.live.throughput", "console.live.estimate"),
    ("console.live.success", "console.live.percent"),
    ("console.live.rps", ""),
    ("console.live.ttft", "console.live.ms"),
];

/// Figures in the order in which a narrow terminal loses them: chunks, tok/s, TPOT, response, TTFT.
const DISPENSABLE: [usize; 5] = [2, 5, 4, 3, 8];

/// The figures that fit, and the gap between them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Layout {
    shown: Vec<usize>,
    gap: usize,
}

impl Layout {
    fn of(width: usize) -> Self {
        let (shown, gap) = ((0..WIDTHS.len()).collect(), 1);
        let mut layout = Self { shown, gap };
        for column in DISPENSABLE {
            if layout.columns() > width {
                layout.shown.retain(|shown| *shown != column);
            }
        }
        if layout.columns() + layout.shown.len() <= width {
            layout.gap = 2;
        }
        layout
    }

    /// Columns of a row.
    fn columns(&self) -> usize {
        let widths = self.shown.iter().map(|column| WIDTHS[*column] + self.gap);
        widths.sum::<usize>() - self.gap
    }

    fn join(&self, cells: &[String]) -> String {
        let shown: Vec<&str> = self.shown.iter().map(|column| &*cells[*column]).collect();
        shown.join(&" ".repeat(self.gap))
    }
}

/// The rows so far.
#[derive(Debug, Default)]
pub(super) struct LiveTable {
    /// Rows since the layout changed.
    rows: usize,
    layout: Layout,
}

impl LiveTable {
    /// The next row, with the header where the header is due.
    pub(super) fn row(&mut self, page: &Page, line: &LiveLine) -> String {
        let mut text = String::new();
        if self.layout == Layout::default() {
            text.push_str(&page.remark(page.text("console.live.legend")));
        }
        let layout = Layout::of(page.width);
        if self.layout != layout {
            (self.layout, self.rows) = (layout, 0);
        }
        let layout = &self.layout;
        if self.rows.is_multiple_of(ROWS_PER_HEADER) {
            text.push('\n');
            text.push_str(&header(page, HEADERS, |cells| {
                layout.join(&align(cells, &WIDTHS))
            }));
        }
        self.rows += 1;
        text.push_str(&layout.join(&cells(page, line)));
        if let Some(lag) = line.lag_p99_ms.filter(|lag| *lag > LAG) {
            let lag = Message::new("console.live.lag").with("ms", format!("{lag:.0}"));
            let lag = format!("  {}", page.message(&lag));
            let fits = layout.columns() + width(&lag) <= page.width;
            text.push_str(if fits { "" } else { "\n" });
            text.push_str(&page.bad(&lag));
        }
        text.push('\n');
        text
    }
}

/// Both lines of a header: names, and units below the names.
pub(super) fn header<const N: usize>(
    page: &Page,
    columns: [(&'static str, &'static str); N],
    line: impl Fn(&[&str]) -> String,
) -> String {
    let names = line(&columns.map(|(name, _)| page.text(name)));
    let units = line(&columns.map(|(_, unit)| page.text(unit)));
    format!("{}\n{}\n", page.bold(&names), page.dim(&units))
}

fn cells(page: &Page, line: &LiveLine) -> Vec<String> {
    let cells = [
        elapsed(line.second + 1),
        format!("{}/{}", line.active, line.total_users),
        line.chunks.to_string(),
        fitting(line.mean_response_ms, WIDTHS[3]),
        fitting(line.mean_tpot_ms, WIDTHS[4]),
        line.tokens_per_s.to_string(),
        or_absent(line.success_rate.map(percent)),
        line.rps.to_string(),
        fitting(line.ttft_ms, WIDTHS[8]),
    ];
    let mut cells = align(&cells, &WIDTHS);
    if let Some(rate) = line.success_rate {
        cells[6] = rated(page, rate, &cells[6]);
    }
    cells
}

/// The success rate, red below 100%.
pub(super) fn rated(page: &Page, rate: f64, text: &str) -> String {
    if rate < 1.0 {
        page.bad(text)
    } else {
        page.good(text)
    }
}

/// A figure with two decimals, or with as many decimals as there is room for.
fn fitting(value: Option<f64>, columns: usize) -> String {
    let text = |decimals| value.map(|value| format!("{value:.decimals$}"));
    let fits = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() <= columns);
    let fitting = [2, 1].map(text).into_iter().find(fits).flatten();
    or_absent(fitting.or_else(|| text(0)))
}

/// Seconds since the run's start, as hours, minutes and seconds.
fn elapsed(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!("{:02}:{:02}:{seconds:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_figures_give_up_decimals_before_alignment() {
        for (value, columns, expected) in [
            (None, 7, "-"),
            (Some(0.0), 7, "0.00"),
            (Some(9_999.99), 7, "9999.99"),
            (Some(99_999.94), 7, "99999.9"),
            (Some(99_999.99), 7, "100000"),
            (Some(12_345_678.0), 7, "12345678"),
        ] {
            assert_eq!(fitting(value, columns), expected, "{value:?}");
        }
    }

    #[test]
    fn time_goes_on_beyond_an_hour() {
        for (seconds, expected) in [
            (1, "00:00:01"),
            (754, "00:12:34"),
            (3_600, "01:00:00"),
            (360_000, "100:00:00"),
        ] {
            assert_eq!(elapsed(seconds), expected);
        }
    }
}
