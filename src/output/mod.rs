//! What a run leaves, and what is read of it again. A [`Format`] makes what is in a file,
//! [`files`] owns the files, and the collector hands them samples.
//!
//! A further format is a file here and a line in [`FORMATS`]; its option comes from there.

pub mod about;
pub mod console;
pub mod csv;
mod error;
pub mod events;
mod file;
pub mod files;
mod format;
mod hint;
pub mod host;
pub mod html;
pub mod json;
mod layout;
mod members;
mod row;
pub mod saved;
pub mod spool;
pub mod waterfall;

pub use about::RunInfo;
pub use error::WriteError;
pub use files::{Formats, Outputs};
pub use format::{Destination, FileKind, Format, GroupKeys, OutputConfig, Results};

/// All kinds of files that a run can leave, in the order in which they are listed.
pub static FORMATS: &[&FileKind] = &[&csv::KIND, &events::KIND, &json::KIND, &html::KIND];

#[cfg(test)]
pub(crate) mod tests;
