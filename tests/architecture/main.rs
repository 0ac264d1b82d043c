//! The shape of the source: modules use only modules above them in the crate's own list, time and
//! the HTTP client belong to one module each, each file tells its purpose, and no file is too long.

mod arrows;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use arrows::{Sources, circles};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source() -> PathBuf {
    root().join("src")
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The modules in the order of the list in `lib.rs`: ``//! - [`name`]: …``.
fn order() -> Vec<String> {
    let lib = fs::read_to_string(source().join("lib.rs")).expect("lib.rs");
    lib.lines()
        .filter_map(|line| line.strip_prefix("//! - [`")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The top-level module that a file belongs to; none for `lib.rs` and `main.rs`.
fn module_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(source()).expect("a source file");
    let first = inside.components().next()?.as_os_str().to_str()?;
    let name = first.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main")).then(|| name.to_owned())
}

/// Whether a file has tests alone: `tests.rs`, or one in a folder `tests`.
fn is_test(file: &Path) -> bool {
    file.with_extension("").iter().any(|name| name == "tests")
}

/// The lines of a source text, tests and documentation apart.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let begins_tests = |line: &&str| {
        let line = line.trim_start_matches("pub(crate) ");
        line.trim_start_matches("pub(super) ")
            .starts_with("mod tests")
    };
    let lines = text.lines().take_while(move |line| !begins_tests(line));
    lines.filter(|line| !line.trim_start().starts_with("//"))
}

/// The modules that a source text uses: `crate::name`.
fn used(text: &str) -> BTreeSet<String> {
    code(text)
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn the_list_in_the_crate_s_documentation_is_complete() {
    let listed: BTreeSet<String> = order().into_iter().collect();
    let existing: BTreeSet<String> = rust_files(&source())
        .iter()
        .filter_map(|file| module_of(file))
        .collect();
    assert_eq!(listed, existing);
}

#[test]
fn modules_use_only_modules_above_them() {
    let order = order();
    let place = |name: &str| order.iter().position(|module| module == name);
    for file in rust_files(&source()) {
        let Some(module) = module_of(&file) else {
            continue;
        };
        let text = fs::read_to_string(&file).expect("a source file");
        for used in used(&text) {
            let known = place(&used);
            assert!(
                used == module || known.is_some() && known < place(&module),
                "{} uses crate::{used}, which is not above {module}",
                file.display()
            );
        }
    }
}

#[test]
fn what_one_module_alone_may_name_no_other_names() {
    #[rustfmt::skip]
    let cases = [
        ("clock", &["Instant::now", "SystemTime", "now_utc", "thread::sleep", "park_timeout"][..]),
        ("transport", &["ureq"]),
    ];
    for (module, words) in cases {
        let mut own = 0;
        for file in rust_files(&source()) {
            let is_own = module_of(&file).is_some_and(|of| of == module);
            let text = fs::read_to_string(&file).expect("a source file");
            for line in code(&text).filter(|_| !is_test(&file)) {
                if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                    assert!(is_own, "{} names {word}: {line}", file.display());
                    own += 1;
                }
            }
        }
        assert!(own > 0, "{module} names them");
    }
}

#[test]
fn each_file_says_what_it_is_for_and_is_one_thing() {
    let tests = rust_files(&root().join("tests"));
    for file in rust_files(&source()).into_iter().chain(tests) {
        let text = fs::read_to_string(&file).expect("a source file");
        assert!(text.starts_with("//!"), "{}", file.display());
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}

/// The module of a source file, as a path; the crate's root is empty.
fn module_path(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(source()).expect("a source file");
    let names = inside.with_extension("");
    let mut names: Vec<String> = names
        .iter()
        .map(|name| name.to_string_lossy().into())
        .collect();
    names.pop_if(|name| ["mod", "lib"].contains(&name.as_str()));
    names
}

/// This includes a parent and its child: the child may use the parent's items, or the parent the
/// child's, but not both. To declare a child and to re-export its items is no use.
#[test]
fn no_two_files_use_each_other() {
    let files = rust_files(&source());
    let sources = Sources::new(files.iter().filter(|file| !is_test(file)).map(|file| {
        let text = fs::read_to_string(file).expect("a source file");
        let code: Vec<&str> = code(&text).collect();
        (module_path(file), code.join("\n"))
    }));
    let arrows = sources.arrows();
    let count = arrows.values().flatten().count();
    assert!(count > 300, "paths are followed: {count}");
    let mut found = Vec::new();
    for circle in circles(&arrows) {
        for from in &circle {
            let used = arrows[from].iter().filter(|to| circle.contains(to));
            found.extend(used.map(|to| format!("{} uses {}", from.join("::"), to.join("::"))));
        }
    }
    assert!(found.is_empty(), "circles: {found:#?}");
}
