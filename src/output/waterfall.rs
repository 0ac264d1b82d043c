//! Chooses the requests of the waterfall chart: the slowest, the failed, and others spread over the
//! whole run. Memory does not grow with the run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::{Stamp, micros};
use crate::random;
use crate::record::{FailureKind, ItlSummary, Outcome, RequestRecord};

/// The most requests of the chart.
const CHOSEN: usize = 200;
/// The chart always has this many of the slowest requests.
const SLOWEST: usize = 60;
/// The chart always has this many of the unsuccessful requests.
const UNSUCCESSFUL: usize = 60;

/// A stall stands out if it is this many times as long as the median gap, and at least this long,
/// in microseconds.
const STANDS_OUT: (f64, u64) = (3.0, 100_000);

/// A word of our own. The alias hides the reference from serde, which would borrow it from the
/// file.
type Word = &'static str;

/// A request from start to end. Instants are whole microseconds since the run's start; the run JSON
/// has them in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bar {
    /// Running number of the request in its run, from 1.
    pub request: u64,
    /// Number of the user, from 1.
    pub user: u32,
    /// Number of attempts, from 1.
    pub attempts: u32,
    /// `ok`, `cancelled`, `abandoned`, or the kind of failure; empty for a word from a file that
    /// this version does not know.
    #[serde(deserialize_with = "known_outcome")]
    pub outcome: Word,
    /// The request's start, before DNS.
    #[serde(rename = "start_s", with = "seconds")]
    pub start: u64,
    /// The last byte of the request was handed to the socket.
    #[serde(rename = "sent_s", with = "seconds")]
    pub sent: Option<u64>,
    /// Duration of DNS, connect and TLS together.
    #[serde(rename = "connect_s", with = "seconds")]
    pub connect: Option<u64>,
    /// The first byte of the response.
    #[serde(rename = "first_byte_s", with = "seconds")]
    pub first_byte: Option<u64>,
    /// The first token.
    #[serde(rename = "first_token_s", with = "seconds")]
    pub first_token: Option<u64>,
    /// The last token.
    #[serde(rename = "last_token_s", with = "seconds")]
    pub last_token: Option<u64>,
    /// The stream was over.
    #[serde(rename = "end_s", with = "seconds")]
    pub end: u64,
    /// Start of the longest stall, if the stall stands out.
    #[serde(rename = "stall_at_s", with = "seconds")]
    pub stall_at: Option<u64>,
    /// Duration of this stall.
    #[serde(rename = "stall_s", with = "seconds")]
    pub stall: Option<u64>,
}

/// Writes microseconds as seconds.
mod seconds {
    use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    use crate::metrics::rounded;

    pub(super) fn serialize<S: Serializer>(
        micros: &(impl Copy + Into<Option<u64>>),
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let micros: Option<u64> = (*micros).into();
        micros
            .map(|micros| micros as f64 / 1_000_000.0)
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: DeserializeOwned>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let seconds: Option<f64> = Deserialize::deserialize(deserializer)?;
        let micros = seconds.map(|seconds| rounded(seconds * 1_000_000.0));
        serde_json::from_value(micros.into()).map_err(|_| D::Error::custom("an instant is missing"))
    }
}

impl Bar {
    /// The bar of a record.
    #[must_use]
    pub fn of(record: &RequestRecord) -> Self {
        let (instants, connection) = (&record.instants, &record.connection);
        let at = |instant: Option<Stamp>| instant.map(Stamp::as_micros);
        let phases = [connection.dns, connection.connect, connection.tls];
        let connect = phases.into_iter().flatten().map(micros);
        let stall = record.itl.as_ref().and_then(stall);
        Self {
            request: record.request,
            user: record.user,
            attempts: record.attempts,
            outcome: word(&record.outcome),
            start: instants.start.as_micros(),
            sent: at(instants.sent),
            connect: connect.reduce(|sum, part| sum + part),
            first_byte: at(instants.first_byte),
            first_token: at(instants.first_token),
            last_token: at(instants.last_token),
            end: instants.end.as_micros(),
            stall_at: stall.map(|(at, _)| at),
            stall: stall.map(|(_, length)| length),
        }
    }

