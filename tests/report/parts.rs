//! The page's sections of workflow nodes and of turns: figures and charts.

use std::fs;

use serde_json::{Value, json};

use crate::driver::Browser;
use crate::figures::{check, figures, values};
use crate::runs::{Page, Run, hostile, usual};
use crate::workflow::workflow;

/// The page of a chatflow's run, open in a browser.
fn opened() -> (Browser, Page) {
    let page = Run::of(workflow()).page();
    let browser = Browser::of(&page, 1_600);
    (browser, page)
}

/// The cells of a table's rows: the name, then exact values.
fn cells(browser: &Browser, table: &str) -> Vec<(String, Vec<f64>)> {
    let rows = browser.run(&format!(
        "return [...document.querySelectorAll('{table} tbody tr')].map((row) => [ \
           row.cells[0].querySelector('bdi')?.textContent ?? row.cells[0].textContent, \
           [...row.cells].slice(1).map(({{ dataset }}) => Number(dataset.value))])"
    ));
    serde_json::from_value(rows).expect("rows")
}

/// The summary in the run JSON.
fn summary(page: &Page) -> Value {
    let json = fs::read(page.directory.file("run_fixed.json")).expect("a run JSON");
    let mut json: Value = serde_json::from_slice(&json).expect("JSON");
    json["summary"].take()
}

#[test]
fn the_nodes_are_those_of_the_run_json() {
    let (browser, page) = opened();
    let summary = summary(&page);
    let spans = summary["spans"].as_array().expect("spans");
    let shown = cells(&browser, "#nodes-table");
    let names: Vec<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["开始", "Knowledge retrieval", "LLM", "code"]);
    for ((name, shown), span) in shown.iter().zip(spans) {
        let number = |value: &Value| value.as_f64().expect("a number");
        let counts = ["count", "failed", "unfinished"];
        let mut expected = counts.map(|count| number(&span[count])).to_vec();
        let begun = &span["begun_ms"];
        let mean = number(&begun["sum"]) / number(&begun["count"]);
        expected.push((mean * 1_000.0).round() / 1_000.0);
        for clock in ["client_ms", "server_ms"] {
            expected.extend(["mean", "p50", "p95", "p99"].map(|name| number(&span[clock][name])));
        }
        check(name, shown, &expected);
    }
    // The run has failed nodes, unfinished ones, and nodes that some requests skip.
    let (failed, unfinished) = (shown[1].1[1], shown[2].1[2]);
    assert!(failed > 10.0 && unfinished > 2.0, "{shown:?}");
    let before = &summary["before_model_percent"]["mean"];
    let before = before.as_f64().expect("a share");
    let card = browser.text("#card-before_model .figure");
    assert_eq!(card, format!("{before:.2}%"));
    browser.check_text("#card-most_time", "LLM");
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn the_turns_are_those_of_the_csv() {
    let (browser, page) = opened();
    let shown = cells(&browser, "#turns-table");
    assert_eq!(shown.len(), 5);
    let mut medians = Vec::new();
    for (turn, shown) in &shown {
        let mut own = page.rows();
        own.retain(|row| row["turn"] == *turn);
        let outcome = |name: &str| own.iter().filter(|row| row["outcome"] == name).count() as f64;
        let [_, mean, _, _, p50, _, p95, p99, _] = figures(&values(&own, "ttft_ms"));
        let expected = [outcome("ok"), outcome("failed"), mean, p50, p95, p99];
        check(turn, shown, &expected);
        medians.push(p50);
    }
    assert!(medians[4] > medians[0], "a run whose context costs time");
    let times = format!("{:.2} times", medians[4] / medians[0]);
    browser.check_text("#growth", &times);
}

