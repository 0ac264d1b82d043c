//! A single request in detail: chunks while they arrive, then outcome and figures.

use std::time::Duration;

use super::banner::LABELS;
use super::failures;
use super::live::{ROWS_PER_HEADER, header};
use super::page::{Fields, Page, decimals, figure, or_absent, paragraphs};
use super::text::{align, harmless, one_line, shorten};
use crate::clock::{Stamp, micros};
use crate::record::{Outcome, RequestRecord, Sample, SoFar};
use crate::stats::ChunkRow;
use crate::text::Message;

/// The shortest time between two rows.
const INTERVAL: Duration = Duration::from_millis(100);
const WIDTHS: [usize; 4] = [10, 14, 14, 14];
const HEADERS: [(&str, &str); 4] = [
    ("console.watched.chunks", ""),
    ("console.watched.average", "console.watched.ms_per_chunk"),
    ("TPOT", "ms/token"),
    ("console.watched.throughput", "console.watched.estimate"),
];

/// A watched request.
#[derive(Debug, Default)]
pub(super) struct Watched {
    show_text: bool,
    stage: Stage,
    /// Number of rows on the terminal.
    rows: usize,
    /// The last row's time on the request's clock.
    shown_at: Option<Stamp>,
    /// The newest row, if the terminal has not shown it yet.
    held: Option<ChunkRow>,
    /// Whether the cursor stands behind text.
    in_line: bool,
}

/// The part of the request that the terminal has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// No token yet.
    #[default]
    Waiting,
    /// TTFT, and the beginning of the text or of the table of chunks.
    Streaming,
    /// Outcome and figures.
    Finished,
}

impl Watched {
    pub(super) fn new(show_text: bool) -> Self {
        Self {
            show_text,
            ..Self::default()
        }
    }

    /// Whether the terminal has shown the request's outcome.
    pub(super) fn has_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Brings the cursor to the start of a line.
    pub(super) fn end_line(&mut self) -> &'static str {
        if std::mem::take(&mut self.in_line) {
            "\n"
        } else {
            ""
        }
    }

    /// The text that a sample adds to the screen.
    pub(super) fn on(&mut self, page: &Page, sample: &Sample) -> String {
        match sample {
            Sample::Head { status, ttfb } => head(page, *status, *ttfb),
            Sample::SoFar(so_far) => self.progress(page, so_far),
            Sample::Finished(request) => self.finish(page, request),
            _ => String::new(),
        }
    }

    fn progress(&mut self, page: &Page, so_far: &SoFar) -> String {
        let mut text = String::new();
        if self.stage == Stage::Waiting {
            self.stage = Stage::Streaming;
            let mut fields = Fields::new(page, LABELS);
            fields.add("TTFT", page.ms(so_far.ttft));
            text = fields.render();
            text.push('\n');
        }
        if self.show_text {
            let answer = harmless(&so_far.text);
            if let Some(last) = answer.chars().last() {
                self.in_line = last != '\n';
            }
            text.push_str(&answer);
            return text;
        }
        let row = ChunkRow::of(so_far);
        let soon = |last: Stamp| so_far.at.since(last) < INTERVAL;
        if self.shown_at.is_some_and(soon) {
            self.held = Some(row);
        } else {
            self.shown_at = Some(so_far.at);
            self.held = None;
            text.push_str(&self.row(page, row));
        }
        text
    }

    fn row(&mut self, page: &Page, row: ChunkRow) -> String {
        let mut text = String::new();
        if self.rows.is_multiple_of(ROWS_PER_HEADER) {
            if self.rows > 0 {
                text.push('\n');
            }
            let header = header(page, HEADERS, |cells| align(cells, &WIDTHS).concat());
            text.push_str(&header);
        }
        self.rows += 1;
        let rates = [row.average_ms, row.tpot_ms, row.tokens_per_s].map(figure);
        let [average, tpot, throughput] = rates;
        let cells = [row.chunks.to_string(), average, tpot, throughput];
        text + &align(&cells, &WIDTHS).concat() + "\n"
    }

    fn finish(&mut self, page: &Page, request: &RequestRecord) -> String {
        self.stage = Stage::Finished;
        let mut text = self.end_line().to_owned();
        if let Some(row) = self.held.take() {
            text.push_str(&self.row(page, row));
        }
        text + "\n" + &closing(page, request, true)
    }
}

fn head(page: &Page, status: u16, ttfb: Option<Duration>) -> String {
    let mut fields = Fields::new(page, LABELS);
    fields.add("console.request.status", shown_status(page, status));
    fields.add("TTFB", or_absent(ttfb.map(|ttfb| page.ms(ttfb))));
    fields.render()
}

fn shown_status(page: &Page, status: u16) -> String {
    let text = status.to_string();
    if (200..300).contains(&status) {
        text
    } else {
        page.bad(&text)
    }
}

