//! The subcommands, and the flags of each.

use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::ends::Ends;
use super::inspect::{ProbeArgs, ProtocolsArgs};
use crate::flags::{duration, positive, whole};
use crate::mock::Options;
use crate::text::{Language, Message};

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
    #[arg(value_name = "N", default_value = "5", value_parser = whole(1..=1_000_000_u32))]
    pub users: u32,
    /// How long users go on.
    #[arg(short, long, value_name = "TIME", default_value = "10", value_parser = duration)]
    pub duration: Duration,
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
pub struct MockArgs {
    /// TCP port on loopback, 0 for any.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "PORT", default_value = "8080", value_parser = port)]
    pub port: u16,
    /// How the service behaves.
    #[command(flatten)]
    pub options: Options,
}

fn port(raw: &str) -> Result<u16, Message> {
    raw.parse().map_err(|_| Message::new("mock.port"))
}

/// `sse-perf selftest`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "load")]
pub struct SelftestArgs {
    /// Number of users of a single step.
    #[arg(short = 't', long, visible_alias = "threads")]
    #[arg(value_name = "N", value_parser = whole(1..=100_000_u32))]
    pub users: Option<u32>,
    /// Tokens a second of each user.
    #[arg(long, value_name = "N", default_value = "10", value_parser = whole(1..=1_000_u32))]
    pub rate: u32,
    /// Time of a step.
    #[arg(short, long, value_name = "TIME", default_value = "5")]
    #[arg(value_parser = positive("usage.limit_zero"))]
    pub duration: Duration,
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
