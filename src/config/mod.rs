//! What a run was asked to do, validated: [`Config`], made of the raw command line before anything
//! is sent. Every usage error is found here.

mod build;
mod content;
mod files;
mod headers;
mod outputs;
mod parse;
mod show;
mod target;
#[cfg(test)]
mod tests;
mod url;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::load::ClosedLoop;
use crate::protocol::Protocol;
use crate::text::{Language, Message};
use crate::workload::Workload;

pub use parse::{count, duration, positive_duration, whole};

/// The environment variable that holds the API key where no flag gives one: what stands in a
/// command line, everybody on the machine can read.
pub const API_KEY_VARIABLE: &str = "SSE_PERF_API_KEY";

/// Most virtual users of a run; what the system permits is checked at its start.
pub const MOST_USERS: u32 = 1_000_000;

/// Everything that a run needs to know. Nothing in it is changed once it has been made.
#[derive(Debug)]
pub struct Config {
    /// Where requests go.
    pub target: Target,
    /// How the service speaks.
    pub protocol: Arc<Protocol>,
    /// What is sent.
    pub workload: Workload,
    /// When it is sent.
    pub plan: ClosedLoop,
    /// How requests travel.
    pub transport: TransportConfig,
    /// How often a request is tried again after a failure that may pass; 0 switches reconnects off
    /// too.
    pub retries: u32,
    /// How much longer than the deadline, or than the first Ctrl-C, requests in flight may take.
    pub grace: Duration,
    /// The files to write.
    pub outputs: OutputConfig,
    /// What the terminal shows.
    pub console: ConsoleConfig,
    /// The model's name, for bodies and file names.
    pub model: Option<String>,
    /// A word for the run, in each row of its results.
    pub label: Option<String>,
    /// The command line that repeats this run, quoted for a shell, keys masked.
    pub command_line: String,
    /// What the user should know before and after the run.
    pub warnings: Vec<Message>,
}

/// Where requests go.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// The whole URL, with scheme, host, port where it was given, and path. May carry secrets in its
    /// query: [`Target::shown`] is for people.
    pub url: String,
}

impl Target {
    /// The URL with secrets in its query masked.
    #[must_use]
    pub fn shown(&self) -> String {
        show::redact_url(&self.url)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.shown())
    }
}

/// How requests travel.
#[derive(Clone)]
pub struct TransportConfig {
    /// Longest wait for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest wait for anything else: to write the request, for the response's first byte, for
    /// each further read.
    pub timeout: Duration,
    /// Longest time of a request over all its attempts.
    pub max_time: Option<Duration>,
    /// Longest wait for the next token; keep-alives do not count.
    pub token_timeout: Option<Duration>,
    /// Whether connections are kept between requests.
    pub keepalive: bool,
    /// The proxy's URL; the environment's is never used.
    pub proxy: Option<String>,
    /// PEM text of the certificates to trust in place of the built-in ones.
    pub ca_cert: Option<Vec<u8>>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// Headers of every request; one of the protocol's that has the same name is not sent.
    pub headers: Vec<(String, String)>,
    /// Largest event that is read, in bytes.
    pub max_event_bytes: usize,
}

impl fmt::Debug for TransportConfig {
    /// As in the run JSON: headers and proxy may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransportConfig({})", show::transport_json(self))
    }
}

/// Where one of the run's files goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere.
    None,
    /// A new file of the default name in this directory, which is made if need be.
    Default(PathBuf),
    /// This file; what is there is overwritten.
    File(PathBuf),
    /// Standard output; people's text goes to standard error then.
    Stdout,
}

/// The files to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputConfig {
    /// A row per request.
    pub csv: Destination,
    /// Whether the CSV files begin with a byte-order mark, for Excel.
    pub csv_bom: bool,
    /// The run as a whole.
    pub json: Destination,
    /// A row per event.
    pub events: Option<PathBuf>,
}

/// What the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// In which language.
    pub language: Language,
    /// Only the final statistics.
    pub quiet: bool,
    /// The answer's text as it arrives.
    pub show_text: bool,
}