    /// The same bar in a run that began `by` microseconds earlier.
    #[must_use]
    pub fn later(self, by: u64) -> Self {
        let later = |at: Option<u64>| at.map(|at| at + by);
        Self {
            start: self.start + by,
            sent: later(self.sent),
            first_byte: later(self.first_byte),
            first_token: later(self.first_token),
            last_token: later(self.last_token),
            end: self.end + by,
            stall_at: later(self.stall_at),
            ..self
        }
    }
}

/// The chosen requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Number of requests of the run.
    pub of: u64,
    /// The chosen requests, by their start.
    pub requests: Vec<Bar>,
}

/// An outcome in one word: a failure is its kind.
fn word(outcome: &Outcome) -> &'static str {
    outcome
        .failure()
        .map_or_else(|| outcome.name(), |failure| failure.kind.name())
}

fn known_outcome<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let word = String::deserialize(deserializer)?;
    let others = [Outcome::Ok, Outcome::Cancelled, Outcome::Abandoned];
    let others = others.iter().map(Outcome::name);
    let mut all = others.chain(FailureKind::ALL.into_iter().map(FailureKind::name));
    Ok(all.find(|name| **name == word).unwrap_or_default())
}

fn stall(itl: &ItlSummary) -> Option<(u64, u64)> {
    let (times, least) = STANDS_OUT;
    let stands_out = itl.max as f64 >= times * itl.p50 && itl.max >= least;
    stands_out.then(|| (itl.max_from.as_micros(), itl.max))
}

/// The requests chosen so far. The choice does not depend on the order in which requests are added.
#[derive(Clone, Debug, Default)]
pub struct Waterfall {
    of: u64,
    slowest: Best,
    unsuccessful: Best,
    others: Best,
}

impl Waterfall {
    /// Adds a request.
    pub fn add(&mut self, bar: Bar) {
        self.of += 1;
        let length = bar.end.saturating_sub(bar.start);
        self.slowest.add(length, bar, SLOWEST);
        if bar.outcome != Outcome::Ok.name() {
            self.unsuccessful.add(0, bar, UNSUCCESSFUL);
        }
        self.others.add(0, bar, CHOSEN);
    }

    /// Adds the chosen requests of a run that began `later` microseconds after this run. Leaves out
    /// requests with an unknown outcome.
    pub fn add_chosen(&mut self, chosen: &Chosen, later: u64) {
        let before = self.of;
        let known = chosen.requests.iter().filter(|bar| !bar.outcome.is_empty());
        known.for_each(|bar| self.add(bar.later(later)));
        self.of = before + chosen.of;
    }

    /// The chosen requests, by their start.
    #[must_use]
    pub fn chosen(&self) -> Chosen {
        let mut chosen = BTreeMap::new();
        for (.., bar) in [&self.slowest, &self.unsuccessful, &self.others]
            .into_iter()
            .flat_map(|best| &best.0)
        {
            if chosen.len() < CHOSEN {
                chosen.insert((bar.start, bar.request, bar.user), *bar);
            }
        }
        Chosen {
            of: self.of,
            requests: chosen.into_values().collect(),
        }
    }
}

/// The bars with the highest rank; of bars with equal rank, an even sample.
#[derive(Clone, Debug, Default)]
struct Best(BTreeSet<(Reverse<u64>, u64, Order, Bar)>);

/// Start, end, request and user of a bar: the order of bars with equal random numbers.
type Order = (u64, u64, u64, u32);

