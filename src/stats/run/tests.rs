//! The sums of samples.

use super::*;
use crate::clock::tests::ms;
use crate::load::tests::load;
use crate::metrics::{PROMPT_TOKENS, REASONING_TOKENS, RECONNECTS, RETRY_WAIT, TOTAL_TOKENS};
use crate::record::{ClockSource, Failure, FailureKind, Progress, TokenSource};
use crate::stats::TokenMix;
use crate::stats::tests::{failed, finished, ok_request};

const TTFA: metrics::Metric = metrics::named("ttfa");

fn summary(samples: &[Sample]) -> Summary {
    let mut stats = RunStats::default();
    for sample in samples {
        stats.on(sample);
    }
    stats.summary(Some(&load(3, 2.0, Some(10.0), None)), false)
}

#[test]
fn a_run_without_requests_has_no_figures() {
    let summary = summary(&[Sample::Done]);
    assert_eq!((summary.requests(), summary.grade()), (0, None));
    let rates = [
        summary.success_rate(),
        summary.rps(),
        summary.system_throughput(),
    ];
    assert_eq!(rates, [None; 3]);
    assert_eq!([summary.duration(), summary.response_time_sum], [None; 2]);
    let statistics = [TTFT, ITL].map(|metric| summary.statistics[metric]);
    assert_eq!(statistics, [None; 2]);
    assert_eq!(
        summary.plan.unwrap().duration(),
        Some(Duration::from_secs(12))
    );
}

#[test]
fn rates_are_over_the_time_from_the_first_start_to_the_last_end() {
    let mut cut = ok_request(ms(3_000), ms(3_100), ms(5_000));
    cut.outcome = Outcome::Cancelled;
    let summary = summary(&[
        finished(ok_request(ms(1_000), ms(1_200), ms(2_000))),
        finished(ok_request(ms(2_000), ms(2_100), ms(4_000))),
        finished(failed(ms(4_500), FailureKind::Reset)),
        finished(cut),
    ]);
    assert_eq!(summary.duration(), Some(Duration::from_secs(4)));
    assert_eq!((summary.requests(), summary.completed()), (4, 3));
    assert_eq!(summary.rps(), Some(0.75));
    assert_eq!(summary.success_rate(), Some(2.0 / 3.0));
    assert_eq!(summary.output_tokens.total(), Some(15), "the cut one's too");
    assert_eq!(summary.system_throughput(), Some(3.75));
    assert_eq!(summary.response_time_sum, Some(Duration::from_secs(3)));
    let response = summary.statistics[RESPONSE].unwrap();
    assert_eq!(response.max.to_bits(), 2_000.0_f64.to_bits());
    assert_eq!(response.count, 2);
}

#[test]
fn each_kind_of_failure_is_counted_with_its_first_detail() {
    let early = failed(ms(500), FailureKind::Reset);
    let detail = early.outcome.failure().unwrap().detail.clone();
    let summary = summary(&[
        finished(failed(ms(900), FailureKind::Reset)),
        finished(failed(ms(700), FailureKind::Dns)),
        finished(early),
    ]);
    let kinds: Vec<_> = summary.failures.iter().map(|f| (f.kind, f.count)).collect();
    assert_eq!(kinds, [(FailureKind::Dns, 1), (FailureKind::Reset, 2)]);
    assert_eq!(summary.failures[1].first_seen, ms(500));
    assert_eq!(summary.failures[1].detail, detail);
}

#[test]
fn failures_are_grouped_by_kind_status_and_message_the_largest_group_first() {
    use FailureKind::{ErrorEvent, HttpStatus};
    let mut samples = Vec::new();
    for (at, kind, detail, count) in [
        (1, HttpStatus, "HTTP 400: bad request req_1a", 2),
        (2, HttpStatus, "HTTP 400: bad request req_2b", 1),
        (3, HttpStatus, "HTTP 400: bad model", 1),
        (4, HttpStatus, "HTTP 429: slow down", 4),
        (5, ErrorEvent, "overloaded", 2),
    ] {
        for _ in 0..count {
            let mut request = failed(ms(at), kind);
            request.outcome = Outcome::Failed(Failure::new(kind, detail));
            samples.push(finished(request));
        }
    }
    let groups = summary(&samples).failure_groups;
    let told = groups.iter().map(|g| (g.count, &*g.detail));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (4, "HTTP 429: slow down"),
            (3, "HTTP 400: bad request req_1a"),
            (2, "overloaded"),
            (1, "HTTP 400: bad model"),
        ]
    );
}

#[test]
fn a_kind_and_status_has_at_most_five_groups() {
    let samples: Vec<_> = ('a'..='z')
        .map(|letter| {
            let mut request = failed(ms(1), FailureKind::ErrorEvent);
            let failure = Failure::new(FailureKind::ErrorEvent, letter);
            request.outcome = Outcome::Failed(failure);
            finished(request)
        })
        .collect();
    let groups = summary(&samples).failure_groups;
    let counts: Vec<_> = groups.iter().map(|group| group.count).collect();
    assert_eq!(counts, [22, 1, 1, 1, 1]);
}

