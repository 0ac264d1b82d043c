//! The accumulator of a run's samples: sums and distributions, no records.

use std::time::Duration;

use super::client::Client;
use super::judge;
use super::spans::Spans;
use super::turns::Turns;
use super::{
    Agreement, Counts, Distribution, FailureSummary, LiveLine, Measured, OutputTokens, Summary,
    Ticks,
};
use crate::clock::Stamp;
use crate::load::Load;
use crate::record::{FailureKind, Outcome, RequestRecord, Sample};

/// Everything that is kept of a run's samples.
#[derive(Debug, Default)]
pub struct RunStats {
    ticks: Ticks,
    totals: Totals,
    distributions: Distributions,
    failures: Vec<FailureSummary>,
    client: Client,
    spans: Spans,
    turns: Turns,
    agreement: Agreement,
}

/// Sums over all requests.
#[derive(Clone, Debug, Default)]
struct Totals {
    counts: Counts,
    first_start: Option<Stamp>,
    last_end: Option<Stamp>,
    retries: u64,
    /// In microseconds.
    retry_wait: u64,
    reconnects: u64,
    chunks: u64,
    coalesced: u64,
    bytes: u64,
    answer_chars: u64,
    output_tokens: OutputTokens,
    ok_tokens: OutputTokens,
    prompt_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

/// Distributions over the requests that succeeded.
#[derive(Debug, Default)]
struct Distributions {
    ttfb: Distribution,
    ttfe: Distribution,
    ttft: Distribution,
    ttfa: Distribution,
    /// Whether the first answer ever came after the first token.
    ttfa_differs: bool,
    tpot: Distribution,
    response: Distribution,
    connect: Distribution,
    tokens_per_s: Distribution,
    output_tokens: Distribution,
}

impl RunStats {
    /// Adds a sample.
    pub fn on(&mut self, sample: &Sample) {
        self.client.on(sample);
        match sample {
            Sample::Finished(request) => {
                self.spans.record(request);
                self.agreement.record(request);
                self.record(&Measured::of(request));
            }
            sample => self.ticks.on(sample),
        }
    }

    /// Adds a request that is over.
    pub fn record(&mut self, request: &Measured<'_>) {
        self.ticks.record(request);
        self.totals.record(request);
        self.turns.record(request);
        match request.outcome {
            Outcome::Ok => self.distributions.record(request),
            Outcome::Failed(failure) => {
                self.record_failure(failure.kind, &failure.detail, request.end);
            }
            Outcome::Cancelled | Outcome::Abandoned => {}
        }
    }

    /// Forgets how many output tokens there were, so that all requests can be counted anew.
    pub fn forget_tokens(&mut self) {
        self.ticks.forget_tokens();
        self.totals.forget_tokens();
        self.distributions.forget_tokens();
        self.agreement = Agreement::default();
    }

    /// Counts the output tokens of a request anew.
    pub fn recount(&mut self, request: &RequestRecord) {
        self.agreement.record(request);
        let request = Measured::of(request);
        self.totals.record_tokens(&request);
        if *request.outcome == Outcome::Ok {
            self.ticks.record_tokens(&request);
            self.totals.counts.record_tokens(&request);
            self.distributions.record_tokens(&request);
        }
    }

    /// Puts other seconds in the place of those that the requests came to: a saved run's own, which
    /// know of users and gaps.
    pub fn replace_ticks(&mut self, ticks: Ticks) {
        self.ticks = ticks;
    }

    fn record_failure(&mut self, kind: FailureKind, detail: &str, at: Stamp) {
        let place = self.failures.binary_search_by_key(&kind, |f| f.kind);
        match place {
            Ok(place) => {
                let failures = &mut self.failures[place];
                failures.count += 1;
                if at < failures.first_seen {
                    failures.first_seen = at;
                    detail.clone_into(&mut failures.detail);
                }
            }
            Err(place) => self.failures.insert(
                place,
                FailureSummary {
                    kind,
                    count: 1,
                    first_seen: at,
                    detail: detail.to_owned(),
                },
            ),
        }
    }

    /// The live line of a second, of the samples that have come; see [`Ticks::live`].
    pub fn live(&mut self, second: u64) -> LiveLine {
        self.ticks.live(second)
    }

    /// TTFT of the requests that succeeded.
    #[must_use]
    pub fn ttft(&self) -> &Distribution {
        &self.distributions.ttft
    }

    /// Response times of the requests that succeeded.
    #[must_use]
    pub fn response(&self) -> &Distribution {
        &self.distributions.response
    }

    /// How far the server's usage and our own count agree.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        self.agreement
    }

