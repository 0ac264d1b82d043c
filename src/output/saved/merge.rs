//! Several runs put together: each shifted to where it lies behind the first one's start.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Saved;
use super::source::Sources;
use crate::clock::Stamp;
use crate::metrics::{self, Columns, Flag, Measured, PerMetric};
use crate::output::about::About;
use crate::output::csv::read::{LAST_SECOND, Row};
use crate::output::json::read::SavedResults;
use crate::output::waterfall::Waterfall;
use crate::output::{Formats, GroupKeys, RunInfo};
use crate::stats::{ClientSummary, Grade, RunStats, SpansSummary, Ticks, Verdict};
use crate::text::Message;

/// Why the gathering has come to a stop.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A run has turned up that began before all others.
    Earlier,
    /// It cannot be done.
    Failed(Message),
}

impl From<Message> for Stopped {
    fn from(message: Message) -> Self {
        Stopped::Failed(message)
    }
}

/// What has been gathered.
#[derive(Debug)]
pub(super) struct Merge {
    pub(super) notices: Vec<Message>,
    runs: Vec<Run>,
    /// Where each run is in the list.
    places: HashMap<String, usize>,
    /// The place of the last row's run, and the file that it came from.
    last: Option<(usize, usize)>,
    stats: RunStats,
}

#[derive(Debug)]
struct Run {
    about: About,
    /// From its JSON, if it has one and did end.
    results: Option<SavedResults>,
    /// Whether it has a JSON.
    described: bool,
    /// The file that its rows are taken from.
    home: Option<usize>,
    rows: u64,
    /// Its users, where no JSON counts them.
    users: HashSet<u32>,
    /// How long after the first run's start it began.
    shift: Duration,
}

impl Run {
    fn new(about: About, results: Option<SavedResults>, described: bool) -> Self {
        Self {
            about,
            results,
            described,
            home: None,
            rows: 0,
            users: HashSet::new(),
            shift: Duration::ZERO,
        }
    }

    fn users(&self) -> u64 {
        match &self.about.plan {
            Some(plan) => u64::from(plan.users()),
            None => self.users.len() as u64,
        }
    }
}

impl Merge {
    /// Nothing yet, of the runs that have a JSON.
    pub(super) fn new(sources: &Sources) -> Result<Self, Message> {
        let mut merge = Self {
            notices: Vec::new(),
            runs: Vec::new(),
            places: HashMap::new(),
            last: None,
            stats: RunStats::default(),
        };
        for (_, saved) in &sources.runs {
            let run = Run::new(saved.about.clone(), saved.results.clone(), true);
            let id = saved.about.run.run_id.clone();
            if !merge.places.contains_key(&id) {
                merge.places.insert(id, merge.runs.len());
                merge.runs.push(run);
            }
        }
        merge.restart()?;
        Ok(merge)
    }

    /// Forgets the rows, and counts from the start of the run that began first.
    pub(super) fn restart(&mut self) -> Result<(), Message> {
        self.notices.clear();
        self.last = None;
        self.stats = RunStats::default();
        let origin = self.origin();
        for run in &mut self.runs {
            (run.home, run.rows) = (None, 0);
            run.users.clear();
            run.shift = origin.map_or(Ok(Duration::ZERO), |origin| shift(&run.about, origin))?;
        }
        Ok(())
    }

    /// When the first run began.
    fn origin(&self) -> Option<OffsetDateTime> {
        self.runs.iter().map(|run| run.about.run.started).min()
    }

    /// Adds a row of the file of that number.
    pub(super) fn add(
        &mut self,
        file: usize,
        path: &Path,
        row: &Row<'_>,
        formats: &mut Formats,
    ) -> Result<(), Stopped> {
        let Some(place) = self.place(file, path, row)? else {
            return Ok(());
        };
        let run = &mut self.runs[place];
        run.rows += 1;
        if run.results.is_none() {
            run.users.insert(row.user);
        }
        let measured = Measured {
            start: row.measured.start + run.shift,
            end: row.measured.end + run.shift,
            ..row.measured.clone()
        };
        self.stats.record(&measured);
        let groups = GroupKeys {
            run_number: place,
            run: &run.about.run,
            api_key: row.text("api_key"),
            query: row.text("query"),
            query_hash: row.query_hash,
        };
        formats.saved(&measured, &groups);
        Ok(())
    }

