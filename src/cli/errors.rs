//! clap's errors in the user's language, each with the flag, the value and a remedy.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::define::PROGRAM;
use super::help;
use crate::text::{Language, Message};
use crate::values::shown;

/// Why there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Help or version was asked for: this text goes to standard output.
    Show(String),
    /// The command line is wrong.
    Usage(Message),
}

/// The reply to the user for a parser's error about these arguments.
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
            Reply::Usage(message.unwrap_or_else(|| unknown_argument(error, &flag, command, args)))
        }
        _ => Reply::Usage(message(error)),
    }
}

/// The error of a probe with flags of a run. Names all of these flags, so that the user leaves them
/// out at once.
fn of_a_run(flag: &str, command: &clap::Command, args: &[OsString]) -> Option<Message> {
    const PROBE: &str = "probe";
    let mut words = args.iter().filter_map(|word| word.to_str());
    words.find(|word| *word == PROBE)?;
    let only_run = &names(command) - &names(command.find_subcommand(PROBE)?);
    let is_of_a_run = |name: &&str| only_run.contains(*name);
    let mut flags = vec![flag.split(' ').next().filter(is_of_a_run)?];
    for name in words.filter_map(|word| word.split('=').next()) {
        if is_of_a_run(&name) && !flags.contains(&name) {
            flags.push(name);
        }
    }
    Some(Message::new("usage.probe_flags").with("flags", flags.join(" ")))
}

/// All names of a command's own flags, with their dashes.
fn names(command: &clap::Command) -> BTreeSet<String> {
    let arguments = command.get_arguments();
    let arguments = arguments.filter(|arg| arg.get_id() != "version");
    let names = arguments.flat_map(|arg| {
        let long = arg.get_long_and_visible_aliases().into_iter().flatten();
        let long = long.map(|name| format!("--{name}"));
        long.chain(arg.get_short().map(|name| format!("-{name}")))
    });
    names.collect()
}

fn message(error: &clap::Error) -> Message {
    let flag = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    let suggested = context(error, ContextKind::SuggestedValue);
    let of_flag = |id| Message::new(id).with("flag", &flag);
    let of_value = |id| of_flag(id).with("value", &value);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = context(error, ContextKind::InvalidSubcommand);
            unknown(&word, &context(error, ContextKind::SuggestedSubcommand))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            let name = flag.split(' ').next().unwrap_or_default();
            of_flag("usage.value_missing").with("name", name)
        }
        ErrorKind::InvalidValue if !suggested.is_empty() => {
            of_value("usage.value_like").with("remedy", suggested)
        }
        ErrorKind::InvalidValue => {
            let known = context(error, ContextKind::ValidValue);
            of_value("usage.value_choice").with("values", known)
        }
        ErrorKind::TooManyValues => of_value("usage.switch_value"),
        ErrorKind::ArgumentConflict => of_flag("usage.flag_twice"),
        ErrorKind::MissingRequiredArgument => {
            Message::new("usage.argument_missing").with("argument", flag)
        }
        ErrorKind::ValueValidation => refused(error, &flag, &value),
        ErrorKind::InvalidUtf8 => Message::new("usage.not_utf8"),
        // The definitions lead to no other kind; clap's words are better than none.
        _ => Message::new("usage.other").with("error", error.kind()),
    }
}

/// The error of a flag's reader, which knows neither the flag nor the value.
fn refused(error: &clap::Error, flag: &str, value: &str) -> Message {
    let reason = error.source().and_then(|reason| reason.downcast_ref());
    let message: &Message = reason.expect("readers of flags return messages");
    let flag = flag.split(' ').next().unwrap_or_default();
    let message = message.clone().with("flag", flag);
    message.with("value", shown(value))
}

/// Flags of other load testers, and the flags that do the same here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("--base-url", "--url"),
    ("--clients --concurrency --vus", "--threads"),
    ("--dataset-path", "--param-file"),
    ("--endpoint", "--api-path"),
    ("--insecure-skip-verify", "--insecure"),
    ("--model", "--model-name"),
    ("--num-prompts", "--requests"),
    ("--prompt", "--query"),
];

