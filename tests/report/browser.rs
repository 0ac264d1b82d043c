//! The page's behaviour in a browser.

use serde_json::{Value, json};

use crate::driver::Browser;
use crate::runs::{HOSTILE, Page, Run, hostile, usual};
use crate::workflow::workflow;

const WIDTHS: [u32; 3] = [390, 820, 1_600];

/// The page of the usual run, open in a browser.
fn opened() -> (Browser, Page) {
    let page = Run::of(usual()).page();
    let browser = Browser::of(&page, 1_600);
    (browser, page)
}

/// The distinct time ranges of all charts.
fn ranges(browser: &Browser) -> Vec<(f64, f64)> {
    let ranges = browser.run(
        "return [...new Set([...document.querySelectorAll('figure[data-from]')]\
         .map((figure) => `${figure.dataset.from} ${figure.dataset.to}`))]",
    );
    let ranges: Vec<String> = serde_json::from_value(ranges).expect("ranges");
    let number = |text: &str| text.parse().expect("a number");
    let pairs = ranges.iter().filter_map(|range| range.split_once(' '));
    pairs.map(|(from, to)| (number(from), number(to))).collect()
}

/// Drags across a chart between two fractions of its width.
fn drag(browser: &Browser, chart: &str, from: f64, to: f64) {
    let [(from, y), (to, _)] = [from, to].map(|part| browser.point(chart, part, 0.5));
    let (down, up) = (("down", 0.0, 0.0), ("up", 0.0, 0.0));
    let steps = [("move", from, y), down, ("move", to, y), up];
    browser.pointer("mouse", &steps);
}

#[test]
fn the_page_loads_nothing_and_logs_nothing() {
    let (browser, page) = opened();
    assert_eq!(browser.console(), [""; 0]);
    let address = format!("file://{}", page.path().display());
    let requested = browser.requested();
    assert_eq!(requested, [address]);
    browser.check_text("#brand-name", "7DGroup");
    browser.check_text("title", "nightly");
}

#[test]
fn every_chart_is_painted() {
    let (browser, _page) = opened();
    let charts = browser.run(
        "return [...document.querySelectorAll('figure.chart')].map((figure) => \
         [figure.id, figure.dataset.empty, figure.querySelector('.plot').width])",
    );
    let charts: Vec<(String, String, u32)> = serde_json::from_value(charts).expect("charts");
    let colours = browser.colours("figure.chart .plot");
    assert_eq!((charts.len(), colours.len()), (17, 17), "{charts:?}");
    for ((chart, empty, width), colours) in charts.into_iter().zip(colours) {
        assert_eq!(empty, "false", "{chart}");
        let painted = width > 300 && colours > 8;
        assert!(painted, "{chart}: {colours} colours in {width} pixels");
    }
}

#[test]
fn a_drag_zooms_all_charts_and_a_double_click_shows_the_whole_run() {
    let (browser, _page) = opened();
    let whole = ranges(&browser);
    assert_eq!(whole.len(), 1);
    for way in ["button", "double click", "escape"] {
        drag(&browser, "rps", 0.4, 0.7);
        let zoomed = ranges(&browser);
        assert_eq!(zoomed.len(), 1, "all charts have the same range");
        let inside = zoomed[0].0 > whole[0].0 + 5.0 && zoomed[0].1 < whole[0].1 - 5.0;
        assert!(inside, "{zoomed:?}");
        let hidden = browser.run("return document.getElementById('zoomed').hidden");
        assert_eq!(hidden, json!(false));
        match way {
            "button" => browser.click("#restore"),
            "escape" => browser.press("\u{e00c}"),
            _ => {
                let (x, y) = browser.point("waterfall", 0.5, 0.5);
                let click = [("down", 0.0, 0.0), ("up", 0.0, 0.0)];
                let mut steps = vec![("move", x, y)];
                steps.extend(click.into_iter().chain(click));
                browser.pointer("mouse", &steps);
            }
        }
        assert_eq!(ranges(&browser), whole, "{way}");
    }
}

#[test]
fn the_cursor_shows_the_value_that_the_csv_has() {
    let (browser, page) = opened();
    let rows = page.rows();
    for (chart, column) in [
        ("ttft", "ttft_ms"),
        ("response", "response_ms"),
        ("output_tokens", "output_tokens"),
    ] {
        for part in [0.3, 0.5, 0.8] {
            let (x, y) = browser.point(chart, part, 0.4);
            browser.pointer("mouse", &[("move", x, y)]);
            let reading = browser.text(&format!("#chart-{chart} [data-series=request] .reading"));
            let (value, request) = reading.split_once(" #").expect("a value and its request");
            let row = rows.iter().find(|row| row["request"] == request);
            let number = |text: &str| text.parse::<f64>().expect("a number");
            let shown = number(&value.replace(',', ""));
            let written = number(&row.expect("its row")[column]);
            // Large values are shown with fewer decimals.
            let difference = (shown - written).abs();
            let is_close = difference <= written * 0.000_1;
            assert!(is_close, "{chart}: {shown}, {written}");
        }
        let others = browser.run(
            "return [...document.querySelectorAll('.over-time[data-empty=false]')].filter((figure) => \
             figure.id !== 'chart-waterfall' && ![...figure.querySelectorAll('.reading')].some((o) => o.textContent)).length",
        );
        assert_eq!(others, json!(0), "the cursor runs through all charts");
    }
}