    /// The place of a row's run; `None` if its rows are another file's.
    fn place(&mut self, file: usize, path: &Path, row: &Row<'_>) -> Result<Option<usize>, Stopped> {
        if let Some((last, from)) = self.last
            && from == file
            && self.runs[last].about.run.run_id == row.text("run_id")
        {
            return Ok(Some(last));
        }
        let place = match self.places.get(row.text("run_id")) {
            Some(place) => *place,
            None => self.discover(path, row)?,
        };
        let run = &mut self.runs[place];
        if *run.home.get_or_insert(file) == file {
            self.last = Some((place, file));
            return Ok(Some(place));
        }
        let message = Message::new("saved.twice")
            .with("path", path.display())
            .with("run", row.text("run_id"));
        if !self.notices.contains(&message) {
            self.notices.push(message);
        }
        Ok(None)
    }

    /// A run that has no JSON: what its first row tells of it.
    fn discover(&mut self, path: &Path, row: &Row<'_>) -> Result<usize, Stopped> {
        let started = OffsetDateTime::parse(row.text("started_at"), &Rfc3339).map_err(|_| {
            Message::new("saved.no_start")
                .with("path", path.display())
                .with("run", row.text("run_id"))
        })?;
        let some = |column| Some(row.text(column).to_owned()).filter(|text| !text.is_empty());
        let mut run = Run::new(
            About::of(RunInfo {
                run_id: row.text("run_id").to_owned(),
                label: some("label"),
                client_host: some("client_host"),
                target: row.text("target").to_owned(),
                protocol: row.text("protocol").to_owned(),
                model: some("model"),
                started: started - row.measured.start.since(Stamp::ZERO),
            }),
            None,
            false,
        );
        let origin = self.origin().unwrap_or(run.about.run.started);
        let earlier = run.about.run.started < origin;
        if !earlier {
            run.shift = shift(&run.about, origin)?;
        }
        let place = self.runs.len();
        self.places.insert(row.text("run_id").to_owned(), place);
        self.runs.push(run);
        if earlier {
            Err(Stopped::Earlier)
        } else {
            Ok(place)
        }
    }

    /// Everything together.
    pub(super) fn finish(mut self, sources: Sources) -> Result<Saved, Message> {
        let [first, others @ ..] = &self.runs[..] else {
            let names: Vec<String> = sources
                .csvs
                .iter()
                .map(|p| p.display().to_string())
                .collect();
            return Err(Message::new("saved.empty").with("path", names.join(", ")));
        };
        let about = others
            .iter()
            .fold(first.about.clone(), |about, run| about.with(&run.about));
        let whole = self.runs.iter().all(|run| run.results.is_some());
        if whole {
            self.stats.replace_ticks(self.ticks());
        }
        let mut summary = self.stats.summary(about.plan.as_ref(), false);
        (summary.client, summary.verdict) = (None, None);
        if whole {
            (summary.client, summary.verdict) = self.client();
            self.add_sums(&mut summary.sums);
            match SpansSummary::merged(self.results().map(|results| &results.spans)) {
                Some(spans) => summary.spans = spans,
                None => self.notices.push(Message::new("saved.no_node_histograms")),
            }
        } else {
            let seen = |run: &Run| run.users.len() as u64;
            summary.users_started = self.runs.iter().map(seen).sum();
        }
        let waterfall = whole.then(|| self.waterfall());
        let mut notices = sources.notices;
        notices.append(&mut self.notices);
        notices.extend(self.runs.iter().filter_map(Run::missing));
        let files = sources
            .csvs
            .iter()
            .chain(sources.runs.iter().map(|(path, _)| path));
        Ok(Saved {
            runs: self.runs.len(),
            users: self.runs.iter().map(Run::users).sum(),
            summary,
            stats: self.stats,
            whole,
            waterfall,
            files: files.cloned().collect(),
            notices,
            homes: self
                .places
                .into_iter()
                .filter_map(|(id, place)| Some((id, self.runs[place].home?)))
                .collect(),
            csvs: sources.csvs,
            about,
        })
    }

