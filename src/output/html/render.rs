//! The page as a file: the template filled in, with a Content-Security-Policy that allows exactly
//! the style and the script that it holds.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use handlebars::Handlebars;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Value, json};

use super::charts::Charts;
use super::data::data;
use crate::output::format::Results;
use crate::text::Language;

const TEMPLATE: &str = include_str!("../../../templates/report.hbs");
const PLACEHOLDER: &str = include_str!("../../../templates/placeholder.hbs");
const STYLE: &str = include_str!("../../../templates/report.css");
/// The script: each file uses only files above it.
const SCRIPT: &str = concat!(
    include_str!("../../../templates/report/data.js"),
    include_str!("../../../templates/report/text.js"),
    include_str!("../../../templates/report/draw.js"),
    include_str!("../../../templates/report/chart.js"),
    include_str!("../../../templates/report/time.js"),
    include_str!("../../../templates/report/trend.js"),
    include_str!("../../../templates/report/waterfall.js"),
    include_str!("../../../templates/report/distribution.js"),
    include_str!("../../../templates/report/tables.js"),
    include_str!("../../../templates/report/nodes.js"),
    include_str!("../../../templates/report/turns.js"),
    include_str!("../../../templates/report/main.js"),
);

/// The whole page.
pub(super) fn page(
    language: Language,
    brand: Option<&str>,
    charts: &Charts,
    results: &Results<'_>,
) -> Vec<u8> {
    let texts = language.texts();
    let fields = json!({
        "language": language.code(),
        "version": env!("CARGO_PKG_VERSION"),
        "title": texts.get("report.title"),
        "noscript": texts.get("report.noscript"),
        "style_hash": hash(STYLE),
        "script_hash": hash(SCRIPT),
        "style": STYLE,
        "script": SCRIPT,
        "texts": in_script(&both_languages()),
        "data": in_script(&data(language, brand, charts, results)),
    });
    fill(TEMPLATE, &fields)
}

/// The page in the report's place until the run ends, which stays if the run is killed. It tells how
/// to make the report from the saved data.
#[must_use]
pub(super) fn placeholder(language: Language) -> Vec<u8> {
    let texts = language.texts();
    let fields = json!({
        "language": language.code(),
        "title": texts.get("report.title"),
        "text": texts.get("report.placeholder"),
    });
    fill(PLACEHOLDER, &fields)
}

fn fill(template: &str, fields: &Value) -> Vec<u8> {
    Handlebars::new()
        .render_template(template, fields)
        .expect("a template of our own with all of its fields")
        .into_bytes()
}

/// The texts of the report in all languages.
fn both_languages() -> BTreeMap<&'static str, BTreeMap<&'static str, &'static str>> {
    BTreeMap::from([Language::English, Language::Chinese].map(|language| {
        let texts = language.texts();
        let kinds = ["report.", "metric.", "glossary."];
        let shown = |id: &&str| kinds.iter().any(|kind| id.starts_with(kind));
        let shown = texts.ids().filter(shown);
        let texts = shown.map(|id| (id, texts.get(id))).collect();
        (language.code(), texts)
    }))
}

/// JSON for a `<script>` element: no text in it can end the element or begin a comment.
fn in_script(document: &impl Serialize) -> String {
    let json = serde_json::to_string(document).expect("everything in it has a form in JSON");
    json.replace('<', "\\u003c")
}

/// The name of a style or a script in a Content-Security-Policy.
fn hash(text: &str) -> String {
    BASE64.encode(digest(&SHA256, text.as_bytes()))
}
