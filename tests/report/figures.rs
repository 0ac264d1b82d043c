//! The page's figures against figures computed from the CSV.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::driver::Browser;
use crate::runs::{Run, usual};

/// A row of the CSV.
pub type Row = BTreeMap<String, String>;

/// A column's values in successful rows, ascending.
pub fn values(rows: &[Row], column: &str) -> Vec<f64> {
    let ok = rows.iter().filter(|row| row["outcome"] == "ok");
    let mut values: Vec<f64> = ok.filter_map(|row| row[column].parse().ok()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// `NumPy`'s percentile: linear interpolation between closest ranks.
fn percentile(values: &[f64], p: usize) -> f64 {
    let hundredths = p * (values.len() - 1);
    let (below, part) = (hundredths / 100, (hundredths % 100) as f64 / 100.0);
    let above = values[(below + 1).min(values.len() - 1)];
    values[below] + (above - values[below]) * part
}

/// Count, mean, standard deviation, minimum, percentiles, maximum.
pub fn figures(values: &[f64]) -> [f64; 9] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let [p50, p90, p95, p99] = [50, 90, 95, 99].map(|p| percentile(values, p));
    let std_dev = (squares / (count - 1.0)).sqrt();
    let (min, max) = (values[0], values[values.len() - 1]);
    [count, mean, std_dev, min, p50, p90, p95, p99, max]
}

/// Checks that values are as expected, but for rounding.
pub fn check(name: &str, shown: &[f64], expected: &[f64]) {
    assert_eq!(shown.len(), expected.len(), "{name}");
    for (a, b) in shown.iter().zip(expected) {
        let is_close = (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
        assert!(is_close, "{name}: {a}, not {b}");
    }
}

#[test]
fn the_table_and_the_cards_equal_the_csv() {
    let page = Run::of(usual()).page();
    let rows = page.rows();
    let browser = Browser::of(&page, 1_200);
    for (metric, column) in [
        ("ttfb", "ttfb_ms"),
        ("ttfe", "ttfe_ms"),
        ("ttft", "ttft_ms"),
        ("tpot", "tpot_ms"),
        ("response", "response_ms"),
        ("tokens_per_s", "tokens_per_s"),
        ("output_tokens", "output_tokens"),
        ("connect", "connect_ms"),
    ] {
        let script = format!(
            "return [...document.querySelectorAll('tr[data-metric={metric}] td[data-value]')]\
             .map((cell) => Number(cell.dataset.value))"
        );
        let shown: Vec<f64> = serde_json::from_value(browser.run(&script)).expect("numbers");
        check(metric, &shown, &figures(&values(&rows, column)));
    }
    let outcome = |name: &str| rows.iter().filter(|row| row["outcome"] == name).count();
    let number = |text: &String| text.parse::<u64>().ok();
    let sum = |column: &str| -> u64 { rows.iter().filter_map(|row| number(&row[column])).sum() };
    let (ok, failed) = (outcome("ok"), outcome("failed"));
    let all_kinds = ok > 100 && failed > 2 && outcome("cancelled") > 0;
    assert!(all_kinds, "a run of all kinds");
    let rate = format!("{:.2}", 100.0 * ok as f64 / (ok + failed) as f64);
    for (card, expected) in [
        ("requests", rows.len().to_string()),
        ("success_rate", rate),
        ("succeeded", ok.to_string()),
        ("failed", failed.to_string()),
        ("chunks", sum("chunks").to_string()),
        ("output_tokens", sum("output_tokens").to_string()),
    ] {
        let figure = format!("#card-{card} .figure");
        let shown = browser.text(&figure).replace(',', "");
        let shown = shown.split(['%', ' ']).next().unwrap_or_default();
        assert_eq!(shown, expected, "{card}");
    }
    let failures = browser.run(
        "return [...document.querySelectorAll('#failures tbody tr')]\
         .map((row) => [row.cells[0].textContent, row.cells[1].textContent])",
    );
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["outcome"] == "failed") {
        *by_kind.entry(&row["error_kind"]).or_default() += 1;
    }
    let rows: Vec<(String, String)> = serde_json::from_value(failures).expect("counts");
    let mut shown: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, count) in &rows {
        *shown.entry(kind).or_default() += count.parse::<u64>().expect("a count");
    }
    assert_eq!(shown, by_kind);
}

#[test]
fn a_breakdown_equals_the_csv() {
    let page = Run::of(usual()).page();
    let rows = page.rows();
    let browser = Browser::of(&page, 1_200);
    let groups = browser.run(
        "return [...document.querySelectorAll('#breakdown-key tbody tr')].map((row) => \
         [row.cells[0].textContent, ...[...row.cells].slice(1).map((cell) => Number(cell.dataset.value))])",
    );
    let groups: Vec<Vec<Value>> = serde_json::from_value(groups).expect("rows");
    assert_eq!(groups.len(), 3);
    for group in groups {
        let own = rows.iter().filter(|row| group[0] == *row["api_key"]);
        let own: Vec<Row> = own.cloned().collect();
        let ttft = figures(&values(&own, "ttft_ms"));
        let tpot = figures(&values(&own, "tpot_ms"));
        let ok = own.iter().filter(|row| row["outcome"] == "ok").count();
        let expected = [own.len() as f64, ok as f64, ttft[4], ttft[7], tpot[1]];
        for (place, expected) in [1, 2, 4, 5, 6].into_iter().zip(expected) {
            let shown = group[place].as_f64().unwrap_or_default();
            // Figures of groups are rounded to thousandths.
            assert!((shown - expected).abs() <= 0.0006, "{group:?}: {expected}");
        }
    }
}

#[test]
fn a_question_with_windows_line_ends_is_shown_on_one_line() {
    let mut requests = usual();
    for request in &mut requests {
        request.sent.query = "Which one,\r\nand why?".into();
    }
    requests[0].sent.query = "Another".into();
    let page = Run::of(requests).page();
    let browser = Browser::of(&page, 1_200);
    browser.check_text("#breakdown-query tbody", "Which one, and why?");
}
