//! Runs that were written and read again, and documents that are none.

use std::time::Duration;

use super::*;
use crate::clock::tests::ms;
use crate::load::tests::load;
use crate::metrics::TOTAL_TOKENS;
use crate::output::Results;
use crate::output::json::render;
use crate::output::waterfall::{Bar, Waterfall};
use crate::record::{FailureKind, Progress, Sample, SpanRecord};
use crate::stats::RunStats;
use crate::stats::tests::{failed, finished, ok_request};
use crate::text::Message;

fn about(hold: Option<f64>, requests: Option<u64>) -> About {
    let mut run = crate::output::tests::run();
    run.client_host = None;
    About {
        version: Some("0.1.0".into()),
        config: Some(serde_json::json!({"load": {
            "users": 2, "ramp_up_s": 0.5, "duration_s": hold, "requests": requests,
        }})),
        command_line: Some("sse-perf".into()),
        plan: Some(load(2, 0.5, hold, requests)),
        warnings: vec![Message::new("files.broken_pipe")],
        ..About::of(run)
    }
}

#[test]
fn a_run_comes_back_as_it_was() {
    let mut stats = RunStats::default();
    let mut waterfall = Waterfall::default();
    let mut ok = ok_request(ms(100), ms(200), ms(1_000));
    ok.usage.total = Some(7);
    ok.spans = vec![SpanRecord {
        id: "\"1\"".into(),
        kind: "llm".into(),
        start: Some(ms(150)),
        end: Some(ms(900)),
        model: true,
        ..SpanRecord::default()
    }];
    waterfall.add(Bar::of(&ok));
    let started = |user, at| Sample::UserStarted {
        user,
        at: ms(at),
        late: Duration::ZERO,
    };
    for sample in [
        started(1, 0),
        started(2, 250),
        Sample::Progress(Progress {
            at: ms(900),
            chunks: 5,
            tokens: 6,
            // Squares beyond what a float holds.
            gaps: [20_000, 300, 95_000_001, 95_000_003].as_slice().into(),
            ..Progress::default()
        }),
        finished(ok),
        finished(failed(ms(2_600), FailureKind::Reset)),
        Sample::UserFinished {
            user: 1,
            at: ms(1_500),
        },
    ] {
        stats.on(&sample);
    }
    let about = about(Some(3.0), Some(9));
    let mut summary = stats.summary(about.plan.as_ref(), false);
    summary.spans.approximate = true;
    let saved = Results::of_run(&about, 1, &summary, &stats, &waterfall);
    let document = render(&about, Some(&saved));
    let of_the_future = String::from_utf8(document.clone()).unwrap();
    let of_the_future = of_the_future.replace("\"grade\":\"", "\"grade\":\"NEARLY-");
    let unknown = read(of_the_future.as_bytes()).unwrap().results.unwrap();
    assert_eq!(unknown.verdict, None);
    let read = read(&document).unwrap();
    assert_eq!(read.about, about);
    let results = read.results.unwrap();
    assert_eq!(results.verdict, summary.verdict);
    assert_eq!(results.requests, 2);
    assert_eq!(results.sums[TOTAL_TOKENS], Some(7));
    assert_eq!(results.spans, summary.spans);
    assert_eq!(results.spans.spans.len(), 1);
    assert_eq!(results.waterfall, waterfall.chosen());
    let seconds = |ticks: &Ticks| -> Vec<_> {
        let second = |view: crate::stats::TickView<'_>| (view.active_users, view.tick.clone());
        ticks.iter().map(second).collect()
    };
    assert_eq!(seconds(&results.ticks), seconds(&stats.ticks));
}

#[test]
fn a_run_that_was_killed_has_no_results() {
    for requests in [None, Some(3)] {
        let about = about(None, requests);
        let read = read(&render(&about, None)).unwrap();
        assert_eq!(read.about, about);
        assert!(read.results.is_none());
    }
}

#[test]
fn what_is_no_run_says_why() {
    let about = about(None, None);
    let text = String::from_utf8(render(&about, None)).unwrap();
    for (document, expected) in [
        ("[1]".to_owned(), "invalid type"),
        (text.replace("run/1", "run/2"), "its schema is"),
        (text.replace("2026-02-03T", "once "), "started_at"),
        (text.replace("\"warnings\"", "\"w\""), "warnings"),
    ] {
        let error = read(document.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
