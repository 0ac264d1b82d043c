//! The page of a fixed run byte for byte, and the page's content policy.

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA256, digest};

use crate::runs::{Run, hostile, usual};

#[path = "../shared/golden.rs"]
mod shared;
use shared::assert_golden;

/// The text between two marks.
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
    let whole = page.clone();
    let hashes = whole.split("'sha256-").skip(1);
    let hashes = hashes.filter_map(|rest| rest.split_once('\''));
    for (hash, _) in hashes {
        page = page.replace(hash, "…");
    }
    for (before, after) in OWN {
        let own = between(&page, before, after).to_owned();
        page = page.replace(&format!("{before}{own}"), &format!("{before}…"));
    }
    // A member of the data a line, for people who look at the difference.
    let data = between(&page, "id=\"data\">", "</script>").to_owned();
    let value: serde_json::Value = serde_json::from_str(&data).expect("JSON");
    let members = value.as_object().expect("an object");
    let lines = members.iter();
    let lines: Vec<_> = lines
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    page.replace(&data, &format!("{{\n{}\n}}", lines.join(",\n")))
}

#[test]
fn the_page_of_a_fixed_run_is_the_golden_one() {
    let page = skeleton(&Run::of(usual()).page().text());
    assert_golden("report/page.html", &page);
}

#[test]
fn the_policy_allows_the_page_s_own_style_and_script_and_nothing_else() {
    let page = Run::of(usual()).page().text();
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    let hash = |text: &str| {
        let digest = BASE64.encode(digest(&SHA256, text.as_bytes()));
        format!("'sha256-{digest}'")
    };
    let expected = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(between(&page, "<style>", "</style>")),
        hash(between(&page, "<script type=\"module\">", "</script>")),
    );
    // The template escapes it as the attribute that it is.
    assert_eq!(policy.replace("&#x3D;", "="), expected);
    assert!(!page.contains(" style=\""), "a style in an element");
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

#[test]
#[cfg(unix)]
fn a_file_without_room_for_all_rows_keeps_whole_rows() {
    let page = Run::of(usual()).page();
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
    let made = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_sse-perf"), "report"])
        .args(["requests_fixed.csv", "--no-html", "--csv", "full.csv"])
        .current_dir(&page.directory.0)
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&made.stderr);
    let is_said = !made.status.success() && said.contains("full.csv");
    assert!(is_said, "{said}");
    let read = |name| fs::read_to_string(page.directory.file(name)).expect("rows");
    let (all, kept) = (read("requests_fixed.csv"), read("full.csv"));
    assert!(all.starts_with(&kept) && kept.ends_with('\n'), "{kept}");
    // A block of the limit has 512 or 1,024 bytes, a row far fewer.
    assert!(kept.len() > 7_000 && kept.len() <= 16_384, "{}", kept.len());
}
