//! The README is complete: it names every flag, column and kind of failure, in both languages.

use std::collections::BTreeSet;
use std::process::Command;

use sse_perf::output::csv;
use sse_perf::record::FailureKind;

const README: &str = include_str!("../README.md");

/// The English half and the Chinese half.
fn halves() -> [(&'static str, &'static str); 2] {
    let (english, chinese) = README
        .split_once("\n# 中文\n")
        .expect("the README has a Chinese half");
    [("English", english), ("Chinese", chinese)]
}

/// The words of a text that may be flags, columns or kinds: `--csv-bom`, `ttft_ms`.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .collect()
}

/// The long flags that a help text names.
fn flags(help: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_sse-perf"))
        .args(help)
        .args(["--lang", "en"])
        .output()
        .expect("the binary runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let long = |word: &&str| word.len() > 2 && word.starts_with("--");
    words(&text)
        .into_iter()
        .filter(long)
        .map(str::to_owned)
        .collect()
}

#[test]
fn both_halves_name_every_flag() {
    for help in [
        &["--help"][..],
        &["demo", "--help"],
        &["report", "--help"],
        &["mock", "--help"],
        &["probe", "--help"],
        &["protocols", "--help"],
        &["selftest", "--help"],
        &["completions", "--help"],
    ] {
        let flags = flags(help);
        assert!(flags.contains(&"--help".to_owned()), "{help:?}: {flags:?}");
        for (half, text) in halves() {
            let words = words(text);
            for flag in &flags {
                assert!(words.contains(flag.as_str()), "{half}: {flag} lacks");
            }
        }
    }
}

#[test]
fn both_halves_name_every_column_and_kind_of_failure() {
    let header = String::from_utf8(csv::header()).expect("UTF-8");
    let kinds = FailureKind::ALL.map(FailureKind::name);
    for (half, text) in halves() {
        let words = words(text);
        for name in header.trim_end().split(',').chain(kinds) {
            assert!(words.contains(name), "{half}: {name} lacks");
        }
    }
}

#[test]
fn both_halves_begin_with_the_two_commands() {
    for (half, text) in halves() {
        let first = text.split("```sh\n").nth(1).unwrap_or_default();
        assert!(
            first.starts_with("cargo run --release -- demo\ntests/run.sh\n```"),
            "{half}: {first:.80}"
        );
    }
}

#[test]
fn both_halves_show_the_same_benchmarks() {
    let [english, chinese] = halves().map(|(half, text)| {
        let begin = text
            .find("\nParser; floor: ")
            .unwrap_or_else(|| panic!("{half} has none"));
        text[begin..].split("\n```").next()
    });
    assert_eq!(english, chinese);
}
