//! The subcommands, and the flags of each.

use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::ends::Ends;
use super::inspect::{ProbeArgs, ProtocolsArgs};
use crate::text::Language;

/// What a command does with its flags: a file of [`crate::commands`] says so for each struct of
/// flags.
pub trait Run {
    /// Does the work; speaks this language.
    ///
    /// # Errors
    ///
    /// If the flags are wrong, or the work cannot be done.
    fn run(&self, language: Language) -> Ends;
}

/// Declares the subcommands, in the order of the help, each with its flags.
macro_rules! subcommands {
    ($($(#[$doc:meta])* $Name:ident($Args:ty),)*) => {
        /// The subcommands.
        #[derive(Clone, Debug, Subcommand)]
        pub enum Command {
            $($(#[$doc])* $Name(Box<$Args>),)*
        }

        impl Run for Command {
            fn run(&self, language: Language) -> Ends {
                match self {
                    $(Command::$Name(args) => args.run(language),)*
                }
            }
        }
    };
}

subcommands! {
    /// A run against the built-in server.
    Demo(DemoArgs),
    /// The report of finished runs.
    Report(ReportArgs),
    /// The built-in server alone.
    Mock(MockArgs),
    /// A diagnosis of a single request.
    Probe(ProbeArgs),
    /// The protocols.
    Protocols(ProtocolsArgs),
    /// How exact this program is on this machine.
    Selftest(SelftestArgs),
    /// Completions for a shell.
    Completions(CompletionsArgs),
    /// A topic of the manual.
    Help(HelpArgs),
}

/// `sse-perf demo`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "load")]
pub struct DemoArgs {
    /// Number of virtual users.
    #[arg(short = 't', long, visible_alias = "threads")]
    #[arg(value_name = "N", default_value = "5")]
    pub users: String,
    /// How long users go on.
    #[arg(short, long, value_name = "TIME", default_value = "10")]
    pub duration: String,
}

/// `sse-perf report`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "output")]
pub struct ReportArgs {
    /// Requests CSVs and run JSONs.
    #[arg(help_heading = "input", value_name = "FILE", required = true)]
    pub files: Vec<String>,
    /// The report.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub html_report: Option<String>,
    /// No report.
    #[arg(long)]
    pub no_html: bool,
    /// All rows in one CSV.
    #[arg(long, value_name = "FILE|-")]
    pub csv: Option<String>,
    /// The run JSON, of all runs together.
    #[arg(long, value_name = "FILE|-")]
    pub json: Option<String>,
    /// The brand's name in the report.
    #[arg(long, value_name = "TEXT|none", default_value = "7DGroup")]
    pub brand: String,
}

/// `sse-perf mock`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "answers")]
pub struct MockArgs {
    /// TCP port on loopback, 0 for any.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "PORT", default_value = "8080")]
    pub port: String,
    /// Time to first token.
    #[arg(long, value_name = "DIST", default_value = "200")]
    pub ttft: String,
    /// Time between tokens.
    #[arg(long, value_name = "DIST", default_value = "20")]
    pub itl: String,
    /// Tokens of an answer.
    #[arg(long, value_name = "DIST", default_value = "50")]
    pub tokens: String,
    /// Tokens of reasoning before an answer.
    #[arg(long, value_name = "DIST", default_value = "0")]
    pub reasoning_tokens: String,
    /// Tokens of an event.
    #[arg(long, value_name = "N", default_value = "1")]
    pub per_event: String,
    /// Greatest delay of an event.
    #[arg(long, value_name = "TIME", default_value = "0")]
    pub jitter: String,
    /// Seed of everything random.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "SEED", default_value = "0")]
    pub seed: String,
    /// Faults with their rates.
    #[arg(help_heading = "faults", long, value_name = "FAULTS")]
    pub fail: Option<String>,
    /// `Retry-After` of status 429, in seconds.
    #[arg(help_heading = "faults")]
    #[arg(long, value_name = "SECONDS", default_value = "1")]
    pub retry_after: String,
    /// Time until the headers.
    #[arg(help_heading = "faults")]
    #[arg(long, value_name = "TIME", default_value = "0")]
    pub slow_headers: String,
    /// CRLF line ends.
    #[arg(help_heading = "wire", long)]
    pub crlf: bool,
    /// Bytes of a write.
    #[arg(help_heading = "wire", long, value_name = "BYTES")]
    pub split_writes: Option<String>,
    /// Nothing is sent before the first token.
    #[arg(help_heading = "wire", long)]
    pub no_opening: bool,
    /// How often a keep-alive is sent; 0 for never.
    #[arg(help_heading = "wire")]
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub keep_alive: String,
    /// No usage is sent.
    #[arg(help_heading = "wire", long)]
    pub no_usage: bool,
    /// Streams end with their connection.
    #[arg(help_heading = "wire", long)]
    pub no_chunked: bool,
    /// The key that requests must have.
    #[arg(help_heading = "faults", long, value_name = "KEY")]
    pub require_key: Option<String>,
    /// Most requests that are answered at once.
    #[arg(help_heading = "faults", long, value_name = "N")]
    pub max_concurrent: Option<String>,
    /// Most open connections.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "N", default_value = "20000")]
    pub max_connections: String,
    /// Time in which a request must arrive; 0 for no limit.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub request_timeout: String,
    /// File for the log of sent events.
    #[arg(help_heading = "server", long, value_name = "FILE")]
    pub log: Option<String>,
}

/// `sse-perf selftest`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "load")]
pub struct SelftestArgs {
    /// Number of users of a single step.
    #[arg(short = 't', long, visible_alias = "threads", value_name = "N")]
    pub users: Option<String>,
    /// Tokens a second of each user.
    #[arg(long, value_name = "N", default_value = "10")]
    pub rate: String,
    /// Time of a step.
    #[arg(short, long, value_name = "TIME", default_value = "5")]
    pub duration: String,
    /// Every processor is busy meanwhile.
    #[arg(long)]
    pub busy: bool,
    /// All users, gaps and conditions.
    #[arg(long, conflicts_with_all = ["users", "busy"])]
    pub matrix: bool,
    /// Arrivals are stamped when `read` returns.
    #[arg(long)]
    pub user_clock: bool,
    /// The results as a document.
    #[arg(long, value_name = "FILE|-", help_heading = "output")]
    pub json: Option<String>,
}

/// `sse-perf help`.
#[derive(Args, Clone, Debug)]
pub struct HelpArgs {
    /// A topic of the manual, a command, a kind of failure or an exit code.
    #[arg(help_heading = "general")]
    #[arg(value_name = "TOPIC", hide_possible_values = true, ignore_case = true)]
    pub topic: Option<String>,
}

/// `sse-perf completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}
