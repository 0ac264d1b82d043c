//! What all renderers share: the language, the width and the colours, with the forms in which
//! headings, fields, figures and warnings are set.

use std::path::Path;
use std::time::Duration;

use super::text::{left, one_line, width, wrap};
use crate::clock::micros;
use crate::output::FileKind;
use crate::record::TokenSource;
use crate::text::{Message, Texts};

/// What stands for something that is absent. ASCII, since a dash proper is two columns wide on
/// some Chinese terminals.
pub(super) const ABSENT: &str = "-";

/// How text is to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) texts: &'static Texts,
    pub(super) colour: bool,
    /// Columns, which text is wrapped to. Addresses and paths are not, so that they can be copied.
    pub(super) width: usize,
}

impl Page {
    /// The text of that id.
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
        self.text(match source {
            TokenSource::Usage => "console.tokens.usage",
            TokenSource::Estimate => "console.tokens.estimate",
            TokenSource::Events => "console.tokens.events",
            TokenSource::Tokenizer => "console.tokens.tokenizer",
        })
    }

    /// A figure with a word on it, in parentheses.
    pub(super) fn aside(&self, figure: &str, word: &str) -> String {
        let aside = Message::new("console.aside").with("text", word);
        format!("{figure}{}", self.texts.render(&aside))
    }

    /// A duration in milliseconds, as the statistics are shown: of whole microseconds.
    pub(super) fn ms(&self, duration: Option<Duration>) -> String {
        duration.map_or_else(
            || ABSENT.to_owned(),
            |duration| self.quantity(&decimals(micros(duration) as f64 / 1_000.0), "ms"),
        )
    }

    /// A measured duration in seconds.
    pub(super) fn seconds(&self, duration: Option<Duration>) -> String {
        duration.map_or_else(
            || ABSENT.to_owned(),
            |duration| self.quantity(&decimals(micros(duration) as f64 / 1_000_000.0), "s"),
        )
    }

    /// A heading on its line.
    pub(super) fn heading(&self, text: &str) -> String {
        format!("{}\n", self.bold(text))
    }

    /// Text in lines that fit, all indented by that much.
    pub(super) fn indented(&self, indent: usize, text: &str) -> String {
        self.hanging(&" ".repeat(indent), indent, text)
    }

    /// Text in lines that fit, the first one after `mark`, the others indented as if below it.
    fn hanging(&self, mark: &str, columns: usize, text: &str) -> String {
        let lines = wrap(text, self.width.saturating_sub(columns));
        let mut set = String::new();
        for (number, line) in lines.iter().enumerate() {
            if number == 0 {
                set.push_str(mark);
            } else {
                set.push_str(&" ".repeat(columns));
            }
            set.push_str(line);
            set.push('\n');
        }
        set
    }

    /// A message in lines that fit; lines that are indented, as commands are, stay as they are.
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
        let lines = wrap(text, self.width - 2);
        let lines: Vec<String> = lines
            .iter()
            .map(|line| format!("  {}\n", self.dim(line)))
            .collect();
        lines.concat()
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

/// A percentile, marked where it is not exact.
pub(super) fn percentile(value: f64, approximate: bool) -> String {
    let mark = if approximate { "≈" } else { "" };
    format!("{mark}{}", decimals(value))
}

/// A figure that may be absent.
pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), decimals)
}

/// A count that may be absent.
pub(super) fn count(value: Option<u64>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), |value| value.to_string())
}

/// A share of 0 to 1 in percent. Never 100.00 for less than the whole: a single failure among many
/// requests has to show.
pub(super) fn percent(share: f64) -> String {
    let percent = decimals(share * 100.0);
    if share < 1.0 && percent == "100.00" {
        "99.99".to_owned()
    } else {
        percent
    }
}

/// Lines of labels and values, the values below each other.
#[derive(Debug, Default)]
pub(super) struct Fields {
    lines: Vec<(String, String)>,
    /// Columns that the labels take at least.
    least: usize,
}

impl Fields {
    /// Fields whose labels take at least that many columns: so that what is shown bit by bit is
    /// aligned too.
    pub(super) fn of_width(least: usize) -> Self {
        Self {
            least,
            ..Self::default()
        }
    }

    /// Adds a field.
    pub(super) fn add(&mut self, label: &str, value: impl Into<String>) {
        self.lines.push((label.to_owned(), value.into()));
    }

    /// Adds a field below another one, of which it is a part.
    pub(super) fn part(&mut self, label: &str, value: impl Into<String>) {
        self.lines.push((format!("  {label}"), value.into()));
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

/// Adds the run's files.
pub(super) fn add_files(page: &Page, files: &[(&FileKind, &Path)], fields: &mut Fields) {
    for (kind, path) in files {
        fields.add(page.text(kind.label), one_line(&path.to_string_lossy()));
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
