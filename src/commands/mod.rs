//! The subcommands, a file each, and what they share: how texts reach the terminal, and exit codes.

mod completions;
mod demo;
mod mock;
mod run;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::cli::{Cli, Command, RunArgs};
use crate::config::{self, API_KEY_VARIABLE};
use crate::plan::Plan;
use crate::text::{Language, Message};

/// What the process tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Ok = 0,
    /// A request failed.
    RequestFailed = 1,
    /// Wrong use or configuration; nothing was sent.
    Usage = 2,
    /// The work could not be done, or its results not saved.
    NotDone = 3,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Does what the command line says.
#[must_use]
pub fn dispatch(cli: &Cli, language: Language) -> Exit {
    match &cli.command {
        None => run::run(&cli.run, language),
        Some(Command::Mock(args)) => mock::serve(args, language),
        Some(Command::Completions(args)) => completions::write(args, language),
        Some(Command::Demo(args)) => demo::show(args, language),
    }
}

/// The plan of a run; what is wrong with it has been said already.
///
/// # Errors
///
/// [`Exit::Usage`].
pub(crate) fn plan(raw: &RunArgs, language: Language) -> Result<Plan, Exit> {
    let key = std::env::var(API_KEY_VARIABLE).ok();
    config::plan(raw, language, key.as_deref()).map_err(|message| usage(&message, language))
}

/// Says what is wrong with the command line.
#[must_use]
pub fn usage(message: &Message, language: Language) -> Exit {
    complain(message, language);
    Exit::Usage
}

/// Says on standard error what is wrong.
pub(crate) fn complain(message: &Message, language: Language) {
    let texts = language.texts();
    let error = Message::new("usage.prefix").with("message", texts.render(message));
    // Nobody is left to hear that standard error is closed.
    let _ = writeln!(io::stderr(), "{}", texts.render(&error));
}

/// Writes to standard output. A reader that has seen enough, as `head`, is no failure.
#[must_use]
pub fn print(text: &[u8], language: Language) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            complain(
                &Message::new("output.stdout").with("error", error),
                language,
            );
            Exit::NotDone
        }
    }
}
