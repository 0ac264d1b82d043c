//! The subcommands, a file each.

mod completions;
mod count;
mod demo;
mod help;
mod mock;
mod probe;
mod protocols;
mod report;
mod run;
mod selftest;
mod shared;

use crate::cli::{Cli, Command};
use crate::text::Language;
use shared::{Waiting, colour, complain, console, plan, printed};

pub use shared::{Ends, Exit, Stop, finish, print};

/// Carries the command line out.
///
/// # Errors
///
/// If the flags are wrong, or the work cannot be done.
pub fn dispatch(cli: &Cli, language: Language) -> Ends {
    match &cli.command {
        None => run::run(&cli.run, language),
        Some(Command::Mock(args)) => mock::serve(args, language),
        Some(Command::Probe(args)) => probe::probe(args, language),
        Some(Command::Protocols(args)) => protocols::show(args, language),
        Some(Command::Completions(args)) => completions::write(args, language),
        Some(Command::Report(args)) => report::make(args, language),
        Some(Command::Demo(args)) => demo::show(args, language),
        Some(Command::Help(args)) => help::show(args, language),
        Some(Command::Selftest(args)) => selftest::measure(args, language),
    }
}