    /// What the runs themselves knew of their clients, and how far their numbers can be used: as
    /// far as those of the worst.
    fn client(&self) -> (Option<ClientSummary>, Option<Verdict>) {
        if let [only] = &self.runs[..] {
            let results = only.results.as_ref();
            let client = results.and_then(|results| results.client);
            return (client, results.and_then(|results| results.verdict.clone()));
        }
        let mut merged = Verdict {
            grade: Grade::Valid,
            reasons: Vec::new(),
        };
        for run in &self.runs {
            let results = run.results.as_ref();
            let Some(verdict) = results.and_then(|results| results.verdict.as_ref()) else {
                return (None, None);
            };
            if verdict.grade != Grade::Valid {
                let of_run = Message::new("saved.verdict").with("grade", verdict.grade.name());
                let of_run = of_run.with("run", &run.about.run.run_id);
                merged.reasons.push(of_run);
                merged.reasons.extend(verdict.reasons.iter().cloned());
            }
            merged.grade = merged.grade.max(verdict.grade);
        }
        (None, Some(merged))
    }

    /// What the runs themselves knew, of those that ended.
    fn results(&self) -> impl Iterator<Item = &SavedResults> {
        self.runs.iter().filter_map(|run| run.results.as_ref())
    }

    /// The requests that the runs themselves chose to be drawn from start to end, each moved to where
    /// its run is.
    fn waterfall(&self) -> Waterfall {
        let mut waterfall = Waterfall::default();
        for run in &self.runs {
            let by = run.shift.as_micros().try_into().unwrap_or(u64::MAX);
            if let Some(results) = &run.results {
                waterfall.add_chosen(&results.waterfall, by);
            }
        }
        waterfall
    }

    /// Adds the sums of metrics that rows do not have.
    fn add_sums(&self, sums: &mut PerMetric<Option<u64>>) {
        for metric in metrics::with(Flag::Sum).filter(|metric| metric.columns == Columns::None) {
            let told = self.results().filter_map(|results| results.sums[metric]);
            sums[metric] = told.reduce(|sum, value| sum + value);
        }
    }

    /// The seconds of all runs, each moved by whole ones.
    fn ticks(&self) -> Ticks {
        let mut ticks = Ticks::default();
        for run in &self.runs {
            let later = (run.shift + Duration::from_millis(500)).as_secs();
            for view in run.results.iter().flat_map(|results| results.ticks.iter()) {
                ticks.merge_second(view.second + later, view.tick);
            }
        }
        ticks
    }
}

/// How long after `origin` a run began.
fn shift(about: &About, origin: OffsetDateTime) -> Result<Duration, Message> {
    let shift = (about.run.started - origin).unsigned_abs();
    if shift.as_secs() > LAST_SECOND {
        let days = shift.as_secs() / 86_400;
        return Err(Message::new("saved.too_far")
            .with("run", &about.run.run_id)
            .with("days", days));
    }
    Ok(shift)
}

impl Run {
    /// What is not known of it.
    fn missing(&self) -> Option<Message> {
        let run = &self.about.run.run_id;
        match &self.results {
            Some(results) if results.requests != self.rows => Some(
                Message::new("saved.other_count")
                    .with("run", run)
                    .with("json", results.requests)
                    .with("csv", self.rows),
            ),
            Some(_) => None,
            None if self.described => Some(Message::new("saved.killed").with("run", run)),
            None => Some(Message::new("saved.no_json").with("run", run)),
        }
    }
}
