//! The final statistics.

use super::data::*;
use super::nodes::nodes_of_a_workflow;
use super::{golden, of_width, quiet, shown};
use crate::metrics::{CHUNKS, COALESCED, ITL, PROMPT_TOKENS, RECONNECTS, TPOT};
use crate::output::console::{Closing, Settings};
use crate::record::TokenSource;
use crate::stats::Summary;
use crate::text::columns::width;

/// A run of one request, whose tokens are an estimate.
fn estimated() -> Summary {
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
    estimated
}

fn nothing() -> Summary {
    summary(plan(5, 0.0, ONCE))
}

fn with_nodes() -> Summary {
    Summary {
        spans: nodes_of_a_workflow(),
        ..usual()
    }
}

#[test]
fn summaries() {
    let (files, warnings, run) = (files(), warnings(), labelled());
    let interrupted = Closing {
        interrupted: true,
        ..closing(&files, &warnings)
    };
    let quoted = Closing {
        run: Some(&run),
        interrupted: true,
        ..Closing::default()
    };
    let usually = Settings::default();
    let nothing_more = Closing::default();
    for (name, settings, summary, closing) in [
        (
            "summary",
            usually,
            usual as fn() -> Summary,
            closing(&files, &[]),
        ),
        ("summary_wide", of_width(120), usual, nothing_more),
        ("summary_failures", usually, failing, interrupted),
        ("summary_estimate", usually, estimated, nothing_more),
        ("summary_quiet", quiet(None), usual, quoted),
        ("summary_empty", usually, nothing, closing(&files, &[])),
        ("summary_spans", usually, with_nodes, nothing_more),
    ] {
        golden(name, settings, |console| {
            console.summary(&summary(), &closing)
        });
    }
}

#[test]
fn tables_fit_narrow_terminals_and_keep_the_count() {
    for (summary, columns) in [
        (failing as fn() -> Summary, 80),
        (with_nodes, 60),
        (failing, 60),
        (failing, 50),
        (failing, 40),
    ] {
        let text = shown(of_width(columns), |console| {
            console.summary(&summary(), &Closing::default())
        });
        let is_header = |line: &&str| line.contains("P99");
        let header = text.lines().find(is_header).expect("a header");
        let rows = text.lines().skip_while(|line| !is_header(line));
        for row in rows.take(5) {
            assert!(width(row) <= columns, "{columns}: {row}");
        }
        assert!(header.contains(" n  "), "{columns}: {text}");
    }
}

#[test]
fn remarks_depend_on_sums() {
    let requests = usual().requests();
    let chunks = requests * 20;
    let (bursts, closes) = ("shared a read", "--no-keepalive");
    for (sums, remark, expected) in [
        (
            [(CHUNKS, chunks), (COALESCED, chunks / 2 + 1)],
            bursts,
            true,
        ),
        ([(CHUNKS, chunks), (COALESCED, chunks / 2)], bursts, false),
        // An answer of a single chunk comes with its end.
        (
            [(CHUNKS, requests), (COALESCED, requests * 2)],
            bursts,
            false,
        ),
        ([(CHUNKS, 0), (RECONNECTS, requests / 20)], closes, false),
        ([(CHUNKS, 0), (RECONNECTS, requests / 20 + 1)], closes, true),
    ] {
        let summary = with(usual(), &sums, &[]);
        let text = shown(Settings::default(), |console| {
            console.summary(&summary, &Closing::default())
        });
        assert_eq!(text.contains(remark), expected, "{sums:?}");
    }
}

#[test]
fn the_tokens_of_latencies_are_those_of_successful_requests() {
    let text = shown(Settings::default(), |console| {
        let mut summary = usual();
        summary.output_tokens.add(TokenSource::Estimate, 7, 2);
        console.summary(&summary, &Closing::default())
    });
    assert!(text.contains("mixed, by requests: usage 1200, estimate 2"));
    let remark = text.split("Token counts for TPOT").nth(1);
    let mut words = remark.expect("a remark").split_whitespace();
    assert!(words.any(|word| word == "usage."), "{text}");
}