/// Outcome and figures of a request that is over. If `names_probe`, a hint may advise
/// `sse-perf probe`.
pub(super) fn closing(page: &Page, request: &RequestRecord, names_probe: bool) -> String {
    let mut text = page.heading(&outcome(page, &request.outcome));
    if let Outcome::Failed(failure) = &request.outcome {
        text.push_str(&failures::reason(page, failure, names_probe));
    }
    let mut fields = Fields::new(page, 0);
    add_answer(page, request, &mut fields);
    add_times(page, request, &mut fields);
    paragraphs([text, fields.render()])
}

fn outcome(page: &Page, outcome: &Outcome) -> String {
    let text = |id| page.text(id).to_owned();
    match outcome {
        Outcome::Ok => page.good(page.text("console.request.ok")),
        Outcome::Failed(failure) => {
            let message = Message::new("console.request.failed").with("kind", failure.kind);
            page.bad(&page.message(&message))
        }
        Outcome::Cancelled => text("console.request.cancelled"),
        Outcome::Abandoned => text("console.request.abandoned"),
    }
}

/// Adds status, ids, chunks and tokens of the response.
fn add_answer(page: &Page, request: &RequestRecord, fields: &mut Fields) {
    let room = page.width.saturating_sub(24);
    let status = request.http_status;
    let status = status.map(|status| shown_status(page, status));
    fields.maybe("console.request.status", status);
    for (label, name) in [
        ("console.request.conversation", &request.conversation_id),
        ("console.request.message", &request.message_id),
        ("console.request.finish", &request.finish_reason),
    ] {
        let name = name.as_deref().map(one_line);
        let name = name.filter(|name| !name.is_empty());
        fields.maybe(label, name.map(|name| shorten(&name, room)));
    }
    fields.add("console.request.chunks", request.chunks);
    let tokens = request.output_tokens();
    let tokens =
        tokens.map(|(tokens, source)| page.aside(&tokens.to_string(), page.token_source(source)));
    fields.maybe("console.request.tokens", tokens);
    let usage = &request.usage;
    let prompt = prompt_tokens(page, usage.prompt, usage.cached);
    fields.maybe("console.summary.prompt_tokens", prompt);
    fields.maybe("console.summary.reasoning_tokens", usage.reasoning);
    let characters = Message::new("console.request.characters").with("count", request.answer_chars);
    fields.say("console.request.answer", characters);
}

/// Prompt tokens, and how many of them came from a cache; `None` if neither is known.
pub(super) fn prompt_tokens(
    page: &Page,
    prompt: Option<u64>,
    cached: Option<u64>,
) -> Option<String> {
    let prompt = prompt.map(|tokens| tokens.to_string());
    let Some(cached) = cached else {
        return prompt;
    };
    let message = Message::new("console.tokens.cached")
        .with("prompt", or_absent(prompt))
        .with("cached", cached);
    Some(page.message(&message))
}

/// Adds the request's times.
fn add_times(page: &Page, request: &RequestRecord, fields: &mut Fields) {
    let connection = &request.connection;
    let ms = |time: Option<Duration>| time.map(|time| page.ms(time));
    let reused = page.text("console.request.reused").to_owned();
    let reused = (connection.reused == Some(true)).then_some(reused);
    let connect = reused.or_else(|| ms(connection.connect));
    let instants = &request.instants;
    let total = instants.end.since(instants.start);
    let ttfa = request.ttfa().filter(|ttfa| Some(*ttfa) != request.ttft());
    for (label, time) in [
        ("DNS", ms(connection.dns)),
        ("console.request.connect", connect),
        ("TLS", ms(connection.tls)),
        ("TTFB", ms(request.ttfb())),
        ("TTFT", ms(request.ttft())),
        ("TTFA", ms(ttfa)),
        ("console.request.streaming", ms(request.streaming_time())),
        ("console.request.total", Some(page.ms(total))),
    ] {
        fields.maybe(label, time);
    }
    if request.attempts > 1 || request.reconnects > 0 {
        let message = Message::new("console.request.attempts_of")
            .with("attempts", request.attempts)
            .with("waited", page.seconds(request.retry_wait))
            .with("reconnects", request.reconnects);
        fields.add("console.request.attempts", page.texts.render(&message));
    }
    let source = request.output_tokens().map(|(_, source)| source.name());
    let rate = |rate: f64, unit| Some(page.aside(&page.quantity(&decimals(rate), unit), source?));
    let tpot = request.tpot().map(|tpot| micros(tpot) as f64 / 1_000.0);
    let tpot = tpot.and_then(|tpot| rate(tpot, "ms/token"));
    fields.maybe("TPOT", tpot);
    let throughput = request.tokens_per_second();
    let throughput = throughput.and_then(|tokens| rate(tokens, "tokens/s"));
    fields.maybe("console.request.throughput", throughput);
}
