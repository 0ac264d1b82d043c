//! The command line as typed: clap's definitions with raw values, the help and clap's errors in the
//! user's language. What the values mean is [`crate::config`]'s business.

mod args;
mod define;
mod errors;
mod files;
mod help;
mod inspect;
mod language;
mod parse;
mod subcommands;
mod terminal;

pub use args::*;
pub use define::{Cli, Command, PROGRAM, command as definitions};
pub use errors::Reply;
pub use files::{FileArg, FileArgs};
pub use help::{command_help, reference};
pub use inspect::*;
pub use language::{NoSuchLanguage, language};
pub use parse::{parse, parse_run};
pub use subcommands::*;
pub use terminal::width;
