//! The output of `sse-perf probe`: the request, the response's head, a line for each event, and the
//! diagnosis.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use super::Console;
use super::page::Page;
use super::text::{align, harmless, left, one_line, shorten};
use super::watched;
use crate::clock::Stamp;
use crate::probe::{Diagnosis, SeenEvent};
use crate::record::{EventKind, Outcome, RequestRecord, Usage};
use crate::text::{Message, tenths_of_ms};

/// Columns of time, gap, read and bytes.
const WIDTHS: [usize; 4] = [8, 8, 5, 7];
/// Columns of the event's kind.
const KIND: usize = 10;
/// Columns before the event's content.
const BEFORE: usize = 8 + 8 + 5 + 7 + 2 + KIND;
/// Columns of a body on the terminal, unless the user wants the whole body.
const BODY: usize = 600;

/// The request that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct ProbeRequest<'a> {
    /// The URL, secrets masked.
    pub url: &'a str,
    /// The protocol's name.
    pub protocol: &'a str,
    /// The request's own headers, secrets masked.
    pub headers: &'a [(String, String)],
    /// The request's body.
    pub body: &'a str,
    /// Warnings before the request.
    pub warnings: &'a [Message],
}

/// The events of a request that the terminal has shown so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeline {
    /// Whether the event's whole data follow each line.
    pub raw: bool,
    /// When the request began.
    pub start: Stamp,
    /// Arrival and read of the last event.
    last: Option<(Stamp, u64)>,
}

impl Timeline {
    /// A timeline without events.
    #[must_use]
    pub fn new(raw: bool) -> Self {
        Self {
            raw,
            ..Self::default()
        }
    }
}

impl Console {
    /// Shows the request.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn probe_request(&mut self, request: &ProbeRequest<'_>, raw: bool) -> io::Result<()> {
        let page = &self.page();
        let line = format!("POST {} ({})", one_line(request.url), request.protocol);
        let text = page.warnings(request.warnings)
            + &page.heading(&line)
            + &headers(page, request.headers)
            + &body(request.body, raw);
        self.write(&text)
    }

    /// Shows the head of the response; `after` is the time since the request's start.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn probe_head(
        &mut self,
        status: u16,
        after: Duration,
        fields: &[(String, String)],
    ) -> io::Result<()> {
        let page = &self.page();
        let message = Message::new("console.probe.head")
            .with("status", status)
            .with("after", tenths_of_ms(after));
        let heading = page.heading(&page.message(&message));
        let text = format!("\n{heading}{}", headers(page, fields));
        self.write(&text)
    }

    /// Shows the body of a response that is no stream.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn probe_body(&mut self, content: &str, raw: bool) -> io::Result<()> {
        let text = body(content, raw);
        self.write(&text)
    }

    /// Shows an event, and the header of the columns before the first event.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn probe_event(&mut self, timeline: &mut Timeline, event: &SeenEvent) -> io::Result<()> {
        let page = &self.page();
        let mut text = line(page, timeline, event);
        if timeline.last.is_none() {
            text = format!("\n{}{text}", page.bold(&header(page)));
        }
        timeline.last = Some((event.row.at, event.row.read));
        self.write(&text)
    }

    /// Shows the request's outcome and figures, and the diagnosis.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn probe_ends(&mut self, record: &RequestRecord, diagnosis: &Diagnosis) -> io::Result<()> {
        let page = &self.page();
        let mut text = format!("\n{}", watched::closing(page, record, false));
        let nothing = diagnosis.findings.is_empty();
        if nothing && record.outcome != Outcome::Ok {
            // The outcome already shows the failure and its hint.
            return self.write(&text);
        }
        let heading = page.heading(page.text("console.probe.diagnosis"));
        text = text + "\n" + &heading + &page.warnings(&diagnosis.findings);
        if nothing {
            text.push_str(&page.indented(2, page.text("console.probe.nothing")));
        }
        if let Some(proposal) = &diagnosis.proposal {
            // Not wrapped: people copy it.
            let _ = writeln!(text, "\n{}", harmless(proposal));
        }
        self.write(&text)
    }
}

