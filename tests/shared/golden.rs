//! Compares texts with golden files.

use std::fs;
use std::path::Path;

/// Asserts that a text equals a file of `tests/golden/`. With `SSE_PERF_UPDATE_GOLDEN` set, the text
/// replaces the file.
#[track_caller]
pub(crate) fn assert_golden(file: &str, text: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = directory.join(file);
    if std::env::var_os("SSE_PERF_UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).expect("the golden file");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let differing = text.lines().zip(expected.lines()).find(|(a, b)| a != b);
    let how = "SSE_PERF_UPDATE_GOLDEN=1 accepts it";
    assert!(text == expected, "{file} ({how}): {differing:?}");
}
