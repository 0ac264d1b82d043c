//! The definitions of the command line in a language: every argument with its text, its heading and
//! the name of its value from `templates/texts/`.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, CommandFactory, ValueHint};

use super::Cli;
use crate::manual::{self, TOPICS};
use crate::record::FailureKind;
use crate::text::{Language, Texts};

/// The definitions with their texts in a language. What clap would print as help is a note for
/// [`super::help::text`].
pub(super) fn command(language: Language) -> Command {
    let texts = language.texts();
    let command = Cli::command().disable_version_flag(true).arg(
        Arg::new("version")
            .short('V')
            .long("version")
            .action(ArgAction::Version)
            .help_heading(None),
    );
    let words = help_words(&command);
    localized(command, "run", texts)
        .mut_subcommands(|subcommand| {
            let name = subcommand.get_name().to_owned();
            localized(subcommand, &name, texts)
        })
        .mut_subcommand("help", |help| {
            help.mut_arg("topic", |arg| {
                arg.value_parser(PossibleValuesParser::new(words))
            })
        })
}

/// The words that `sse-perf help` explains, each once.
fn help_words(command: &Command) -> BTreeSet<String> {
    let topics = TOPICS.iter().map(|topic| topic.name);
    let kinds = FailureKind::ALL.into_iter().map(FailureKind::name);
    let exits = Language::English.texts().exits().map(|(code, _)| code);
    let commands = command.get_subcommands().map(Command::get_name);
    let words = topics.chain(kinds).chain(exits).chain(manual::words());
    let words = words.map(str::to_owned);
    words.chain(commands.map(str::to_owned)).collect()
}

fn localized(command: Command, name: &str, texts: &'static Texts) -> Command {
    let about = texts
        .find(&format!("help.{name}.about"))
        .unwrap_or_default();
    command
        .disable_help_flag(true)
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help_heading(None),
        )
        .help_template("{before-help}")
        .before_help(format!("{name} short"))
        .before_long_help(format!("{name} long"))
        .about(about)
        .mut_args(|arg| {
            let help = texts.find(&text_id(name, &arg)).unwrap_or_default();
            let heading = arg.get_help_heading().unwrap_or("general");
            let heading = texts.find(&format!("help.heading.{heading}"));
            let value = arg.get_value_names().and_then(|names| names.first());
            let hint = value.map_or(ValueHint::Unknown, |value| hint(value));
            let value = value.and_then(|value| texts.find(&format!("help.value.{value}")));
            let arg = arg.help(help).help_heading(heading.unwrap_or_default());
            let arg = if arg.get_action().takes_values() {
                arg.value_hint(hint)
            } else {
                arg
            };
            match value {
                Some(value) => arg.value_name(value),
                None => arg,
            }
        })
}

/// What a shell completes a value of that name with.
fn hint(value: &str) -> ValueHint {
    match value {
        "FILE" | "FILE|-" | "NAME|FILE" => ValueHint::FilePath,
        "HOST" => ValueHint::Hostname,
        "URL" => ValueHint::Url,
        _ => ValueHint::Other,
    }
}

/// The id of a flag's text; `--help`, `--version` and `--lang` are the same everywhere.
pub(super) fn text_id(command: &str, arg: &Arg) -> String {
    match arg.get_id().as_str().replace('-', "_").as_str() {
        // A probe takes most of what a run takes.
        id if command == "probe" && !["raw", "seed"].contains(&id) => format!("help.run.{id}"),
        id @ ("help" | "version" | "lang") => format!("help.run.{id}"),
        id => format!("help.{command}.{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_has_its_text_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            let texts = language.texts();
            let root = command(language);
            let subcommands = root.get_subcommands().map(|sub| (sub.get_name(), sub));
            for (name, command) in std::iter::once(("run", &root)).chain(subcommands) {
                for arg in command.get_arguments() {
                    let id = text_id(name, arg);
                    assert!(
                        texts.find(&id).is_some(),
                        "{id} lacks in {}",
                        language.code()
                    );
                    assert!(
                        !arg.get_help_heading().unwrap_or_default().is_empty(),
                        "{id}"
                    );
                }
                for part in ["about", "usage"] {
                    let id = format!("help.{name}.{part}");
                    assert!(
                        texts.find(&id).is_some(),
                        "{id} lacks in {}",
                        language.code()
                    );
                }
            }
        }
    }

    #[test]
    fn every_text_of_the_help_is_of_use() {
        let root = command(Language::English);
        let mut known: Vec<String> = Vec::new();
        let subcommands = root.get_subcommands().map(|sub| (sub.get_name(), sub));
        for (name, command) in std::iter::once(("run", &root)).chain(subcommands) {
            known.extend(command.get_arguments().map(|arg| text_id(name, arg)));
            let parts = ["about", "short", "usage", "after", "after_short"];
            known.extend(parts.map(|part| format!("help.{name}.{part}")));
        }
        let words = ["alias", "choices", "colon", "default"].map(|word| format!("help.{word}"));
        known.extend(words);
        known.push("help.heading.commands".to_owned());
        let raw = Cli::command();
        for command in std::iter::once(&raw).chain(raw.get_subcommands()) {
            for arg in command.get_arguments() {
                let heading = arg.get_help_heading().unwrap_or("general");
                known.push(format!("help.heading.{heading}"));
                let values = arg.get_value_names().unwrap_or_default().iter();
                known.extend(values.map(|value| format!("help.value.{value}")));
            }
        }
        for id in Language::English.texts().ids() {
            if id.starts_with("help.") {
                let id = id.strip_suffix(".long").unwrap_or(id);
                assert!(known.iter().any(|known| known == id), "{id} is of no use");
            }
        }
    }
}
