//! The final statistics of a run, and where its files are.

use std::fmt::Write as _;
use std::time::Duration;

use super::Closing;
use super::banner::add_run;
use super::failures;
use super::live::rated;
use super::page::{ABSENT, Fields, Page, add_files, count, decimals, figure, percent};
use super::spans;
use super::table::{self, Row};
use super::turns;
use super::watched::prompt_tokens;
use crate::metrics::{
    self, CACHED_TOKENS, CHUNKS, COALESCED, Flag, PROMPT_TOKENS, REASONING_TOKENS, RECONNECTS,
    RETRY_WAIT,
};
use crate::output::RunInfo;
use crate::record::TokenSource;
use crate::stats::{Grade, OutputTokens, Summary, TokenMix, Verdict};
use crate::text::{Message, plain_seconds};

/// What the final statistics begin with.
pub(super) fn heading(page: &Page) -> String {
    page.heading(page.text("console.summary.title"))
}

/// What was tested, and when: so that a summary without a banner can be quoted.
pub(super) fn run(page: &Page, run: &RunInfo) -> String {
    let mut fields = Fields::default();
    add_run(page, run, &mut fields);
    format!("{}\n", fields.render())
}

/// The final statistics, below their heading.
pub(super) fn render(page: &Page, summary: &Summary, interrupted: bool) -> String {
    let mut text = String::new();
    if interrupted {
        text.push_str(&self::interrupted(page));
        text.push('\n');
    }
    if let Some(verdict) = &summary.verdict
        && summary.requests() > 0
    {
        text.push_str(&self::verdict(page, verdict));
        text.push('\n');
    }
    text.push_str(&totals(page, summary));
    if many_reconnects(summary) {
        let message = Message::new("console.summary.closes")
            .with("reconnects", summary.count(RECONNECTS))
            .with("requests", summary.requests());
        text.push_str(&page.remark(&page.message(&message)));
    }
    if !summary.failures.is_empty() {
        text.push('\n');
        text.push_str(&failures::render(page, &summary.failures));
    }
    text.push('\n');
    text.push_str(&distributions(page, summary));
    text.push('\n');
    let spans = spans::render(page, &summary.spans, false);
    if !spans.is_empty() {
        text.push_str(&spans);
        text.push('\n');
    }
    let turns = turns::render(page, &summary.turns);
    if !turns.is_empty() {
        text.push_str(&turns);
        text.push('\n');
    }
    text.push_str(&rates(page, summary));
    text
}

/// Whether the numbers can be used, and why not.
pub(super) fn verdict(page: &Page, verdict: &Verdict) -> String {
    let grade = match verdict.grade {
        Grade::Valid => page.good(verdict.grade.name()),
        Grade::Degraded | Grade::ClientLimited => page.bad(verdict.grade.name()),
    };
    let mut fields = Fields::default();
    fields.add(page.text("console.summary.verdict"), grade);
    let mut text = fields.render();
    for reason in &verdict.reasons {
        text.push_str(&page.warning(reason));
    }
    text
}

/// That the run was ended before its time.
pub(super) fn interrupted(page: &Page) -> String {
    page.warning(&Message::new("console.summary.interrupted"))
}