impl Best {
    fn add(&mut self, rank: u64, bar: Bar, capacity: usize) {
        let order = (bar.start, bar.end, bar.request, bar.user);
        let number = random::step(bar.request);
        self.0.insert((Reverse(rank), number, order, bar));
        if self.0.len() > capacity {
            self.0.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(request: u64, length: u64, outcome: &'static str) -> Bar {
        Bar {
            request,
            user: 1,
            attempts: 1,
            outcome,
            start: request * 1_000,
            end: request * 1_000 + length,
            ..Bar::default()
        }
    }

    fn many() -> Vec<Bar> {
        (0..10_000)
            .map(|n| match n {
                4_321 => bar(n, 10_000_000, "ok"),
                n if n % 100 == 7 => bar(n, 5, "reset"),
                n => bar(n, 500 + n % 9, "ok"),
            })
            .collect()
    }

    fn chosen(bars: impl IntoIterator<Item = Bar>) -> Chosen {
        let mut waterfall = Waterfall::default();
        bars.into_iter().for_each(|bar| waterfall.add(bar));
        waterfall.chosen()
    }

    #[test]
    fn all_of_a_few_are_chosen() {
        let chosen = chosen((0..150).map(|n| bar(n, 10, "ok")));
        assert_eq!((chosen.of, chosen.requests.len()), (150, 150));
    }

    #[test]
    fn of_many_the_slowest_and_failed_are_among_the_chosen() {
        let chosen = chosen(many()).requests;
        assert_eq!(chosen.len(), CHOSEN);
        assert!(chosen.is_sorted_by_key(|bar| bar.start));
        assert!(chosen.iter().any(|bar| bar.request == 4_321));
        let failed = chosen.iter().filter(|bar| bar.outcome == "reset").count();
        assert!(failed >= UNSUCCESSFUL, "{failed}");
        for (bars, quarter) in chosen.chunks(CHOSEN / 4).zip(1..) {
            let last = bars.last().map_or(0, |bar| bar.request);
            assert!(last.abs_diff(quarter * 2_500) < 900, "spread: {last}");
        }
    }

    #[test]
    fn the_choice_does_not_depend_on_the_order_and_is_kept_when_read_again() {
        let forth = chosen(many());
        assert_eq!(forth.of, 10_000);
        assert_eq!(chosen(many().into_iter().rev()), forth);
        let mut again = Waterfall::default();
        again.add_chosen(&forth, 0);
        assert_eq!(again.chosen(), forth);
    }

    #[test]
    fn requests_come_back_to_the_microsecond() {
        let first = Bar {
            start: 1_234_567,
            sent: Some(1_234_999),
            connect: Some(1),
            first_byte: Some(86_400_000_001),
            end: 86_400_000_003,
            ..bar(1, 0, "timeout_idle")
        };
        let second = Bar {
            request: 2,
            stall_at: Some(2_000_003),
            stall: Some(100_007),
            ..first
        };
        let chosen = Chosen {
            of: 77,
            requests: vec![first, second],
        };
        let text = serde_json::to_string(&chosen).unwrap();
        assert!(text.contains("\"first_token_s\":null"), "{text}");
        assert_eq!(serde_json::from_str::<Chosen>(&text).unwrap(), chosen);
        let text = text.replace("timeout_idle", "of_the_future");
        let unknown = serde_json::from_str(&text).unwrap();
        let mut waterfall = Waterfall::default();
        waterfall.add_chosen(&unknown, 0);
        assert_eq!(waterfall.chosen().requests, []);
    }

    #[test]
    fn only_a_stall_that_stands_out_is_marked() {
        let itl = |p50: f64, max| ItlSummary {
            mean: p50,
            p50,
            p99: p50,
            max,
            max_from: Stamp::from_micros(77),
        };
        assert_eq!(stall(&itl(20_000.0, 100_000)), Some((77, 100_000)));
        assert_eq!(stall(&itl(20_000.0, 99_999)), None, "too short");
        assert_eq!(stall(&itl(50_000.0, 149_999)), None, "usual there");
    }
}
