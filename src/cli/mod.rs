//! The command line as typed: clap's definitions with raw values, the help and clap's errors in the
//! user's language. What the values mean is [`crate::config`]'s business.

mod args;
mod define;
mod errors;
mod files;
mod help;
mod inspect;
mod language;
mod subcommands;
mod terminal;

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches, Parser, Subcommand};

use crate::text::{Language, Message};

pub use args::{
    ConnectionArgs, ConsoleArgs, LoadArgs, OutputArgs, PatienceArgs, RequestArgs, RunArgs,
    TargetArgs, WaitArgs,
};
pub use files::{FileArg, FileArgs};
pub use inspect::{ProbeArgs, ProtocolsArgs};
pub use language::{NoSuchLanguage, language};
pub use subcommands::{CompletionsArgs, DemoArgs, HelpArgs, MockArgs, ReportArgs, SelftestArgs};
pub use terminal::width;

/// The program's name, in help and messages.
pub const PROGRAM: &str = "sse-perf";

/// The whole command line.
#[derive(Clone, Debug, Parser)]
#[command(name = PROGRAM, version, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do; without one, a test is run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of a run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Language of the console; read beforehand, see [`language`].
    #[arg(long, value_name = "en|zh", global = true, help_heading = "general")]
    pub lang: Option<String>,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// A run against the built-in server.
    Demo(DemoArgs),
    /// The report of runs that are over.
    Report(Box<ReportArgs>),
    /// The built-in server alone.
    Mock(Box<MockArgs>),
    /// A single request, looked at closely.
    Probe(Box<ProbeArgs>),
    /// What the protocols are.
    Protocols(ProtocolsArgs),
    /// How exact this program is on this machine.
    Selftest(SelftestArgs),
    /// Completions for a shell.
    Completions(CompletionsArgs),
    /// A topic of the manual.
    Help(HelpArgs),
}

/// A flag as it was typed, by its long name: what repeats a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// With its dashes: `--api-key`.
    pub flag: String,
    /// Its value; `None` for a switch.
    pub value: Option<String>,
}

/// Why there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Help or version was asked for: this text goes to standard output.
    Show(String),
    /// The command line is wrong.
    Usage(Message),
}

/// Takes the arguments apart, the program's name first.
///
/// # Errors
///
/// If help or the version is asked for, or the arguments are wrong.
pub fn parse(args: &[OsString], language: Language) -> Result<Cli, Reply> {
    let mut command = define::command(language);
    let matches = command
        .try_get_matches_from_mut(args)
        .map_err(|error| errors::stop(&error, &command, args, language))?;
    let given = given(&command, &matches);
    if let (Some(subcommand), Some(first)) = (matches.subcommand_name(), given.first()) {
        let message = Message::new("usage.flag_before_command")
            .with("flag", &first.flag)
            .with("command", subcommand);
        return Err(Reply::Usage(message));
    }
    let mut cli = Cli::from_arg_matches(&matches)
        .map_err(|error| errors::stop(&error, &command, args, language))?;
    cli.run.given = given;
    Ok(cli)
}

/// The flags of a run from words such as `["--threads", "5"]`: how one command starts another.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_run<S: Into<OsString>>(
    flags: impl IntoIterator<Item = S>,
    language: Language,
) -> Result<RunArgs, Reply> {
    let args: Vec<OsString> = std::iter::once(OsString::from(PROGRAM))
        .chain(flags.into_iter().map(Into::into))
        .collect();
    parse(&args, language).map(|cli| cli.run)
}

/// The definitions with their texts in that language.
#[must_use]
pub fn definitions(language: Language) -> clap::Command {
    define::command(language)
}

/// The reference of all commands and their options, in Markdown.
#[must_use]
pub fn reference(language: Language) -> String {
    help::reference(&define::command(language), language)
}

/// What `--help` says of a command, where there is one of that name.
#[must_use]
pub fn command_help(name: &str, language: Language) -> Option<String> {
    let args = [PROGRAM, name, "--help"].map(OsString::from);
    match parse(&args, language) {
        Err(Reply::Show(text)) => Some(text),
        _ => None,
    }
}

/// The flags that were typed at the top level, but for `--lang`, which belongs to every command.
fn given(command: &clap::Command, matches: &ArgMatches) -> Vec<Given> {
    let typed = |arg: &&clap::Arg| {
        arg.get_id() != "lang"
            && matches.try_contains_id(arg.get_id().as_str()).is_ok()
            && matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let mut given = Vec::new();
    for arg in command.get_arguments().filter(typed) {
        let Some(long) = arg.get_long() else {
            continue;
        };
        let flag = format!("--{long}");
        if arg.get_action().takes_values() {
            let values = matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
            given.extend(values.map(|value| Given {
                flag: flag.clone(),
                value: Some(value.to_string_lossy().into_owned()),
            }));
        } else {
            given.push(Given { flag, value: None });
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(flags: &[&str]) -> RunArgs {
        parse_run(flags, Language::English).unwrap_or_else(|stop| panic!("{stop:?}"))
    }

    #[test]
    fn the_definitions_are_sound() {
        for language in [Language::English, Language::Chinese] {
            definitions(language).debug_assert();
        }
    }

    #[test]
    fn the_predecessor_s_flags_keep_their_names_and_defaults() {
        let args = run(&[]);
        assert_eq!(args.request.query, "你是谁");
        assert_eq!(args.request.user, "gaolou");
        assert_eq!(args.request.conversation_id, "");
        assert_eq!(args.load.threads, "1");
        assert_eq!(args.load.ramp_up, "0");
        assert_eq!(args.load.duration, "0");
        assert_eq!(args.patience.waits.timeout, "60");
        assert!(args.given.is_empty());
        for flag in [
            "--host",
            "--port",
            "--api-key",
            "--query",
            "--conversation-id",
            "--user",
            "--timeout",
            "--threads",
            "--param-file",
            "--api-key-file",
            "--ramp-up",
            "--duration",
            "--execution-time",
            "--html-report",
            "--model-name",
            "--api-path",
            "--request-body-file",
        ] {
            run(&[flag, "x"]);
        }
        assert!(run(&["--quiet"]).console.quiet);
    }

    #[test]
    fn what_was_typed_is_known_by_long_names() {
        assert_eq!(run(&["-qt5"]).load.threads, "5");
        let args = run(&["-H", "a: b", "-q", "--users=7", "--header=c: d"]);
        let given = |flag: &str, value: Option<&str>| Given {
            flag: flag.to_owned(),
            value: value.map(str::to_owned),
        };
        assert_eq!(
            args.given,
            [
                given("--header", Some("a: b")),
                given("--header", Some("c: d")),
                given("--threads", Some("7")),
                given("--quiet", None),
            ]
        );
    }

    #[test]
    fn a_run_s_flags_do_not_go_before_a_command() {
        let stop = parse_run(["--threads", "5", "demo"], Language::English).unwrap_err();
        let Reply::Usage(message) = stop else {
            panic!("{stop:?}")
        };
        let text = message.to_string();
        assert!(
            text.contains("--threads") && text.contains("demo"),
            "{text}"
        );
        parse_run(["--lang", "zh", "demo"], Language::English).unwrap();
        parse_run(["demo", "--lang", "zh"], Language::English).unwrap();
    }
}
