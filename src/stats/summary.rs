//! The figures of a whole run for the final summary.

use std::time::Duration;

use super::{ClientSummary, Grade, SpansSummary, Statistics, Sum, TurnSummary, Verdict};
use crate::clock::Stamp;
use crate::load::Load;
use crate::metrics::{Flag, Metric, PerMetric, TTFT};
use crate::record::{FailureKind, TokenSource};
use crate::text::Message;

/// The failures of one kind, or of one kind, HTTP status and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureSummary {
    /// The kind.
    pub kind: FailureKind,
    /// How many.
    pub count: u64,
    /// The earliest end of such a request.
    pub first_seen: Stamp,
    /// The detail text of that request, in English, keys masked.
    pub detail: String,
}

/// Output tokens of requests, by where their number comes from. A sum counts requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputTokens([Sum; TokenSource::ALL.len()]);

/// The sources of a number of output tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenMix {
    /// One source alone.
    Only(TokenSource),
    /// Several sources, such as usage for some requests and an estimate for others.
    Mixed,
}

impl TokenMix {
    /// The word for it in JSON: a source's, or `mixed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TokenMix::Only(source) => source.name(),
            TokenMix::Mixed => "mixed",
        }
    }
}

impl OutputTokens {
    /// Adds the tokens of some requests.
    pub fn add(&mut self, source: TokenSource, tokens: u64, requests: u64) {
        self.0[source as usize] += Sum {
            count: requests,
            sum: tokens,
        };
    }

    /// All of them; `None` if no request had any number.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let total = self.0.iter().map(|tokens| tokens.sum).sum();
        self.mix().map(|_| total)
    }

    /// All sources.
    pub fn all(&self) -> impl Iterator<Item = (TokenSource, Sum)> + use<> {
        TokenSource::ALL.into_iter().zip(self.0)
    }

    /// The sources that occurred, with the number of their requests.
    pub fn sources(&self) -> impl Iterator<Item = (TokenSource, u64)> + use<> {
        let sources = self.all().map(|(source, tokens)| (source, tokens.count));
        sources.filter(|(_, requests)| *requests > 0)
    }

    /// The sources of the total.
    #[must_use]
    pub fn mix(&self) -> Option<TokenMix> {
        let mut used = self.sources();
        let (first, _) = used.next()?;
        let only = TokenMix::Only(first);
        Some(used.next().map_or(only, |_| TokenMix::Mixed))
    }
}

/// Says that a trailing time is long: 50 ms and 5% of the response time or more. Both are in
/// milliseconds.
#[must_use]
pub fn long_trailing([trailing, response]: [Option<f64>; 2]) -> Option<Message> {
    let (trailing, response) = (trailing?, response?);
    let message = Message::new("warning.trailing")
        .with("percent", format!("{:.0}", 100.0 * trailing / response))
        .with("trailing", format!("{trailing:.1}"));
    (trailing >= 50.0 && 20.0 * trailing >= response).then_some(message)
}

/// The figures of a whole run. Statistics are over successful requests, except those of ITL;
/// `None` where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The plan; `None` if unknown, or of merged runs.
    pub plan: Option<Load>,
    /// Users that started.
    pub users_started: u64,
    /// Start of the first request.
    pub first_start: Option<Stamp>,
    /// End of the last request.
    pub last_end: Option<Stamp>,
    /// The time between merged runs; zero in one run.
    pub idle: Duration,
    /// Requests that succeeded.
    pub ok: u64,
    /// The failures by kind, in the manual's order; only kinds that occurred.
    pub failures: Vec<FailureSummary>,
    /// The failures by kind, HTTP status and message, the most frequent first.
    pub failure_groups: Vec<FailureSummary>,
    /// Requests that the run cut.
    pub cancelled: u64,
    /// Requests that their user left on purpose.
    pub abandoned: u64,
    /// Attempts beyond the first, of all requests.
    pub retries: u64,
    /// The metrics with [`Flag::Count`] or [`Flag::Sum`], of all requests that have them.
    pub sums: PerMetric<Option<u64>>,
    /// Output tokens of all requests, those that failed or were cut included.
    pub output_tokens: OutputTokens,
    /// Output tokens of the requests that succeeded, of which TPOT and tokens per second are computed.
    pub ok_tokens: OutputTokens,
    /// The turns of conversations by number; empty without conversations.
    pub turns: Vec<TurnSummary>,
    /// The parts of the service's work that streams reported: a workflow's nodes.
    pub spans: SpansSummary,
    /// Sum of the response times of the requests that succeeded.
    pub response_time_sum: Option<Duration>,
    /// The metrics with [`Flag::Statistics`].
    pub statistics: PerMetric<Option<Statistics>>,
    /// The client's figures; `None` for several clients, or if only rows are known.
    pub client: Option<ClientSummary>,
    /// Whether the numbers can be used; `None` if only rows are known, or nothing was measured.
    pub verdict: Option<Verdict>,
}

impl Summary {
    /// The sum of a metric with [`Flag::Count`], in the last decimal of its unit.
    #[must_use]
    pub fn count(&self, metric: Metric) -> u64 {
        debug_assert!(metric.has(Flag::Count), "{metric:?} is no count");
        self.sums[metric].unwrap_or(0)
    }

    /// Whether a table shows the metric. TTFA has no row where it is TTFT.
    #[must_use]
    pub fn is_shown(&self, metric: Metric) -> bool {
        let statistics = self.statistics[metric];
        let is_other = statistics.is_some() && statistics != self.statistics[TTFT];
        is_other || !metric.has(Flag::HiddenIfSameAsTtft)
    }

    /// The verdict's grade, if there is a verdict.
    #[must_use]
    pub fn grade(&self) -> Option<Grade> {
        self.verdict.as_ref().map(|verdict| verdict.grade)
    }

    /// Requests that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failure_groups.iter().map(|group| group.count).sum()
    }

    /// Requests that were completed: ok or failed.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.ok + self.failed()
    }

    /// All requests: completed, cancelled or abandoned.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.completed() + self.cancelled + self.abandoned
    }

    /// Success rate, 0 to 1: ok / (ok + failed).
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let completed = self.completed();
        (completed > 0).then(|| self.ok as f64 / completed as f64)
    }

    /// The run's real length: from the first request's start to the last one's end, without the time
    /// between merged runs.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let span = self.last_end?.since(self.first_start?);
        Some(span.saturating_sub(self.idle))
    }

    /// System throughput: output tokens of all requests / real length, in tokens/s.
    #[must_use]
    pub fn system_throughput(&self) -> Option<f64> {
        self.per_second(self.output_tokens.total()?)
    }

    /// Requests completed / real length, per second.
    #[must_use]
    pub fn rps(&self) -> Option<f64> {
        self.per_second(self.completed())
    }

    fn per_second(&self, count: u64) -> Option<f64> {
        let seconds = self.duration()?.as_secs_f64();
        (seconds > 0.0).then(|| count as f64 / seconds)
    }
}
