//! The validated [`Plan`] of a run: [`crate::config`] makes the plan of the command line, the engine
//! carries it out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::load::{Leaving, Load};
use crate::output::OutputConfig;
use crate::output::console::Settings;
use crate::protocol::Protocol;
use crate::record::TokenCount;
use crate::text::Message;
use crate::tokenizer::Tokenizer;
use crate::values::Dist;
use crate::workload::Workload;

/// The facts that a run needs. They do not change during the run.
#[derive(Debug)]
pub struct Plan {
    /// Where requests go.
    pub target: Target,
    /// The protocol of the service.
    pub protocol: Arc<Protocol>,
    /// The content of the requests.
    pub workload: Workload,
    /// When requests are sent.
    pub load: Load,
    /// How long a user thinks between its requests; `None` for not at all.
    pub think_time: Option<Dist<Duration>>,
    /// Which users leave before their answer is there; `None` for nobody.
    pub leaving: Option<Leaving>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// How output tokens are counted during the run.
    pub tokens: TokenCount,
    /// The tokenizer that counts output tokens anew when the run is over.
    pub tokenizer: Option<Tokenizer>,
    /// How requests travel.
    pub transport: TransportConfig,
    /// How often a request is tried again after a failure that may pass; 0 switches reconnects off
    /// too.
    pub retries: u32,
    /// How much longer than the deadline, or than the first Ctrl-C, requests in flight may take.
    pub grace: Duration,
    /// The files to write.
    pub outputs: OutputConfig,
    /// What the terminal shows; colours and width are known when it is opened.
    pub console: Settings,
    /// Whether results that are not valid are an error.
    pub require_valid: bool,
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
    /// query.
    pub url: String,
    /// The URL for people and files: secrets masked.
    pub shown: String,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.shown)
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
    /// Whether arrivals are stamped when `read` returns, even if the kernel tells their time.
    pub user_clock: bool,
    /// Largest event that is read, in bytes.
    pub max_event_bytes: usize,
}

impl fmt::Debug for TransportConfig {
    /// Without headers and proxy, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportConfig")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
