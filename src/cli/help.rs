//! The help, drawn from the definitions: what clap would draw has English words in it and cannot wrap
//! Chinese.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;

use clap::builder::StyledStr;
use clap::{Arg, Command};

use super::{define, terminal};
use crate::text::columns::{hanging, left, width};
use crate::text::{Language, Message, Texts};

/// Widest line, where the terminal is wider or there is none.
const WIDEST: usize = 100;

/// Where the text of a flag begins in the long help.
const LONG_INDENT: usize = 10;

/// Widest column of flags in the short help; wider ones get a line of their own.
const WIDEST_SPEC: usize = 34;

/// The help of the command that the arguments ask for, short or long as they do: clap finds which.
pub(super) fn asked(args: &[OsString], language: Language) -> String {
    // In a text of its own, clap makes a line break of `{n}`.
    const NUMBER: &str = "{\u{2060}n}";
    let mut root = define::command(language);
    root.build();
    let with_help = |command: Command| {
        let draw = |long| Help::new(&command, long, language).draw();
        let [short, long] = [false, true].map(|long| draw(long).replace("{n}", NUMBER));
        let command = command.help_template("{before-help}");
        command.before_help(short).before_long_help(long)
    };
    let mut root = with_help(root.mut_subcommands(with_help));
    let help = root.try_get_matches_from_mut(args).err();
    let help = help.map(|help| help.to_string().replace(NUMBER, "{n}"));
    help.unwrap_or_default()
}

/// What `--help` says of a command, where there is one of that name.
#[must_use]
pub fn command_help(name: &str, language: Language) -> Option<String> {
    let mut root = define::command(language);
    root.build();
    let command = root.find_subcommand(name)?;
    Some(Help::new(command, true, language).draw())
}

/// The reference of all commands and their options, in Markdown.
#[must_use]
pub fn reference(language: Language) -> String {
    let root = define::command(language);
    let commands = std::iter::once(&root).chain(root.get_subcommands());
    commands
        .map(|command| Help::new(command, true, language).reference())
        .collect()
}

/// One command's help to be drawn.
struct Help<'a> {
    command: &'a Command,
    texts: &'a Texts,
    long: bool,
    width: usize,
}

impl<'a> Help<'a> {
    fn new(command: &'a Command, long: bool, language: Language) -> Self {
        // A pager takes standard output; what it shows it on is still there as standard error.
        let terminal = terminal::width(io::stdout()).or_else(|| terminal::width(io::stderr()));
        Self {
            command,
            texts: language.texts(),
            long,
            width: terminal.map_or(WIDEST, |width| width.clamp(50, WIDEST)),
        }
    }

    fn draw(&self) -> String {
        let about = text(self.command.get_long_about());
        let usage = text(self.command.get_before_help());
        let mut out = format!("{}\n\n{usage}\n", hanging(&about, self.width, 0));
        self.commands(&mut out);
        for heading in self.headings() {
            self.group(heading, &mut out);
        }
        let after = self.command.get_after_long_help().filter(|_| self.long);
        let after = text(after.or(self.command.get_after_help()));
        if !after.is_empty() {
            let _ = writeln!(out, "\n{after}");
        }
        out
    }

    /// The command's options in Markdown.
    fn reference(&self) -> String {
        let usage = text(self.command.get_before_help());
        let about = text(self.command.get_long_about());
        let name = self.command.get_name();
        let mut out = format!("## {name}\n\n```text\n{usage}\n```\n\n{about}\n");
        for heading in self.headings() {
            let _ = writeln!(out, "\n### {heading}\n");
            for arg in self.of_group(heading) {
                let help = self.with_notes(arg.get_long_help(), arg, " ");
                let _ = writeln!(out, "- `{}`: {help}", spec(arg).trim());
            }
        }
        out.push('\n');
        out
    }

    /// The headings of groups of arguments; what is there for every command comes last.
    fn headings(&self) -> Vec<&str> {
        let mut headings: Vec<&str> = Vec::new();
        for arg in self.arguments() {
            let heading = arg.get_help_heading().unwrap_or_default();
            if !headings.contains(&heading) {
                headings.push(heading);
            }
        }
        let general = self.texts.get("help.heading.general");
        headings.sort_by_key(|heading| *heading == general);
        headings
    }

    fn of_group(&self, heading: &str) -> impl Iterator<Item = &Arg> {
        self.arguments()
            .filter(move |arg| arg.get_help_heading() == Some(heading))
    }

    fn arguments(&self) -> impl Iterator<Item = &Arg> {
        let arguments = self.command.get_arguments();
        let mut arguments: Vec<&Arg> = arguments.filter(|arg| !arg.is_hide_set()).collect();
        let last = ["lang", "version", "help"];
        arguments.sort_by_key(|arg| last.iter().position(|id| arg.get_id() == id));
        arguments.into_iter()
    }