#[test]
fn tokens_say_where_they_come_from() {
    let estimated = || ok_request(ms(0), ms(100), ms(900));
    let counted = || {
        let mut request = estimated();
        request.usage.completion = Some(40);
        request.usage.prompt = Some(7);
        request.usage.total = Some(47);
        request
    };
    let table = [
        (vec![estimated()], TokenMix::Only(TokenSource::Estimate), 5),
        (vec![counted()], TokenMix::Only(TokenSource::Usage), 40),
        (vec![counted(), estimated()], TokenMix::Mixed, 45),
    ];
    for (requests, mix, total) in table {
        let samples: Vec<_> = requests.into_iter().map(finished).collect();
        let summary = summary(&samples);
        assert_eq!(summary.output_tokens.mix(), Some(mix));
        assert_eq!(summary.output_tokens.total(), Some(total));
        let given = matches!(mix, TokenMix::Only(TokenSource::Estimate));
        assert_eq!(summary.sums[PROMPT_TOKENS], (!given).then_some(7));
        assert_eq!(summary.sums[TOTAL_TOKENS], (!given).then_some(47));
        assert_eq!(summary.sums[REASONING_TOKENS], None);
    }
    let mut cut = estimated();
    cut.outcome = Outcome::Cancelled;
    let summary = summary(&[finished(counted()), finished(cut)]);
    assert_eq!(summary.output_tokens.mix(), Some(TokenMix::Mixed));
    let only_usage = TokenMix::Only(TokenSource::Usage);
    assert_eq!(summary.ok_tokens.mix(), Some(only_usage));
}

#[test]
fn requests_that_are_counted_anew_are_as_if_they_had_been_counted_so_at_first() {
    let mut late = ok_request(ms(500), ms(700), ms(2_900));
    late.usage.completion = Some(40);
    let mut cut = ok_request(ms(0), ms(100), ms(1_200));
    cut.outcome = Outcome::Cancelled;
    let without_text = failed(ms(700), FailureKind::Connect);
    let first = [ok_request(ms(0), ms(100), ms(900)), late, cut, without_text];
    let mut anew = first.clone();
    for (request, tokens) in anew.iter_mut().zip([7, 31, 3]) {
        request.tokenized = Some(tokens);
    }
    let told = |stats: &RunStats| {
        let ticks: Vec<_> = stats.ticks.iter().map(|view| view.tick.clone()).collect();
        (stats.summary(None, false), ticks, stats.agreement)
    };
    let mut stats = RunStats::default();
    first
        .map(finished)
        .iter()
        .for_each(|sample| stats.on(sample));
    // Live lines have summed up what is forgotten.
    stats.ticks.live(1);
    stats.forget_requests();
    for request in &anew {
        stats.recount(request);
    }
    let mut expected = RunStats::default();
    anew.map(finished)
        .iter()
        .for_each(|sample| expected.on(sample));
    let (counted, expected) = (told(&stats), told(&expected));
    assert_eq!(counted, expected);
    let tokens = &counted.0.output_tokens;
    assert_eq!(tokens.total(), Some(41));
    let only = TokenMix::Only(TokenSource::Tokenizer);
    assert_eq!(tokens.mix(), Some(only));
}

#[test]
fn a_run_that_measured_nothing_has_no_verdict_unless_the_client_is_at_fault() {
    let refused = || finished(failed(ms(900), FailureKind::Connect));
    let mut stamped = ok_request(ms(0), ms(100), ms(900));
    stamped.clock = ClockSource::Kernel;
    let read = Progress {
        lags: [40].as_slice().into(),
        ..Progress::default()
    };
    let good = vec![refused(), finished(stamped), Sample::Progress(read)];
    let limited = vec![refused(), Sample::Refused(1)];
    for (samples, grade) in [
        (vec![refused()], None),
        (limited, Some(Grade::ClientLimited)),
        (good, Some(Grade::Valid)),
    ] {
        assert_eq!(summary(&samples).grade(), grade, "{samples:?}");
    }
}

#[test]
fn ttfa_is_shown_only_where_a_model_reasoned() {
    let plain = ok_request(ms(0), ms(100), ms(900));
    let mut reasoned = plain.clone();
    reasoned.instants.first_answer = Some(ms(400));
    let same = summary(&[finished(plain.clone())]);
    assert_eq!(same.statistics[TTFA], same.statistics[TTFT]);
    assert!(!same.is_shown(TTFA) && same.is_shown(TTFT));
    let differs = summary(&[finished(plain), finished(reasoned)]);
    assert!(differs.is_shown(TTFA));
    let ttfa = differs.statistics[TTFA].unwrap();
    assert_eq!((ttfa.count, ttfa.mean.to_bits()), (2, 250.0_f64.to_bits()));
}

#[test]
fn gaps_are_pooled_over_all_streams() {
    let progress = |at, gaps: &[u64]| {
        Sample::Progress(Progress {
            at,
            chunks: gaps.len() as u64,
            gaps: gaps.into(),
            ..Progress::default()
        })
    };
    let samples = [
        progress(ms(500), &[1_000, 3_000]),
        progress(ms(1_500), &[8_000]),
    ];
    let itl = summary(&samples).statistics[ITL].unwrap();
    assert_eq!(itl.count, 3);
    let figures = [itl.mean, itl.min, itl.max].map(f64::to_bits);
    assert_eq!(figures, [4.0, 1.0, 8.0].map(f64::to_bits));
}

#[test]
fn attempts_and_waits_are_summed() {
    let mut request = ok_request(ms(0), ms(100), ms(900));
    request.attempts = 3;
    request.retry_wait = Duration::from_millis(300);
    request.reconnects = 1;
    let summary = summary(&[finished(request.clone()), finished(request)]);
    assert_eq!((summary.retries, summary.count(RECONNECTS)), (4, 2));
    assert_eq!(summary.count(RETRY_WAIT), 600_000);
}
