//! How a command ends.

use std::process::ExitCode;

use crate::text::Message;

/// The exit code of the process.
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

/// How a command ends.
pub type Ends = Result<Exit, Stop>;

/// Why a command ends early: its exit code, and the message for standard error.
#[derive(Debug)]
pub struct Stop(pub Exit, pub Message);

impl Stop {
    /// The command line is wrong.
    #[must_use]
    pub fn usage(message: Message) -> Self {
        Self(Exit::Usage, message)
    }

    /// The work cannot be done.
    #[must_use]
    pub fn not_done(message: Message) -> Self {
        Self(Exit::NotDone, message)
    }
}
