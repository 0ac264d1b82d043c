//! Requests side by side: by key, by query, and by run.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::series::{Thousandths, in_unit, mean};
use crate::record::Outcome;
use crate::stats::{Distribution, Measured, Statistics, Sum};

/// So many groups are shown.
const SHOWN: usize = 100;
/// So many groups are measured; of further ones it is only known how many there are.
const MEASURED: usize = 10_000;

/// Groups of requests, told apart by a number.
#[derive(Debug, Default)]
pub(super) struct Groups {
    measured: Vec<Group>,
    places: HashMap<u64, usize>,
    beyond: HashSet<u64>,
}

#[derive(Debug, Default)]
struct Group {
    names: Vec<Option<String>>,
    requests: u64,
    ok: u64,
    failed: u64,
    ttft: Distribution,
    response: Distribution,
    tpot: Sum,
    tokens_per_s: Sum,
    output_tokens: u64,
}

impl Groups {
    /// Adds a request to the group of that number; `names` are asked for once.
    pub(super) fn add(
        &mut self,
        id: u64,
        names: impl FnOnce() -> Vec<Option<String>>,
        request: &Measured<'_>,
    ) {
        let place = match self.places.get(&id) {
            Some(place) => *place,
            None if self.measured.len() < MEASURED => {
                self.measured.push(Group {
                    names: names(),
                    ..Group::default()
                });
                self.places.insert(id, self.measured.len() - 1);
                self.measured.len() - 1
            }
            None => {
                self.beyond.insert(id);
                return;
            }
        };
        self.measured[place].add(request);
    }

    /// The groups with the most requests.
    pub(super) fn largest(&self) -> Breakdown {
        let mut groups: Vec<&Group> = self.measured.iter().collect();
        // Stable: among equals, those that came first.
        groups.sort_by_key(|group| Reverse(group.requests));
        groups.truncate(SHOWN);
        Breakdown {
            of: self.measured.len() + self.beyond.len(),
            names: groups.iter().map(|group| group.names.clone()).collect(),
            figures: groups.into_iter().map(Group::figures).collect(),
        }
    }
}

impl Group {
    fn add(&mut self, request: &Measured<'_>) {
        self.requests += 1;
        self.output_tokens += request.output_tokens.map_or(0, |(tokens, _)| tokens);
        match request.outcome {
            Outcome::Ok => {}
            Outcome::Failed(_) => {
                self.failed += 1;
                return;
            }
            Outcome::Cancelled | Outcome::Abandoned => return,
        }
        self.ok += 1;
        if let Some(ttft) = request.ttft {
            self.ttft.record(ttft);
        }
        if let Some(response) = request.response {
            self.response.record(response);
        }
        self.tpot.record(request.tpot);
        self.tokens_per_s.record(request.tokens_per_s);
    }

    fn figures(&self) -> Figures {
        let percentiles = |distribution: &Distribution| {
            let figures = distribution.snapshot();
            let of = |figure: fn(&Statistics) -> f64| figures.as_ref().map(figure).map(in_unit);
            (of(|figures| figures.p50), of(|figures| figures.p99))
        };
        let (ttft, response) = (percentiles(&self.ttft), percentiles(&self.response));
        Figures(
            self.requests,
            self.ok,
            self.failed,
            ttft.0,
            ttft.1,
            mean(self.tpot),
            response.0,
            response.1,
            mean(self.tokens_per_s),
            self.output_tokens,
        )
    }
}

/// Groups as the page has them.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Breakdown {
    /// How many there are; the largest are shown.
    of: usize,
    names: Vec<Vec<Option<String>>>,
    figures: Vec<Figures>,
}

/// Requests, ok, failed, TTFT P50 and P99, mean TPOT, response time P50 and P99, mean tokens/s,
/// output tokens.
#[derive(Debug, PartialEq, Serialize)]
struct Figures(
    u64,
    u64,
    u64,
    Option<Thousandths>,
    Option<Thousandths>,
    Option<Thousandths>,
    Option<Thousandths>,
    Option<Thousandths>,
    Option<Thousandths>,
    u64,
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Stamp;
    use crate::record::FailureKind;
    use crate::stats::tests::{failed, ok_request};

    fn ms(millis: u64) -> Stamp {
        Stamp::from_micros(millis * 1_000)
    }

    fn names(id: u64) -> Vec<Option<String>> {
        vec![Some(id.to_string())]
    }

    #[test]
    fn the_largest_groups_come_first_with_their_figures() {
        let mut groups = Groups::default();
        let slow = ok_request(ms(0), ms(300), ms(1_000));
        let quick = ok_request(ms(0), ms(100), ms(500));
        let broken = failed(ms(100), FailureKind::Reset);
        for (id, record) in [(7, &slow), (8, &quick), (8, &slow), (8, &broken)] {
            groups.add(id, || names(id), &Measured::of(record));
        }
        assert_eq!(
            serde_json::to_value(groups.largest()).unwrap(),
            json!({
                "of": 2,
                "names": [["8"], ["7"]],
                "figures": [
                    [3, 2, 1, 200, 298, 137.5, 750, 995, 9.822, 10],
                    [1, 1, 0, 300, 300, 175, 1000, 1000, 7.143, 5],
                ],
            })
        );
    }

    #[test]
    fn groups_beyond_those_that_are_measured_are_counted() {
        let mut groups = Groups::default();
        let record = ok_request(ms(0), ms(1), ms(2));
        let ids = || (0..MEASURED as u64 + 5).chain(3..4);
        for id in ids().chain(ids()) {
            groups.add(id, || names(id), &Measured::of(&record));
        }
        let breakdown = groups.largest();
        assert_eq!((breakdown.of, breakdown.names.len()), (10_005, SHOWN));
        assert_eq!(breakdown.names[..2], [names(3), names(0)]);
    }
}
