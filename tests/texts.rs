//! Every text that the source names exists in both languages, and the source names every text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sse_perf::commands::Exit;
use sse_perf::text::Language;

/// The source files of a directory, tests apart.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The ids that a source text names outside its tests: arguments of `Message::new`, and any string
/// that begins like a usage error or a warning.
fn ids(code: &str) -> Vec<String> {
    let code = code
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(code);
    let made = code.split("Message::new(").skip(1).map(str::trim_start);
    let made = made.filter_map(|rest| rest.strip_prefix('"')?.split_once('"'));
    let named = code.split('"').skip(1).map(|part| (part, ""));
    let named = named.filter(|(part, _)| {
        let dotted = part
            .strip_prefix("usage.")
            .or(part.strip_prefix("warning."));
        dotted.is_some_and(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    });
    made.chain(named).map(|(id, _)| id.to_owned()).collect()
}

#[test]
fn every_id_in_the_source_has_its_text() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for file in rust_files(&source) {
        for id in ids(&fs::read_to_string(&file).expect("a source file")) {
            seen += 1;
            for language in [Language::English, Language::Chinese] {
                let code = language.code();
                let text = language.texts().find(&id);
                assert!(text.is_some(), "{id} of {} lacks in {code}", file.display());
            }
        }
    }
    assert!(seen > 50, "the search finds ids");
}

/// Quoted strings of the source, the page and its scripts: whole strings, and prefixes of formatted
/// ones such as `format!("console.hint.{kind}")`.
fn quoted() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = fs::read_dir(root.join("templates/report")).expect("the scripts");
    let files = rust_files(&root.join("src"))
        .into_iter()
        .chain(scripts.map(|entry| entry.expect("an entry").path()))
        .chain([root.join("templates/report.hbs")]);
    let mut quoted = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a text");
        for part in text.split(['"', '\'', '`']) {
            let begun = part.split_once('{').map(|(begun, _)| begun);
            quoted.extend(begun.map(|begun| begun.trim_end_matches('$').to_owned()));
            quoted.insert(part.to_owned());
        }
    }
    quoted
}

#[test]
fn every_text_is_used_in_the_source() {
    let quoted = quoted();
    let is_named = |id: &str| {
        // Scripts leave that out.
        let short = id.strip_prefix("report.").unwrap_or(id);
        let dots = short.match_indices('.').map(|(dot, _)| &short[..=dot]);
        [id, short]
            .into_iter()
            .chain(dots)
            .any(|text| quoted.contains(text))
    };
    for id in Language::English.texts().ids() {
        assert!(is_named(id), "{id} is of no use");
    }
    assert!(!is_named("mock.none_such"), "the search can fail");
}

#[test]
fn details_of_failures_are_translated_as_the_source_words_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&root).into_iter();
    let texts = files.map(|file| fs::read_to_string(file).expect("a source file"));
    let source = texts.collect::<String>().replace("\\\n", " ");
    let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let (english, chinese) = (Language::English.texts(), Language::Chinese.texts());
    // The system's own words.
    let known = |id: &str| {
        ["lookup", "name_", "refused", "reset_by", "unreachable"]
            .map(|system| id.starts_with(system))
            .contains(&true)
    };
    for (id, words) in english.below("detail.") {
        assert!(known(id) || source.contains(words), "{id}: {words}");
        assert_ne!(chinese.get(&format!("detail.{id}")), words);
    }
}

#[test]
fn the_text_files_are_sorted_with_one_text_a_line() {
    for name in ["en", "zh"] {
        let path = format!("{}/templates/texts/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).expect("a file of texts");
        let ids: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        assert!(ids.is_sorted(), "{name}.json is not sorted");
        let lines = text.lines().count();
        assert_eq!(lines, ids.len() + 2, "{name}.json: a text a line");
    }
}

#[test]
fn every_exit_code_is_explained() {
    let exits = [
        Exit::Ok,
        Exit::RequestFailed,
        Exit::Usage,
        Exit::NotDone,
        Exit::NotValid,
        Exit::Interrupted,
    ];
    let codes = exits.map(|exit| (exit as u8).to_string());
    for language in [Language::English, Language::Chinese] {
        let explained: Vec<&str> = language.texts().exits().map(|(code, _)| code).collect();
        assert_eq!(explained, codes);
    }
}
