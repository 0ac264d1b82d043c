//! Why a file is no requests CSV, and what is wrong with a line of one.

use std::fmt;
use std::io;

/// Why a file cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// The system does not give it.
    Io(io::Error),
    /// It lacks columns that every requests CSV has.
    Lacks(Vec<&'static str>),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => error.fmt(f),
            ReadError::Lacks(names) => write!(f, "it lacks {}", names.join(", ")),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError::Io(error)
    }
}

impl From<::csv::Error> for ReadError {
    fn from(error: ::csv::Error) -> Self {
        ReadError::Io(error.into())
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It has another number of cells than the header.
    Cells {
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A cell holds what cannot be there.
    Cell {
        /// Its column.
        column: &'static str,
    },
}

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub damage: Damage,
}
