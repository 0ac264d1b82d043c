//! The flags of a run. [`crate::config`] checks what a flag means beside others. Help texts stand in
//! `templates/texts/`, under `help.run.` and the field's name; fields are in the order in which the
//! help shows them.

use std::time::Duration;

use clap::{Args, Command, FromArgMatches as _};

use super::files::FileArgs;
use crate::flags::{abandon_rate, duration, label, positive, size, think_time, tokens, whole};
use crate::record::TokenCount;
use crate::values::Dist;

/// A flag as it was typed, by its long name. The given flags repeat a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// With its dashes: `--api-key`.
    pub flag: String,
    /// Its value; `None` for a switch.
    pub value: Option<String>,
}

/// All flags of a run.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Where requests go.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What requests say.
    #[command(flatten)]
    pub request: RequestArgs,
    /// How many requests, and when.
    #[command(flatten)]
    pub load: LoadArgs,
    /// Timeouts.
    #[command(flatten)]
    pub waits: WaitArgs,
    /// Most retries of a request.
    #[arg(help_heading = "patience")]
    #[arg(long, value_name = "N", default_value = "3", value_parser = whole(0..=100_u32))]
    pub retries: u32,
    /// How requests travel.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Which files are written.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What the terminal shows.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// The flags that were typed, in the order of the help.
    #[arg(skip)]
    pub given: Vec<Given>,
}

/// A run without any flag.
impl Default for RunArgs {
    fn default() -> Self {
        let command = RunArgs::augment_args(Command::new("run"));
        let matches = command.get_matches_from([""]);
        Self::from_arg_matches(&matches).expect("a run needs no flags")
    }
}

/// Where requests go.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "target")]
pub struct TargetArgs {
    /// In place of host, port and path.
    #[arg(short, long, value_name = "URL")]
    pub url: Option<String>,
    /// Name of a protocol or a file with one.
    #[arg(long, value_name = "NAME|FILE")]
    pub api: Option<String>,
    /// Text between think tags is reasoning.
    #[arg(long)]
    pub think_tags: bool,
    /// Host name or address.
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// TCP port.
    #[arg(long, value_name = "PORT")]
    pub port: Option<String>,
    /// Path of the endpoint.
    #[arg(long, value_name = "PATH")]
    pub api_path: Option<String>,
    /// The API key.
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<String>,
    /// File with a key per line.
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<String>,
    /// Further request headers.
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
}

/// What requests say.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "request")]
pub struct RequestArgs {
    /// The query.
    #[arg(long, value_name = "TEXT", default_value = "你是谁")]
    pub query: String,
    /// File with a query per line.
    #[arg(long, value_name = "FILE")]
    pub param_file: Option<String>,
    /// Largest file with queries.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    pub max_file_bytes: usize,
    /// The order in which the file's rows are used.
    #[arg(long, value_name = "ORDER", default_value = "sequential")]
    pub data_order: String,
    /// Each query gets a prefix of its own.
    #[arg(long)]
    pub unique: bool,
    /// The model.
    #[arg(long, value_name = "NAME")]
    pub model_name: Option<String>,
    /// The end user's name.
    #[arg(long, value_name = "NAME", default_value = "gaolou")]
    pub user: String,
    /// The conversation to go on with.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    pub conversation_id: String,
    /// Inputs of the application.
    #[arg(long = "input", value_name = "KEY=VALUE")]
    pub inputs: Vec<String>,
    /// Members of the body.
    #[arg(long, value_name = "KEY=VALUE")]
    pub body: Vec<String>,
    /// File with the user's own body.
    #[arg(long, value_name = "FILE")]
    pub request_body_file: Option<String>,
}