fn totals(page: &Page, summary: &Summary) -> String {
    let mut fields = Fields::default();
    fields.add(page.text("console.summary.users"), users(page, summary));
    fields.add(
        page.text("console.summary.duration"),
        duration(page, summary),
    );
    let requests = summary.requests().to_string();
    fields.add(page.text("console.summary.requests"), requests);
    fields.part(page.text("console.summary.ok"), summary.ok.to_string());
    let failed = summary.failed().to_string();
    let failed = if summary.failed() > 0 {
        page.bad(&failed)
    } else {
        failed
    };
    fields.part(page.text("console.summary.failed"), failed);
    let cancelled = summary.cancelled.to_string();
    fields.part(page.text("console.summary.cancelled"), cancelled);
    if summary.abandoned > 0 {
        let abandoned = summary.abandoned.to_string();
        fields.part(page.text("console.summary.abandoned"), abandoned);
    }
    fields.add(
        page.text("console.summary.success_rate"),
        success_rate(page, summary),
    );
    fields.add(page.text("console.summary.retries"), retries(page, summary));
    let reconnects = summary.count(RECONNECTS).to_string();
    fields.add(page.text("console.summary.reconnects"), reconnects);
    fields.add(
        page.text("console.summary.chunks"),
        summary.count(CHUNKS).to_string(),
    );
    let tokens = output_tokens(page, &summary.output_tokens);
    fields.add(page.text("console.summary.output_tokens"), tokens);
    let sums = &summary.sums;
    let (prompt, cached) = (sums[PROMPT_TOKENS], sums[CACHED_TOKENS]);
    if prompt.is_some() || cached.is_some() {
        let tokens = prompt_tokens(page, prompt, cached);
        fields.add(page.text("console.summary.prompt_tokens"), tokens);
    }
    if sums[REASONING_TOKENS].is_some() {
        let tokens = count(sums[REASONING_TOKENS]);
        fields.add(page.text("console.summary.reasoning_tokens"), tokens);
    }
    let sum = page.seconds(summary.response_time_sum);
    fields.add(page.text("console.summary.response_sum"), sum);
    fields.render()
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
    let real = page.seconds(summary.duration());
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

fn success_rate(page: &Page, summary: &Summary) -> String {
    let Some(rate) = summary.success_rate() else {
        return ABSENT.to_owned();
    };
    let of = Message::new("console.summary.of_completed")
        .with("ok", summary.ok)
        .with("completed", summary.completed());
    let rate = rated(page, rate, &format!("{}%", percent(rate)));
    page.aside(&rate, &page.message(&of))
}

fn retries(page: &Page, summary: &Summary) -> String {
    if summary.retries == 0 {
        return "0".to_owned();
    }
    let waited = Duration::from_micros(summary.count(RETRY_WAIT));
    let message = Message::new("console.summary.retries_waited")
        .with("retries", summary.retries)
        .with("waited", page.seconds(Some(waited)));
    page.texts.render(&message)
}

fn output_tokens(page: &Page, tokens: &OutputTokens) -> String {
    let (Some(total), Some(mix)) = (tokens.total(), tokens.mix()) else {
        return ABSENT.to_owned();
    };
    let source = match mix {
        TokenMix::Only(source) => page.token_source(source).to_owned(),
        TokenMix::Mixed => {
            let part =
                |(source, requests): (TokenSource, u64)| format!("{} {requests}", source.name());
            let sources: Vec<String> = tokens.sources().map(part).collect();
            page.message(&Message::new("console.tokens.mixed").with("sources", sources.join(", ")))
        }
    };
    page.aside(&total.to_string(), &source)
}

/// The table of distributions, with what has to be known to read it.
fn distributions(page: &Page, summary: &Summary) -> String {
    let rows: Vec<Row<'_>> = metrics::with(Flag::Console)
        .map(|metric| Row::of(page, metric, summary.statistics[metric].as_ref()))
        .filter(|row| row.statistics.is_some() || !row.metric.has(Flag::UnlikeTtft))
        .collect();
    if rows.iter().all(|row| row.statistics.is_none()) {
        return page.remark(page.text("console.summary.nothing"));
    }
    let mut text = table::render(page, &rows);
    let over = Message::new("console.summary.over").with("ok", summary.ok);
    let mut remark = page.message(&over);
    if let Some(mix) = summary.ok_tokens.mix() {
        let source = Message::new("console.summary.token_source").with("source", mix.name());
        let _ = write!(
            remark,
            "{}{}",
            page.text("console.summary.space"),
            page.message(&source)
        );
    }
    text.push_str(&page.remark(&remark));
    if came_in_bursts(summary) {
        text.push_str(&page.remark(page.text("console.summary.bursts")));
    }
    text
}

/// Whether the stamps of most events are those of later ones: more than half of them shared a read
/// with a later one, in answers that are long enough for this to mean something.
fn came_in_bursts(summary: &Summary) -> bool {
    const LONG_ANSWER: u64 = 4;
    let chunks = summary.count(CHUNKS);
    chunks >= LONG_ANSWER * summary.requests() && 2 * summary.count(COALESCED) > chunks
}

/// Whether the server closes connections that it should keep: of more than 5% of the requests.
fn many_reconnects(summary: &Summary) -> bool {
    20 * summary.count(RECONNECTS) > summary.requests()
}

fn rates(page: &Page, summary: &Summary) -> String {
    let mut fields = Fields::default();
    let throughput = match (summary.system_throughput(), summary.output_tokens.mix()) {
        (Some(rate), Some(mix)) => {
            let rate = page.quantity(&figure(Some(rate)), "tokens/s");
            page.aside(&rate, mix.name())
        }
        _ => ABSENT.to_owned(),
    };
    fields.add(page.text("console.summary.throughput"), throughput);
    fields.add(page.text("console.summary.rps"), figure(summary.rps()));
    if let Some(lag) = summary.client.and_then(|client| client.lag_ms) {
        let lag = Message::new("console.summary.lag_figures")
            .with("p50", figure(Some(lag.p50)))
            .with("p99", figure(Some(lag.p99)))
            .with("max", figure(Some(lag.max)));
        fields.add(page.text("console.summary.lag"), page.message(&lag));
    }
    let client = summary.client.as_ref();
    if let Some(cores) = client.and_then(|client| client.process_cores) {
        let mut load = Message::new("console.summary.cores").with("cores", decimals(cores));
        if let Some(busy) = client.and_then(|client| client.machine_busy) {
            load = Message::new("console.summary.cores_and_machine")
                .with("cores", decimals(cores))
                .with("percent", format!("{:.0}", busy * 100.0));
        }
        fields.add(page.text("console.summary.load"), page.message(&load));
    }
    fields.render()
}

/// Where the files are, and the warnings once more.
pub(super) fn closing(page: &Page, closing: &Closing<'_>) -> String {
    let mut text = String::new();
    if !closing.files.is_empty() {
        text.push('\n');
        text.push_str(&page.heading(page.text("console.files.title")));
        let mut fields = Fields::default();
        add_files(page, closing.files, &mut fields);
        text.push_str(&fields.render());
    }
    if !closing.warnings.is_empty() {
        text.push('\n');
        text.push_str(&page.heading(page.text("console.warnings.title")));
        for warning in closing.warnings {
            text.push_str(&page.warning(warning));
        }
    }
    text
}