#[test]
fn the_page_works_by_keyboard_and_by_touch() {
    let (browser, _page) = opened();
    let whole = ranges(&browser);
    browser.point("rps", 0.5, 0.5);
    browser.run("document.querySelector('#chart-rps canvas.hover').focus()");
    browser.press("\u{e014}");
    browser.check_text("#spoken", "completed");
    browser.press("+");
    assert_ne!(ranges(&browser), whole);
    let (x, y) = browser.point("users", 0.5, 0.5);
    let tap = [("move", x, y), ("down", 0.0, 0.0), ("up", 0.0, 0.0)];
    browser.pointer("touch", &[tap, tap].concat());
    assert_eq!(ranges(&browser), whole);
}

#[test]
fn legend_entries_switch_series() {
    let (browser, _page) = opened();
    let picture = || browser.run("return document.querySelector('#chart-users .plot').toDataURL()");
    let before = picture();
    let entry = "#chart-users button[data-series=active]";
    browser.click(entry);
    assert_ne!(picture(), before);
    let pressed = |entry: &str| {
        browser.run(&format!(
            "return document.querySelector('{entry}').getAttribute('aria-pressed')"
        ))
    };
    assert_eq!(pressed(entry), json!("false"));
    browser.click(entry);
    assert_eq!(picture(), before);
}

#[test]
fn a_chart_is_saved_as_a_picture_and_as_a_table() {
    let (browser, page) = opened();
    browser.keep_saved();
    for button in [0, 1] {
        browser.run(&format!(
            "document.querySelectorAll('#chart-ttft .tools button')[{button}].click()"
        ));
    }
    browser.eventually("two files", "window.saved.length === 2");
    let types = browser.run("return window.saved.map((blob) => blob.type).sort()");
    assert_eq!(types, json!(["image/png", "text/csv"]));
    let table = browser.saved_csv();
    let header = "series,time_s,request,value\n";
    assert!(table.starts_with(header), "{table}");
    let mut rows = page.rows().into_iter();
    let first = rows.find(|row| row["outcome"] == "ok").expect("a row");
    let ttft: f64 = first["ttft_ms"].parse().expect("a number");
    let line = format!(",{},{ttft}\n", first["request"]);
    assert!(table.contains(&line), "{line}{table}");
}

#[test]
fn language_and_theme_are_switched() {
    let (browser, _page) = opened();
    let heading = || browser.text("#trends-heading");
    let ground = || browser.run("return getComputedStyle(document.body).backgroundColor");
    let (english, light) = (heading(), ground());
    browser.click("#language");
    let chinese = heading();
    assert_ne!(chinese, english);
    let language = browser.run("return document.documentElement.lang");
    assert_eq!(language, json!("zh-CN"));
    browser.click("#theme");
    assert_ne!(ground(), light);
    browser.click("#theme");
    browser.click("#language");
    assert_eq!((heading(), ground()), (english, light));
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn hostile_texts_are_shown_as_text() {
    let page = hostile().page();
    let browser = Browser::of(&page, 820);
    browser.click("#language");
    let title = browser.run("return document.title");
    assert!(title != json!("owned"), "a foreign script has run");
    assert_eq!(browser.run("return document.images.length"), json!(0));
    assert_eq!(browser.run("return document.scripts.length"), json!(3));
    let heading = browser.text("h1");
    assert!(heading.starts_with(&HOSTILE[..40]), "not text: {heading}");
    assert!(!heading.contains(['\u{202e}', '\u{2066}']), "{heading}");
    assert_eq!(browser.console(), [""; 0]);
    no_sideways(&browser, "hostile");
}

/// Asserts that the page fits into each width without sideways scrolling.
fn no_sideways(browser: &Browser, name: &str) {
    for width in WIDTHS {
        browser.resize(width);
        let widths = browser.run("return [document.documentElement.scrollWidth, innerWidth]");
        let [needed, there]: [u32; 2] = serde_json::from_value(widths).expect("widths");
        assert_eq!(there, width);
        assert!(needed <= there, "{name} needs {needed} of {there} pixels");
    }
}

#[test]
fn every_run_fits_every_width_and_names_missing_data() {
    let browser = Browser::start(1_600);
    let one: Vec<_> = usual().into_iter().take(1).collect();
    let failed = hostile().requests.into_iter().step_by(5).collect();
    let mut alone = Run::of(usual());
    alone.whole = false;
    for (name, run, lacking) in [
        ("usual", Run::of(usual()), ""),
        ("workflow", Run::of(workflow()), "before the first"),
        ("empty", Run::of(Vec::new()), "No request was completed"),
        ("one", Run::of(one), ""),
        ("failed", Run::of(failed), "requests failed"),
        ("alone", alone, "no run JSON was found"),
    ] {
        let page = run.page();
        browser.open(&page);
        browser.check_text("main", lacking);
        for _ in 0..2 {
            no_sideways(&browser, name);
            browser.click("#language");
        }
        assert_eq!(browser.console(), [""; 0], "{name}");
    }
    let lacking = browser.run(
        "return [...document.querySelectorAll('figure.chart[data-empty=true]')].map((figure) => figure.id).sort()",
    );
    let expected = ["itl", "throughput", "users", "waterfall"].map(|id| format!("chart-{id}"));
    assert_eq!(lacking, json!(expected));
}

#[test]
fn printing_includes_the_charts() {
    let (browser, _page) = opened();
    let sizes = || {
        browser.run("return [...document.querySelectorAll('.plot')].map((canvas) => canvas.width)")
    };
    let before: Value = sizes();
    let pdf = browser.print();
    assert!(pdf.starts_with("JVBERi0"), "a PDF");
    assert!(pdf.len() > 200_000, "with pictures in it: {}", pdf.len());
    assert_eq!(sizes(), before, "and afterwards all is as it was");
}
