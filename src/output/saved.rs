//! Runs read again from what they left, one or several that are merged on the seconds of the wall
//! clock: rows are stacked, counts and histograms added.
//!
//! With requests CSV and run JSON, all figures are those of the run. A CSV alone does not know of
//! users, throughput, gaps between chunks and a workflow's nodes; those are then said to be missing.

mod merge;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::about::About;
use super::waterfall::Waterfall;
use super::{Formats, Results};
use crate::stats::{RunStats, Summary};
use crate::text::Message;
use merge::Merge;
use source::{Sources, next_line, open};

/// What is told of the reading: the file, and which part of it has been read, 0 to 1.
pub type Progress<'a> = &'a mut dyn FnMut(&Path, f64);

/// One run or several, read from their files.
#[derive(Debug)]
pub struct Saved {
    /// The run, or what is the same in all runs.
    pub about: About,
    /// How many runs there are.
    pub runs: usize,
    /// Users that were planned, or seen.
    pub users: u64,
    /// Distributions and ticks.
    pub stats: RunStats,
    /// The figures.
    pub summary: Summary,
    /// Whether all that a run knows of itself is there, users and streams included.
    pub whole: bool,
    /// The requests that are drawn from start to end, where they are known.
    pub waterfall: Option<Waterfall>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// What the user should know of the reading.
    pub notices: Vec<Message>,
    /// The place in `files` of each run's rows, by the run's id.
    homes: HashMap<String, usize>,
}

/// Reads requests CSVs with the run JSONs beside them, or with those among `files`. The requests go to
/// the formats that are to be written.
///
/// # Errors
///
/// If a file cannot be read or is none of ours, if there is nothing in them, or if they lie too far
/// apart to be merged.
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
    /// What its documents are made of.
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

    /// Hands on all rows that were counted, as they were written.
    ///
    /// # Errors
    ///
    /// If a file cannot be read once more; as `sink` says.
    pub fn copy_rows<E: From<Message>>(
        &self,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut row = Vec::new();
        let homes: BTreeSet<_> = self.homes.values().copied().collect();
        for file in homes {
            let path = &self.files[file];
            let (mut reader, _) = open(path)?;
            while let Some(line) = next_line(&mut reader, path)? {
                let home = line.ok().and_then(|row| self.homes.get(row.text("run_id")));
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
