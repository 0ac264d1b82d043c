//! The help in the user's language. clap decides whether help is wanted, of which command and how
//! long; what it would draw has English words in it and cannot wrap Chinese, so it is drawn here.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;

use clap::builder::PossibleValue;
use clap::{Arg, Command};
use unicode_width::UnicodeWidthStr;

use super::define::text_id;
use super::{terminal, wrap};
use crate::text::{Language, Message, Texts};

/// Widest line, where the terminal is wider or there is none.
const WIDEST: usize = 100;

/// Where the text of a flag begins in the long help.
const LONG_INDENT: usize = 10;

/// Widest column of flags in the short help; wider ones get a line of their own.
const WIDEST_SPEC: usize = 34;

/// The arguments with the word `help`, where it stands in a command's place, as the flag at their
/// end: clap's own command of that name would know no `--lang`.
pub(super) fn with_flag(args: &[OsString]) -> Cow<'_, [OsString]> {
    let mut place = 1;
    while let Some(word) = args.get(place).and_then(|word| word.to_str()) {
        place += match word {
            "help" => {
                let mut args = args.to_vec();
                args.remove(place);
                args.push("--help".into());
                return Cow::Owned(args);
            }
            "--lang" => 2,
            word if word.starts_with("--lang=") => 1,
            _ => break,
        };
    }
    Cow::Borrowed(args)
}

/// The help that a note of clap asks for.
pub(super) fn text(root: &Command, note: &str, language: Language) -> String {
    let (name, length) = note.trim().split_once(' ').unwrap_or(("run", "long"));
    let command = root.find_subcommand(name).unwrap_or(root);
    // A pager takes standard output; what it shows it on is still there as standard error.
    let terminal = terminal::width(io::stdout()).or_else(|| terminal::width(io::stderr()));
    let help = Help {
        command,
        name,
        texts: language.texts(),
        long: length == "long",
        width: terminal.map_or(WIDEST, |width| width.clamp(50, WIDEST)),
    };
    help.draw()
}

/// One command's help to be drawn.
struct Help<'a> {
    command: &'a Command,
    name: &'a str,
    texts: &'a Texts,
    long: bool,
    width: usize,
}

impl Help<'_> {
    fn draw(&self) -> String {
        let mut out = String::new();
        out.push_str(&wrap::wrap(self.own("about"), self.width, 0));
        out.push_str("\n\n");
        out.push_str(self.own("usage"));
        out.push('\n');
        self.commands(&mut out);
        let mut headings: Vec<&str> = Vec::new();
        for arg in self.arguments() {
            let heading = arg.get_help_heading().unwrap_or_default();
            if !headings.contains(&heading) {
                headings.push(heading);
            }
        }
        // What is there for every command comes last.
        let general = self.texts.get("help.heading.general");
        headings.sort_by_key(|heading| *heading == general);
        for heading in headings {
            self.group(heading, &mut out);
        }
        let after = if self.long { "after" } else { "after_short" };
        if let Some(text) = self.texts.find(&format!("help.{}.{after}", self.name)) {
            out.push('\n');
            out.push_str(text);
            out.push('\n');
        }
        out
    }

    fn own(&self, part: &str) -> &str {
        let text = self.texts.find(&format!("help.{}.{part}", self.name));
        text.unwrap_or_default()
    }

    fn arguments(&self) -> impl Iterator<Item = &Arg> {
        let mut arguments: Vec<&Arg> = self
            .command
            .get_arguments()
            .filter(|arg| !arg.is_hide_set())
            .collect();
        let last = ["lang", "version", "help"];
        arguments.sort_by_key(|arg| last.iter().position(|id| arg.get_id() == id));
        arguments.into_iter()
    }

    fn commands(&self, out: &mut String) {
        let mut subcommands = self.command.get_subcommands().peekable();
        if subcommands.peek().is_none() {
            return;
        }
        self.heading(self.texts.get("help.heading.commands"), out);
        for subcommand in subcommands {
            let name = subcommand.get_name();
            let about = self.texts.find(&format!("help.{name}.short"));
            self.row(name, about.unwrap_or_default(), 14, out);
        }
    }

    fn heading(&self, heading: &str, out: &mut String) {
        out.push('\n');
        out.push_str(heading);
        out.push_str(self.texts.get("help.colon"));
        out.push('\n');
    }

    fn group(&self, heading: &str, out: &mut String) {
        self.heading(heading, out);
        let of_group = |arg: &&Arg| arg.get_help_heading() == Some(heading);
        let column = self
            .arguments()
            .map(|arg| spec(arg).width())
            .filter(|width| *width <= WIDEST_SPEC)
            .max()
            .unwrap_or_default();
        for (index, arg) in self.arguments().filter(of_group).enumerate() {
            let id = text_id(self.name, arg);
            let help = self.texts.get(&id);
            if !self.long {
                self.row(
                    &spec(arg),
                    &self.with_notes(help, arg, " "),
                    column + 2,
                    out,
                );
                continue;
            }
            if index > 0 {
                out.push('\n');
            }
            let long = format!("{id}.long");
            let help = self.texts.find(&long).unwrap_or(help);
            let help = self.with_notes(help, arg, "\n");
            let help = wrap::wrap(&help, self.width, LONG_INDENT);
            let indent = " ".repeat(LONG_INDENT);
            let _ = writeln!(out, "  {}\n{indent}{help}", spec(arg));
        }
    }

    /// A row of the short help: a name, and its text from that column on.
    fn row(&self, name: &str, text: &str, column: usize, out: &mut String) {
        let indent = column + 2;
        out.push_str("  ");
        out.push_str(name);
        if name.width() + 2 > column {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
        } else {
            out.push_str(&" ".repeat(column - name.width()));
        }
        out.push_str(&wrap::wrap(text, self.width, indent));
        out.push('\n');
    }

    /// A text followed by default, aliases and choices of its flag.
    fn with_notes(&self, help: &str, arg: &Arg, separator: &str) -> String {
        let mut notes = Vec::new();
        let note = |id, value: String| self.texts.render(&Message::new(id).with("value", value));
        let shown = !arg.is_hide_default_value_set() && arg.get_action().takes_values();
        if let Some(default) = arg.get_default_values().first().filter(|_| shown) {
            notes.push(note("help.default", default.to_string_lossy().into_owned()));
        }
        let aliases = arg.get_visible_aliases().unwrap_or_default();
        if !aliases.is_empty() {
            let aliases: Vec<String> = aliases.iter().map(|name| format!("--{name}")).collect();
            notes.push(note("help.alias", aliases.join(", ")));
        }
        if arg.get_action().takes_values() {
            let choices = arg.get_possible_values();
            if !choices.is_empty() {
                let names: Vec<&str> = choices.iter().map(PossibleValue::get_name).collect();
                notes.push(note("help.choices", names.join(", ")));
            }
        }
        if notes.is_empty() {
            help.to_owned()
        } else {
            format!("{help}{separator}{}", notes.join(" "))
        }
    }
}

