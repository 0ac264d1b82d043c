//! What all files of a run have in common: a [`FileKind`] says how a file is asked for and named, its
//! [`Format`] what is written in it.

use std::fmt::Debug;
use std::path::PathBuf;

use super::about::{About, RunInfo};
use super::waterfall::Waterfall;
use crate::metrics::Measured;
use crate::record::Sample;
use crate::stats::{RunStats, Summary};
use crate::text::{Language, Message};

/// A kind of file that a run leaves.
#[derive(Debug)]
pub struct FileKind {
    /// The first word of its default names: `requests` of `requests_20260203_040506.csv`. No two
    /// kinds have the same: kinds are compared by it.
    pub name: &'static str,
    /// The end of its default names: `csv`.
    pub extension: &'static str,
    /// The option that names the file: `--csv`.
    pub flag: &'static str,
    /// The option against the file: `--no-csv`. A kind without it is written only where it is asked
    /// for.
    pub no_flag: Option<&'static str>,
    /// Why the file cannot go to standard output: the id of a text; `None` where it can.
    pub only_file: Option<&'static str>,
    /// What the file is called: the id of a text.
    pub label: &'static str,
    /// That the file cannot be written, with the remedy: the id of a text.
    pub refusal: &'static str,
    /// Whether it is one document, written at the end; else it is rows, written as they come.
    pub is_document: bool,
    /// Whether it shows every event of a stream, which users then have to keep.
    pub has_events: bool,
    /// Whether it is made anew when a tokenizer has counted the tokens of the run.
    pub is_recounted: bool,
    /// What is written in the file.
    pub format: fn(&OutputConfig) -> Box<dyn Format>,
}

impl PartialEq for FileKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for FileKind {}

impl FileKind {
    /// The member of the run JSON's configuration that says where the file is: `csv`.
    #[must_use]
    pub fn member(&self) -> String {
        self.flag.trim_start_matches('-').replace('-', "_")
    }
}

/// What is written in one file of a run.
pub trait Format: Debug + Send {
    /// What the file begins with: the header of its rows, or the document of a run that has not
    /// ended, which is all that a killed run leaves of it.
    fn begin(&mut self, about: &About) -> Vec<u8>;

    /// Takes a sample of a run, and appends the rows that it has for the file.
    fn sample(&mut self, _sample: &Sample, _rows: &mut Vec<u8>) {}

    /// Takes a request that was read back from a file.
    fn saved(&mut self, _request: &Measured<'_>, _groups: &GroupKeys<'_>) {}

    /// Forgets all requests: they come once more.
    fn start_over(&mut self) {}

    /// The document of a run that is over.
    fn document(&self, _results: &Results<'_>) -> Vec<u8> {
        Vec::new()
    }
}

/// By what a request is compared with others.
#[derive(Clone, Copy, Debug)]
pub struct GroupKeys<'a> {
    /// Number of the run among those that were read.
    pub run_number: usize,
    /// The run.
    pub run: &'a RunInfo,
    /// The API key, masked; empty where none was sent.
    pub api_key: &'a str,
    /// The query, or its beginning.
    pub query: &'a str,
    /// The hash of the whole query.
    pub query_hash: u64,
}

/// What documents are made of when a run is over, or when runs were read back.
#[derive(Clone, Copy, Debug)]
pub struct Results<'a> {
    /// The run, or what is the same in all runs.
    pub about: &'a About,
    /// What the user should know of the reading, beside the warnings of the runs themselves.
    pub notices: &'a [Message],
    /// How many runs were merged.
    pub runs: usize,
    /// The files that were read; none by the run itself.
    pub files: &'a [PathBuf],
    /// Users that were planned, or seen.
    pub users: u64,
    /// The figures.
    pub summary: &'a Summary,
    /// Distributions and ticks.
    pub stats: &'a RunStats,
    /// Whether the ticks have seen users and streams.
    pub whole: bool,
    /// The requests to be drawn from start to end; `None` where their instants are not known.
    pub waterfall: Option<&'a Waterfall>,
}

impl<'a> Results<'a> {
    /// What came of a run, as the run itself knows it.
    #[must_use]
    pub fn of_run(
        about: &'a About,
        users: u32,
        summary: &'a Summary,
        stats: &'a RunStats,
        waterfall: &'a Waterfall,
    ) -> Self {
        Self {
            about,
            notices: &[],
            runs: 1,
            files: &[],
            users: users.into(),
            summary,
            stats,
            whole: true,
            waterfall: Some(waterfall),
        }
    }
}

/// Where one of the run's files goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere.
    None,
    /// A new file of the default name in this directory, which is made if need be.
    Default(PathBuf),
    /// This file; what is there is overwritten.
    File(PathBuf),
    /// Standard output; people's text goes to standard error then.
    Stdout,
}

/// The files to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputConfig {
    /// Where each kind of file goes; kinds that are not in the list go nowhere.
    pub files: Vec<(&'static FileKind, Destination)>,
    /// Whether the CSV files begin with a byte-order mark, for Excel.
    pub csv_bom: bool,
    /// In which language the report opens.
    pub language: Language,
    /// The brand's name in the report; `None` for none.
    pub brand: Option<String>,
    /// Whether requests are kept with their text, to be counted when the run is over.
    pub keep_requests: bool,
    /// Whether the run is over: its documents are empty until they are complete.
    pub is_over: bool,
}

impl OutputConfig {
    /// The same with a further file.
    #[must_use]
    pub fn with(mut self, kind: &'static FileKind, destination: Destination) -> Self {
        self.files.push((kind, destination));
        self
    }

    /// Where a kind of file goes.
    #[must_use]
    pub fn destination(&self, kind: &FileKind) -> &Destination {
        let mut files = self.files.iter();
        files
            .find(|(known, _)| *known == kind)
            .map_or(&Destination::None, |(_, destination)| destination)
    }

    /// The files that are wanted.
    pub fn wanted(&self) -> impl Iterator<Item = (&'static FileKind, &Destination)> {
        let files = self.files.iter().map(|(kind, place)| (*kind, place));
        files.filter(|(_, destination)| **destination != Destination::None)
    }

    /// Whether a file shows every event of the streams.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.wanted().any(|(kind, _)| kind.has_events)
    }
}
