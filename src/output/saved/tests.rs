//! Runs that were saved, read again alone and together.

mod parts;

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::clock::tests::ms;
use crate::load::Load;
use crate::load::tests::load;
use crate::metrics::{ITL, TTFT};
use crate::output::about::About;
use crate::output::csv::{RequestsCsv, header};
use crate::output::tests::{Directory, run};
use crate::output::waterfall::Bar;
use crate::output::{Destination, Format as _, OutputConfig, html, json};
use crate::record::{FailureKind, Progress, RequestRecord, Sample};
use crate::stats::tests::{failed, finished, ok_request};

fn plan() -> Load {
    load(2, 0.0, None, None)
}

const FIRST: OffsetDateTime = datetime!(2026-02-03 04:05:06.700 +8);

/// Two requests, one of which failed.
fn requests() -> Vec<RequestRecord> {
    let mut broken = failed(ms(1_900), FailureKind::Reset);
    (broken.request, broken.user) = (2, 2);
    vec![ok_request(ms(100), ms(300), ms(1_200)), broken]
}

fn about(id: &str, started: OffsetDateTime) -> About {
    let mut run = run();
    run.run_id = id.into();
    run.started = started;
    // As a run JSON keeps it.
    run.client_host = None;
    About {
        run,
        version: Some("0.1.0".into()),
        config: Some(json!({
            "load": {"users": 2, "ramp_up_s": 0.0, "duration_s": null, "requests": null},
        })),
        command_line: Some("sse-perf".into()),
        host: None,
        plan: Some(plan()),
        warnings: Vec::new(),
    }
}

/// Saves a run of these requests under a name; returns the path of its CSV.
fn save(temp: &Directory, name: &str, about: &About, requests: &[RequestRecord]) -> PathBuf {
    let mut rows = RequestsCsv::default();
    let mut csv = rows.begin(about);
    let (mut stats, mut waterfall) = (RunStats::default(), Waterfall::default());
    for user in [1, 2] {
        stats.on(&Sample::UserStarted {
            user,
            at: ms(0),
            late: Duration::ZERO,
        });
    }
    stats.on(&Sample::Progress(Progress {
        at: ms(1_100),
        chunks: 5,
        tokens: 5,
        gaps: [20_000, 40_000].as_slice().into(),
        ..Progress::default()
    }));
    for request in requests {
        let sample = finished(request.clone());
        rows.sample(&sample, &mut csv);
        waterfall.add(Bar::of(request));
        stats.on(&sample);
    }
    let summary = stats.summary(Some(&plan()), false);
    let results = Results::of_run(about, 2, &summary, &stats, &waterfall);
    let json = json::render(about, Some(&results));
    let path = temp.file(&format!("requests_{name}.csv"));
    fs::write(&path, csv).unwrap();
    fs::write(temp.file(&format!("run_{name}.json")), json).unwrap();
    path
}

fn read(files: &[PathBuf]) -> Saved {
    let mut formats = Formats::new(&OutputConfig::default());
    super::read(files, &mut formats, &mut |_, _| {}).unwrap()
}

/// The data of the page.
fn page(saved: &Saved) -> Value {
    let temp = Directory::new();
    let place = temp.file("page.html");
    let config = OutputConfig::default().with(&html::KIND, Destination::File(place.clone()));
    let mut formats = Formats::new(&config);
    let again = super::read(&saved.files, &mut formats, &mut |_, _| {}).unwrap();
    let mut outputs = formats.open("", &again.about).unwrap();
    assert!(outputs.finish(&again.results()).is_empty());
    let page = fs::read_to_string(place).unwrap();
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

/// Checks that there are as many notices as texts, each with its text.
fn check_notices(saved: &Saved, expected: &[&str]) {
    let notices: Vec<_> = saved.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), expected.len(), "{notices:?}");
    for (notice, expected) in notices.iter().zip(expected) {
        assert!(notice.contains(expected), "{notices:?}");
    }
}

