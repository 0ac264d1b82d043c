//! The files of a run: opened before it, written while it goes on, finished at its end.

use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::about::About;
use super::error::WriteError;
use super::file::File;
use super::format::{Destination, FileKind, Format, GroupKeys, OutputConfig, Results};
use super::spool::Spool;
use crate::metrics::Measured;
use crate::record::Sample;

const STAMP: StaticFormatDescription =
    format_description!("[year][month][day]_[hour][minute][second]");

/// The most characters of a model's name in a file name; systems allow 255 bytes in all.
const MODEL_CHARS: usize = 50;

/// The common part of the default names of a run's files: `[model_]YYYYMMDD_HHMMSS`. The model's name
/// keeps letters, digits, `-` and `_`.
#[must_use]
pub fn stem(model: Option<&str>, started: OffsetDateTime) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let model = model.unwrap_or_default().chars().filter(kept);
    let mut stem: String = model.take(MODEL_CHARS).collect();
    if !stem.is_empty() {
        stem.push('_');
    }
    stem + &started.format(STAMP).unwrap_or_default()
}

/// The formats of the files that are wanted, before the files are open.
#[derive(Debug)]
pub struct Formats {
    wanted: Vec<Wanted>,
    keep_requests: bool,
    is_over: bool,
}

#[derive(Debug)]
struct Wanted {
    kind: &'static FileKind,
    destination: Destination,
    format: Box<dyn Format>,
}

impl Formats {
    /// The formats that are configured.
    #[must_use]
    pub fn new(config: &OutputConfig) -> Self {
        let wanted = config.wanted().map(|(kind, destination)| Wanted {
            kind,
            destination: destination.clone(),
            format: (kind.format)(config),
        });
        Self {
            wanted: wanted.collect(),
            keep_requests: config.keep_requests,
            is_over: config.is_over,
        }
    }

    /// Takes a request that was read back from a file.
    pub fn saved(&mut self, request: &Measured<'_>, groups: &GroupKeys<'_>) {
        for wanted in &mut self.wanted {
            wanted.format.saved(request, groups);
        }
    }

    /// Forgets the requests.
    pub fn start_over(&mut self) {
        for wanted in &mut self.wanted {
            wanted.format.start_over();
        }
    }

    /// Opens all files and writes their beginnings: a place that cannot be written is found before
    /// the run. Default names contain `stem`, and never overwrite a file. Files that the user named
    /// are overwritten, once all files are open.
    ///
    /// # Errors
    ///
    /// The first file that cannot be opened or written. New files of default names are removed again.
    pub fn open(self, stem: &str, about: &About) -> Result<Outputs, WriteError> {
        let files = self.open_all(stem)?;
        let open = self.wanted.into_iter().zip(files);
        let open = open.map(|(wanted, file)| Output {
            kind: wanted.kind,
            format: wanted.format,
            beginning: Vec::new(),
            file,
        });
        let mut outputs = Outputs {
            open: open.collect(),
            spool: None,
            rows: Vec::new(),
        };
        if self.keep_requests {
            let mut rows = outputs.open.iter().filter(|output| output.is_rewritten());
            if let Some(output) = rows.find(|output| !output.file.is_rewritable()) {
                let why = ErrorKind::NotSeekable.into();
                let path = output.file.path();
                return Err(WriteError::new("files.not_rewritable", path, why));
            }
            outputs.spool = Some(outputs.new_spool()?);
        }
        outputs.open.iter_mut().try_for_each(|output| {
            let begun = output.begin(about, self.is_over);
            begun.map_err(|error| WriteError::new(output.kind.refusal, output.file.path(), error))
        })?;
        for output in &mut outputs.open {
            output.file.keep();
        }
        Ok(outputs)
    }

    /// Opens all files. Default names have the first number that is free for all of them.
    fn open_all(&self, stem: &str) -> Result<Vec<File>, WriteError> {
        for wanted in &self.wanted {
            if let Destination::Default(directory) = &wanted.destination {
                fs::create_dir_all(directory)
                    .map_err(|error| WriteError::new(wanted.kind.refusal, directory, error))?;
            }
        }
        let mut number = 1;
        loop {
            let files = self.wanted.iter().map(|wanted| wanted.open(stem, number));
            match files.collect() {
                // Only a default name has to be free.
                Err(WriteError { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
                    number += 1;
                }
                files => return files,
            }
        }
    }
}

impl Wanted {
    /// Opens the file; `number`, from 1, tells files of one default name apart.
    fn open(&self, stem: &str, number: u32) -> Result<File, WriteError> {
        let FileKind {
            name,
            extension,
            refusal,
            ..
        } = *self.kind;
        let (path, opened) = match &self.destination {
            Destination::Default(directory) => {
                let path = directory.join(match number {
                    1 => format!("{name}_{stem}.{extension}"),
                    n => format!("{name}_{stem}_{n}.{extension}"),
                });
                let opened = File::new(&path);
                (path, opened)
            }
            Destination::File(path) => (path.clone(), File::given(path)),
            // A file that goes nowhere is not wanted.
            Destination::Stdout | Destination::None => (PathBuf::from("-"), File::stdout()),
        };
        opened.map_err(|error| WriteError::new(refusal, &path, error))
    }
}

/// A run's files, open.
#[derive(Debug)]
pub struct Outputs {
    open: Vec<Output>,
    /// The requests that wait to be counted.
    spool: Option<Spool>,
    rows: Vec<u8>,
}

#[derive(Debug)]
struct Output {
    kind: &'static FileKind,
    format: Box<dyn Format>,
    /// The beginning of the file. Rows that are written anew begin with it too, and it stays if a
    /// document does not fit.
    beginning: Vec<u8>,
    file: File,
}

impl Output {
    /// Whether its rows are written anew when tokens have been counted.
    fn is_rewritten(&self) -> bool {
        self.kind.is_recounted && !self.kind.is_document
    }

