//! Several runs put together: each shifted by its start after the first run's start.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::source::{Sources, open, unreadable};
use super::{Progress, Saved};
use crate::clock::{Stamp, micros};
use crate::metrics::{self, Columns, Flag, Measured, PerMetric};
use crate::output::about::About;
use crate::output::csv::read::{Column, LAST_SECOND, Row};
use crate::output::json::read::SavedResults;
use crate::output::waterfall::Waterfall;
use crate::output::{Formats, GroupKeys, RunInfo};
use crate::stats::{ClientSummary, Grade, RunStats, SpansSummary, Ticks, Verdict};
use crate::text::Message;

/// The most damaged lines of a file that are named.
const NAMED: u64 = 5;
/// Lines from one report of progress to the next.
const PROGRESS: u64 = 50_000;

/// Runs, and the rows that have been read of them.
#[derive(Debug)]
pub(super) struct Merge {
    sources: Sources,
    runs: Vec<Run>,
    /// Where each run is in the list.
    places: BTreeMap<String, usize>,
    /// The start of the first run, as far as runs are known: times count from it.
    origin: Option<OffsetDateTime>,
    stats: RunStats,
    /// What the user should know of the rows.
    notices: Vec<Message>,
}

#[derive(Debug)]
struct Run {
    about: About,
    /// From its JSON, if it has one and did end.
    results: Option<SavedResults>,
    /// Whether it has a JSON.
    described: bool,
    /// From the first run's start to its own.
    shift: Duration,
    rows: Rows,
}

/// The rows of a run that have been read.
#[derive(Debug, Default)]
struct Rows {
    /// The file that they are taken from.
    home: Option<usize>,
    count: u64,
    /// Their users, where no JSON counts them.
    users: HashSet<u32>,
    /// First start and last end, since the first run's start.
    times: Option<(Stamp, Stamp)>,
}

impl Run {
    fn new(about: About, results: Option<SavedResults>, described: bool) -> Self {
        Self {
            about,
            results,
            described,
            shift: Duration::ZERO,
            rows: Rows::default(),
        }
    }

    fn started(&self) -> OffsetDateTime {
        self.about.run.started
    }

    /// Sets the shift; zero for a run that began before `origin`.
    fn shift_from(&mut self, origin: OffsetDateTime) -> Result<(), Message> {
        self.shift = (self.started() - origin).try_into().unwrap_or_default();
        if self.shift.as_secs() <= LAST_SECOND {
            return Ok(());
        }
        Err(Message::new("saved.too_far")
            .with("run", &self.about.run.run_id)
            .with("days", self.shift.as_secs() / 86_400))
    }

    /// The time that its requests took; its start if it has none.
    fn times(&self) -> RangeInclusive<Stamp> {
        let start = Stamp::ZERO + self.shift;
        let (first, last) = self.rows.times.unwrap_or((start, start));
        first..=last
    }

    fn users_started(&self) -> u64 {
        let last = self.results.as_ref().map(|run| run.ticks.iter().last());
        let counted = last.map(|second| second.map_or(0, |second| second.total_users));
        counted.unwrap_or(self.rows.users.len() as u64)
    }

    fn users(&self) -> u64 {
        match &self.about.plan {
            Some(plan) => u64::from(plan.users()),
            None => self.rows.users.len() as u64,
        }
    }

    /// Says which data of the run is missing.
    fn missing(&self) -> Option<Message> {
        let run = &self.about.run.run_id;
        match &self.results {
            Some(results) if results.requests != self.rows.count => Some(
                Message::new("saved.other_count")
                    .with("run", run)
                    .with("json", results.requests)
                    .with("csv", self.rows.count),
            ),
            Some(_) => None,
            None if self.described => Some(Message::new("saved.killed").with("run", run)),
            None => Some(Message::new("saved.no_json").with("run", run)),
        }
    }
}

impl Merge {
    /// The runs that have a JSON, without rows.
    pub(super) fn new(mut sources: Sources) -> Self {
        let (mut runs, mut places) = (Vec::new(), BTreeMap::new());
        for saved in sources.runs.drain(..) {
            let id = saved.about.run.run_id.clone();
            places.entry(id).or_insert_with(|| {
                runs.push(Run::new(saved.about, saved.results, true));
                runs.len() - 1
            });
        }
        Self {
            sources,
            runs,
            places,
            origin: None,
            stats: RunStats::default(),
            notices: Vec::new(),
        }
    }