    fn commands(&self, out: &mut String) {
        if self.command.has_subcommands() {
            let heading = self.command.get_subcommand_help_heading();
            self.heading(heading.unwrap_or_default(), out);
        }
        for subcommand in self.command.get_subcommands() {
            let about = text(subcommand.get_about());
            self.row(subcommand.get_name(), &about, 14, out);
        }
    }

    fn heading(&self, heading: &str, out: &mut String) {
        let _ = writeln!(out, "\n{heading}{}", self.texts.get("help.colon"));
    }

    fn group(&self, heading: &str, out: &mut String) {
        self.heading(heading, out);
        let widths = self.arguments().map(|arg| width(&spec(arg)));
        let widest = widths.filter(|columns| *columns <= WIDEST_SPEC).max();
        let column = widest.unwrap_or_default();
        for (index, arg) in self.of_group(heading).enumerate() {
            if !self.long {
                let help = self.with_notes(arg.get_help(), arg, " ");
                self.row(&spec(arg), &help, column + 2, out);
                continue;
            }
            let gap = if index > 0 { "\n" } else { "" };
            let help = self.with_notes(arg.get_long_help(), arg, "\n");
            let help = hanging(&help, self.width, LONG_INDENT);
            let indent = " ".repeat(LONG_INDENT);
            let _ = writeln!(out, "{gap}  {}\n{indent}{help}", spec(arg));
        }
    }

    /// A row of the short help: a name, and its text from that column on.
    fn row(&self, name: &str, text: &str, column: usize, out: &mut String) {
        let indent = column + 2;
        let name = if width(name) + 2 > column {
            format!("{name}\n{}", " ".repeat(indent))
        } else {
            left(name, column)
        };
        let _ = writeln!(out, "  {name}{}", hanging(text, self.width, indent));
    }

    /// A text followed by default, aliases and choices of its flag.
    fn with_notes(&self, help: Option<&StyledStr>, arg: &Arg, separator: &str) -> String {
        let mut notes = Vec::new();
        let mut note = |id, values: &[String]| {
            if !values.is_empty() {
                let note = Message::new(id).with("value", values.join(", "));
                notes.push(self.texts.render(&note));
            }
        };
        let takes_values = arg.get_action().takes_values();
        if takes_values && !arg.is_hide_default_value_set() {
            let default = arg.get_default_values().iter().take(1);
            let default = default.map(|value| value.to_string_lossy().into_owned());
            note("help.default", &default.collect::<Vec<_>>());
        }
        let aliases = arg.get_visible_aliases().unwrap_or_default();
        let aliases = aliases.iter().map(|name| format!("--{name}"));
        note("help.alias", &aliases.collect::<Vec<_>>());
        if takes_values && !arg.is_hide_possible_values_set() {
            let choices = arg.get_possible_values();
            let choices = choices.iter().map(|choice| choice.get_name().to_owned());
            note("help.choices", &choices.collect::<Vec<_>>());
        }
        let help = text(help);
        if notes.is_empty() {
            return help;
        }
        format!("{help}{separator}{}", notes.join(" "))
    }
}

fn text(text: Option<&StyledStr>) -> String {
    text.map(StyledStr::to_string).unwrap_or_default()
}

/// `-u, --url <URL>`
fn spec(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default().iter();
    let mut value = names.map(|name| format!("<{name}>"));
    let value = value.next().filter(|_| arg.get_action().takes_values());
    let value = value.unwrap_or_default();
    let Some(long) = arg.get_long() else {
        return value;
    };
    let short = arg.get_short().map(|short| format!("-{short}, "));
    let short = short.unwrap_or_else(|| "    ".to_owned());
    format!("{short}--{long} {value}").trim_end().to_owned()
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
                assert_eq!(text.contains("130"), long, "exit codes");
                assert!(text.contains("demo"));
            }
        }
        assert!(help(&["demo", "--help"], Language::English).contains("--users"));
        assert!(help(&["mock", "-h", "--lang", "zh"], Language::Chinese).contains("--ttft"));
        assert!(help(&["completions", "--help"], Language::English).contains("fish"));
    }

    #[test]
    fn the_reference_has_every_flag_of_every_command() {
        for language in [Language::English, Language::Chinese] {
            let root = command(language);
            let text = reference(language);
            for command in std::iter::once(&root).chain(root.get_subcommands()) {
                for arg in command.get_arguments() {
                    let line = format!("\n- `{}`: ", spec(arg).trim());
                    assert!(text.contains(&line), "{line}");
                }
            }
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
                    assert!(width(line) <= WIDEST, "{} wide: {line}", width(line));
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
