//! The final statistics.

use super::data::*;
use super::{golden, shown};
use crate::metrics::{CHUNKS, COALESCED, ITL, PROMPT_TOKENS, RECONNECTS, TPOT};
use crate::output::RunInfo;
use crate::output::console::{Closing, Settings};
use crate::record::TokenSource;
use crate::stats::Summary;

#[test]
fn summary_of_a_usual_run() {
    golden("summary", Settings::default(), |console| {
        console.summary(&usual(), &closing(&files(), &[]))
    });
    let wide = Settings {
        width: Some(120),
        ..Settings::default()
    };
    golden("summary_wide", wide, |console| {
        console.summary(&usual(), &closing(&[], &[]))
    });
}

#[test]
fn summary_with_failures_and_warnings() {
    golden("summary_failures", Settings::default(), |console| {
        let (files, warnings) = (files(), warnings());
        let closing = Closing {
            interrupted: true,
            ..closing(&files, &warnings)
        };
        console.summary(&failing(), &closing)
    });
}

#[test]
fn summary_by_estimate() {
    golden("summary_estimate", Settings::default(), |console| {
        let tokens = tokens(&[(TokenSource::Estimate, 50, 1)]);
        let mut estimated = Summary {
            plan: Some(plan(1, 0.0, TIMED).clone()),
            users_started: 1,
            ok: 1,
            output_tokens: tokens,
            ok_tokens: tokens,
            ..with(usual(), &[], &[("ttft", 1, 201.0)])
        };
        estimated.sums[PROMPT_TOKENS] = None;
        (estimated.statistics[TPOT], estimated.statistics[ITL]) = (None, None);
        console.summary(&estimated, &Closing::default())
    });
}

#[test]
fn summary_that_is_quoted() {
    let quiet = Settings {
        quiet: true,
        ..Settings::default()
    };
    golden("summary_quiet", quiet, |console| {
        let run = RunInfo {
            model: Some("qwen-max".to_owned()),
            label: Some("nightly".to_owned()),
            ..RUN.clone()
        };
        let closing = Closing {
            run: Some(&run),
            interrupted: true,
            ..Closing::default()
        };
        console.summary(&usual(), &closing)
    });
}

#[test]
fn summary_of_nothing() {
    golden("summary_empty", Settings::default(), |console| {
        let plan = plan(5, 0.0, ONCE);
        console.summary(&summary(plan), &closing(&files(), &[]))
    });
}

#[test]
fn events_that_share_reads_are_spoken_of() {
    let remark = |coalesced, chunks| {
        let text = shown(Settings::default(), |console| {
            let sums = [(CHUNKS, chunks), (COALESCED, coalesced)];
            let summary = with(usual(), &sums, &[]);
            console.summary(&summary, &Closing::default())
        });
        text.contains("shared a read")
    };
    let chunks = usual().requests() * 20;
    assert!(remark(chunks / 2 + 1, chunks));
    assert!(!remark(chunks / 2, chunks));
    // An answer of a single chunk comes with its end.
    assert!(!remark(usual().requests() * 2, usual().requests()));
}

#[test]
fn a_server_that_closes_kept_connections_is_spoken_of() {
    let remark = |reconnects| {
        let summary = with(usual(), &[(RECONNECTS, reconnects)], &[]);
        let text = shown(Settings::default(), |console| {
            console.summary(&summary, &Closing::default())
        });
        text.contains("--no-keepalive")
    };
    let many = usual().requests() / 20;
    assert!(!remark(many));
    assert!(remark(many + 1));
}

#[test]
fn the_tokens_of_latencies_are_those_of_successful_requests() {
    let text = shown(Settings::default(), |console| {
        let mut summary = usual();
        summary.output_tokens.add(TokenSource::Estimate, 7, 2);
        console.summary(&summary, &Closing::default())
    });
    assert!(text.contains("mixed, by requests: usage 1200, estimate 2"));
    let remark = text
        .split("Token counts for TPOT")
        .nth(1)
        .expect("a remark");
    assert!(
        remark.split_whitespace().any(|word| word == "usage."),
        "{text}"
    );
}
