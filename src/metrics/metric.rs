//! The program names a metric by the place of its row in the table.

use std::fmt;
use std::iter;
use std::ops::Deref;

use super::table::{Row, TABLE};
use super::unit::Flag;

/// A metric. It dereferences to its row of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Metric(pub(super) usize);

/// TTFB.
pub const TTFB: Metric = named("ttfb");
/// TTFT.
pub const TTFT: Metric = named("ttft");
/// TPOT.
pub const TPOT: Metric = named("tpot");
/// ITL.
pub const ITL: Metric = named("itl");
/// Response time.
pub const RESPONSE: Metric = named("response");
/// Trailing time.
pub const TRAILING: Metric = named("trailing");
/// Output tokens of a request.
pub const OUTPUT_TOKENS: Metric = named("output_tokens");
/// Attempts of a request, from 1.
pub const ATTEMPTS: Metric = named("attempts");
/// Time spent waiting between attempts.
pub const RETRY_WAIT: Metric = named("retry_wait");
/// How often a request went out again because its reused connection turned out closed.
pub const RECONNECTS: Metric = named("reconnects");
/// Events that carried generated text.
pub const CHUNKS: Metric = named("chunks");
/// Events whose generated text was empty.
pub const EMPTY_DELTAS: Metric = named("empty_deltas");
/// Events that arrived in one read with later events.
pub const COALESCED: Metric = named("coalesced");
/// Prompt tokens, where the server's usage tells.
pub const PROMPT_TOKENS: Metric = named("prompt_tokens");
/// Prompt tokens from a cache, where the server's usage tells.
pub const CACHED_TOKENS: Metric = named("cached_tokens");
/// Reasoning tokens, where the server's usage tells.
pub const REASONING_TOKENS: Metric = named("reasoning_tokens");
/// Total tokens, where the server's usage tells only the total.
pub const TOTAL_TOKENS: Metric = named("total_tokens");
/// Stop requests that were sent. Each stops an answer whose user has left.
pub const STOPS_SENT: Metric = named("stops_sent");
/// Stop requests that the service accepted.
pub const STOPS_ACCEPTED: Metric = named("stops_accepted");
/// Stop requests that could not be sent: no event had told the task id.
pub const STOPS_NOT_POSSIBLE: Metric = named("stops_not_possible");

impl Deref for Metric {
    type Target = Row;

    fn deref(&self) -> &Row {
        &TABLE[self.0]
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// All metrics, in the table's order.
pub fn all() -> impl Iterator<Item = Metric> {
    (0..TABLE.len()).map(Metric)
}

/// The places of the rows with each flag, as bits: each request that ends asks for many flags.
const PLACES: [u64; FLAGS] = places();
const FLAGS: usize = Flag::HiddenIfSameAsTtft as usize + 1;

const fn places() -> [u64; FLAGS] {
    let mut places = [0; FLAGS];
    let mut place = 0;
    while place < TABLE.len() {
        let (flags, mut i) = (TABLE[place].flags, 0);
        while i < flags.len() {
            places[flags[i] as usize] |= 1 << place;
            i += 1;
        }
        place += 1;
    }
    places
}

impl Metric {
    /// Whether it has a flag.
    #[must_use]
    pub fn has(self, flag: Flag) -> bool {
        PLACES[flag as usize] & 1 << self.0 != 0
    }
}

/// The metrics with a flag, in the table's order.
pub fn with(flag: Flag) -> impl Iterator<Item = Metric> {
    let mut rest = PLACES[flag as usize];
    iter::from_fn(move || {
        let place = rest.trailing_zeros();
        rest &= rest.checked_sub(1)?;
        Some(Metric(place as usize))
    })
}

/// The metric with this identifier.
///
/// # Panics
///
/// If there is no such metric. A constant of an unknown metric does not compile.
#[must_use]
pub const fn named(id: &str) -> Metric {
    let mut place = 0;
    while !is_same(TABLE[place].id, id) {
        place += 1;
    }
    Metric(place)
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut same = a.len() == b.len();
    let mut i = 0;
    while same && i < a.len() {
        same = a[i] == b[i];
        i += 1;
    }
    same
}

/// How many metrics have a flag.
#[must_use]
pub const fn count(flag: Flag) -> usize {
    PLACES[flag as usize].count_ones() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    #[test]
    fn identifiers_are_different() {
        for metric in all() {
            assert_eq!(all().filter(|other| other.id == metric.id).count(), 1);
        }
    }

    #[test]
    fn every_metric_with_statistics_has_its_texts() {
        for metric in with(Flag::Statistics) {
            for language in [Language::English, Language::Chinese] {
                for kind in ["metric", "glossary"] {
                    let id = format!("{kind}.{}", metric.id);
                    assert!(language.texts().find(&id).is_some(), "{id}");
                }
            }
        }
    }
}
