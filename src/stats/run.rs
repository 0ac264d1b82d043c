//! The accumulator of a run's samples: sums and distributions, no records.

use std::time::Duration;

use super::client::Client;
use super::failures::Failures;
use super::spans::Spans;
use super::turns::Turns;
use super::{Agreement, Distribution, Grade, Summary, Ticks, add_known, judge};
use crate::load::Load;
use crate::metrics::{
    self, ATTEMPTS, Flag, ITL, Measured, OUTPUT_TOKENS, PerMetric, RESPONSE, TTFB, TTFT,
};
use crate::record::{Outcome, RequestRecord, Sample};

/// The statistics of a run's samples.
#[derive(Debug, Default)]
pub struct RunStats {
    /// The run second by second.
    pub ticks: Ticks,
    /// The figures that need no distribution, so far.
    totals: Summary,
    /// The values of the requests that succeeded.
    pub distributions: PerMetric<Distribution>,
    failures: Failures,
    client: Client,
    spans: Spans,
    turns: Turns,
    /// The agreement of the server's usage with our own count.
    pub agreement: Agreement,
}

impl RunStats {
    /// Adds a sample.
    pub fn on(&mut self, sample: &Sample) {
        self.client.on(sample);
        match sample {
            Sample::Finished(request) => {
                self.spans.record(request);
                self.recount(request);
            }
            sample => self.ticks.on(sample),
        }
    }

    /// Adds a request that is over.
    pub fn record(&mut self, request: &Measured<'_>) {
        self.ticks.record(request);
        self.turns.record(request);
        let totals = &mut self.totals;
        let first = totals.first_start.unwrap_or(request.start);
        totals.first_start = Some(first.min(request.start));
        totals.last_end = totals.last_end.max(Some(request.end));
        totals.retries += request.values[ATTEMPTS].map_or(0, |attempts| attempts.saturating_sub(1));
        for metric in metrics::with(Flag::Count).chain(metrics::with(Flag::Sum)) {
            add_known(&mut totals.sums[metric], request.values[metric]);
        }
        if let Some((tokens, source)) = request.values[OUTPUT_TOKENS].zip(request.token_source) {
            totals.output_tokens.add(source, tokens, 1);
            if *request.outcome == Outcome::Ok {
                totals.ok_tokens.add(source, tokens, 1);
            }
        }
        match request.outcome {
            Outcome::Ok => {
                totals.ok += 1;
                let response = request.values[RESPONSE].map(Duration::from_micros);
                add_known(&mut totals.response_time_sum, response);
                for metric in metrics::with(Flag::Statistics) {
                    if let Some(value) = request.thousandths(metric) {
                        self.distributions[metric].record(value);
                    }
                }
            }
            Outcome::Failed(failure) => self.failures.add(failure, request.end),
            Outcome::Cancelled => totals.cancelled += 1,
            Outcome::Abandoned => totals.abandoned += 1,
        }
    }

    /// Forgets the requests, so that each can be counted anew. What does not depend on the number of
    /// output tokens stays: chunks, spans, and the client's figures.
    pub fn forget_requests(&mut self) {
        let old = std::mem::take(self);
        (self.ticks, self.client, self.spans) = (old.ticks, old.client, old.spans);
        self.ticks.forget_requests();
    }

    /// Counts a request anew. Not inlined: its stack frame would burden each sample of chunks.
    #[inline(never)]
    pub fn recount(&mut self, request: &RequestRecord) {
        self.agreement.record(request);
        self.record(&Measured::of(request));
    }

    /// The figures of the run so far.
    #[must_use]
    pub fn summary(&self, plan: Option<&Load>, user_clock: bool) -> Summary {
        let run = self.ticks.total();
        let client = self.client.summary(&run.lag);
        let statistics = PerMetric::of(|metric| {
            if metric.has(Flag::Pooled) {
                run.itl.snapshot()
            } else {
                self.distributions[metric].snapshot()
            }
        });
        let medians = [TTFB, TTFT, ITL].map(|metric| statistics[metric].map(|of| of.p50));
        let evidence = self.client.evidence(&client, user_clock, medians);
        // No figure of the service can be right where none was measured, but faults can be told.
        let has_figures = statistics[RESPONSE].or(statistics[ITL]).is_some();
        let verdict = judge(&evidence);
        let is_told = has_figures || verdict.grade != Grade::Valid;
        Summary {
            plan: plan.cloned(),
            users_started: run.counts.users_started,
            failures: self.failures.by_kind(),
            failure_groups: self.failures.groups(),
            turns: self.turns.summary(),
            spans: self.spans.summary(),
            statistics,
            client: Some(client),
            verdict: Some(verdict).filter(|_| is_told),
            ..self.totals.clone()
        }
    }
}

#[cfg(test)]
mod tests;
