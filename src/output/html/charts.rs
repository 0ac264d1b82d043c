//! The data of requests that the page draws, gathered while requests end.

use super::groups::Groups;
use super::points::{Point, Points};
use crate::clock::micros;
use crate::metrics::{self, Flag, Measured, PerMetric};
use crate::output::csv::{beginning, hash};
use crate::output::format::GroupKeys;
use crate::record::Outcome;

/// The requests of one or several runs, reduced at once to the data that the page shows.
#[derive(Debug, Default)]
pub(super) struct Charts {
    /// The metrics with a series, of requests that succeeded.
    pub(super) points: PerMetric<Points>,
    /// The time until each failed request failed.
    pub(super) failed: Points,
    pub(super) keys: Groups,
    pub(super) queries: Groups,
    pub(super) runs: Groups,
}

impl Charts {
    /// Adds a request that is over.
    pub(super) fn add(&mut self, request: &Measured<'_>, groups: &GroupKeys<'_>) {
        let point = |value| Point {
            at: request.end.as_micros(),
            request: request.request,
            value,
        };
        match request.outcome {
            Outcome::Ok => {
                for metric in metrics::with(Flag::Series) {
                    if let Some(value) = request.thousandths(metric) {
                        self.points[metric].add(point(value));
                    }
                }
            }
            Outcome::Failed(_) => {
                let lasted = request.end.since(request.start);
                self.failed.add(point(micros(lasted)));
            }
            Outcome::Cancelled | Outcome::Abandoned => {}
        }
        let key = groups.api_key;
        let name = || vec![(!key.is_empty()).then(|| key.to_owned())];
        self.keys.add(hash(key), name, request);
        let name = || vec![Some(beginning(groups.query).to_owned())];
        self.queries.add(groups.query_hash, name, request);
        let run = groups.run;
        let names = || {
            vec![
                Some(run.run_id.clone()),
                run.label.clone(),
                run.client_host.clone(),
                Some(run.target.clone()),
                run.model.clone(),
            ]
        };
        self.runs.add(groups.run_number as u64, names, request);
    }
}
