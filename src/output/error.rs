//! Why results cannot be saved: the system's error, and the message for the user.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::text::Message;

/// Why results cannot be saved.
#[derive(Debug)]
pub struct WriteError {
    /// The id of the user's message.
    id: &'static str,
    /// Path of the file; `-` for standard output.
    pub path: PathBuf,
    /// The system's error.
    pub source: io::Error,
}

/// The message about a file that the run needs.
const NEEDED: &str = "files.write_failed";
/// The message about a file without which the run goes on.
const OPTIONAL: &str = "files.optional_failed";

impl WriteError {
    pub(super) fn new(id: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self { id, path, source }
    }

    /// A file can no longer be written. The file keeps its whole rows.
    pub(super) fn failed(path: &Path, source: io::Error, optional: bool) -> Self {
        let id = if optional { OPTIONAL } else { NEEDED };
        Self::new(id, path, source)
    }

    /// The generated text cannot be kept in this directory for the tokenizer, or not be read again.
    #[must_use]
    pub fn texts(directory: &Path, source: io::Error) -> Self {
        Self::new("files.texts_failed", directory, source)
    }

    /// Whether the run goes on without the file.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.id == OPTIONAL
    }

    /// Whether the reader of a needed pipe has gone. The program then ends quietly.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.is_optional() && self.source.kind() == io::ErrorKind::BrokenPipe
    }

    /// The message for the user, with the remedy.
    #[must_use]
    pub fn message(&self) -> Message {
        if self.is_closed() {
            return Message::new("files.broken_pipe");
        }
        Message::new(self.id)
            .with("path", self.path.display())
            .with("error", &self.source)
    }
}

impl fmt::Display for WriteError {
    /// In English, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
