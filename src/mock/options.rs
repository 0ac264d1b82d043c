//! Options of the simulated service.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use super::faults::Faults;
use crate::values::Dist;

/// How the simulated service behaves. By default it is healthy: the first token after 200 ms, 50
/// tokens, one every 20 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Time from the reading of a request to the first token.
    pub ttft: Dist<Duration>,
    /// Time from one token to the next.
    pub itl: Dist<Duration>,
    /// Tokens of an answer; at least 1 is sent.
    pub tokens: Dist<u32>,
    /// Tokens of reasoning before an answer, in formats that have a place for reasoning.
    pub reasoning_tokens: Dist<u32>,
    /// Tokens of an event, at least 1. An event is due when its first token is.
    pub per_event: u32,
    /// Longest delay of an event. Delays are uniformly distributed from 0, and do not add up.
    pub jitter: Duration,
    /// Seed of random numbers: the same seed gives the same answers in the same order.
    pub seed: u64,
    /// Simulated faults.
    pub faults: Faults,
    /// `Retry-After` of responses with status 429, in seconds.
    pub retry_after: u32,
    /// Whether the lines of streams end with CRLF.
    pub crlf: bool,
    /// Size in bytes of the pieces in which events are written, with a system call for each.
    pub split: Option<NonZero<usize>>,
    /// Delay of a stream's head.
    pub slow_headers: Duration,
    /// Whether to send the events before any text: Dify's ping, `OpenAI`'s role-only delta.
    pub opening: bool,
    /// Period of keep-alives.
    pub keep_alive: Option<Duration>,
    /// Whether to send usage at the end of an answer.
    pub usage: bool,
    /// Whether to use the chunked transfer coding. Without it, a stream ends with its connection.
    pub chunked: bool,
    /// The API key that requests must have, in the header of their API. Others get 401.
    pub require_key: Option<String>,
    /// Most requests that are answered at once. Others get 429.
    pub max_concurrent: Option<u32>,
    /// Most open connections; fewer if the system permits fewer open files. Others get 503.
    pub max_connections: u32,
    /// Longest time in which a request must arrive, from its first byte; of a connection's first
    /// request, from the connection on. Slower requests get 408.
    pub request_timeout: Duration,
    /// File of the log.
    pub log: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ttft: Dist::Fixed(Duration::from_millis(200)),
            itl: Dist::Fixed(Duration::from_millis(20)),
            tokens: Dist::Fixed(50),
            reasoning_tokens: Dist::Fixed(0),
            per_event: 1,
            jitter: Duration::ZERO,
            seed: 0,
            faults: Faults::default(),
            retry_after: 1,
            crlf: false,
            split: None,
            slow_headers: Duration::ZERO,
            opening: true,
            keep_alive: Some(Duration::from_secs(10)),
            usage: true,
            chunked: true,
            require_key: None,
            max_concurrent: None,
            max_connections: 20_000,
            request_timeout: Duration::from_secs(30),
            log: None,
        }
    }
}
