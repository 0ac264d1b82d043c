//! What people see on the terminal: the banner, the live table or the watched request, and the
//! final summary, in the language and the width of the terminal.
//!
//! The renderers in the submodules are functions from data to text. [`Console`] owns the writer
//! and decides what is shown at all. Errors of writing are the caller's to handle: a closed pipe
//! is not worth a message.

mod banner;
mod failures;
mod live;
mod page;
mod probe;
mod spans;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod turns;
mod watched;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

use crate::output::{FileKind, RunInfo};
use crate::record::Sample;
use crate::stats::{Grade, LiveLine, Summary};
use crate::text::{Language, Message};

pub use banner::{Banner, Origin};
pub use probe::{ProbeRequest, Timeline};

use live::LiveTable;
use page::{Fields, Page, paragraphs};
use watched::Watched;

/// Columns of a terminal that does not tell its width.
const DEFAULT_WIDTH: usize = 80;
/// Text is never set narrower: a narrower terminal wraps it by itself.
const LEAST_WIDTH: usize = 40;

/// How the terminal is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The language of all texts.
    pub language: Language,
    /// Only notices and the final statistics.
    pub quiet: bool,
    /// Shows a watched request's text as the text arrives, in place of the table of chunks.
    pub show_text: bool,
    /// Shows the single request of a single user in detail, in place of the live table.
    pub watched: bool,
    /// Whether to use colours; see [`wants_colour`].
    pub colour: bool,
    /// Columns of the terminal; 80 where unknown.
    pub width: Option<usize>,
}

/// Whether colours are wanted: on a terminal that is not `TERM=dumb`, unless `NO_COLOR` holds
/// anything (<https://no-color.org>).
#[must_use]
pub fn wants_colour(terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

/// What the end of a run shows beside the figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Closing<'a> {
    /// The run's target and start, shown where no banner has shown them.
    pub run: Option<&'a RunInfo>,
    /// The files that the run wrote.
    pub files: &'a [(&'static FileKind, &'a Path)],
    /// The warnings of the run, the banner's warnings included.
    pub warnings: &'a [Message],
    /// Whether the user ended the run before its time.
    pub interrupted: bool,
}

/// Writes people's text, mostly to a terminal.
pub struct Console {
    out: Box<dyn Write + Send>,
    settings: Settings,
    /// The terminal's width, where it can change.
    measure: fn() -> Option<usize>,
    live: LiveTable,
    watched: Watched,
}

impl Console {
    /// A console that writes to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, settings: Settings) -> Self {
        Self {
            out,
            settings,
            measure: || None,
            live: LiveTable::default(),
            watched: Watched::new(settings.show_text),
        }
    }

    /// Asks `measure` for the terminal's width before each text: people resize their windows.
    #[must_use]
    pub fn following(self, measure: fn() -> Option<usize>) -> Self {
        Self { measure, ..self }
    }

    fn page(&self) -> Page {
        let width = (self.measure)().or(self.settings.width);
        Page {
            texts: self.settings.language.texts(),
            colour: self.settings.colour,
            width: width.unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH),
        }
    }

    /// Shows the run that is about to begin, unless quiet.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn banner(&mut self, banner: &Banner<'_>) -> io::Result<()> {
        if self.settings.quiet {
            return Ok(());
        }
        let text = banner::render(&self.page(), banner, self.settings.watched);
        self.write(&text)
    }

    /// Shows a notice always, and the progress of a watched request.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn sample(&mut self, sample: &Sample) -> io::Result<()> {
        match sample {
            Sample::Notice(message) => return self.notice(message),
            Sample::Stopping(message) => {
                // A terminal has just shown `^C`. The line overwrites `^C`: behind it, the line
                // would be too wide.
                if self.settings.width.is_some() {
                    self.write("\r")?;
                }
                return self.notice(message);
            }
            _ => {}
        }
        if self.settings.quiet || !self.settings.watched {
            return Ok(());
        }
        let text = self.watched.on(&self.page(), sample);
        self.write(&text)
    }

    /// Adds a row to the live table, unless quiet or watching a request.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn live(&mut self, line: &LiveLine) -> io::Result<()> {
        if self.settings.quiet || self.settings.watched {
            return Ok(());
        }
        let text = self.live.row(&self.page(), line);
        self.write(&text)
    }

    /// Shows a warning at once.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn notice(&mut self, message: &Message) -> io::Result<()> {
        let text = self.watched.end_line().to_owned() + &self.page().warning(message);
        self.write(&text)
    }

    /// Shows a message below everything else.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn say(&mut self, message: &Message) -> io::Result<()> {
        let end = self.watched.end_line();
        let text = format!("{end}\n{}", self.page().paragraph(message));
        self.write(&text)
    }

    /// Shows the final statistics. After a request that was watched to its end, only nodes, files,
    /// verdict and warnings are left to show.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn summary(&mut self, summary: &Summary, closing: &Closing<'_>) -> io::Result<()> {
        let mut text = self.watched.end_line().to_owned();
        let page = &self.page();
        let body = if self.watched.has_finished() {
            let verdict = summary.verdict.as_ref();
            let verdict = verdict.filter(|verdict| verdict.grade != Grade::Valid);
            paragraphs([
                summary::interrupted(page, closing.interrupted),
                spans::render(page, &summary.spans, true),
                verdict.map_or_else(String::new, |verdict| summary::verdict(page, verdict)),
            ])
        } else {
            let run = closing.run.filter(|_| self.settings.quiet);
            summary::render(page, summary, run, closing.interrupted)
        };
        let mut files = Fields::new(page, 0);
        files.files(closing.files);
        let warnings = page.warnings(closing.warnings);
        let shown = paragraphs([
            body,
            page.section("console.files.title", &files.render()),
            page.section("console.warnings.title", &warnings),
        ]);
        if !self.settings.quiet && !shown.is_empty() {
            text.push('\n');
        }
        self.write(&(text + &shown))
    }

    /// Writes a text at once: somebody is looking.
    fn write(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
