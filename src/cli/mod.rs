//! The command line as typed: clap's definitions, with each flag's value read or refused, and the
//! help and the errors in the user's language. [`crate::config`] says what flags mean together.

mod args;
mod define;
mod ends;
mod errors;
mod files;
mod help;
mod inspect;
mod language;
mod parse;
mod subcommands;
mod terminal;

pub use args::*;
pub use define::{Cli, PROGRAM, command as definitions};
pub use ends::{Ends, Exit, Stop};
pub use errors::Reply;
pub use files::{FileArg, FileArgs};
pub use help::{command_help, reference};
pub use inspect::*;
pub use language::language;
pub use parse::{parse, parse_run};
pub use subcommands::*;
pub use terminal::width;