    /// Reads all rows, and hands them to the formats. Returns whether all times count from the first
    /// run's start; else rows told of an earlier run, and have to be read once more.
    pub(super) fn gather(
        &mut self,
        formats: &mut Formats,
        progress: Progress<'_>,
    ) -> Result<bool, Message> {
        self.notices.clear();
        self.stats = RunStats::default();
        self.origin = self.first_start();
        for run in &mut self.runs {
            run.rows = Rows::default();
            run.shift_from(self.origin.unwrap_or(run.started()))?;
        }
        for (file, path) in self.sources.csvs.clone().iter().enumerate() {
            self.read(file, path, formats, progress)?;
        }
        Ok(self.origin == self.first_start())
    }

    fn first_start(&self) -> Option<OffsetDateTime> {
        self.runs.iter().map(Run::started).min()
    }

    /// Reads the file of that number.
    fn read(
        &mut self,
        file: usize,
        path: &Path,
        formats: &mut Formats,
        progress: Progress<'_>,
    ) -> Result<(), Message> {
        let (mut reader, length) = open(path)?;
        let (mut lines, mut damaged) = (0_u64, 0);
        while let Some(line) = reader.next_line().map_err(unreadable(path))? {
            match line {
                Ok(row) => self.add(file, path, row, formats)?,
                Err(damage) => {
                    damaged += 1;
                    if damaged <= NAMED {
                        self.notices.push(damage.with("path", path.display()));
                    }
                }
            }
            lines += 1;
            if lines.is_multiple_of(PROGRESS) {
                progress(path, reader.position() as f64 / length.max(1) as f64);
            }
        }
        if damaged > 0 {
            let message = Message::new("saved.damaged").with("path", path.display());
            self.notices.push(message.with("count", damaged));
        }
        Ok(())
    }

    /// Adds a row, unless another file has the rows of its run.
    fn add(
        &mut self,
        file: usize,
        path: &Path,
        mut row: Row<'_>,
        formats: &mut Formats,
    ) -> Result<(), Message> {
        let id = row.text(Column::run_id);
        let place = match self.places.get(id) {
            Some(place) => *place,
            None => self.discover(path, &row)?,
        };
        let run = &mut self.runs[place];
        if *run.rows.home.get_or_insert(file) != file {
            let twice = Message::new("saved.twice");
            let twice = twice.with("path", path.display()).with("run", id);
            if !self.notices.contains(&twice) {
                self.notices.push(twice);
            }
            return Ok(());
        }
        run.rows.count += 1;
        if run.results.is_none() {
            run.rows.users.insert(row.user);
        }
        row.measured.start = row.measured.start + run.shift;
        row.measured.end = row.measured.end + run.shift;
        let Measured { start, end, .. } = row.measured;
        let (first, last) = run.rows.times.unwrap_or((start, end));
        run.rows.times = Some((first.min(start), last.max(end)));
        self.stats.record(&row.measured);
        let groups = GroupKeys {
            run_number: place,
            run: &run.about.run,
            api_key: row.text(Column::api_key),
            query: row.text(Column::query),
            query_hash: row.query_hash,
        };
        formats.saved(&row.measured, &groups);
        Ok(())
    }

    /// Adds a run without a JSON, as its first row tells of it. Returns its place.
    fn discover(&mut self, path: &Path, row: &Row<'_>) -> Result<usize, Message> {
        let started =
            OffsetDateTime::parse(row.text(Column::started_at), &Rfc3339).map_err(|_| {
                Message::new("saved.no_start")
                    .with("path", path.display())
                    .with("run", row.text(Column::run_id))
            })?;
        let text = |column| row.text(column).to_owned();
        let optional = |column| Some(text(column)).filter(|text| !text.is_empty());
        let about = About::of(RunInfo {
            run_id: text(Column::run_id),
            label: optional(Column::label),
            client_host: optional(Column::client_host),
            target: text(Column::target),
            protocol: text(Column::protocol),
            model: optional(Column::model),
            started: started - row.measured.start.since(Stamp::ZERO),
        });
        let mut run = Run::new(about, None, false);
        run.shift_from(*self.origin.get_or_insert(run.started()))?;
        self.places.insert(text(Column::run_id), self.runs.len());
        self.runs.push(run);
        Ok(self.runs.len() - 1)
    }