#[test]
fn a_run_is_read_with_what_lies_beside_it() {
    let temp = Directory::new();
    let about = about("r1", FIRST);
    let csv = save(&temp, "a", &about, &requests());
    let json = temp.file("run_a.json");
    for files in [&[&csv][..], &[&json], &[&json, &csv]] {
        let files: Vec<_> = files.iter().copied().cloned().collect();
        let saved = read(&files);
        assert_eq!(saved.about, about);
        assert!(saved.whole);
        assert_eq!((saved.runs, saved.users), (1, 2));
        assert_eq!(saved.summary.plan, Some(plan()));
        assert_eq!((saved.summary.ok, saved.summary.failed()), (1, 1));
        assert_eq!(saved.summary.users_started, 2);
        assert_eq!(saved.summary.statistics[ITL].map(|itl| itl.count), Some(2));
        assert_eq!(saved.waterfall.as_ref().map(|w| w.chosen().of), Some(2));
        check_notices(&saved, &[]);
    }
}

#[test]
fn names_that_were_given_find_each_other_by_their_stem() {
    let temp = Directory::new();
    let csv = save(&temp, "a", &about("r1", FIRST), &requests());
    let (load_csv, load_json) = (temp.file("load.csv"), temp.file("load.json"));
    fs::rename(csv, &load_csv).unwrap();
    fs::rename(temp.file("run_a.json"), &load_json).unwrap();
    for file in [load_csv, load_json] {
        let saved = read(&[file]);
        assert!(saved.whole);
        assert_eq!(saved.summary.ok, 1);
        check_notices(&saved, &[]);
    }
}

#[test]
fn a_csv_alone_tells_what_is_missing() {
    let temp = Directory::new();
    let csv = save(&temp, "a", &about("r1", FIRST), &requests());
    fs::remove_file(temp.file("run_a.json")).unwrap();
    let saved = read(&[csv]);
    assert!(!saved.whole && saved.waterfall.is_none());
    assert_eq!(saved.about.run.started, FIRST);
    assert_eq!((saved.users, saved.summary.users_started), (2, 2));
    let statistics = &saved.summary.statistics;
    assert_eq!((&saved.summary.plan, statistics[ITL]), (&None, None));
    let ttft = statistics[TTFT].map(|ttft| ttft.mean.to_bits());
    assert_eq!(ttft, Some(200_f64.to_bits()));
    check_notices(&saved, &["no run JSON was found"]);
    let page = page(&saved);
    assert_eq!(page["ticks"]["rps"], json!([0, 2]));
    assert_eq!(page["ticks"].get("throughput"), None);
    assert_eq!(page["waterfall"], Value::Null);
}

#[test]
fn runs_of_several_machines_are_merged_on_the_wall_clock() {
    let temp = Directory::new();
    // The later run is named first; the earlier run is the origin.
    let later = about("r2", FIRST + Duration::from_millis(2_600));
    let files = [
        save(&temp, "b", &later, &requests()),
        save(&temp, "a", &about("r1", FIRST), &requests()),
    ];
    let saved = read(&files);
    assert!(saved.whole);
    assert_eq!((saved.runs, saved.users), (2, 2));
    assert_eq!(saved.summary.plan, None);
    assert_eq!(saved.about.run.started, FIRST);
    assert_eq!(saved.about.run.run_id, "r2, r1");
    assert_eq!(saved.about.run.label.as_deref(), Some("=nightly"));
    assert_eq!((saved.summary.ok, saved.summary.failed()), (2, 2));
    assert_eq!(saved.summary.statistics[ITL].map(|itl| itl.count), Some(4));
    let page = page(&saved);
    // The second run's seconds lie 3 later, its instants 2.6 s.
    assert_eq!(page["ticks"]["rps"], json!([0, 2, 0, 0, 2]));
    assert_eq!(page["ticks"]["active_users"], json!([2, 2, 2, 4, 4]));
    assert_eq!(page["points"]["ttft"]["t"], json!([1_200, 2_600]));
    let starts = json!([100, 1_899, 2_700, 4_499]);
    assert_eq!(page["waterfall"]["start"], starts);
    assert_eq!(page["breakdowns"]["run"]["of"], 2);
    assert_eq!(page["breakdowns"]["run"]["names"][0][0], "r2");
}