/// How many requests, and when.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "load")]
pub struct LoadArgs {
    /// Number of virtual users. The system's limits are checked when the run starts.
    #[arg(short, long, visible_alias = "users")]
    #[arg(value_name = "N", default_value = "1", value_parser = whole(1..=1_000_000_u32))]
    pub threads: u32,
    /// The time over which users start.
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration)]
    pub ramp_up: Duration,
    /// How long users go on; 0 for one request each.
    #[arg(short, long, visible_alias = "execution-time")]
    #[arg(value_name = "TIME", default_value = "0", value_parser = duration)]
    pub duration: Duration,
    /// Number of requests in all.
    #[arg(short = 'n', long, value_name = "N", value_parser = whole(1..=1_000_000_000_000_u64))]
    pub requests: Option<u64>,
    /// Requests of a conversation.
    #[arg(long, value_name = "N", default_value = "1", value_parser = whole(1..=1_000_u32))]
    pub turns: u32,
    /// How long a user thinks between its requests.
    #[arg(long, value_name = "TIME", value_parser = think_time)]
    pub think_time: Option<Dist<Duration>>,
    /// Share of requests whose user leaves.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = abandon_rate)]
    pub abandon_rate: f64,
    /// Time from a request's start until its user leaves.
    #[arg(long, value_name = "TIME", default_value = "2s")]
    #[arg(value_parser = positive("usage.abandon_zero"))]
    pub abandon_after: Duration,
    /// Seed of everything random.
    #[arg(long, value_name = "SEED", default_value = "0", value_parser = whole(0..=u64::MAX))]
    pub seed: u64,
    /// How much longer requests in flight may take.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub grace: Option<Duration>,
}

/// Timeouts.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "patience")]
pub struct WaitArgs {
    /// Longest wait for anything.
    #[arg(long, value_name = "TIME", default_value = "60")]
    #[arg(value_parser = positive("usage.timeout_zero"))]
    pub timeout: Duration,
    /// Longest wait for a connection.
    #[arg(long, value_name = "TIME", value_parser = positive("usage.limit_zero"))]
    pub connect_timeout: Option<Duration>,
    /// Longest time of a request over all attempts.
    #[arg(long, value_name = "TIME", value_parser = positive("usage.limit_zero"))]
    pub max_time: Option<Duration>,
    /// Longest wait for the next token.
    #[arg(long, value_name = "TIME", value_parser = positive("usage.limit_zero"))]
    pub token_timeout: Option<Duration>,
}

/// How requests travel.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "connection")]
pub struct ConnectionArgs {
    /// A new connection for each request.
    #[arg(long)]
    pub no_keepalive: bool,
    /// The proxy.
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Certificates to trust.
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<String>,
    /// Any certificate is trusted.
    #[arg(long)]
    pub insecure: bool,
    /// Arrivals are stamped when `read` returns.
    #[arg(long)]
    pub user_clock: bool,
    /// Largest event.
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = size)]
    pub max_event_bytes: usize,
}

/// Which files are written.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "output")]
pub struct OutputArgs {
    /// A flag for each kind of file.
    #[command(flatten)]
    pub files: FileArgs,
    /// CSV files begin with a byte-order mark.
    #[arg(long)]
    pub csv_bom: bool,
    /// How output tokens are counted.
    #[arg(long, value_name = "SOURCE", default_value = "usage", value_parser = tokens)]
    pub tokens: TokenCount,
    /// The tokenizer that counts output tokens when the run is over.
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<String>,
    /// The brand's name in the report.
    #[arg(long, value_name = "TEXT|none", default_value = "7DGroup")]
    pub brand: String,
    /// A word for the run.
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub label: Option<String>,
}

/// What the terminal shows, and which results are errors.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "general")]
pub struct ConsoleArgs {
    /// The answer as it arrives.
    #[arg(long)]
    pub show_text: bool,
    /// Only the final statistics.
    #[arg(short, long)]
    pub quiet: bool,
    /// Files that cannot be used are errors.
    #[arg(long)]
    pub strict: bool,
    /// Results that are not valid are an error.
    #[arg(long)]
    pub require_valid: bool,
}
