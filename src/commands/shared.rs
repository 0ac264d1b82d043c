//! Output to the terminal and exit codes, for all subcommands.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::{self, Ends, Exit, RunArgs, Stop};
use crate::clock::{Clock, Stamp};
use crate::config::{self, API_KEY_VARIABLE};
use crate::output::console::{Console, Settings, wants_colour};
use crate::output::{Destination, OutputConfig};
use crate::plan::Plan;
use crate::text::{Language, Message};

/// The plan of a run.
///
/// # Errors
///
/// If the flags are wrong.
pub(super) fn plan(raw: &RunArgs, language: Language) -> Result<Arc<Plan>, Stop> {
    let key = std::env::var(API_KEY_VARIABLE).ok();
    let plan = config::plan(raw, language, key.as_deref()).map_err(Stop::usage)?;
    Ok(Arc::new(plan))
}

/// The exit code of a command. Standard error says why the command ended early.
#[must_use]
pub fn finish(ends: Ends, language: Language) -> Exit {
    ends.unwrap_or_else(|Stop(exit, message)| {
        complain(&message, language);
        exit
    })
}

/// Says on standard error what is wrong.
pub(super) fn complain(message: &Message, language: Language) {
    let texts = language.texts();
    let error = Message::new("usage.prefix").with("message", texts.render(message));
    // Nobody reads a closed standard error.
    let _ = writeln!(io::stderr(), "{}", texts.render(&error));
}

/// Time between two messages about progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows progress once a second on a terminal.
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

    /// Shows the message with the part that is done, 0 to 1, if the last one is a second old.
    pub(super) fn tell(&mut self, part: f64, message: impl FnOnce() -> Message) {
        let now = self.clock.now();
        if self.terminal && now >= self.due {
            self.due = now + PATIENCE;
            let message = message().with("percent", format!("{:.0}", part * 100.0));
            let text = self.language.texts().render(&message);
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}

/// Writes to standard output.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn print(text: &[u8]) -> Ends {
    let mut out = io::stdout().lock();
    printed(out.write_all(text).and_then(|()| out.flush()))
}

/// The end of a command that wrote to standard output. A reader that leaves early, such as `head`,
/// is no failure.
pub(super) fn printed(result: io::Result<()>) -> Ends {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = Message::new("output.stdout").with("error", error);
            Err(Stop::not_done(message))
        }
        _ => Ok(Exit::Ok),
    }
}

/// Whether to write in colour to standard output or standard error, which may be a terminal.
pub(super) fn colour(terminal: bool) -> bool {
    let variable = |name| std::env::var_os(name);
    let (no_color, term) = (variable("NO_COLOR"), variable("TERM"));
    wants_colour(terminal, no_color.as_deref(), term.as_deref())
}

/// Columns of standard output or standard error, where it is a terminal.
type Width = fn() -> Option<usize>;

/// The terminal, with its own settings added: standard error where rows or a document go to standard
/// output.
pub(super) fn console(outputs: &OutputConfig, settings: Settings) -> Console {
    let mut wanted = outputs.wanted();
    let taken = wanted.any(|(_, destination)| *destination == Destination::Stdout);
    let (out, err) = (io::stdout(), io::stderr());
    let (terminal, width, out): (_, Width, Box<dyn Write + Send>) = if taken {
        let width = || cli::width(io::stderr());
        (err.is_terminal(), width, Box::new(err))
    } else {
        let width = || cli::width(io::stdout());
        (out.is_terminal(), width, Box::new(out))
    };
    let settings = Settings {
        colour: colour(terminal),
        width: width(),
        ..settings
    };
    Console::new(out, settings).following(width)
}