#[test]
fn runs_one_after_the_other_share_users_and_have_no_length_between_them() {
    let temp = Directory::new();
    for (later, users, length) in [(2_600, 2, 3_600), (1_000, 4, 2_800), (0, 4, 1_800)] {
        let second = about("r2", FIRST + Duration::from_millis(later));
        let files = [
            save(&temp, "a", &about("r1", FIRST), &requests()),
            save(&temp, "b", &second, &requests()),
        ];
        let check = |saved: Saved| {
            let summary = &saved.summary;
            assert_eq!((saved.users, summary.users_started), (users, users));
            assert_eq!(summary.duration(), Some(Duration::from_millis(length)));
            let rps = summary.rps().map(f64::to_bits);
            assert_eq!(rps, Some((4_000.0 / length as f64).to_bits()));
        };
        check(read(&files));
        fs::remove_file(temp.file("run_a.json")).unwrap();
        check(read(&files));
    }
}

#[test]
fn a_run_that_turns_up_late_but_began_first_is_the_origin() {
    let temp = Directory::new();
    let later = about("r2", FIRST + Duration::from_secs(2));
    let mut stacked = fs::read(save(&temp, "b", &later, &requests())).unwrap();
    let first = save(&temp, "a", &about("r1", FIRST), &requests());
    stacked.extend(fs::read(first).unwrap());
    let csv = temp.file("stacked.csv");
    fs::write(&csv, stacked).unwrap();
    let saved = read(&[csv]);
    assert_eq!(saved.about.run.started, FIRST);
    assert_eq!((saved.runs, saved.summary.requests()), (2, 4));
    assert_eq!(page(&saved)["ticks"]["rps"], json!([0, 2, 0, 2]));
}

#[test]
fn no_row_is_counted_twice() {
    let temp = Directory::new();
    let csv = save(&temp, "a", &about("r1", FIRST), &requests());
    let copy = temp.file("copy.csv");
    fs::copy(&csv, &copy).unwrap();
    let link = temp.file(".").join("requests_a.csv");
    let saved = read(&[csv, link, copy]);
    assert_eq!(saved.summary.requests(), 2);
    check_notices(&saved, &["copy.csv"]);
    let mut rows = 0;
    let count = |_: &[u8]| {
        rows += 1;
        Ok::<_, Message>(())
    };
    saved.copy_rows(count).unwrap();
    assert_eq!(rows, 2);
}

#[test]
fn damaged_lines_are_named_skipped_and_counted() {
    let temp = Directory::new();
    let csv = save(&temp, "a", &about("r1", FIRST), &requests());
    let good = fs::read_to_string(&csv).unwrap();
    let damaged = (0..7).map(|n| format!("{n},not a row\n"));
    fs::write(&csv, good.clone() + &damaged.collect::<String>() + "1,2").unwrap();
    let saved = read(std::slice::from_ref(&csv));
    assert_eq!(saved.summary.requests(), 2);
    let named = (4..9).map(|line| format!("line {line}: 2 cells in place of 64"));
    let named: Vec<_> = named
        .chain(["damaged lines left out: 8.".to_owned()])
        .collect();
    check_notices(
        &saved,
        &named.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    // A row less than the JSON has counted.
    fs::write(&csv, good.replacen(",ok,", ",OK,", 1)).unwrap();
    let saved = read(&[csv]);
    let fewer = "counts 2 requests, the CSV has 1";
    check_notices(&saved, &["line 2: column outcome", "left out: 1.", fewer]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let temp = Directory::new();
    let write = |name: &str, text: &str| {
        let path = temp.file(name);
        fs::write(&path, text).unwrap();
        path
    };
    let csv = save(&temp, "a", &about("r1", FIRST), &requests());
    let ancient = about("r0", FIRST - Duration::from_secs(86_400 * 40));
    let ancient = save(&temp, "z", &ancient, &requests());
    let header = String::from_utf8(header()).unwrap();
    for (files, expected) in [
        (vec![temp.file("none.csv")], "Cannot read"),
        (vec![write("x.csv", "a,b\n1,2\n")], "lacks request"),
        (vec![write("x.json", "{\"schema\": 1}")], "not a run JSON"),
        (vec![write("requests_y.csv", &header)], "nothing to report"),
        (vec![csv, ancient], "40 days"),
    ] {
        let mut formats = Formats::new(&OutputConfig::default());
        let error = super::read(&files, &mut formats, &mut |_, _| {}).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_run_without_requests_is_a_run() {
    let temp = Directory::new();
    let csv = save(&temp, "a", &about("r1", FIRST), &[]);
    let saved = read(&[csv]);
    assert_eq!((saved.runs, saved.summary.requests()), (1, 0));
    assert_eq!(page(&saved)["summary"]["success_rate"], Value::Null);
}
