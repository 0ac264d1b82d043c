//! The final statistics of a run.

use std::time::Duration;

use super::banner::add_run;
use super::failures;
use super::live::rated;
use super::page::{Fields, Page, decimals, figure, or_absent, paragraphs, percent};
use super::spans;
use super::table::{self, HEADERS, Row};
use super::turns;
use super::watched::prompt_tokens;
use crate::metrics::{
    self, CACHED_TOKENS, CHUNKS, COALESCED, EMPTY_DELTAS, Flag, Metric, PROMPT_TOKENS,
    REASONING_TOKENS, RECONNECTS, RETRY_WAIT, STOPS_ACCEPTED, STOPS_NOT_POSSIBLE, STOPS_SENT,
};
use crate::output::RunInfo;
use crate::record::TokenSource;
use crate::stats::{Grade, OutputTokens, Statistics, Summary, TokenMix, Verdict};
use crate::text::{Message, plain_seconds};

/// The final statistics, with the `run` where no banner has shown the run.
pub(super) fn render(
    page: &Page,
    summary: &Summary,
    run: Option<&RunInfo>,
    is_interrupted: bool,
) -> String {
    let mut heading = page.heading(page.text("console.summary.title"));
    if let Some(run) = run {
        let mut fields = Fields::new(page, 0);
        add_run(run, &mut fields);
        heading = heading + &fields.render() + "\n";
    }
    let verdict = summary.verdict.as_ref();
    heading
        + &paragraphs([
            interrupted(page, is_interrupted),
            verdict.map_or_else(String::new, |verdict| self::verdict(page, verdict)),
            totals(page, summary),
            failures::render(page, &summary.failure_groups),
            distributions(page, summary),
            spans::render(page, &summary.spans, false),
            turns::render(page, &summary.turns),
            rates(page, summary),
        ])
}

/// Whether the numbers can be used, and why not.
pub(super) fn verdict(page: &Page, verdict: &Verdict) -> String {
    let grade = match verdict.grade {
        Grade::Valid => page.good(verdict.grade.name()),
        Grade::Degraded | Grade::ClientLimited => page.bad(verdict.grade.name()),
    };
    let mut fields = Fields::new(page, 0);
    fields.add("console.summary.verdict", grade);
    fields.render() + &page.warnings(&verdict.reasons)
}

/// The notice of an interrupted run; empty for other runs.
pub(super) fn interrupted(page: &Page, is_interrupted: bool) -> String {
    let message = is_interrupted.then(|| Message::new("console.summary.interrupted"));
    page.warnings(message.as_slice())
}

fn totals(page: &Page, summary: &Summary) -> String {
    let mut fields = Fields::new(page, 0);
    fields.add("console.summary.users", users(page, summary));
    fields.add("console.summary.duration", duration(page, summary));
    fields.add("console.summary.requests", summary.requests());
    fields.part("console.summary.ok", summary.ok);
    let mut failed = summary.failed().to_string();
    if summary.failed() > 0 {
        failed = page.bad(&failed);
    }
    fields.part("console.summary.failed", failed);
    fields.part("console.summary.cancelled", summary.cancelled);
    if summary.abandoned > 0 {
        fields.part("console.summary.abandoned", summary.abandoned);
    }
    let (sums, not_possible) = (&summary.sums, summary.sums[STOPS_NOT_POSSIBLE]);
    let stops = sums[STOPS_SENT].map(|sent| {
        Message::new("console.summary.stops_sent")
            .with("sent", sent)
            .with("accepted", sums[STOPS_ACCEPTED].unwrap_or(0))
            .with("not_possible", not_possible.unwrap_or(0))
    });
    fields.say("console.summary.stops", stops);
    let success_rate = or_absent(success_rate(page, summary));
    fields.add("console.summary.success_rate", success_rate);
    fields.add("console.summary.retries", retries(page, summary));
    fields.add("console.summary.reconnects", summary.count(RECONNECTS));
    fields.add("console.summary.chunks", summary.count(CHUNKS));
    let empty = Some(summary.count(EMPTY_DELTAS)).filter(|count| *count > 0);
    fields.maybe("console.summary.empty_deltas", empty);
    let tokens = or_absent(output_tokens(page, &summary.output_tokens));
    fields.add("console.summary.output_tokens", tokens);
    let prompt = prompt_tokens(page, sums[PROMPT_TOKENS], sums[CACHED_TOKENS]);
    fields.maybe("console.summary.prompt_tokens", prompt);
    fields.maybe("console.summary.reasoning_tokens", sums[REASONING_TOKENS]);
    let sum = summary.response_time_sum.map(|sum| page.seconds(sum));
    fields.add("console.summary.response_sum", or_absent(sum));
    let mut text = fields.render();
    // In more than 5% of the requests, the server had closed a connection that it should keep.
    if 20 * summary.count(RECONNECTS) > summary.requests() {
        let message = Message::new("console.summary.closes")
            .with("reconnects", summary.count(RECONNECTS))
            .with("requests", summary.requests());
        text.push_str(&page.remark(&page.message(&message)));
    }
    if not_possible.is_some_and(|count| count > 0) {
        text.push_str(&page.remark(page.text("console.summary.not_stopped")));
    }
    text
}

fn users(page: &Page, summary: &Summary) -> String {
    let planned = summary.plan.as_ref().map(|plan| u64::from(plan.users()));
    let Some(planned) = planned.filter(|planned| *planned != summary.users_started) else {
        return summary.users_started.to_string();
    };
    let message = Message::new("console.summary.users_started")
        .with("started", summary.users_started)
        .with("planned", planned);
    page.message(&message)
}