#[test]
fn both_charts_are_painted_and_show_values() {
    let (browser, page) = opened();
    let colours = browser.colours("#chart-nodes .plot, #chart-turns .plot");
    let painted = colours.iter().filter(|colours| **colours > 8);
    assert_eq!((painted.count(), colours.len()), (2, 2), "{colours:?}");
    let summary = summary(&page);
    let (retrieval, turns) = (&summary["spans"][1], &summary["turns"]);
    // A point in the second row and one at the last turn; keys that move to the second of each.
    for (chart, place, key, expected) in [
        ("nodes", (0.5, 0.4), "\u{e015}", [retrieval, retrieval]),
        ("turns", (0.95, 0.5), "\u{e014}", [&turns[4], &turns[1]]),
    ] {
        let (figures, series) = match chart {
            "nodes" => ("client_ms", ("node", "mean")),
            _ => ("ttft_ms", ("p50", "p50")),
        };
        let check = |expected: &Value| {
            for (series, figure) in [series, ("p95", "p95"), ("p99", "p99")] {
                let reading = format!("#chart-{chart} [data-series={series}] .reading");
                let shown = browser.text(&reading).replace(',', "");
                let shown: f64 = shown.parse().expect("a number");
                let expected = expected[figures][figure].as_f64().expect("a figure");
                let difference = (shown - expected).abs();
                assert!(difference < 0.06, "{chart} {figure}: {shown}, {expected}");
            }
        };
        let (x, y) = browser.point(chart, place.0, place.1);
        browser.pointer("mouse", &[("move", x, y)]);
        check(expected[0]);
        browser.pointer("mouse", &[("move", 2.0, 2.0)]);
        browser.run(&format!(
            "document.querySelector('#chart-{chart} canvas.hover').focus()"
        ));
        browser.press(key);
        browser.press(key);
        check(expected[1]);
    }
    browser.check_text("#spoken", "Turn 2: P50");
}

#[test]
fn a_click_on_a_column_sorts_by_it() {
    let (browser, _page) = opened();
    let means = || -> Vec<f64> {
        let rows = cells(&browser, "#nodes-table");
        rows.iter().map(|(_, values)| values[4]).collect()
    };
    let head = "#nodes-table thead button[aria-label='By the client Mean']";
    browser.click(head);
    let mut rising = means();
    rising.reverse();
    assert!(rising.len() == 4 && rising.is_sorted(), "{rising:?}");
    browser.click(head);
    assert_eq!(means(), rising);
    let sorted = browser
        .run("return document.querySelectorAll('#nodes-table [aria-sort=ascending]').length");
    assert_eq!(sorted, json!(1));
}

#[test]
fn hostile_node_names_are_shown_as_text() {
    let page = hostile().page();
    let browser = Browser::of(&page, 820);
    browser.keep_saved();
    browser.run("document.querySelectorAll('#chart-nodes .tools button')[1].click()");
    let table = browser.saved_csv();
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 60);
    let begin = "'=1+1,\"</script>";
    let formula = rows.iter().filter(|row| row[2].starts_with(begin));
    assert_eq!(formula.count(), 1, "text, not a formula");
    let name = browser.text("#nodes-table tbody th");
    let is_shown = name.contains("=1+1") && !name.contains(['\u{202e}', '\u{0}']);
    assert!(is_shown, "{name}");
    let note = "The chart shows the 40 of 60 nodes";
    browser.check_text("#chart-nodes .note", note);
    assert_eq!(browser.run("return document.images.length"), json!(0));
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn sections_without_nodes_or_turns_are_absent() {
    let mut requests = usual();
    for request in &mut requests {
        request.turn = Some(sse_perf::record::Turn {
            conversation: request.request,
            turn: 1,
        });
    }
    let page = Run::of(requests).page();
    let browser = Browser::of(&page, 820);
    let found = browser.run(
        "return document.querySelectorAll('#nodes, #turns, #contents [href=\"#nodes\"], #term-node, #term-turn').length",
    );
    assert_eq!(found, json!(0));
    browser.check_text("#contents", "Waterfall");
}
