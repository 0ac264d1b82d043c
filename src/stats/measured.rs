//! A request in figures, each rounded to whole microseconds or thousandths: what statistics and
//! charts are made of, the same whether it comes from a run or from the run's CSV.

use super::in_thousandths;
use crate::clock::{Stamp, micros};
use crate::record::{Outcome, RequestRecord, TokenSource, Usage};

/// A request that is over, in figures. Missing is `None`, never 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured<'a> {
    /// Running number of the request in its run, from 1.
    pub request: u64,
    /// When it started, in whole microseconds.
    pub start: Stamp,
    /// When it was over, in whole microseconds.
    pub end: Stamp,
    /// What became of it.
    pub outcome: &'a Outcome,
    /// TTFB, in microseconds.
    pub ttfb: Option<u64>,
    /// TTFE, in microseconds.
    pub ttfe: Option<u64>,
    /// TTFT, in microseconds.
    pub ttft: Option<u64>,
    /// TTFA, in microseconds.
    pub ttfa: Option<u64>,
    /// TPOT, in microseconds per token.
    pub tpot: Option<u64>,
    /// Response time, in microseconds.
    pub response: Option<u64>,
    /// TCP connect, in microseconds.
    pub connect: Option<u64>,
    /// Tokens per second, in thousandths.
    pub tokens_per_s: Option<u64>,
    /// Output tokens, and who says so.
    pub output_tokens: Option<(u64, TokenSource)>,
    /// Token counts of the server, beside the output tokens.
    pub usage: Usage,
    /// Number of attempts, from 1.
    pub attempts: u64,
    /// Time spent waiting between attempts, in microseconds.
    pub retry_wait: u64,
    /// How often it went out again because its reused connection turned out closed.
    pub reconnects: u64,
    /// Events that carried generated text.
    pub chunks: u64,
    /// Events that arrived in one read with later ones.
    pub coalesced: u64,
    /// Bytes of the body, transfer coding removed.
    pub bytes: u64,
    /// Characters of answer text.
    pub answer_chars: u64,
}

impl<'a> Measured<'a> {
    /// The figures of a record.
    #[must_use]
    pub fn of(record: &'a RequestRecord) -> Self {
        let whole = |at: Stamp| Stamp::from_micros(at.as_micros());
        Self {
            request: record.request,
            start: whole(record.instants.start),
            end: whole(record.instants.end),
            outcome: &record.outcome,
            ttfb: record.ttfb().map(micros),
            ttfe: record.ttfe().map(micros),
            ttft: record.ttft().map(micros),
            ttfa: record.ttfa().map(micros),
            tpot: record.tpot().map(micros),
            response: record.response_time().map(micros),
            connect: record.connection.connect.map(micros),
            tokens_per_s: record.tokens_per_second().map(in_thousandths),
            output_tokens: record.output_tokens(),
            usage: record.usage,
            attempts: u64::from(record.attempts),
            retry_wait: micros(record.retry_wait),
            reconnects: u64::from(record.reconnects),
            chunks: record.chunks,
            coalesced: record.coalesced,
            bytes: record.bytes,
            answer_chars: record.answer_chars,
        }
    }
}