    fn begin(&mut self, about: &About, is_over: bool) -> io::Result<()> {
        if !(is_over && self.kind.is_document) {
            self.beginning = self.format.begin(about);
        }
        if self.kind.is_document {
            self.file.begin_document(&self.beginning)
        } else {
            self.file.begin(&self.beginning)
        }
    }

    fn start_over(&mut self) -> io::Result<()> {
        self.format.start_over();
        if self.kind.is_document {
            return Ok(());
        }
        self.file.start_over(&self.beginning)
    }

    fn sample(&mut self, sample: &Sample, rows: &mut Vec<u8>) -> io::Result<()> {
        rows.clear();
        self.format.sample(sample, rows);
        self.file.push(rows)
    }

    fn finish(&mut self, results: &Results<'_>) -> io::Result<()> {
        self.file.flush()?;
        if !self.kind.is_document || !self.file.is_open() {
            return Ok(());
        }
        let document = self.format.document(results);
        self.file.replace(&document, &self.beginning)
    }
}

/// Files that can no longer be written, each named once; the other files go on.
pub type WriteErrors = Vec<WriteError>;

impl Outputs {
    /// A spool beside the run's first file, where there is space for results; else among the system's
    /// temporary files, which may lie in memory.
    fn new_spool(&self) -> Result<Spool, WriteError> {
        let mut files = self.open.iter().map(|output| &output.file);
        let beside = files.find(|file| file.is_rewritable());
        if let Some(directory) = beside.and_then(|file| file.path().parent())
            && let Ok(spool) = Spool::create(directory)
        {
            return Ok(spool);
        }
        let directory = env::temp_dir();
        Spool::create(&directory).map_err(|error| WriteError::texts(&directory, error))
    }

    /// Calls `act` with each file that `meant` chooses.
    fn each(
        &mut self,
        meant: impl Fn(&Output) -> bool,
        mut act: impl FnMut(&mut Output, &mut Vec<u8>) -> io::Result<()>,
    ) -> WriteErrors {
        let mut errors = Vec::new();
        for output in self.open.iter_mut().filter(|output| meant(output)) {
            if let Err(error) = act(output, &mut self.rows) {
                let (path, optional) = (output.file.path(), output.kind.has_events);
                errors.push(WriteError::failed(path, error, optional));
            }
        }
        errors
    }

    /// Takes a sample of the run.
    pub fn on(&mut self, sample: &Sample) -> WriteErrors {
        // No file takes chunks, and chunks are most samples.
        if matches!(sample, Sample::Progress(_)) {
            return Vec::new();
        }
        let mut errors = self.each(|_| true, |output, rows| output.sample(sample, rows));
        if let Sample::Finished(request) = sample
            && let Some(mut spool) = self.spool.take()
        {
            match spool.push(request) {
                Ok(()) => self.spool = Some(spool),
                // All requests are counted or none: a part is of no use.
                Err(error) => errors.push(WriteError::texts(spool.directory(), error)),
            }
        }
        errors
    }

    /// Takes whole rows for a kind of file.
    pub fn push(&mut self, kind: &FileKind, rows: &[u8]) -> WriteErrors {
        let meant = |output: &Output| output.kind == kind;
        self.each(meant, |output, _| output.file.push(rows))
    }

    /// Hands all gathered rows to the system. To be called several times a second.
    pub fn flush(&mut self) -> WriteErrors {
        self.each(|_| true, |output, _| output.file.flush())
    }

    /// Writes the rest and the documents. A document that cannot be written stays the document of a
    /// run that has not ended.
    pub fn finish(&mut self, results: &Results<'_>) -> WriteErrors {
        self.each(|_| true, |output, _| output.finish(results))
    }

    /// Whether there is a file of that kind.
    #[must_use]
    pub fn has(&self, kind: &FileKind) -> bool {
        self.open.iter().any(|output| output.kind == kind)
    }

    /// The paths of the files, without standard output.
    pub fn paths(&self) -> impl Iterator<Item = (&'static FileKind, &Path)> {
        let named = self.open.iter().filter(|output| !output.file.is_stdout());
        named.map(|output| (output.kind, output.file.path()))
    }

    /// Whether requests are kept until they are counted.
    #[must_use]
    pub fn keeps_requests(&self) -> bool {
        self.spool.is_some()
    }

    /// Hands out the kept requests; `None` unless all were kept.
    pub fn kept_requests(&mut self) -> Option<Spool> {
        self.spool.take()
    }

    /// Begins to make the files that depend on counted tokens anew, from the requests that
    /// [`Outputs::recount`] takes. The old rows stay until [`Outputs::settle`].
    pub fn start_over(&mut self) -> WriteErrors {
        self.each(|o| o.kind.is_recounted, |output, _| output.start_over())
    }

    /// Takes a request once more.
    pub fn recount(&mut self, sample: &Sample) -> WriteErrors {
        self.each(
            |output| output.kind.is_recounted,
            |output, rows| output.sample(sample, rows),
        )
    }

    /// Puts the new rows in the place of the old rows, which stay if this fails.
    pub fn settle(&mut self) -> WriteErrors {
        self.each(Output::is_rewritten, |output, _| output.file.settle())
    }
}

#[cfg(test)]
mod tests;
