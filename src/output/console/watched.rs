//! A single request in detail: what comes, as it comes, and what it was in the end.

use std::time::Duration;

use super::banner::LABELS;
use super::failures::{self, Advice};
use super::live::ROWS_PER_HEADER;
use super::page::{Fields, Page, count, figure};
use super::text::{harmless, one_line, right, shorten};
use crate::clock::Stamp;
use crate::record::{Outcome, RequestRecord, Sample, SoFar};
use crate::stats::ChunkRow;
use crate::text::Message;

/// The shortest time between two rows.
const INTERVAL: Duration = Duration::from_millis(100);
const WIDTHS: [usize; 4] = [10, 14, 14, 14];

/// A request that is being watched.
#[derive(Debug)]
pub(super) struct Watched {
    show_text: bool,
    stage: Stage,
    rows: usize,
    /// The last row's time.
    shown_at: Option<Stamp>,
    /// The newest row, if it was not shown.
    held: Option<ChunkRow>,
    /// Whether the cursor stands behind text.
    in_line: bool,
}

/// How far the request is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No token has come.
    Waiting,
    /// TTFT has been shown, and what follows it been begun.
    Streaming,
    /// It is over.
    Finished,
}

impl Watched {
    pub(super) fn new(show_text: bool) -> Self {
        Self {
            show_text,
            stage: Stage::Waiting,
            rows: 0,
            shown_at: None,
            held: None,
            in_line: false,
        }
    }

    /// Whether the request's end has been shown.
    pub(super) fn has_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// What brings the cursor to the start of a line.
    pub(super) fn end_line(&mut self) -> &'static str {
        if std::mem::take(&mut self.in_line) {
            "\n"
        } else {
            ""
        }
    }

    /// What a sample adds to the screen.
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
            let mut fields = Fields::of_width(LABELS);
            fields.add("TTFT", page.ms(Some(so_far.ttft)));
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
            text.push_str(&header(page));
        }
        self.rows += 1;
        text.push_str(&line(&[
            &row.chunks.to_string(),
            &figure(row.average_ms),
            &figure(row.tpot_ms),
            &figure(row.tokens_per_s),
        ]));
        text.push('\n');
        text
    }

    fn finish(&mut self, page: &Page, request: &RequestRecord) -> String {
        self.stage = Stage::Finished;
        let mut text = self.end_line().to_owned();
        if let Some(row) = self.held.take() {
            text.push_str(&self.row(page, row));
        }
        text.push('\n');
        text.push_str(&closing(page, request, Advice::Probe));
        text
    }
}

