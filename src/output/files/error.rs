//! Why results cannot be saved, as the system tells it and as the user is told.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::FileKind;
use crate::text::Message;

/// Why results cannot be saved.
#[derive(Debug)]
pub enum WriteError {
    /// Whoever read the output has gone: reason to end quietly.
    BrokenPipe,
    /// A file cannot be opened, or refuses its first bytes: the run has not begun.
    Refused {
        /// Which file.
        kind: FileKind,
        /// Where it was to be; `-` for standard output.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file can no longer be written. What it has stays, rows whole.
    Failed {
        /// Where it is; `-` for standard output.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl fmt::Display for WriteError {
    /// In English, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::BrokenPipe => None,
            WriteError::Refused { source, .. } | WriteError::Failed { source, .. } => Some(source),
        }
    }
}

impl WriteError {
    pub(super) fn refused(kind: FileKind, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => WriteError::BrokenPipe,
            _ => WriteError::Refused {
                kind,
                path: path.to_owned(),
                source,
            },
        }
    }

    pub(super) fn failed(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => WriteError::BrokenPipe,
            _ => WriteError::Failed {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// What to tell the user, with the remedy.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            WriteError::BrokenPipe => Message::new("files.broken_pipe"),
            WriteError::Refused { kind, path, source } => Message::new(kind.refusal())
                .with("path", path.display())
                .with("error", source),
            WriteError::Failed { path, source } => Message::new("files.write_failed")
                .with("path", path.display())
                .with("error", source),
        }
    }
}
