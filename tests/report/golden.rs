//! The page of a fixed run, byte for byte, and what its policy allows.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA256, digest};

use crate::runs::{Run, hostile, usual};

/// What stands between two marks.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect("the first mark");
    rest.split_once(after).expect("the second mark").0
}

/// The parts of a page that are the program's own, and their marks.
const OWN: [(&str, &str); 3] = [
    ("<style>", "</style>"),
    ("id=\"texts\">", "</script>"),
    ("<script type=\"module\">", "</script>"),
];

/// A page without the parts that are files of the program, or hashes of them.
fn skeleton(page: &str) -> String {
    let mut page = page.replace(env!("CARGO_PKG_VERSION"), "0.1.0");
    let hashes: Vec<String> = page
        .split("'sha256-")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('\'')?.0.to_owned()))
        .collect();
    for hash in hashes {
        page = page.replace(&hash, "…");
    }
    for (before, after) in OWN {
        let own = between(&page, before, after).to_owned();
        page = page.replace(&format!("{before}{own}"), &format!("{before}…"));
    }
    // A member of the data a line, for people who look at the difference.
    let data = between(&page, "id=\"data\">", "</script>").to_owned();
    let value: serde_json::Value = serde_json::from_str(&data).expect("JSON");
    let members = value.as_object().expect("an object");
    let lines: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    page.replace(&data, &format!("{{\n{}\n}}", lines.join(",\n")))
}

#[test]
fn the_page_of_a_fixed_run_is_the_golden_one() {
    let page = skeleton(&Run::of(usual()).page().text());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report/page.html");
    if std::env::var_os("SSE_PERF_UPDATE_GOLDEN").is_some() {
        fs::write(&path, &page).expect("the golden file");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let differing = page.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(
        page == expected,
        "page.html differs (SSE_PERF_UPDATE_GOLDEN=1 accepts it): {differing:?}"
    );
}

#[test]
fn the_policy_allows_the_page_s_own_style_and_script_and_nothing_else() {
    let page = Run::of(usual()).page().text();
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    let hash = |text: &str| {
        format!(
            "'sha256-{}'",
            BASE64.encode(digest(&SHA256, text.as_bytes()))
        )
    };
    let expected = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(between(&page, "<style>", "</style>")),
        hash(between(&page, "<script type=\"module\">", "</script>")),
    );
    // The template escapes it as the attribute that it is.
    assert_eq!(policy.replace("&#x3D;", "="), expected);
    assert!(
        !page.contains(" style=\""),
        "no style outside of the style sheet"
    );
}

#[test]
fn hostile_text_stays_inside_its_script() {
    let page = hostile().page().text();
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script>").count(), 3);
    let data = between(&page, "id=\"data\">", "</script>");
    assert!(!data.contains('<'));
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    let label = data["run"]["label"].as_str().expect("a label");
    assert!(label.starts_with("</script>"), "it is all there: {label}");
    assert!(page.len() < 2_000_000, "{}", page.len());
}