fn head(page: &Page, status: u16, ttfb: Option<Duration>) -> String {
    let mut fields = Fields::of_width(LABELS);
    fields.add(
        page.text("console.request.status"),
        shown_status(page, status),
    );
    fields.add("TTFB", page.ms(ttfb));
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

fn header(page: &Page) -> String {
    let names = line(&[
        page.text("console.watched.chunks"),
        page.text("console.watched.average"),
        "TPOT",
        page.text("console.watched.throughput"),
    ]);
    let units = line(&[
        "",
        page.text("console.watched.ms_per_chunk"),
        "ms/token",
        page.text("console.watched.estimate"),
    ]);
    format!("{}\n{}\n", page.bold(&names), page.dim(&units))
}

fn line(cells: &[&str; 4]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .zip(WIDTHS)
        .map(|(cell, columns)| right(cell, columns))
        .collect();
    cells.concat()
}

/// What a request was in the end: its outcome, and whatever figures there are.
pub(super) fn closing(page: &Page, request: &RequestRecord, advice: Advice) -> String {
    let mut text = outcome(page, &request.outcome);
    if let Outcome::Failed(failure) = &request.outcome {
        let reason = failures::reason(page, failure.kind, &failure.detail, advice);
        text.push_str(&reason);
    }
    let mut fields = Fields::default();
    add_answer(page, request, &mut fields);
    add_times(page, request, &mut fields);
    text.push('\n');
    text.push_str(&fields.render());
    text
}

fn outcome(page: &Page, outcome: &Outcome) -> String {
    let message = match outcome {
        Outcome::Ok => Message::new("console.request.ok"),
        Outcome::Failed(failure) => {
            Message::new("console.request.failed").with("kind", failure.kind)
        }
        Outcome::Cancelled => Message::new("console.request.cancelled"),
        Outcome::Abandoned => Message::new("console.request.abandoned"),
    };
    let title = page.message(&message);
    let title = match outcome {
        Outcome::Ok => page.good(&title),
        Outcome::Failed(_) => page.bad(&title),
        Outcome::Cancelled | Outcome::Abandoned => title,
    };
    page.heading(&title)
}

/// What came.
fn add_answer(page: &Page, request: &RequestRecord, fields: &mut Fields) {
    let room = page.width.saturating_sub(24);
    let mut add = |id: &'static str, value: String| fields.add(page.text(id), value);
    if let Some(status) = request.http_status {
        add("console.request.status", shown_status(page, status));
    }
    for (id, name) in [
        ("console.request.conversation", &request.conversation_id),
        ("console.request.message", &request.message_id),
        ("console.request.finish", &request.finish_reason),
    ] {
        let name = name.as_deref().map(one_line).unwrap_or_default();
        if !name.is_empty() {
            add(id, shorten(&name, room));
        }
    }
    add("console.request.chunks", request.chunks.to_string());
    if let Some((tokens, source)) = request.output_tokens() {
        let tokens = page.aside(&tokens.to_string(), page.token_source(source));
        add("console.request.tokens", tokens);
    }
    let usage = &request.usage;
    if usage.prompt.is_some() || usage.cached.is_some() {
        add(
            "console.summary.prompt_tokens",
            prompt_tokens(page, usage.prompt, usage.cached),
        );
    }
    if let Some(reasoning) = usage.reasoning {
        add("console.summary.reasoning_tokens", reasoning.to_string());
    }
    let characters = Message::new("console.request.characters").with("count", request.answer_chars);
    add("console.request.answer", page.message(&characters));
}

/// Prompt tokens with those of them that came from a cache.
pub(super) fn prompt_tokens(page: &Page, prompt: Option<u64>, cached: Option<u64>) -> String {
    let prompt = count(prompt);
    match cached {
        Some(cached) => {
            let message = Message::new("console.tokens.cached")
                .with("prompt", prompt)
                .with("cached", cached);
            page.message(&message)
        }
        None => prompt,
    }
}

/// How long it took.
fn add_times(page: &Page, request: &RequestRecord, fields: &mut Fields) {
    let connection = &request.connection;
    let mut add = |label: &str, time: Option<String>| {
        if let Some(time) = time {
            fields.add(label, time);
        }
    };
    let ms = |time: Option<Duration>| time.map(|time| page.ms(Some(time)));
    let reused = page.text("console.request.reused").to_owned();
    let reused = (connection.reused == Some(true)).then_some(reused);
    let connect = reused.or_else(|| ms(connection.connect));
    add("DNS", ms(connection.dns));
    add(page.text("console.request.connect"), connect);
    add("TLS", ms(connection.tls));
    add("TTFB", ms(request.ttfb()));
    add("TTFT", ms(request.ttft()));
    if request.ttfa() != request.ttft() {
        add("TTFA", ms(request.ttfa()));
    }
    let streaming = page.text("console.request.streaming");
    add(streaming, ms(request.streaming_time()));
    let instants = &request.instants;
    let total = instants.end.since(instants.start);
    add(page.text("console.request.total"), ms(Some(total)));
    if request.attempts > 1 || request.reconnects > 0 {
        let message = Message::new("console.request.attempts_of")
            .with("attempts", request.attempts)
            .with("waited", page.seconds(Some(request.retry_wait)))
            .with("reconnects", request.reconnects);
        let attempts = page.texts.render(&message);
        add(page.text("console.request.attempts"), Some(attempts));
    }
    add_rates(page, request, fields);
}

/// How fast the tokens came, and by whose count of them.
fn add_rates(page: &Page, request: &RequestRecord, fields: &mut Fields) {
    let Some((_, source)) = request.output_tokens() else {
        return;
    };
    let mut add = |label: &str, value: Option<f64>, unit: &str| {
        if value.is_some() {
            let value = page.quantity(&figure(value), unit);
            fields.add(label, page.aside(&value, source.name()));
        }
    };
    let tpot = request.tpot();
    let tpot = tpot.map(|tpot| crate::clock::micros(tpot) as f64 / 1_000.0);
    add("TPOT", tpot, "ms/token");
    let throughput = page.text("console.request.throughput");
    add(throughput, request.tokens_per_second(), "tokens/s");
}
