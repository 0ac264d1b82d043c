//! What the subcommands share: how texts reach the terminal, and exit codes.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::{self, RunArgs};
use crate::clock::{Clock, Stamp};
use crate::config::{self, API_KEY_VARIABLE};
use crate::output::console::{Console, Settings, wants_colour};
use crate::output::{Destination, OutputConfig};
use crate::plan::{ConsoleConfig, Plan};
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
    /// The results are not valid, where validity was required.
    NotValid = 4,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// The plan of a run; what is wrong with it has been said already.
///
/// # Errors
///
/// [`Exit::Usage`].
pub(super) fn plan(raw: &RunArgs, language: Language) -> Result<Plan, Exit> {
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
pub(super) fn complain(message: &Message, language: Language) {
    let texts = language.texts();
    let error = Message::new("usage.prefix").with("message", texts.render(message));
    // Nobody is left to hear that standard error is closed.
    let _ = writeln!(io::stderr(), "{}", texts.render(&error));
}

/// How long it takes until a further word on the progress is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// Says once a second how far something has come, to somebody who waits at a terminal.
pub(super) struct Waiting {
    clock: Clock,
    due: Stamp,
    terminal: bool,
    language: Language,
}

impl Waiting {
    pub(super) fn new(language: Language) -> Self {
        Self {
            clock: Clock::start(),
            due: Stamp::ZERO + PATIENCE,
            terminal: io::stderr().is_terminal(),
            language,
        }
    }

    /// Says it, if it is time to.
    pub(super) fn tell(&mut self, message: impl FnOnce() -> Message) {
        let now = self.clock.now();
        if self.terminal && now >= self.due {
            self.due = now + PATIENCE;
            let text = self.language.texts().render(&message());
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
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

/// The terminal; standard error where rows or the document take standard output.
pub(super) fn console(outputs: &OutputConfig, shown: ConsoleConfig, watched: bool) -> Console {
    let mut wanted = outputs.wanted();
    let to_stderr = wanted.any(|(_, destination)| *destination == Destination::Stdout);
    let (out, terminal): (Box<dyn Write + Send>, bool) = if to_stderr {
        (Box::new(io::stderr()), io::stderr().is_terminal())
    } else {
        (Box::new(io::stdout()), io::stdout().is_terminal())
    };
    let no_color = std::env::var_os("NO_COLOR");
    let term = std::env::var_os("TERM");
    let width = if to_stderr {
        cli::width(io::stderr())
    } else {
        cli::width(io::stdout())
    };
    Console::new(
        out,
        Settings {
            language: shown.language,
            quiet: shown.quiet,
            show_text: shown.show_text,
            watched,
            colour: wants_colour(terminal, no_color.as_deref(), term.as_deref()),
            width,
        },
    )
}
