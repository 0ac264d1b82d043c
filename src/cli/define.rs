//! The definitions of the command line, with the texts of `templates/texts/` in a language.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, CommandFactory as _, Parser, ValueHint};

use super::args::RunArgs;
use super::ends::Ends;
use super::subcommands::{Command, Run};
use crate::manual::{self, TOPICS};
use crate::record::FailureKind;
use crate::text::{Language, Texts};

/// The program's name, in help and messages.
pub const PROGRAM: &str = "sse-perf";

/// The whole command line.
#[derive(Clone, Debug, Parser)]
#[command(name = PROGRAM, version, disable_help_subcommand = true)]
pub struct Cli {
    /// The subcommand; without one, a test runs.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of a run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Language of the console; read beforehand, see [`super::language`].
    #[arg(long, value_name = "en|zh", global = true, help_heading = "general")]
    pub lang: Option<String>,
}

impl Run for Cli {
    /// Runs the subcommand; without one, the test.
    fn run(&self, language: Language) -> Ends {
        match &self.command {
            Some(command) => command.run(language),
            None => self.run.run(language),
        }
    }
}

/// The definitions, with their texts in a language. Everything that the help shows of a command is
/// in clap's own fields; its usage is in `before_help`.
#[must_use]
pub fn command(language: Language) -> clap::Command {
    let texts = language.texts();
    let command = Cli::command().disable_version_flag(true);
    let command = command.arg(action("version", 'V', ArgAction::Version));
    let words = help_words(&command, texts);
    let topics = PossibleValuesParser::new(words);
    let of_name = |subcommand: clap::Command| {
        let name = subcommand.get_name().to_owned();
        localized(subcommand, &name, texts)
    };
    let with_topics = |help: clap::Command| help.mut_arg("topic", |arg| arg.value_parser(topics));
    let command = localized(command, "run", texts).mut_subcommands(of_name);
    command.mut_subcommand("help", with_topics)
}

/// The words that `sse-perf help` explains, each once.
fn help_words(command: &clap::Command, texts: &Texts) -> BTreeSet<String> {
    let statuses = texts.below("console.hint.http_status.");
    let named = statuses
        .chain(texts.exits())
        .chain(texts.below("glossary."));
    let commands = command.get_subcommands().map(clap::Command::get_name);
    let mut words: BTreeSet<String> = manual::words().map(str::to_owned).collect();
    words.extend(TOPICS.iter().map(|topic| topic.name.to_owned()));
    words.extend(FailureKind::ALL.map(|kind| kind.name().to_owned()));
    words.extend(named.map(|(word, _)| word.to_owned()));
    words.extend(commands.map(str::to_owned));
    words
}

fn action(name: &'static str, short: char, action: ArgAction) -> Arg {
    let arg = Arg::new(name).short(short).long(name).action(action);
    arg.help_heading(None)
}

fn localized(command: clap::Command, name: &str, texts: &'static Texts) -> clap::Command {
    let own = |part: &str| texts.find(&format!("help.{name}.{part}"));
    let about = own("about").unwrap_or_default();
    let exit = |(code, text)| format!("  {code:3}  {text}");
    let exits = texts.exits().map(exit).collect::<Vec<_>>().join("\n");
    let after = own("after").map(|after| after.replace("{exits}", &exits));
    command
        .disable_help_flag(true)
        .allow_negative_numbers(true)
        .arg(action("help", 'h', ArgAction::Help))
        .about(own("short").unwrap_or(about))
        .long_about(about)
        .before_help(own("usage").unwrap_or_default())
        .after_help(own("after_short").unwrap_or_default())
        .after_long_help(after.unwrap_or_default())
        .subcommand_help_heading(texts.get("help.heading.commands"))
        .mut_args(|arg| localized_arg(arg, name, texts))
}

/// An argument with the texts of its command, or else of a run.
fn localized_arg(arg: Arg, command: &str, texts: &'static Texts) -> Arg {
    let ids = text_ids(command, &arg);
    let help = ids.iter().find_map(|id| texts.find(id));
    let long = |id: &String| texts.find(&format!("{id}.long")).or(texts.find(id));
    let long = ids.iter().find_map(long);
    let heading = arg.get_help_heading().unwrap_or("general");
    let heading = texts.find(&format!("help.heading.{heading}"));
    let value = arg.get_value_names().and_then(|names| names.first());
    let value = value.filter(|_| arg.get_action().takes_values()).cloned();
    let arg = arg.help(help.unwrap_or_default());
    let arg = arg.long_help(long.unwrap_or_default());
    let arg = arg.help_heading(heading.unwrap_or_default());
    let Some(value) = value else {
        return arg;
    };
    let name = texts.find(&format!("help.value.{value}"));
    arg.value_hint(hint(&value))
        .value_name(name.unwrap_or(&value).to_owned())
}

/// How a shell completes the value of this name.
fn hint(value: &str) -> ValueHint {
    match value {
        "FILE" | "FILE|-" | "NAME|FILE" => ValueHint::FilePath,
        "HOST" => ValueHint::Hostname,
        "URL" => ValueHint::Url,
        _ => ValueHint::Other,
    }
}

/// The ids of a flag's text: the command's own, else the text of the flag of a run that has the same
/// name.
fn text_ids(command: &str, arg: &Arg) -> [String; 2] {
    let name = arg.get_id().as_str().replace('-', "_");
    [command, "run"].map(|command| format!("help.{command}.{name}"))
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
                    let ids = text_ids(name, arg);
                    let id = ids.iter().find(|id| texts.find(id).is_some());
                    let id = id.unwrap_or_else(|| panic!("{ids:?} lack in {}", language.code()));
                    let heading = arg.get_help_heading().unwrap_or_default();
                    assert!(!heading.is_empty(), "{id}");
                }
                for part in ["about", "usage"] {
                    let id = format!("help.{name}.{part}");
                    let code = language.code();
                    assert!(texts.find(&id).is_some(), "{id} lacks in {code}");
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
            known.extend(command.get_arguments().flat_map(|arg| text_ids(name, arg)));
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