fn headers(page: &Page, fields: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let name = page.dim(&one_line(&format!("{name}:")));
        let _ = writeln!(text, "  {name} {}", one_line(value));
    }
    text
}

fn body(content: &str, raw: bool) -> String {
    let content = content.trim();
    if content.is_empty() {
        return String::new();
    }
    if raw {
        return format!("\n{}\n", harmless(content));
    }
    // Not wrapped: people copy it.
    format!("\n  {}\n", shorten(&one_line(content), BODY))
}

fn header(page: &Page) -> String {
    let ids = [
        "console.probe.at",
        "console.probe.gap",
        "console.probe.read",
        "console.probe.bytes",
    ];
    let figures = align(&ids.map(|id| page.text(id)), &WIDTHS).concat();
    let kind = left(page.text("console.probe.kind"), KIND);
    format!("{figures}  {kind}{}\n", page.text("console.probe.says"))
}

fn line(page: &Page, timeline: &Timeline, event: &SeenEvent) -> String {
    let gap = match timeline.last {
        None => String::new(),
        // A read has one stamp only, the stamp of its last byte.
        Some((_, read)) if read == event.row.read => page.text("console.probe.together").to_owned(),
        Some((at, _)) => tenths_of_ms(event.row.at.since(at)),
    };
    let bytes = event.data.as_ref().map_or(0, String::len);
    let cells = [
        tenths_of_ms(event.row.at.since(timeline.start)),
        gap,
        event.row.read.to_string(),
        bytes.to_string(),
    ];
    let figures = align(&cells, &WIDTHS).concat();
    let kind = event.row.kind;
    let (word, paint): (_, fn(&Page, &str) -> String) = match kind {
        _ if event.malformed.is_some() => ("malformed", Page::bad),
        EventKind::Error => ("error", Page::bad),
        EventKind::Text | EventKind::Reasoning | EventKind::Tool => (kind.name(), Page::good),
        _ => (kind.name(), |_, text| text.to_owned()),
    };
    let kind = paint(page, &left(word, KIND));
    let room = page.width.saturating_sub(BEFORE).max(20);
    let says = shorten(&one_line(&says(event)), room);
    let line = format!("{figures}  {kind}{says}");
    let mut text = format!("{}\n", line.trim_end());
    if let Some(data) = event.data.as_ref().filter(|_| timeline.raw) {
        for line in data.lines() {
            let _ = writeln!(text, "    {}", page.dim(&harmless(line)));
        }
    }
    text
}

/// The event's content in short: its text, or its name with its meaning, or the start of its data.
fn says(event: &SeenEvent) -> String {
    let usage = usage(&event.usage);
    let data = event.data.as_deref().unwrap_or_default();
    let row = &event.row;
    let said = match row.kind {
        // The diagnosis below tells the fault; the data tell more here.
        _ if event.malformed.is_some() => data.to_owned(),
        EventKind::Text | EventKind::Reasoning | EventKind::Tool => {
            let value = if event.end { &row.value } else { "" };
            format!("{:?} {value}", event.text)
        }
        EventKind::Ping if row.name.is_empty() => ":".to_owned(),
        EventKind::Ping => row.name.clone(),
        EventKind::Error | EventKind::Span | EventKind::End if !row.value.is_empty() => {
            format!("{} {}", row.name, row.value)
        }
        _ if row.name.is_empty() || data.contains(&row.name) && usage.is_empty() => data.to_owned(),
        _ => format!("{} {data}", row.name),
    };
    let is_said = usage.is_empty() || row.kind != EventKind::Other;
    let said = if is_said { said.as_str() } else { "" };
    format!("{said} {usage}").trim().to_owned()
}

/// Token counts in a few words; empty without counts.
fn usage(usage: &Usage) -> String {
    let counts = [
        ("prompt", usage.prompt),
        ("cached", usage.cached),
        ("completion", usage.completion),
        ("reasoning", usage.reasoning),
        ("total", usage.total),
    ];
    let known = counts.into_iter();
    let known = known.filter_map(|(name, count)| Some(format!("{name} {}", count?)));
    let known = known.collect::<Vec<_>>().join(", ");
    if known.is_empty() {
        return known;
    }
    format!("[usage: {known}]")
}
