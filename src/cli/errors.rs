//! clap's errors in the user's language, each with the flag, the value and a remedy.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::define::PROGRAM;
use super::help;
use crate::text::{Language, Message};

/// Why there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Help or version was asked for: this text goes to standard output.
    Show(String),
    /// The command line is wrong.
    Usage(Message),
}

/// What a parser's error about these arguments means to the user.
pub(super) fn stop(
    error: &clap::Error,
    command: &clap::Command,
    args: &[OsString],
    language: Language,
) -> Reply {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Reply::Show(help::asked(args, language))
        }
        ErrorKind::DisplayVersion => Reply::Show(error.to_string()),
        ErrorKind::UnknownArgument => {
            let flag = context(error, ContextKind::InvalidArg);
            let message = of_a_run(&flag, command, args);
            Reply::Usage(message.unwrap_or_else(|| unknown_argument(error, &flag)))
        }
        _ => Reply::Usage(message(error)),
    }
}

/// That a probe does not take a run's flag; names all of them, so that they are left out at once.
fn of_a_run(flag: &str, command: &clap::Command, args: &[OsString]) -> Option<Message> {
    const PROBE: &str = "probe";
    let mut words = args.iter().filter_map(|word| word.to_str());
    words.find(|word| *word == PROBE)?;
    let (run, probe) = (names(command), names(command.find_subcommand(PROBE)?));
    let is_of_a_run =
        |name: &str| run.iter().any(|n| n == name) && !probe.iter().any(|n| n == name);
    let mut flags = vec![flag.split(' ').next()?];
    if !is_of_a_run(flags[0]) {
        return None;
    }
    for word in words {
        let name = word.split('=').next().unwrap_or(word);
        if is_of_a_run(name) && !flags.contains(&name) {
            flags.push(name);
        }
    }
    Some(Message::new("usage.probe_flags").with("flags", flags.join(" ")))
}

/// All names of a command's own flags, with their dashes.
fn names(command: &clap::Command) -> Vec<String> {
    let of = |arg: &clap::Arg| {
        let long = arg.get_long_and_visible_aliases().unwrap_or_default();
        let long: Vec<String> = long.iter().map(|name| format!("--{name}")).collect();
        long.into_iter()
            .chain(arg.get_short().map(|name| format!("-{name}")))
    };
    let arguments = command.get_arguments();
    arguments
        .filter(|arg| arg.get_id() != "version")
        .flat_map(of)
        .collect()
}

fn message(error: &clap::Error) -> Message {
    let flag = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = context(error, ContextKind::InvalidSubcommand);
            let suggested = context(error, ContextKind::SuggestedSubcommand);
            unknown(&word, &suggested)
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            let name = flag.split(' ').next().unwrap_or_default();
            Message::new("usage.value_missing")
                .with("flag", &flag)
                .with("name", name)
        }
        ErrorKind::InvalidValue if error.get(ContextKind::SuggestedValue).is_some() => {
            Message::new("usage.value_like")
                .with("flag", flag)
                .with("value", value)
                .with("remedy", context(error, ContextKind::SuggestedValue))
        }
        ErrorKind::InvalidValue => Message::new("usage.value_choice")
            .with("flag", flag)
            .with("value", value)
            .with("values", context(error, ContextKind::ValidValue)),
        ErrorKind::TooManyValues => Message::new("usage.switch_value")
            .with("flag", flag)
            .with("value", value),
        ErrorKind::ArgumentConflict => Message::new("usage.flag_twice").with("flag", flag),
        ErrorKind::MissingRequiredArgument => {
            Message::new("usage.argument_missing").with("argument", flag)
        }
        ErrorKind::InvalidUtf8 => Message::new("usage.not_utf8"),
        // None of these definitions leads to the others; should one ever, clap's words say it.
        _ => Message::new("usage.other").with("error", error.kind()),
    }
}

fn unknown_argument(error: &clap::Error, word: &str) -> Message {
    if !word.starts_with('-') {
        return unknown(word, "");
    }
    let suggested = context(error, ContextKind::SuggestedArg);
    let command = context(error, ContextKind::SuggestedSubcommand);
    if suggested.is_empty() {
        Message::new("usage.flag_unknown").with("flag", word)
    } else {
        let remedy = if command.is_empty() {
            suggested
        } else {
            format!("{PROGRAM} {command} {suggested}")
        };
        Message::new("usage.flag_unknown_like")
            .with("flag", word)
            .with("remedy", remedy)
    }
}

fn unknown(word: &str, suggested: &str) -> Message {
    if suggested.is_empty() {
        Message::new("usage.word_unknown").with("word", word)
    } else {
        Message::new("usage.word_unknown_like")
            .with("word", word)
            .with("remedy", format!("{PROGRAM} {suggested}"))
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::None) | None => String::new(),
        Some(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    fn said(words: &[&str], language: Language) -> String {
        let args: Vec<_> = [PROGRAM].iter().chain(words).map(Into::into).collect();
        match parse(&args, language) {
            Err(Reply::Usage(message)) => language.texts().render(&message),
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn every_error_names_what_is_wrong_and_the_remedy() {
        let table: [(&[&str], &[&str]); 18] = [
            (&["--thread", "5"], &["--thread", "--threads"]),
            (&["--xyzzy"], &["--xyzzy", "--help"]),
            (&["-z"], &["-z", "--help"]),
            (&["demmo"], &["demmo", "sse-perf demo"]),
            (&["http://localhost"], &["http://localhost", "--url"]),
            (&["--url"], &["--url <", "--url=…"]),
            (&["--query", "-5"], &["-5", "--query=-5"]),
            (&["--quiet=yes"], &["--quiet", "yes"]),
            (&["--threads", "1", "--users", "2"], &["--threads", "once"]),
            (&["completions"], &["<SHELL>", "--help"]),
            (&["completions", "dos"], &["dos", "bash", "zsh", "fish"]),
            (&["help", "metric"], &["metric", "metrics?"]),
            (&["help", "xyzzy"], &["xyzzy", "dify", "truncated", "130"]),
            (&["demo", "--user", "5"], &["--user", "--users"]),
            (&["mock", "extra"], &["extra"]),
            (
                &["probe", "--threads=5", "--url", "u", "-qd", "5", "--no-csv"],
                &["--threads --no-csv: ", "leave"],
            ),
            (&["probe", "-qd", "5"], &["-q: ", "leave"]),
            (&["probe", "--urll", "u"], &["--urll", "--url"]),
        ];
        for (words, parts) in table {
            let text = said(words, Language::English);
            for part in parts {
                assert!(text.contains(part), "{words:?}: {part} lacks in: {text}");
            }
            let text = said(words, Language::Chinese);
            assert!(!text.is_ascii(), "{words:?}: {text}");
        }
    }
}