    /// Everything together.
    pub(super) fn finish(mut self) -> Result<Saved, Message> {
        let mut files = self.sources.csvs;
        let abouts = self.runs.iter().map(|run| run.about.clone());
        let Some(about) = abouts.reduce(|about, other| about.with(&other)) else {
            let names = files.iter().map(|path| path.display().to_string());
            let names: Vec<_> = names.collect();
            return Err(Message::new("saved.empty").with("path", names.join(", ")));
        };
        files.append(&mut self.sources.jsons);
        let ended = self.runs.iter();
        let ended = ended.map(|run| Some((run, run.results.as_ref()?)));
        let ended: Option<Vec<_>> = ended.collect();
        let waterfall = ended.as_deref().map(|ended| {
            let (ticks, waterfall) = moved(ended);
            // Unlike those of the rows, these seconds also count users and gaps.
            self.stats.ticks = ticks;
            waterfall
        });
        let mut summary = self.stats.summary(about.plan.as_ref(), false);
        (summary.client, summary.verdict) = (None, None);
        summary.idle = idle(&self.runs);
        summary.users_started = most_at_once(&self.runs, Run::users_started);
        if let Some(ended) = &ended {
            (summary.client, summary.verdict) = client(ended);
            add_sums(ended, &mut summary.sums);
            match SpansSummary::merged(ended.iter().map(|(_, results)| &results.spans)) {
                Some(spans) => summary.spans = spans,
                None => self.notices.push(Message::new("saved.no_node_histograms")),
            }
        }
        let mut notices = self.sources.notices;
        notices.append(&mut self.notices);
        notices.extend(self.runs.iter().filter_map(Run::missing));
        let homes = self.places.into_iter();
        let homes = homes.filter_map(|(id, place)| Some((id, self.runs[place].rows.home?)));
        Ok(Saved {
            about,
            runs: self.runs.len(),
            users: most_at_once(&self.runs, Run::users),
            stats: self.stats,
            summary,
            whole: ended.is_some(),
            waterfall,
            files,
            notices,
            homes: homes.collect(),
        })
    }
}

/// The largest sum over runs of one moment. Users of runs one after the other are not added up.
fn most_at_once(runs: &[Run], users: fn(&Run) -> u64) -> u64 {
    let runs: Vec<_> = runs.iter().map(|run| (run.times(), users(run))).collect();
    let sums = runs.iter().map(|(times, _)| {
        let of_moment = runs
            .iter()
            .filter(|(other, _)| other.contains(times.start()));
        of_moment.map(|(_, users)| users).sum()
    });
    sums.max().unwrap_or(0)
}

/// The time between runs: no run has a request under way.
fn idle(runs: &[Run]) -> Duration {
    let mut times: Vec<_> = runs.iter().filter_map(|run| run.rows.times).collect();
    times.sort_unstable();
    let mut reached = None;
    let gaps = times.into_iter().map(|(first, last)| {
        let gap = first.since(reached.unwrap_or(first));
        reached = reached.max(Some(last));
        gap
    });
    gaps.sum()
}

/// A run that ended, and its results.
type Ended<'a> = (&'a Run, &'a SavedResults);

/// The client's figures, of a single run, and the verdict: the worst one of several runs.
fn client(runs: &[Ended<'_>]) -> (Option<ClientSummary>, Option<Verdict>) {
    if let [(_, only)] = runs {
        return (only.client, only.verdict.clone());
    }
    let mut merged = Verdict {
        grade: Grade::Valid,
        reasons: Vec::new(),
    };
    for (run, results) in runs {
        let Some(verdict) = &results.verdict else {
            return (None, None);
        };
        if verdict.grade != Grade::Valid {
            let of_run = Message::new("saved.verdict").with("grade", verdict.grade.name());
            let of_run = of_run.with("run", &run.about.run.run_id);
            merged.reasons.push(of_run);
            merged.reasons.extend_from_slice(&verdict.reasons);
        }
        merged.grade = merged.grade.max(verdict.grade);
    }
    (None, Some(merged))
}

/// Adds the sums of metrics that rows do not have.
fn add_sums(runs: &[Ended<'_>], sums: &mut PerMetric<Option<u64>>) {
    for metric in metrics::with(Flag::Sum).filter(|metric| metric.columns == Columns::None) {
        let known = runs.iter().filter_map(|(_, results)| results.sums[metric]);
        sums[metric] = known.reduce(|sum, value| sum + value);
    }
}

/// The seconds of all runs, each moved by whole seconds, and the requests of all waterfalls, moved too.
fn moved(runs: &[Ended<'_>]) -> (Ticks, Waterfall) {
    let (mut ticks, mut waterfall) = (Ticks::default(), Waterfall::default());
    for (run, results) in runs {
        waterfall.add_chosen(&results.waterfall, micros(run.shift));
        let later = (run.shift + Duration::from_millis(500)).as_secs();
        for view in results.ticks.iter() {
            ticks.merge_second(view.second + later, view.tick);
        }
    }
    (ticks, waterfall)
}
