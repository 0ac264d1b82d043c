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
    /// The rows of the requests CSV cannot be replaced when their tokens have been counted: it is
    /// no regular file.
    NotRewritable {
        /// Where it is.
        path: PathBuf,
    },
    /// What the requests generated cannot be kept for the tokenizer.
    Texts {
        /// In which directory.
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
            WriteError::BrokenPipe | WriteError::NotRewritable { .. } => None,
            WriteError::Refused { source, .. }
            | WriteError::Texts { source, .. }
            | WriteError::Failed { source, .. } => Some(source),
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

    /// That the requests cannot be kept, or not be read again.
    #[must_use]
    pub fn texts(directory: &Path, source: io::Error) -> Self {
        WriteError::Texts {
            path: directory.to_owned(),
            source,
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
            WriteError::NotRewritable { path } => {
                Message::new("files.not_rewritable").with("path", path.display())
            }
            WriteError::Texts { path, source } => Message::new("files.texts_failed")
                .with("path", path.display())
                .with("error", source),
            WriteError::Failed { path, source } => Message::new("files.write_failed")
                .with("path", path.display())
                .with("error", source),
        }
    }
}