fn duration(page: &Page, summary: &Summary) -> String {
    let real = or_absent(summary.duration().map(|real| page.seconds(real)));
    let plan = summary.plan.as_ref();
    let Some((plan, hold)) = plan.and_then(|plan| Some((plan, plan.hold()?))) else {
        return real;
    };
    let ramp_up = plan.ramp_up();
    let planned = if ramp_up.is_zero() {
        Message::new("console.summary.planned").with("planned", plain_seconds(hold))
    } else {
        Message::new("console.summary.planned_ramp_up")
            .with("planned", plain_seconds(ramp_up + hold))
            .with("ramp_up", plain_seconds(ramp_up))
            .with("hold", plain_seconds(hold))
    };
    page.aside(&real, &page.message(&planned))
}

fn success_rate(page: &Page, summary: &Summary) -> Option<String> {
    let rate = summary.success_rate()?;
    let of = Message::new("console.summary.of_completed")
        .with("ok", summary.ok)
        .with("completed", summary.completed());
    let rate = rated(page, rate, &format!("{}%", percent(rate)));
    Some(page.aside(&rate, &page.message(&of)))
}

fn retries(page: &Page, summary: &Summary) -> String {
    if summary.retries == 0 {
        return "0".to_owned();
    }
    let waited = Duration::from_micros(summary.count(RETRY_WAIT));
    let message = Message::new("console.summary.retries_waited")
        .with("retries", summary.retries)
        .with("waited", page.seconds(waited));
    page.texts.render(&message)
}

fn output_tokens(page: &Page, tokens: &OutputTokens) -> Option<String> {
    let source = match tokens.mix()? {
        TokenMix::Only(source) => page.token_source(source).to_owned(),
        TokenMix::Mixed => {
            let part =
                |(source, requests): (TokenSource, u64)| format!("{} {requests}", source.name());
            let sources: Vec<String> = tokens.sources().map(part).collect();
            page.message(&Message::new("console.tokens.mixed").with("sources", sources.join(", ")))
        }
    };
    Some(page.aside(&tokens.total()?.to_string(), &source))
}

/// The table of distributions, without the failures' column, which latencies do not have; with
/// remarks for its readers.
fn distributions(page: &Page, summary: &Summary) -> String {
    let all = || metrics::with(Flag::Console);
    if all().all(|metric| summary.statistics[metric].is_none()) {
        return page.remark(page.text("console.summary.nothing"));
    }
    let shown = all().filter(|metric| summary.is_shown(*metric));
    let rows: Vec<Row> = shown
        .map(|metric| row(page, metric, summary.statistics[metric].as_ref()))
        .collect();
    let mut text = table::render(page, &HEADERS, &rows, &[1], usize::MAX);
    let mut remark = page.message(&Message::new("console.summary.over").with("ok", summary.ok));
    if let Some(mix) = summary.ok_tokens.mix() {
        let source = Message::new("console.summary.token_source").with("source", mix.name());
        remark = remark + page.text("console.summary.space") + &page.message(&source);
    }
    text.push_str(&page.remark(&remark));
    if came_in_bursts(summary) {
        text.push_str(&page.remark(page.text("console.summary.bursts")));
    }
    text
}

/// The row of a metric, by the short name if the metric has one. Only times need a unit: the names
/// of other metrics contain their unit.
fn row(page: &Page, metric: Metric, statistics: Option<&Statistics>) -> Row {
    let text = |kind: &str| page.texts.find(&format!("{kind}{}", metric.id));
    let name = text("console.metric.").or_else(|| text("metric."));
    let name = name.unwrap_or(metric.id);
    let (label, unit) = if metric.unit.is_time() {
        (format!("{name} "), metric.unit.name())
    } else {
        (name.to_owned(), "")
    };
    let count = or_absent(statistics.map(|s| s.count.to_string()));
    let counts = [count, String::new()];
    Row {
        unit,
        ..Row::of(label, counts, statistics, metric.has(Flag::Pooled))
    }
}

/// Whether more than half of the events shared a read with a later event, and so have the stamp of
/// the later event. Short answers tell nothing about this.
fn came_in_bursts(summary: &Summary) -> bool {
    const LONG_ANSWER: u64 = 4;
    let chunks = summary.count(CHUNKS);
    chunks >= LONG_ANSWER * summary.requests() && 2 * summary.count(COALESCED) > chunks
}

fn rates(page: &Page, summary: &Summary) -> String {
    let mut fields = Fields::new(page, 0);
    let throughput = summary.system_throughput().zip(summary.output_tokens.mix());
    let throughput = throughput
        .map(|(rate, mix)| page.aside(&page.quantity(&decimals(rate), "tokens/s"), mix.name()));
    fields.add("console.summary.throughput", or_absent(throughput));
    fields.add("console.summary.rps", figure(summary.rps()));
    let Some(client) = &summary.client else {
        return fields.render();
    };
    let lag = client.lag_ms.map(|lag| {
        Message::new("console.summary.lag_figures")
            .with("p50", decimals(lag.p50))
            .with("p99", decimals(lag.p99))
            .with("max", decimals(lag.max))
    });
    fields.say("console.summary.lag", lag);
    let load = match client.machine_busy {
        Some(busy) => Message::new("console.summary.cores_and_machine")
            .with("percent", format!("{:.0}", busy * 100.0)),
        None => Message::new("console.summary.cores"),
    };
    let load = client
        .process_cores
        .map(|cores| load.with("cores", decimals(cores)));
    fields.say("console.summary.load", load);
    fields.render()
}
