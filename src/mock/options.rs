//! Options of the simulated service: the flags of `sse-perf mock`, with their defaults.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Command, FromArgMatches as _};

use super::faults::Faults;
use crate::flags::{distribution, milliseconds, whole};
use crate::text::Message;
use crate::values::Dist;

/// The largest number that a flag takes.
const MOST: u32 = 1_000_000;

/// How the simulated service behaves. By default it is healthy: the first token after 200 ms, 50
/// tokens, one every 20 ms.
#[derive(Args, Clone, Debug, PartialEq)]
#[command(next_help_heading = "answers")]
pub struct Options {
    /// Time from the reading of a request to the first token.
    #[arg(long, value_name = "DIST", default_value = "200", value_parser = distribution::<Duration>)]
    pub ttft: Dist<Duration>,
    /// Time from one token to the next.
    #[arg(long, value_name = "DIST", default_value = "20", value_parser = distribution::<Duration>)]
    pub itl: Dist<Duration>,
    /// Tokens of an answer; at least 1 is sent.
    #[arg(long, value_name = "DIST", default_value = "50", value_parser = distribution::<u32>)]
    pub tokens: Dist<u32>,
    /// Tokens of reasoning before an answer, in formats that have a place for reasoning.
    #[arg(long, value_name = "DIST", default_value = "0", value_parser = distribution::<u32>)]
    pub reasoning_tokens: Dist<u32>,
    /// Tokens of an event, at least 1. An event is due when its first token is.
    #[arg(long, value_name = "N", default_value = "1", value_parser = whole(1..=MOST))]
    pub per_event: u32,
    /// Longest delay of an event. Delays are uniformly distributed from 0, and do not add up.
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = milliseconds)]
    pub jitter: Duration,
    /// Seed of random numbers: the same seed gives the same answers in the same order.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "SEED", default_value = "0", value_parser = whole(0..=u64::MAX))]
    pub seed: u64,
    /// Simulated faults.
    #[arg(help_heading = "faults", id = "fail", long, value_name = "FAULTS")]
    pub faults: Option<Faults>,
    /// `Retry-After` of responses with status 429, in seconds.
    #[arg(help_heading = "faults")]
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = whole(0..=MOST))]
    pub retry_after: u32,
    /// Delay of a stream's head.
    #[arg(help_heading = "faults")]
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = milliseconds)]
    pub slow_headers: Duration,
    /// Whether the lines of streams end with CRLF.
    #[arg(help_heading = "wire", long)]
    pub crlf: bool,
    /// Size in bytes of the pieces in which events are written, with a system call for each.
    #[arg(help_heading = "wire", long, value_name = "BYTES", value_parser = whole(1..=MOST))]
    pub split_writes: Option<u32>,
    /// Whether to send the events before any text: Dify's ping, `OpenAI`'s role-only delta.
    #[arg(help_heading = "wire")]
    #[arg(id = "no_opening", long = "no-opening", action = ArgAction::SetFalse)]
    pub opening: bool,
    /// Period of keep-alives; 0 for none.
    #[arg(help_heading = "wire")]
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = milliseconds)]
    pub keep_alive: Duration,
    /// Whether to send usage at the end of an answer.
    #[arg(help_heading = "wire")]
    #[arg(id = "no_usage", long = "no-usage", action = ArgAction::SetFalse)]
    pub usage: bool,
    /// Whether to use the chunked transfer coding. Without it, a stream ends with its connection.
    #[arg(help_heading = "wire")]
    #[arg(id = "no_chunked", long = "no-chunked", action = ArgAction::SetFalse)]
    pub chunked: bool,
    /// The API key that requests must have, in the header of their API. Others get 401.
    #[arg(help_heading = "faults", long, value_name = "KEY")]
    pub require_key: Option<String>,
    /// Most requests that are answered at once. Others get 429.
    #[arg(help_heading = "faults", long, value_name = "N", value_parser = whole(1..=MOST))]
    pub max_concurrent: Option<u32>,
    /// Most open connections; fewer if the system permits fewer open files. Others get 503.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "N", default_value = "20000", value_parser = whole(1..=MOST))]
    pub max_connections: u32,
    /// Longest time in which a request must arrive, from its first byte; of a connection's first
    /// request, from the connection on. Slower requests get 408.
    #[arg(help_heading = "server")]
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = limit)]
    pub request_timeout: Duration,
    /// File of the log.
    #[arg(help_heading = "server", long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        let command = Self::augment_args(Command::new("mock"));
        let matches = command.get_matches_from([""]);
        Self::from_arg_matches(&matches).expect("the service needs no flags")
    }
}

/// A limit in time: 0 is no limit.
fn limit(raw: &str) -> Result<Duration, Message> {
    let time = milliseconds(raw)?;
    Ok(if time.is_zero() { Duration::MAX } else { time })
}
