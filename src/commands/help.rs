//! `sse-perf help`: a topic of the manual, a command's options, or what a word in results means.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use super::{Ends, Exit, colour, print};
use crate::cli::{self, HelpArgs, Run};
use crate::manual::{TOPICS, Topic, render};
use crate::metrics::{self, Columns};
use crate::record::FailureKind;
use crate::text::{Language, Message, Texts};

/// Widest line.
const WIDEST: usize = 100;

/// Shows text where `PAGER` names no pager.
const PAGER: &str = "if command -v less >/dev/null; then exec less -R; else exec cat; fi";

impl Run for HelpArgs {
    /// Shows the text about the word, or the contents of the manual.
    fn run(&self, language: Language) -> Ends {
        let word = self.topic.as_deref().map(str::to_ascii_lowercase);
        let command = word.as_deref();
        let command = command.and_then(|word| cli::command_help(word, language));
        let markdown = word.map_or_else(|| contents(language), |word| explained(&word, language));
        let terminal = io::stdout().is_terminal();
        let width = cli::width(io::stdout()).map_or(WIDEST, |width| width.min(WIDEST));
        let mut text = command.unwrap_or_default();
        if !text.is_empty() && !markdown.is_empty() {
            text.push('\n');
        }
        text.push_str(&render(&markdown, width, colour(terminal)));
        if terminal && page(&text) {
            return Ok(Exit::Ok);
        }
        print(text.as_bytes())
    }
}

/// Shows a text by the pager; whether there is one.
fn page(text: &str) -> bool {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let pager = variable("PAGER").unwrap_or_else(|| PAGER.to_owned());
    // Ctrl-C is the pager's: this process waits for its end.
    let _ = ctrlc::set_handler(|| {});
    let child = Command::new("sh")
        .args(["-c", &pager])
        // One screen is shown without waiting for a key.
        .env("LESS", variable("LESS").unwrap_or_else(|| "FRX".to_owned()))
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // A pager that has shown enough closes the pipe.
        let _ = stdin.write_all(text.as_bytes());
    }
    let status = child.wait().map(|status| status.code());
    // The shell's codes for a program that it cannot find or start.
    !matches!(status, Ok(Some(126 | 127)))
}

/// The topics, a line each.
fn contents(language: Language) -> String {
    let topics = TOPICS.iter();
    let topics = topics.map(|topic| vec![code(topic.name), topic.title(language).to_owned()]);
    let message = Message::new("manual.contents").with("topics", rows(topics));
    language.texts().render(&message)
}

/// A topic; or the meaning of a kind of failure or an exit code, with the sections that name the word.
fn explained(word: &str, language: Language) -> String {
    if let Some(topic) = Topic::find(word) {
        return filled(topic.text(language), language);
    }
    let texts = language.texts();
    let find = |id: &str| texts.find(&format!("{id}.{word}")).map(str::to_owned);
    let hint = |id: &str| Some(texts.get("console.failures.hint").to_owned() + texts.find(id)?);
    let meanings = [
        find("report.kind"),
        find("glossary"),
        find("exit"),
        hint(&format!("console.hint.{word}")),
        hint(&format!("console.hint.http_status.{word}")),
    ];
    let mut page = String::new();
    for (number, meaning) in meanings.into_iter().flatten().enumerate() {
        if number == 0 {
            let _ = writeln!(page, "# {word}");
        }
        let _ = writeln!(page, "\n{meaning}");
    }
    page.push('\n');
    for (case, hint) in texts.below(&format!("console.hint.{word}.")) {
        let _ = writeln!(page, "- `{case}`: {hint}");
    }
    for topic in TOPICS {
        for section in topic.sections(word, language) {
            let more = Message::new("manual.more").with("topic", topic.name);
            let more = texts.render(&more);
            let _ = write!(page, "\n## {}\n\n{more}\n", section.trim_end());
        }
    }
    page
}

/// A topic's text, with lists that the program makes in place of lines such as `{metrics}`.
fn filled(text: &str, language: Language) -> String {
    let lines = text.lines();
    let lines = lines.map(|line| known(line, language).unwrap_or_else(|| format!("{line}\n")));
    lines.collect()
}

/// What a line of a topic stands for: the rows of a table, or all options.
fn known(line: &str, language: Language) -> Option<String> {
    let texts = language.texts();
    let failure = |kind: FailureKind| {
        let text = |id: &str| texts.get(&format!("{id}.{}", kind.name())).to_owned();
        vec![code(kind.name()), text("report.kind"), text("console.hint")]
    };
    let exit = |(code, text): (&str, &str)| vec![code.to_owned(), text.to_owned()];
    match line {
        "{options}" => Some(cli::reference(language)),
        "{failures}" => Some(rows(FailureKind::ALL.map(failure))),
        "{exit-codes}" => Some(rows(texts.exits().map(exit))),
        "{metrics}" => Some(rows(definitions(texts))),
        _ => None,
    }
}

/// The terms of the report's glossary, the metrics in their table's order first: term, definition,
/// column of the CSV.
fn definitions(texts: &Texts) -> Vec<Vec<String>> {
    let row = |id: &str, column: String| {
        let text = texts.find(&format!("glossary.{id}"))?;
        let term = texts.find(&format!("metric.{id}"));
        let term = term.or_else(|| texts.find(&format!("report.term.{id}")));
        Some(vec![term.unwrap_or(id).to_owned(), text.to_owned(), column])
    };
    let metrics = metrics::all().filter_map(|metric| {
        let is_saved = !matches!(metric.columns, Columns::None);
        let column = is_saved.then(|| code(metric.name));
        row(metric.id, column.unwrap_or_default())
    });
    let terms = texts.below("glossary.").map(|(id, _)| id);
    let terms = terms.filter(|id| metrics::all().all(|metric| metric.id != *id));
    let terms = terms.filter_map(|id| row(id, String::new()));
    metrics.chain(terms).collect()
}

/// The rows of a table in Markdown.
fn rows(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let row = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    rows.into_iter().map(row).collect()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
