//! The flags that say where files go, as [`FORMATS`] lists them.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::output::{FORMATS, FileKind};

/// The flags of all kinds of files.
#[derive(Clone, Debug)]
pub struct FileArgs(pub Vec<FileArg>);

/// The flags of a kind of file.
#[derive(Clone, Debug)]
pub struct FileArg {
    /// The kind.
    pub kind: &'static FileKind,
    /// Where it goes: `--csv FILE`.
    pub place: Option<String>,
    /// Whether there is no file: `--no-csv`.
    pub none: bool,
}

fn long(flag: &'static str) -> &'static str {
    flag.trim_start_matches('-')
}

impl Args for FileArgs {
    fn augment_args(command: Command) -> Command {
        FORMATS.iter().fold(command, |command, kind| {
            let value = kind.only_file.map_or("FILE|-", |_| "FILE");
            let arg = |flag| Arg::new(long(flag)).long(long(flag));
            let switch = |flag| arg(flag).action(ArgAction::SetTrue);
            let none = kind.no_flag.map(switch);
            command.arg(arg(kind.flag).value_name(value)).args(none)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FileArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let has = |flag| matches.get_flag(long(flag));
        let file = |kind: &&'static FileKind| FileArg {
            kind,
            place: matches.get_one::<String>(long(kind.flag)).cloned(),
            none: kind.no_flag.is_some_and(has),
        };
        Ok(Self(FORMATS.iter().map(file).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
