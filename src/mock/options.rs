//! How the simulated service behaves.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use super::faults::Faults;
use super::frames::LineEnd;
use crate::values::Dist;

/// How the simulated service behaves. The default is a healthy service with a first token after
/// 200 ms and 50 tokens, one every 20 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Time from the moment at which a request has been read to its first token.
    pub ttft: Dist<Duration>,
    /// Gap between a token and the next.
    pub itl: Dist<Duration>,
    /// Tokens per answer; a draw of less than 1 counts as 1.
    pub tokens: Dist<u32>,
    /// Tokens of reasoning before each answer, in the formats that have a place for it.
    pub reasoning_tokens: Dist<u32>,
    /// Tokens per event, at least 1. An event is due with its first token.
    pub per_event: u32,
    /// Each event is delayed by a time drawn evenly between zero and this; later ones are not.
    pub jitter: Duration,
    /// What random numbers start from: the same seed gives the same answers in the same order.
    pub seed: u64,
    /// What goes wrong, and how often.
    pub faults: Faults,
    /// Seconds in the `Retry-After` of responses with status 429.
    pub retry_after: u32,
    /// How lines of the stream end.
    pub line_end: LineEnd,
    /// Each event is written in pieces of that many bytes, a system call each.
    pub split: Option<NonZero<usize>>,
    /// How long a stream's head is held back.
    pub slow_headers: Duration,
    /// Whether what the API sends at once, before any text, is sent: Dify's ping, `OpenAI`'s role-only
    /// delta.
    pub opening: bool,
    /// How often a keep-alive is sent from then on, text or no text.
    pub keep_alive: Option<Duration>,
    /// Whether usage is sent, where the API sends it.
    pub usage: bool,
    /// Whether streams are sent in the chunked transfer coding; otherwise they end with the
    /// connection.
    pub chunked: bool,
    /// The key that must come as `Authorization: Bearer KEY`, else the response is 401.
    pub require_key: Option<String>,
    /// How many requests are answered at once; more get 429.
    pub max_concurrent: Option<u32>,
    /// The file for the log of what was really done.
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
            line_end: LineEnd::default(),
            split: None,
            slow_headers: Duration::ZERO,
            opening: true,
            keep_alive: Some(Duration::from_secs(10)),
            usage: true,
            chunked: true,
            require_key: None,
            max_concurrent: None,
            log: None,
        }
    }
}