/// `-u, --url <URL>`
fn spec(arg: &Arg) -> String {
    let value = arg
        .get_value_names()
        .filter(|_| arg.get_action().takes_values())
        .and_then(|names| names.first());
    let Some(long) = arg.get_long() else {
        return value.map(|name| format!("<{name}>")).unwrap_or_default();
    };
    let short = arg
        .get_short()
        .map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    match value {
        Some(name) => format!("{short}--{long} <{name}>"),
        None => format!("{short}--{long}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::define::command;
    use crate::cli::{PROGRAM, Reply, parse};

    fn help(words: &[&str], language: Language) -> String {
        let args: Vec<_> = [PROGRAM].iter().chain(words).map(Into::into).collect();
        match parse(&args, language) {
            Err(Reply::Show(text)) => text,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn the_help_is_long_or_short_and_complete() {
        for (words, long) in [(&["--help"][..], true), (&["-h"], false), (&["-qh"], false)] {
            for language in [Language::English, Language::Chinese] {
                let text = help(words, language);
                for arg in command(language).get_arguments() {
                    let flag = format!("--{}", arg.get_long().unwrap_or_default());
                    assert!(text.contains(&flag), "{words:?}: {flag}");
                }
                assert_eq!(
                    text.contains("130"),
                    long,
                    "exit codes are in the long help"
                );
                assert!(text.contains("demo"));
            }
        }
        assert!(help(&["demo", "--help"], Language::English).contains("--users"));
        assert!(help(&["mock", "-h", "--lang", "zh"], Language::Chinese).contains("--ttft"));
        assert!(help(&["completions", "--help"], Language::English).contains("fish"));
    }

    #[test]
    fn the_word_is_as_good_as_the_flag() {
        let english = |words: &[&str]| help(words, Language::English);
        assert_eq!(english(&["help"]), english(&["--help"]));
        assert_eq!(english(&["help", "mock"]), english(&["mock", "--help"]));
        let chinese = |words: &[&str]| help(words, Language::Chinese);
        for words in [
            &["--lang", "zh", "help", "demo"][..],
            &["--lang=zh", "help", "demo"],
            &["help", "demo", "--lang", "zh"],
        ] {
            assert_eq!(chinese(words), chinese(&["demo", "--help"]), "{words:?}");
        }
        let args = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        for words in [
            &["p"][..],
            &["p", "--query", "help"],
            &["p", "demo", "help"],
        ] {
            assert_eq!(*with_flag(&args(words)), args(words));
        }
    }

    #[test]
    fn the_groups_come_in_the_order_a_user_needs() {
        let text = help(&["--help"], Language::English);
        let texts = Language::English.texts();
        let places: Vec<usize> = [
            "commands",
            "target",
            "request",
            "load",
            "patience",
            "connection",
            "output",
            "general",
        ]
        .map(|name| {
            let heading = format!("\n{}:\n", texts.get(&format!("help.heading.{name}")));
            text.find(&heading).unwrap_or_else(|| panic!("{heading}"))
        })
        .into();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn no_line_is_wider_than_a_page() {
        for words in [
            &["--help"][..],
            &["-h"],
            &["demo", "--help"],
            &["mock", "--help"],
        ] {
            for language in [Language::English, Language::Chinese] {
                for line in help(words, language).lines() {
                    assert!(line.width() <= WIDEST, "{} wide: {line}", line.width());
                }
            }
        }
    }

    #[test]
    fn the_version_is_shown() {
        let text = help(&["--version"], Language::English);
        assert_eq!(text, format!("{PROGRAM} {}\n", env!("CARGO_PKG_VERSION")));
    }
}
