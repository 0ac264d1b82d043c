//! The command line as understood: flags become a [`crate::plan::Plan`] before anything is sent.
//! Errors of flags beside others, and of files that a flag names, are found here.

mod build;
mod content;
mod conversation;
mod data;
mod files;
mod headers;
mod outputs;
mod show;
mod target;
#[cfg(test)]
mod tests;
mod url;

pub use build::plan;
pub use files::protocol;
pub use outputs::{check_inputs, report_outputs};
pub use show::{plan_json, shown_headers};

/// The environment variable of the API key, where no flag gives a key: everybody on the machine can
/// read a command line.
pub const API_KEY_VARIABLE: &str = "SSE_PERF_API_KEY";
