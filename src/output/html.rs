//! The report: one HTML page that holds its style, its script and its data, and loads nothing.
//!
//! [`Charts`] gathers what the page needs of every request, [`Page`] brings it together with the
//! run's figures, [`render`] and [`placeholder`] make the file. The form of the data is described
//! at the top of `templates/report/data.js`.

mod bins;
mod data;
mod groups;
mod parts;
mod points;
mod render;
mod series;
mod statistics;

use crate::record::Outcome;
use crate::stats::{Measured, RunStats, Summary};
use crate::text::Language;

use super::RunInfo;
use super::about::About;
use super::csv::hash;
use super::waterfall::Waterfall;
use groups::Groups;
use points::{Point, Points};

pub use render::{placeholder, render};

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// In which language it opens.
    pub language: Language,
    /// The brand's name; `None` for none.
    pub brand: Option<&'a str>,
    /// The run, or what is the same in all runs.
    pub about: &'a About,
    /// How many runs were merged.
    pub runs: usize,
    /// The files that were read; none by the run itself.
    pub files: &'a [String],
    /// Users that were planned, or seen.
    pub users: u64,
    /// The figures.
    pub summary: &'a Summary,
    /// Distributions and ticks.
    pub stats: &'a RunStats,
    /// Whether the ticks have seen users and streams.
    pub whole: bool,
    /// What was gathered of the requests.
    pub charts: &'a Charts,
    /// The requests to be drawn from start to end; `None` where their instants are not known.
    pub waterfall: Option<&'a Waterfall>,
}

/// A request's group in each breakdown.
#[derive(Clone, Copy, Debug)]
pub struct Kin<'a> {
    /// Number of the run.
    pub run: usize,
    /// What is the same in all rows of that run.
    pub of_run: &'a RunInfo,
    /// The key, masked; empty where none was sent.
    pub key: &'a str,
    /// The query, or its beginning.
    pub query: &'a str,
    /// The hash of the whole query.
    pub query_hash: u64,
}

/// The requests of a run or of several, reduced to what the page shows while they are gathered.
#[derive(Debug, Default)]
pub struct Charts {
    ttft: Points,
    tpot: Points,
    ttfb: Points,
    tokens_per_s: Points,
    response: Points,
    output_tokens: Points,
    failed: Points,
    keys: Groups,
    queries: Groups,
    runs: Groups,
}

impl Charts {
    /// Adds a request that is over.
    pub fn add(&mut self, request: &Measured<'_>, kin: Kin<'_>) {
        match request.outcome {
            Outcome::Ok => self.add_points(request),
            Outcome::Failed(_) => {
                let lasted = request.end.since(request.start);
                let micros = crate::clock::micros(lasted);
                add(&mut self.failed, request, Some(micros));
            }
            Outcome::Cancelled | Outcome::Abandoned => {}
        }
        let key = || vec![(!kin.key.is_empty()).then(|| kin.key.to_owned())];
        self.keys.add(hash(kin.key), key, request);
        let query = || vec![Some(super::csv::beginning(kin.query).to_owned())];
        self.queries.add(kin.query_hash, query, request);
        let run = kin.of_run;
        let names = || {
            vec![
                Some(run.run_id.clone()),
                run.label.clone(),
                run.client_host.clone(),
                Some(run.target.clone()),
                run.model.clone(),
            ]
        };
        self.runs.add(kin.run as u64, names, request);
    }

    fn add_points(&mut self, request: &Measured<'_>) {
        let tokens = request.output_tokens.map(|(tokens, _)| tokens);
        let tokens = tokens.map(|tokens| tokens.saturating_mul(1_000));
        add(&mut self.ttft, request, request.ttft);
        add(&mut self.tpot, request, request.tpot);
        add(&mut self.ttfb, request, request.ttfb);
        add(&mut self.tokens_per_s, request, request.tokens_per_s);
        add(&mut self.response, request, request.response);
        add(&mut self.output_tokens, request, tokens);
    }
}

fn add(points: &mut Points, request: &Measured<'_>, value: Option<u64>) {
    if let Some(value) = value {
        points.add(Point {
            at: request.end.as_micros(),
            request: request.request,
            value,
        });
    }
}
