//! The table of metrics.

use std::time::Duration;

use serde::Serialize;

use super::unit::{Columns, Flag, Unit, in_thousandths, rounded};
use crate::clock::micros;
use crate::record::StopResult::{Accepted, NotPossible, Sent};
use crate::record::{ItlSummary, RequestRecord};
use Columns::{Amount, Client, Connection, Detail, Latency, None as Nowhere, Output, Rate, Retry};
use Flag::{
    Card, Console, Count as Counted, GroupMean, GroupPercentiles, GroupSum, HiddenIfSameAsTtft,
    Histogram, OfTokens, Pooled, Series, SoFar, Statistics, Sum,
};
use Unit::{Count, Ms, MsPerToken, Tokens, TokensPerSecond};

/// A metric. The report's data contain the serialised fields.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its identifier.
    pub id: &'static str,
    /// Its name in CSV and JSON: identifier and unit.
    #[serde(skip)]
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// The group of its CSV column.
    #[serde(skip)]
    pub columns: Columns,
    /// Where the metric appears, and how it differs from other metrics.
    pub flags: &'static [Flag],
    /// Its value of a request, in the last decimal of the unit; `None` if it was not measured.
    #[serde(skip)]
    pub of: fn(&RequestRecord) -> Option<u64>,
}

/// Name with unit, unit, columns, value, flags. Each list of metrics is in this order.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row("ttfb_ms", Ms, Detail, |r| time(r.ttfb()), &[Statistics, Console, Series]),
    row("ttfe_ms", Ms, Detail, |r| time(r.since_start(r.instants.first_event)), &[Statistics]),
    row("ttft_ms", Ms, Latency, |r| time(r.ttft()), &[Statistics, Console, Series, Histogram, Card, GroupPercentiles]),
    row("ttfa_ms", Ms, Detail, |r| time(r.ttfa()), &[Statistics, Console, HiddenIfSameAsTtft]),
    row("tpot_ms", MsPerToken, Latency, |r| time(r.tpot()), &[Statistics, Console, Series, SoFar, Card, GroupMean, OfTokens]),
    row("itl_ms", Ms, Nowhere, |_| None, &[Statistics, Console, Pooled]),
    row("response_ms", Ms, Latency, |r| time(r.response_time()), &[Statistics, Console, Series, SoFar, Histogram, Card, GroupPercentiles]),
    row("dns_ms", Ms, Connection, |r| time(r.connection.dns), &[]),
    row("connect_ms", Ms, Connection, |r| time(r.connection.connect), &[Statistics]),
    row("tls_ms", Ms, Connection, |r| time(r.connection.tls), &[]),
    row("tokens_per_s", TokensPerSecond, Rate, |r| r.tokens_per_second().map(in_thousandths), &[Statistics, Console, Series, Card, GroupMean, OfTokens]),
    row("output_tokens", Tokens, Output, |r| r.output_tokens().map(|(tokens, _)| tokens), &[Statistics, Series, GroupSum, OfTokens]),
    row("headers_ms", Ms, Detail, |r| time(r.since_start(r.instants.headers)), &[]),
    row("streaming_ms", Ms, Detail, |r| time(r.streaming_time()), &[]),
    row("itl_mean_ms", Ms, Detail, |r| gaps(r, |itl| itl.mean), &[]),
    row("itl_p50_ms", Ms, Detail, |r| gaps(r, |itl| itl.p50), &[]),
    row("itl_p99_ms", Ms, Detail, |r| gaps(r, |itl| itl.p99), &[]),
    row("itl_max_ms", Ms, Detail, |r| r.itl.map(|itl| itl.max), &[]),
    row("trailing_ms", Ms, Detail, |r| time(r.trailing_time()), &[Statistics]),
    row("attempts", Count, Retry, |r| Some(r.attempts.into()), &[]),
    row("retry_wait_ms", Ms, Retry, |r| time(Some(r.retry_wait)), &[Counted]),
    row("reconnects", Count, Retry, |r| Some(r.reconnects.into()), &[Counted]),
    row("chunks", Count, Amount, |r| Some(r.chunks), &[Counted]),
    row("coalesced", Count, Amount, |r| Some(r.coalesced), &[Counted]),
    row("bytes", Count, Amount, |r| Some(r.bytes), &[Counted]),
    row("answer_chars", Count, Amount, |r| Some(r.answer_chars), &[Counted]),
    row("prompt_tokens", Tokens, Amount, |r| r.usage.prompt, &[Sum]),
    row("cached_tokens", Tokens, Amount, |r| r.usage.cached, &[Sum]),
    row("reasoning_tokens", Tokens, Amount, |r| r.usage.reasoning, &[Sum]),
    row("empty_deltas", Count, Amount, |r| Some(r.empty_deltas), &[Counted]),
    row("total_tokens", Tokens, Nowhere, |r| r.usage.total, &[Sum]),
    row("stops_sent", Count, Nowhere, |r| r.stop.map(|stop| (stop >= Sent).into()), &[Sum]),
    row("stops_accepted", Count, Nowhere, |r| r.stop.map(|stop| (stop == Accepted).into()), &[Sum]),
    row("stops_not_possible", Count, Nowhere, |r| r.stop.map(|stop| (stop == NotPossible).into()), &[Sum]),
    // Only the kernel's stamps tell how late the client was.
    row("client_lag_ms", Ms, Client, |r| time(r.client_lag), &[]),
    row("uncertainty_ms", Ms, Client, |r| time(r.uncertainty.max(r.ttfb_uncertainty)), &[]),
];

const fn row(
    name: &'static str,
    unit: Unit,
    columns: Columns,
    of: fn(&RequestRecord) -> Option<u64>,
    flags: &'static [Flag],
) -> Row {
    let suffix = if unit.is_time() { "_ms".len() } else { 0 };
    Row {
        id: name.split_at(name.len() - suffix).0,
        name,
        unit,
        columns,
        flags,
        of,
    }
}

fn time(duration: Option<Duration>) -> Option<u64> {
    duration.map(micros)
}

/// A figure of the gaps between a request's chunks.
fn gaps(record: &RequestRecord, figure: fn(&ItlSummary) -> f64) -> Option<u64> {
    record.itl.as_ref().map(figure).map(rounded)
}
