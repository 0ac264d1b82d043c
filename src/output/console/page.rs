//! All renderers share the language, the width, the colours, and the forms of headings, fields,
//! figures and warnings.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use super::text::{hanging, left, one_line, width, wrap};
use crate::clock::micros;
use crate::output::FileKind;
use crate::record::TokenSource;
use crate::text::{Message, Texts};

/// The sign for an absent value. ASCII, since a long dash is two columns wide on some Chinese
/// terminals.
pub(super) const ABSENT: &str = "-";

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) texts: &'static Texts,
    pub(super) colour: bool,
    /// Columns to which text is wrapped. Addresses and paths are not wrapped: people copy them.
    pub(super) width: usize,
}

impl Page {
    /// The text with this id.
    pub(super) fn text(&self, id: &'static str) -> &'static str {
        self.texts.get(id)
    }

    /// A message on one line, without anything that could harm a terminal.
    pub(super) fn message(&self, message: &Message) -> String {
        one_line(&self.texts.render(message))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(super) fn good(&self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(super) fn bad(&self, text: &str) -> String {
        self.paint("31", text)
    }

    /// A figure with its unit.
    pub(super) fn quantity(&self, figure: &str, unit: &str) -> String {
        format!("{figure} {}", self.dim(unit))
    }

    /// Where a number of tokens comes from.
    pub(super) fn token_source(&self, source: TokenSource) -> &'static str {
        let id = format!("console.tokens.{}", source.name());
        self.texts.find(&id).unwrap_or_default()
    }

    /// A figure, followed by a remark in parentheses.
    pub(super) fn aside(&self, figure: &str, word: &str) -> String {
        let aside = Message::new("console.aside").with("text", word);
        format!("{figure}{}", self.texts.render(&aside))
    }

    /// A duration in milliseconds with two decimals, rounded to microseconds before.
    pub(super) fn ms(&self, duration: Duration) -> String {
        self.quantity(&decimals(micros(duration) as f64 / 1_000.0), "ms")
    }

    /// A duration in seconds with two decimals.
    pub(super) fn seconds(&self, duration: Duration) -> String {
        self.quantity(&decimals(micros(duration) as f64 / 1_000_000.0), "s")
    }

    /// A heading on its line.
    pub(super) fn heading(&self, text: &str) -> String {
        format!("{}\n", self.bold(text))
    }

    /// Text below its heading; empty without text.
    pub(super) fn section(&self, title: &'static str, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        self.heading(self.text(title)) + text
    }

    /// Text in lines that fit, all indented by `indent` columns.
    pub(super) fn indented(&self, indent: usize, text: &str) -> String {
        self.hanging(&" ".repeat(indent), indent, text)
    }

    /// Text in lines that fit: the first line after `mark`, the others below the first.
    fn hanging(&self, mark: &str, columns: usize, text: &str) -> String {
        format!("{mark}{}\n", hanging(text, self.width, columns))
    }

    /// A message in lines that fit. Indented lines are commands, and stay whole.
    pub(super) fn paragraph(&self, message: &Message) -> String {
        let text = self.texts.render(message);
        text.lines()
            .map(|line| match line.strip_prefix("  ") {
                Some(command) => format!("  {}\n", one_line(command)),
                None => self.indented(0, &one_line(line)),
            })
            .collect()
    }

    /// A remark below figures: lines that fit, dimmed.
    pub(super) fn remark(&self, text: &str) -> String {
        let lines = wrap(text, self.width - 2).into_iter();
        let lines = lines.map(|line| "  ".to_owned() + &self.dim(&line) + "\n");
        lines.collect()
    }

    /// Warnings or notices, each in lines that fit.
    pub(super) fn warnings(&self, messages: &[Message]) -> String {
        let warnings = messages.iter().map(|message| self.warning(message));
        warnings.collect()
    }

    /// A warning or notice, in lines that fit.
    pub(super) fn warning(&self, message: &Message) -> String {
        let mark = format!("{} ", self.paint("33", "!"));
        self.hanging(&mark, 2, &self.message(message))
    }
}

/// A figure with the two decimals of the final statistics.
pub(super) fn decimals(value: f64) -> String {
    format!("{value:.2}")
}

/// A percentile, with a mark if it is approximate.
pub(super) fn percentile(value: f64, approximate: bool) -> String {
    let mark = if approximate { "≈" } else { "" };
    format!("{mark}{}", decimals(value))
}

/// A figure that may be absent.
pub(super) fn figure(value: Option<f64>) -> String {
    or_absent(value.map(decimals))
}

/// A value, or the sign for an absent one.
pub(super) fn or_absent(value: Option<String>) -> String {
    value.unwrap_or_else(|| ABSENT.to_owned())
}

/// A share of 0 to 1 in percent. Less than the whole never shows as 100.00: a single failure among
/// many requests must be visible.
pub(super) fn percent(share: f64) -> String {
    let percent = decimals(share * 100.0);
    if share < 1.0 && percent == "100.00" {
        "99.99".to_owned()
    } else {
        percent
    }
}

/// Parts of a page with an empty line between them; parts without text are left out.
pub(super) fn paragraphs<const N: usize>(parts: [String; N]) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n")
}

/// Lines of labels and values. The values are aligned.
#[derive(Debug)]
pub(super) struct Fields {
    page: Page,
    lines: Vec<(String, String)>,
    /// The least width of the label column. Groups of fields that follow each other share this
    /// width.
    least: usize,
}

impl Fields {
    /// No fields yet. The label column is as wide as the longest label, but at least `least`.
    pub(super) fn new(page: &Page, least: usize) -> Self {
        Self {
            page: *page,
            lines: Vec::new(),
            least,
        }
    }

    /// Adds a field. `label` is the id of a text, or the label itself.
    pub(super) fn add(&mut self, label: &'static str, value: impl Display) {
        self.maybe(label, Some(value));
    }

    /// Adds a field if there is a value.
    pub(super) fn maybe(&mut self, label: &'static str, value: Option<impl Display>) {
        let label = self.page.text(label);
        let field = value.map(|value| (label.to_owned(), value.to_string()));
        self.lines.extend(field);
    }

    /// Adds a field whose value is a message, if there is one.
    pub(super) fn say(&mut self, label: &'static str, message: impl Into<Option<Message>>) {
        let page = self.page;
        self.maybe(label, message.into().map(|message| page.message(&message)));
    }

    /// Adds a field that is a part of the field above.
    pub(super) fn part(&mut self, label: &'static str, value: impl Display) {
        let label = format!("  {}", self.page.text(label));
        self.lines.push((label, value.to_string()));
    }

    /// Adds the run's files.
    pub(super) fn files(&mut self, files: &[(&FileKind, &Path)]) {
        for (kind, path) in files {
            self.add(kind.label, one_line(&path.to_string_lossy()));
        }
    }

    /// The lines.
    pub(super) fn render(&self) -> String {
        let widest = self.lines.iter().map(|(label, _)| width(label)).max();
        let columns = widest.unwrap_or(0).max(self.least);
        let line = |(label, value): &(String, String)| {
            let line = format!("  {}  {value}", left(label, columns));
            format!("{}\n", line.trim_end())
        };
        self.lines.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_always_shows_in_the_rate() {
        for (share, expected) in [
            (1.0, "100.00"),
            (0.999_999, "99.99"),
            (2.0 / 3.0, "66.67"),
            (0.0, "0.00"),
        ] {
            assert_eq!(percent(share), expected, "{share}");
        }
    }
}
