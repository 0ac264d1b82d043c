//! Takes the arguments apart.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches};

use super::args::{Given, RunArgs};
use super::define::{self, Cli, PROGRAM};
use super::errors::{self, Reply};
use crate::text::{Language, Message};

/// Takes the arguments apart, the program's name first.
///
/// # Errors
///
/// If help or the version is asked for, or the arguments are wrong.
pub fn parse(args: &[OsString], language: Language) -> Result<Cli, Reply> {
    let mut command = define::command(language);
    let matches = command.try_get_matches_from_mut(args);
    let parsed = matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (mut cli, matches) =
        parsed.map_err(|error| errors::stop(&error, &command, args, language))?;
    let given = given(&command, &matches);
    if let (Some(subcommand), Some(first)) = (matches.subcommand_name(), given.first()) {
        let message = Message::new("usage.flag_before_command").with("flag", &first.flag);
        return Err(Reply::Usage(message.with("command", subcommand)));
    }
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
    let program = std::iter::once(OsString::from(PROGRAM));
    let args: Vec<_> = program.chain(flags.into_iter().map(Into::into)).collect();
    parse(&args, language).map(|cli| cli.run)
}

/// The flags that were typed at the top level, but for `--lang`, which belongs to every command.
fn given(command: &clap::Command, matches: &ArgMatches) -> Vec<Given> {
    let mut given = Vec::new();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let typed = matches.try_contains_id(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::CommandLine);
        let Some(long) = arg.get_long().filter(|_| typed && id != "lang") else {
            continue;
        };
        let flag = format!("--{long}");
        if arg.get_action().takes_values() {
            let values = matches.get_raw(id).into_iter().flatten();
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
    use std::time::Duration;

    use super::*;

    fn run(flags: &[&str]) -> RunArgs {
        parse_run(flags, Language::English).unwrap_or_else(|stop| panic!("{stop:?}"))
    }

    #[test]
    fn the_definitions_are_sound() {
        for language in [Language::English, Language::Chinese] {
            define::command(language).debug_assert();
        }
    }

    #[test]
    fn the_predecessor_s_flags_keep_their_names_and_defaults() {
        let args = run(&[]);
        assert_eq!(args.request.query, "你是谁");
        assert_eq!(args.request.user, "gaolou");
        assert_eq!(args.request.conversation_id, "");
        assert_eq!(args.load.threads, 1);
        assert_eq!([args.load.ramp_up, args.load.duration], [Duration::ZERO; 2]);
        assert_eq!(args.waits.timeout, Duration::from_secs(60));
        assert!(args.given.is_empty());
        #[rustfmt::skip]
        let cases = [
            "--host", "--port", "--api-key", "--query", "--conversation-id", "--user", "--timeout",
            "--threads", "--param-file", "--api-key-file", "--ramp-up", "--duration",
            "--execution-time", "--html-report", "--model-name", "--api-path",
            "--request-body-file",
        ];
        for flag in cases {
            run(&[flag, "1"]);
        }
        assert!(run(&["--quiet"]).console.quiet);
    }

    #[test]
    fn what_was_typed_is_known_by_long_names() {
        assert_eq!(run(&["-qt5"]).load.threads, 5);
        let args = run(&["-H", "a: b", "-q", "--users=7", "--header=c: d"]);
        let given = |flag: &str, value: Option<&str>| Given {
            flag: flag.to_owned(),
            value: value.map(str::to_owned),
        };
        let expected = [
            given("--header", Some("a: b")),
            given("--header", Some("c: d")),
            given("--threads", Some("7")),
            given("--quiet", None),
        ];
        assert_eq!(args.given, expected);
    }

    #[test]
    fn a_run_s_flags_do_not_go_before_a_command() {
        let stop = parse_run(["--threads", "5", "demo"], Language::English).unwrap_err();
        let Reply::Usage(message) = stop else {
            panic!("{stop:?}")
        };
        let text = message.to_string();
        assert!(text.contains("--threads"), "{text}");
        assert!(text.contains("demo"), "{text}");
        parse_run(["--lang", "zh", "demo"], Language::English).unwrap();
        parse_run(["demo", "--lang", "zh"], Language::English).unwrap();
    }
}
