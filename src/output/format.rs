//! All files of a run: a [`FileKind`] tells the option and the name of a file, its [`Format`] makes
//! the content.

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
    /// The first word of the default names: `requests` of `requests_20260203_040506.csv`. It is
    /// different in each kind: kinds are compared by it.
    pub name: &'static str,
    /// The extension of the default names: `csv`.
    pub extension: &'static str,
    /// The option that names the file: `--csv`.
    pub flag: &'static str,
    /// The option against the file: `--no-csv`. Without such an option, only users who ask for the
    /// file get it.
    pub no_flag: Option<&'static str>,
    /// The text (by id) that tells why the file cannot go to standard output; `None` if it can.
    pub only_file: Option<&'static str>,
    /// The label of the file: the id of a text.
    pub label: &'static str,
    /// The error of a file that cannot be written, with the remedy: the id of a text.
    pub refusal: &'static str,
    /// Whether the file is one document, written at the end; other files get rows during the run.
    pub is_document: bool,
    /// Whether the file shows every event of a stream. The run goes on without the file if the file
    /// cannot be written.
    pub has_events: bool,
    /// Whether the file is made anew when a tokenizer has counted the run's tokens.
    pub is_recounted: bool,
    /// Makes the content of the file.
    pub format: fn(&OutputConfig) -> Box<dyn Format>,
}

impl PartialEq for FileKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for FileKind {}

impl FileKind {
    /// The member of the run JSON's configuration with the file's path: `csv`.
    #[must_use]
    pub fn member(&self) -> String {
        self.flag.trim_start_matches('-').replace('-', "_")
    }
}

/// Makes the content of one file of a run.
pub trait Format: Debug + Send {
    /// The header of the rows, or the document of a run that has not ended. A killed run leaves
    /// this document.
    fn begin(&mut self, about: &About) -> Vec<u8>;

    /// Takes a sample of a run, and appends the file's rows for this sample.
    fn sample(&mut self, _sample: &Sample, _rows: &mut Vec<u8>) {}

    /// Takes a request that was read back from a file.
    fn saved(&mut self, _request: &Measured<'_>, _groups: &GroupKeys<'_>) {}

    /// Forgets all requests: all of them will come again.
    fn start_over(&mut self) {}

    /// The document of a run that is over.
    fn document(&self, _results: &Results<'_>) -> Vec<u8> {
        Vec::new()
    }
}

/// The keys by which requests are compared.
#[derive(Clone, Copy, Debug)]
pub struct GroupKeys<'a> {
    /// Number of the run among the runs that were read.
    pub run_number: usize,
    /// The run.
    pub run: &'a RunInfo,
    /// The API key, masked; empty where none was sent.
    pub api_key: &'a str,
    /// The query, or the beginning of the query.
    pub query: &'a str,
    /// The hash of the whole query.
    pub query_hash: u64,
}

/// The results of a run that is over, or of runs that were read back, for documents.
#[derive(Clone, Copy, Debug)]
pub struct Results<'a> {
    /// The run, or the values that all runs share.
    pub about: &'a About,
    /// Warnings about the reading, beside the warnings of the runs themselves.
    pub notices: &'a [Message],
    /// Number of merged runs.
    pub runs: usize,
    /// The files that were read; empty in the run itself.
    pub files: &'a [PathBuf],
    /// Number of planned users, or of users in the files.
    pub users: u64,
    /// The figures.
    pub summary: &'a Summary,
    /// Distributions and ticks.
    pub stats: &'a RunStats,
    /// Whether the ticks contain users and streams.
    pub whole: bool,
    /// The requests of the waterfall; `None` if their instants are unknown.
    pub waterfall: Option<&'a Waterfall>,
}

impl<'a> Results<'a> {
    /// The results of a run, in the run itself.
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
    /// A new file with the default name in this directory. A missing directory is made.
    Default(PathBuf),
    /// This file. An existing file is overwritten.
    File(PathBuf),
    /// Standard output. People's text then goes to standard error.
    Stdout,
}

/// The files to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputConfig {
    /// The destination of each kind; kinds that are not in the list go nowhere.
    pub files: Vec<(&'static FileKind, Destination)>,
    /// Whether the CSV files begin with a byte-order mark, for Excel.
    pub csv_bom: bool,
    /// The language in which the report opens.
    pub language: Language,
    /// The brand's name in the report; `None` for none.
    pub brand: Option<String>,
    /// Whether requests are kept with their text: a tokenizer counts it when the run is over.
    pub keep_requests: bool,
    /// Whether the run is over: its documents are empty until they are complete.
    pub is_over: bool,
}

impl OutputConfig {
    /// The same configuration with one file more.
    #[must_use]
    pub fn with(mut self, kind: &'static FileKind, destination: Destination) -> Self {
        self.files.push((kind, destination));
        self
    }

    /// The destination of a kind of file.
    #[must_use]
    pub fn destination(&self, kind: &FileKind) -> &Destination {
        let mut files = self.files.iter();
        files
            .find(|(known, _)| *known == kind)
            .map_or(&Destination::None, |(_, destination)| destination)
    }

    /// The kinds of files that go somewhere.
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
