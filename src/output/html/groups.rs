//! Requests side by side: by key, by query, and by run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::values::Thousandths;
use crate::metrics::{self, Flag, Measured, Metric};
use crate::record::Outcome;
use crate::stats::{Distribution, Statistics, Sum};

/// The most groups that are shown.
const SHOWN: usize = 100;
/// The most groups that are measured; further groups are only counted.
const MEASURED: usize = 10_000;

/// Groups of requests, each with a number of its own.
#[derive(Debug, Default)]
pub(super) struct Groups {
    measured: Vec<Group>,
    places: BTreeMap<u64, usize>,
    beyond: HashSet<u64>,
}

#[derive(Debug)]
struct Group {
    names: Vec<Option<String>>,
    requests: u64,
    ok: u64,
    failed: u64,
    figures: Vec<(Metric, Figure)>,
}

/// The figure of a metric that a group shows.
#[derive(Debug)]
enum Figure {
    /// P50 and P99 of the requests that succeeded.
    Percentiles(Box<Distribution>),
    /// The mean of the requests that succeeded.
    Mean(Sum),
    /// The sum of all requests.
    Sum(u64),
}

impl Groups {
    /// Adds a request to the group of that number. `names` is called for a new group only.
    pub(super) fn add(
        &mut self,
        id: u64,
        names: impl FnOnce() -> Vec<Option<String>>,
        request: &Measured<'_>,
    ) {
        let place = match self.places.get(&id) {
            Some(place) => *place,
            None if self.measured.len() < MEASURED => {
                self.measured.push(Group::new(names()));
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
        // A stable sort: of groups of one size, the earlier group comes first.
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
    fn new(names: Vec<Option<String>>) -> Self {
        let shown = |metric: Metric| {
            let figure = metric.flags.iter().find_map(|flag| match flag {
                Flag::GroupPercentiles => Some(Figure::Percentiles(Box::default())),
                Flag::GroupMean => Some(Figure::Mean(Sum::default())),
                Flag::GroupSum => Some(Figure::Sum(0)),
                _ => None,
            });
            Some((metric, figure?))
        };
        Self {
            names,
            requests: 0,
            ok: 0,
            failed: 0,
            figures: metrics::all().filter_map(shown).collect(),
        }
    }

    fn add(&mut self, request: &Measured<'_>) {
        let ok = *request.outcome == Outcome::Ok;
        self.requests += 1;
        self.ok += u64::from(ok);
        self.failed += u64::from(request.outcome.failure().is_some());
        for (metric, figure) in &mut self.figures {
            match (figure, request.values[*metric]) {
                (Figure::Sum(sum), Some(value)) => *sum += value,
                (Figure::Mean(sum), value) if ok => sum.record(value),
                (Figure::Percentiles(values), Some(value)) if ok => {
                    values.record(metric.unit.thousandths(value));
                }
                _ => {}
            }
        }
    }

    fn figures(&self) -> Vec<Option<Thousandths>> {
        let counts = [self.requests, self.ok, self.failed];
        let mut figures: Vec<_> = counts.map(Thousandths::whole).map(Some).into();
        for (metric, figure) in &self.figures {
            match figure {
                Figure::Sum(sum) => {
                    figures.push(Some(Thousandths(metric.unit.thousandths(*sum))));
                }
                Figure::Mean(sum) => figures.push(Thousandths::mean(*sum, metric.unit.steps())),
                Figure::Percentiles(values) => {
                    let statistics = values.snapshot();
                    let of = |figure: fn(Statistics) -> f64| statistics.map(figure);
                    figures.extend([of(|s| s.p50), of(|s| s.p99)].map(|f| f.map(Thousandths::of)));
                }
            }
        }
        figures
    }
}

/// Groups as the page has them.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Breakdown {
    /// Number of all groups; the largest are shown.
    of: usize,
    names: Vec<Vec<Option<String>>>,
    /// Requests, ok, failed, and the figures of metrics in the table's order.
    figures: Vec<Vec<Option<Thousandths>>>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::tests::ms;
    use crate::record::FailureKind;
    use crate::stats::tests::{failed, ok_request};

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
