//! Reads saved runs from their files. Several runs are merged by their wall-clock time: rows are
//! stacked, counts and histograms are added.
//!
//! With the requests CSV and the run JSON, all figures equal those of the run. A CSV alone lacks
//! users, throughput, gaps between chunks and a workflow's nodes; a notice says that they are missing.

mod merge;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::about::About;
use super::csv::read::Column;
use super::waterfall::Waterfall;
use super::{Formats, Results};
use crate::stats::{RunStats, Summary};
use crate::text::Message;
use merge::Merge;
use source::{Sources, open, unreadable};

/// Receives the progress: the file, and the part of it that has been read, 0 to 1.
pub type Progress<'a> = &'a mut dyn FnMut(&Path, f64);

/// One run or several, read from their files.
#[derive(Debug)]
pub struct Saved {
    /// The run, or the values that all runs share.
    pub about: About,
    /// Number of runs.
    pub runs: usize,
    /// Users that were planned, or seen.
    pub users: u64,
    /// Distributions and ticks.
    pub stats: RunStats,
    /// The figures.
    pub summary: Summary,
    /// Whether every run has its results in a JSON, and with them users and streams.
    pub whole: bool,
    /// The requests of the waterfall, if known.
    pub waterfall: Option<Waterfall>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// Messages about the reading.
    pub notices: Vec<Message>,
    /// The place in `files` of each run's rows, by the run's id.
    homes: BTreeMap<String, usize>,
}

/// Reads requests CSVs with the run JSONs beside them, or with those among `files`. The requests go to
/// the formats that are to be written.
///
/// # Errors
///
/// If a file cannot be read or is not of this program, if the files hold no run, or if the runs lie
/// too far apart to be merged.
pub fn read(
    files: &[PathBuf],
    formats: &mut Formats,
    progress: Progress<'_>,
) -> Result<Saved, Message> {
    let mut merge = Merge::new(Sources::find(files)?);
    while !merge.gather(formats, progress)? {
        formats.start_over();
    }
    merge.finish()
}

impl Saved {
    /// The results that its documents show.
    #[must_use]
    pub fn results(&self) -> Results<'_> {
        Results {
            about: &self.about,
            notices: &self.notices,
            runs: self.runs,
            files: &self.files,
            users: self.users,
            summary: &self.summary,
            stats: &self.stats,
            whole: self.whole,
            waterfall: self.waterfall.as_ref(),
        }
    }

    /// Hands all counted rows to `sink`, as they were written.
    ///
    /// # Errors
    ///
    /// If a file cannot be read again, or `sink` fails.
    pub fn copy_rows<E: From<Message>>(
        &self,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut row = Vec::new();
        let homes: BTreeSet<_> = self.homes.values().copied().collect();
        for file in homes {
            let path = &self.files[file];
            let (mut reader, _) = open(path)?;
            while let Some(line) = reader.next_line().map_err(unreadable(path))? {
                let home = line
                    .ok()
                    .and_then(|row| self.homes.get(row.text(Column::run_id)));
                if home == Some(&file) {
                    row.clear();
                    reader.copy(&mut row);
                    sink(&row)?;
                }
            }
        }
        Ok(())
    }
}
