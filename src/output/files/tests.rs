//! Names, refusals before the run, and failures during it, on real files.

use time::macros::datetime;

use super::*;
use crate::output::tests::{Directory, run};
use crate::output::waterfall::Waterfall;
use crate::output::{csv, events, html, json};
use crate::stats::RunStats;

fn config(csv: Destination, json: Destination) -> OutputConfig {
    let none = OutputConfig::default();
    none.with(&csv::KIND, csv).with(&json::KIND, json)
}

fn defaults(directory: &Path) -> OutputConfig {
    let default = || Destination::Default(directory.to_owned());
    config(default(), default()).with(&html::KIND, default())
}

fn about() -> About {
    About::of(run())
}

fn open(config: &OutputConfig) -> Result<Outputs, WriteError> {
    Formats::new(config).open("m1_20260203_040506", &about())
}

fn finish(outputs: &mut Outputs) -> WriteErrors {
    let (about, stats, waterfall) = (about(), RunStats::default(), Waterfall::default());
    let summary = stats.summary(None, false);
    outputs.finish(&Results::of_run(&about, 1, &summary, &stats, &waterfall))
}

#[test]
fn the_models_name_keeps_letters_digits_and_two_signs() {
    let at = datetime!(2026-02-03 04:05:06 +8);
    let long = "x".repeat(300);
    for (model, kept) in [
        (None, ""),
        (Some(""), ""),
        (Some("../.."), ""),
        (Some("qwen2.5:7b/in_struct-v1 "), "qwen257bin_struct-v1_"),
        (Some("通义-千问"), "通义-千问_"),
        (Some(long.as_str()), &format!("{}_", "x".repeat(50))),
    ] {
        assert_eq!(stem(model, at), format!("{kept}20260203_040506"));
    }
}

#[test]
fn default_names_have_one_stem_and_are_never_overwritten() {
    let temp = Directory::new();
    let report = temp.file("report");
    let names = |number: &str| {
        [("requests", "csv"), ("run", "json"), ("report", "html")]
            .map(|(name, extension)| format!("{name}_m1_20260203_040506{number}.{extension}"))
    };
    assert_eq!(open(&defaults(&report)).unwrap().listing(), names(""));
    // A third run finds one of its second names taken: it takes neither.
    fs::write(report.join("run_m1_20260203_040506_2.json"), "mine").unwrap();
    assert_eq!(open(&defaults(&report)).unwrap().listing(), names("_3"));
    assert!(!report.join("requests_m1_20260203_040506_2.csv").exists());
    let kept = fs::read_to_string(report.join("run_m1_20260203_040506_2.json"));
    assert_eq!(kept.unwrap(), "mine");
}

impl Outputs {
    fn listing(&self) -> Vec<String> {
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        self.paths().map(|(_, path)| name(path)).collect()
    }
}

#[test]
fn given_files_are_overwritten_only_once_all_are_open() {
    let temp = Directory::new();
    let (csv, missing) = (temp.file("a.csv"), temp.file("none/b.json"));
    fs::write(&csv, "something longer than the header\n").unwrap();
    let given = || Destination::File(csv.clone());
    let refused = open(&config(given(), Destination::File(missing)));
    let message = refused.unwrap_err().message();
    assert_eq!(message.id(), "files.cannot_write_json");
    let kept = fs::read_to_string(&csv).unwrap();
    assert_eq!(kept, "something longer than the header\n");
    open(&config(given(), Destination::None)).unwrap();
    assert_eq!(fs::read(&csv).unwrap(), csv::header());
}

#[test]
fn a_refused_run_leaves_no_new_files() {
    let temp = Directory::new();
    let report = temp.file("report");
    let json = Destination::File(temp.file("none/b.json"));
    open(&config(Destination::Default(report.clone()), json)).unwrap_err();
    assert_eq!(fs::read_dir(report).unwrap().count(), 0);
}

#[test]
fn a_place_that_is_no_directory_is_named() {
    let temp = Directory::new();
    let place = temp.file("file");
    fs::write(&place, "").unwrap();
    let text = open(&defaults(&place)).unwrap_err().to_string();
    assert!(text.contains(place.to_str().unwrap()), "{text}");
    assert!(text.contains("--no-csv"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_found_before_the_run() {
    let full = || Destination::File("/dev/full".into());
    let events = OutputConfig::default().with(&events::KIND, full());
    let table = [
        (config(full(), Destination::None), "--no-csv"),
        (config(Destination::None, full()), "--no-json"),
        (events, "--events"),
    ];
    for (config, remedy) in table {
        let text = open(&config).unwrap_err().to_string();
        assert!(text.contains("/dev/full: No space left"), "{text}");
        assert!(text.contains(remedy), "{text}");
    }
}

#[test]
fn rows_are_in_the_file_after_a_flush() {
    let temp = Directory::new();
    let csv = temp.file("a.csv");
    let mut files = open(&config(Destination::File(csv.clone()), Destination::None)).unwrap();
    assert!(files.push(&csv::KIND, b"1\n").is_empty());
    assert!(files.push(&events::KIND, b"nowhere\n").is_empty());
    assert_eq!(fs::read(&csv).unwrap(), csv::header());
    assert!(files.flush().is_empty());
    let rows = [&csv::header()[..], b"1\n"].concat();
    assert_eq!(fs::read(&csv).unwrap(), rows);
}

#[test]
fn a_killed_run_leaves_the_preliminary_documents_and_another_one_the_final() {
    let temp = Directory::new();
    let (json, report) = (temp.file("a.json"), temp.file("a.html"));
    let config = config(Destination::None, Destination::File(json.clone()))
        .with(&html::KIND, Destination::File(report.clone()));
    let mut files = open(&config).unwrap();
    let read = || [&json, &report].map(|path| fs::read_to_string(path).unwrap());
    let [run, page] = read();
    assert!(run.contains("\"summary\":null,"), "{run}");
    assert!(page.contains("sse-perf report"), "{page}");
    assert!(finish(&mut files).is_empty());
    let [run, page] = read();
    assert!(run.contains("\"summary\":{"), "{run}");
    assert!(page.contains("sse-perf/page/1"), "{page}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_fails_is_said_once_and_the_others_go_on() {
    let temp = Directory::new();
    let events = temp.file("events.csv");
    let output = |kind: &'static FileKind, file| Output {
        kind,
        format: (kind.format)(&OutputConfig::default()),
        beginning: Vec::new(),
        file,
    };
    let mut files = Outputs {
        open: vec![
            output(&csv::KIND, File::given(Path::new("/dev/full")).unwrap()),
            output(&events::KIND, File::new(&events).unwrap()),
        ],
        spool: None,
        rows: Vec::new(),
    };
    for row in [b"1\n", b"2\n"] {
        assert!(files.push(&csv::KIND, row).is_empty());
        assert!(files.push(&events::KIND, row).is_empty());
    }
    let errors = files.flush();
    let [WriteError { path, source, .. }] = &errors[..] else {
        panic!("{errors:?}");
    };
    assert_eq!(errors[0].message().id(), "files.write_failed");
    assert_eq!(path, Path::new("/dev/full"));
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    assert!(files.push(&csv::KIND, b"3\n").is_empty());
    assert!(files.push(&events::KIND, b"3\n").is_empty());
    assert!(finish(&mut files).is_empty());
    assert_eq!(fs::read_to_string(&events).unwrap(), "1\n2\n3\n");
}