    /// The run second by second.
    #[must_use]
    pub fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    /// The figures of the run, of the samples that have come.
    #[must_use]
    pub fn summary(&self, plan: Option<&Load>, user_clock: bool) -> Summary {
        let (run, totals, d) = (self.ticks.total(), &self.totals, &self.distributions);
        let counts = &totals.counts;
        let response_sum = Duration::from_micros(counts.response.sum);
        let client = self.client.summary(&run.lag);
        let (ttft, itl) = (d.ttft.snapshot(), run.itl.snapshot());
        let evidence = self.client.evidence(&client, user_clock, (ttft, itl));
        Summary {
            plan: plan.cloned(),
            users_started: run.counts.users_started,
            first_start: totals.first_start,
            last_end: totals.last_end,
            ok: counts.ok,
            failures: self.failures.clone(),
            cancelled: counts.cancelled,
            abandoned: counts.abandoned,
            retries: totals.retries,
            retry_wait: Duration::from_micros(totals.retry_wait),
            reconnects: totals.reconnects,
            chunks: totals.chunks,
            coalesced: totals.coalesced,
            bytes: totals.bytes,
            answer_chars: totals.answer_chars,
            output_tokens: totals.output_tokens,
            ok_tokens: totals.ok_tokens,
            prompt_tokens: totals.prompt_tokens,
            cached_tokens: totals.cached_tokens,
            reasoning_tokens: totals.reasoning_tokens,
            total_tokens: totals.total_tokens,
            turns: self.turns.summary(),
            spans: self.spans.summary(),
            response_time_sum: (counts.response.count > 0).then_some(response_sum),
            ttfb: d.ttfb.snapshot(),
            ttfe: d.ttfe.snapshot(),
            ttft,
            ttfa: d.ttfa.snapshot().filter(|_| d.ttfa_differs),
            tpot: d.tpot.snapshot(),
            itl,
            response: d.response.snapshot(),
            connect: d.connect.snapshot(),
            tokens_per_s: d.tokens_per_s.snapshot(),
            tokens_per_request: d.output_tokens.snapshot(),
            client: Some(client),
            verdict: Some(judge(&evidence)),
        }
    }
}

impl Totals {
    fn record(&mut self, request: &Measured<'_>) {
        let (start, end) = (request.start, request.end);
        self.counts.record(request);
        self.first_start = Some(self.first_start.map_or(start, |first| first.min(start)));
        self.last_end = self.last_end.max(Some(end));
        self.retries += request.attempts.saturating_sub(1);
        self.retry_wait += request.retry_wait;
        self.reconnects += request.reconnects;
        self.chunks += request.chunks;
        self.coalesced += request.coalesced;
        self.bytes += request.bytes;
        self.answer_chars += request.answer_chars;
        self.record_tokens(request);
        let usage = &request.usage;
        for (sum, given) in [
            (&mut self.prompt_tokens, usage.prompt),
            (&mut self.cached_tokens, usage.cached),
            (&mut self.reasoning_tokens, usage.reasoning),
            (&mut self.total_tokens, usage.total),
        ] {
            if let Some(tokens) = given {
                *sum = Some(sum.unwrap_or(0) + tokens);
            }
        }
    }

    fn record_tokens(&mut self, request: &Measured<'_>) {
        if let Some((tokens, source)) = request.output_tokens {
            self.output_tokens.record(tokens, source);
            if *request.outcome == Outcome::Ok {
                self.ok_tokens.record(tokens, source);
            }
        }
    }

    fn forget_tokens(&mut self) {
        self.counts.forget_tokens();
        self.output_tokens = OutputTokens::default();
        self.ok_tokens = OutputTokens::default();
    }
}

impl Distributions {
    fn record(&mut self, request: &Measured<'_>) {
        for (distribution, value) in [
            (&mut self.ttfb, request.ttfb),
            (&mut self.ttfe, request.ttfe),
            (&mut self.ttft, request.ttft),
            (&mut self.ttfa, request.ttfa),
            (&mut self.response, request.response),
            (&mut self.connect, request.connect),
        ] {
            if let Some(value) = value {
                distribution.record(value);
            }
        }
        self.ttfa_differs |= request.ttfa.is_some() && request.ttfa != request.ttft;
        self.record_tokens(request);
    }

    fn record_tokens(&mut self, request: &Measured<'_>) {
        let tokens = request.output_tokens.map(|(tokens, _)| tokens);
        for (distribution, value) in [
            (&mut self.tpot, request.tpot),
            (&mut self.tokens_per_s, request.tokens_per_s),
            (
                &mut self.output_tokens,
                tokens.map(|n| n.saturating_mul(1_000)),
            ),
        ] {
            if let Some(value) = value {
                distribution.record(value);
            }
        }
    }

    fn forget_tokens(&mut self) {
        self.tpot = Distribution::default();
        self.tokens_per_s = Distribution::default();
        self.output_tokens = Distribution::default();
    }
}

#[cfg(test)]
mod tests;