fn unknown_argument(
    error: &clap::Error,
    word: &str,
    known: &clap::Command,
    args: &[OsString],
) -> Message {
    if !word.starts_with('-') {
        return unknown(word, "");
    }
    let name = word.split('=').next().unwrap_or(word);
    let mut elsewhere = ELSEWHERE.iter();
    let elsewhere = elsewhere.find(|(names, _)| names.split(' ').any(|known| known == name));
    let command = context(error, ContextKind::SuggestedSubcommand);
    let like = || context(error, ContextKind::SuggestedArg);
    let suggested = elsewhere.map_or_else(like, |(_, here)| (*here).to_owned());
    let is_like = elsewhere.is_some() || is_misspelt(name, &suggested);
    let remedy = match command.as_str() {
        _ if suggested.is_empty() || !is_like => return no_such_flag(word, known, args),
        "" => suggested,
        _ => format!("{PROGRAM} {command} {suggested}"),
    };
    let message = Message::new("usage.flag_unknown_like").with("flag", word);
    message.with("remedy", remedy)
}

/// Whether a word is a flag's name cut short, or one with a wrong letter in four.
fn is_misspelt(word: &str, flag: &str) -> bool {
    let wrong = strsim::damerau_levenshtein(word, flag);
    word.len() > 4 && flag.starts_with(word) || wrong <= (word.len() / 4).max(1)
}

/// The error of a word with a dash that is no flag. Behind a flag that takes a value, the word is
/// meant as its value.
fn no_such_flag(word: &str, command: &clap::Command, args: &[OsString]) -> Message {
    let takes_value = |name: &str| {
        let name = name.strip_prefix("--");
        let mut known = command.get_arguments();
        known.any(|arg| name.is_some() && arg.get_long() == name && arg.get_action().takes_values())
    };
    let words: Vec<_> = args.iter().filter_map(|word| word.to_str()).collect();
    let mut pairs = words.windows(2);
    match pairs.find(|pair| pair[1].starts_with(word) && takes_value(pair[0])) {
        Some(pair) => Message::new("usage.flag_or_value")
            .with("flag", pair[0])
            .with("value", pair[1]),
        None => Message::new("usage.flag_unknown").with("flag", word),
    }
}

fn unknown(word: &str, suggested: &str) -> Message {
    if suggested.is_empty() {
        // The word may be a key.
        let shown: String = word.chars().take(3).chain(['…']).collect();
        return Message::new("usage.word_unknown").with("word", shown);
    }
    let message = Message::new("usage.word_unknown_like").with("word", word);
    message.with("remedy", format!("{PROGRAM} {suggested}"))
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
        let table: [(&[&str], &[&str]); 25] = [
            (&["--thread", "5"], &["--thread", "--threads"]),
            (&["--xyzzy"], &["--xyzzy", "--help"]),
            (&["-z"], &["-z", "--help"]),
            (&["demmo"], &["demmo", "sse-perf demo"]),
            (&["http://localhost"], &["'htt…'", "--url"]),
            (&["app-0123456789"], &["'app…'"]),
            (&["--rate", "5"], &["--rate: ", "see sse-perf --help"]),
            (&["--colour"], &["--colour: ", "see sse-perf --help"]),
            (&["--vus", "5"], &["mean --threads?"]),
            (&["--concurrency=5"], &["mean --threads?"]),
            (&["--execution"], &["mean --execution-time?"]),
            (&["--url"], &["--url <", "--url=…"]),
            (&["--query", "-x5"], &["-x5", "--query=-x5"]),
            (&["--quiet", "-x5"], &["-x", "--help"]),
            (&["--quiet=yes"], &["--quiet", "yes"]),
            (&["--threads", "1", "--users", "2"], &["--threads", "once"]),
            (&["completions"], &["<SHELL>", "--help"]),
            (&["completions", "dos"], &["dos", "bash", "zsh", "fish"]),
            (&["help", "metric"], &["metric", "metrics?"]),
            (&["help", "xyzzy"], &["xyzzy", "dify", "truncated", "130"]),
            (&["demo", "--user", "5"], &["--user", "--users"]),
            (&["mock", "extra"], &["'ext…'"]),
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
            assert!(!text.contains("0123456789"), "{words:?}: {text}");
            let text = said(words, Language::Chinese);
            assert!(!text.is_ascii(), "{words:?}: {text}");
        }
    }
}
