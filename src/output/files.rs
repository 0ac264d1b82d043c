//! The one place that owns a run's files: names them, opens them before the run, and writes to them
//! what the renderers make.

mod error;
mod kept;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::file::File;
use super::spool::Spool;
use super::{Destination, OutputConfig};

pub use error::WriteError;

const STAMP: StaticFormatDescription =
    format_description!("[year][month][day]_[hour][minute][second]");

/// How many characters of a model's name are in a file's name: systems allow 255 bytes in all.
const MODEL_CHARS: usize = 50;

/// The files of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// The requests CSV.
    Requests,
    /// The events CSV.
    Events,
    /// The run JSON.
    Run,
    /// The report.
    Report,
}

impl FileKind {
    /// What a default name begins with.
    fn prefix(self) -> &'static str {
        match self {
            FileKind::Requests => "requests",
            FileKind::Events => "events",
            FileKind::Run => "run",
            FileKind::Report => "report",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            FileKind::Requests | FileKind::Events => "csv",
            FileKind::Run => "json",
            FileKind::Report => "html",
        }
    }

    /// The text that says that it cannot be written, and what to do.
    fn refusal(self) -> &'static str {
        match self {
            FileKind::Requests => "files.cannot_write_csv",
            FileKind::Events => "files.cannot_write_events",
            FileKind::Run => "files.cannot_write_json",
            FileKind::Report => "files.cannot_write_report",
        }
    }
}

/// The default names of a run's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// `[model_]YYYYMMDD_HHMMSS`.
    stem: String,
}

impl Names {
    /// The names of a run that started then, with that model. Of the model's name letters, digits,
    /// `-` and `_` are kept.
    #[must_use]
    pub fn new(model: Option<&str>, started: OffsetDateTime) -> Self {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let model: String = model
            .unwrap_or_default()
            .chars()
            .filter(kept)
            .take(MODEL_CHARS)
            .collect();
        let stamp = started.format(STAMP).unwrap_or_default();
        let stem = if model.is_empty() {
            stamp
        } else {
            format!("{model}_{stamp}")
        };
        Self { stem }
    }

    /// The names of that stem.
    #[must_use]
    pub fn of_stem(stem: &str) -> Self {
        Self {
            stem: stem.to_owned(),
        }
    }

    /// A file's name, the `number`th (from 1) that is tried.
    fn name(&self, kind: FileKind, number: u32) -> String {
        let (prefix, stem, extension) = (kind.prefix(), &self.stem, kind.extension());
        match number {
            1 => format!("{prefix}_{stem}.{extension}"),
            n => format!("{prefix}_{stem}_{n}.{extension}"),
        }
    }
}

/// What each file begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Openings {
    /// Of the requests CSV.
    pub requests: Vec<u8>,
    /// Of the events CSV.
    pub events: Vec<u8>,
    /// The documents of a run that has not ended.
    pub documents: Documents,
}

/// What is written as a whole, in place of what was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    /// The run JSON.
    pub run: Vec<u8>,
    /// The report.
    pub report: Vec<u8>,
}

impl Documents {
    /// The document of that kind; `None` for a kind that is written in rows.
    fn get(&self, kind: FileKind) -> Option<&[u8]> {
        match kind {
            FileKind::Run => Some(&self.run),
            FileKind::Report => Some(&self.report),
            FileKind::Requests | FileKind::Events => None,
        }
    }
}

/// A run's files, open.
#[derive(Debug)]
pub struct Files {
    open: Vec<(FileKind, File)>,
    /// The documents as they were at the start: go back in place should a final one not fit.
    preliminary: Documents,
    /// The requests, where they are kept until they are counted.
    spool: Option<Spool>,
}

impl Files {
    /// Opens all files and writes what they begin with. Default names are never those of files
    /// that exist, and have the same stem; given ones are overwritten, once all files are open.
    ///
    /// # Errors
    ///
    /// The first file that cannot be opened or written. Those of default names are removed again.
    pub fn open(
        config: &OutputConfig,
        names: &Names,
        openings: Openings,
    ) -> Result<Self, WriteError> {
        let mut files = Self {
            open: open_all(config, names)?,
            preliminary: Documents::default(),
            spool: None,
        };
        let begun = files
            .keep_if(config.keep_requests)
            .and_then(|()| files.begin(openings));
        if let Err(error) = begun {
            remove_created(&files.open);
            return Err(error);
        }
        Ok(files)
    }

    fn begin(&mut self, openings: Openings) -> Result<(), WriteError> {
        self.preliminary = openings.documents;
        self.open.iter_mut().try_for_each(|(kind, file)| {
            match kind {
                FileKind::Requests => file.begin(&openings.requests),
                FileKind::Events => file.begin(&openings.events),
                FileKind::Run => file.begin_document(&self.preliminary.run),
                FileKind::Report => file.begin_document(&self.preliminary.report),
            }
            .map_err(|source| WriteError::refused(*kind, file.path(), source))
        })
    }

    /// Takes whole rows for a CSV file; nothing where there is none, or no longer.
    ///
    /// # Errors
    ///
    /// If so much has gathered that it had to be written, and could not be.
    pub fn push(&mut self, kind: FileKind, rows: &[u8]) -> Result<(), WriteError> {
        match self.of(kind) {
            Some(file) => file
                .push(rows)
                .map_err(|source| WriteError::failed(file.path(), source)),
            None => Ok(()),
        }
    }

    fn of(&mut self, kind: FileKind) -> Option<&mut File> {
        let file = self.open.iter_mut().find(|(k, _)| *k == kind);
        file.map(|(_, file)| file)
    }

    /// Hands all rows to the system.
    ///
    /// # Errors
    ///
    /// One for each file that can no longer be written; it is left out from then on.
    pub fn flush(&mut self) -> Result<(), Vec<WriteError>> {
        let errors = self.for_each(File::flush);
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Hands all rows to the system and puts the final documents in the preliminary ones' place.
    ///
    /// # Errors
    ///
    /// One for each file that could not be written. A document that could not stays the
    /// preliminary one.
    pub fn finish(&mut self, documents: &Documents) -> Result<(), Vec<WriteError>> {
        let mut errors = self.for_each(File::flush);
        for (kind, file) in &mut self.open {
            let (Some(document), Some(preliminary)) =
                (documents.get(*kind), self.preliminary.get(*kind))
            else {
                continue;
            };
            if let Err(source) = file.replace(document, preliminary) {
                errors.push(WriteError::failed(file.path(), source));
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    fn for_each(&mut self, act: fn(&mut File) -> io::Result<()>) -> Vec<WriteError> {
        let files = self.open.iter_mut();
        files
            .filter_map(|(_, file)| {
                let error = act(file).err()?;
                Some(WriteError::failed(file.path(), error))
            })
            .collect()
    }

    /// Whether there is a file of that kind.
    #[must_use]
    pub fn has(&self, kind: FileKind) -> bool {
        self.open.iter().any(|(k, _)| *k == kind)
    }

    /// Where the files are, standard output not among them.
    pub fn paths(&self) -> impl Iterator<Item = (FileKind, &Path)> {
        let named = self.open.iter().filter(|(_, file)| !file.is_stdout());
        named.map(|(kind, file)| (*kind, file.path()))
    }
}

/// Opens everything, default names under the first number that is free for all of them.
fn open_all(config: &OutputConfig, names: &Names) -> Result<Vec<(FileKind, File)>, WriteError> {
    let events = config
        .events
        .clone()
        .map_or(Destination::None, Destination::File);
    let wanted = [
        (FileKind::Requests, &config.csv),
        (FileKind::Events, &events),
        (FileKind::Run, &config.json),
        (FileKind::Report, &config.report),
    ];
    for (kind, destination) in wanted {
        if let Destination::Default(directory) = destination {
            fs::create_dir_all(directory)
                .map_err(|source| WriteError::refused(kind, directory, source))?;
        }
    }
    let mut number = 1;
    loop {
        let mut open = Vec::new();
        let outcome = wanted.iter().try_for_each(|(kind, destination)| {
            let name = names.name(*kind, number);
            open.extend(open_one(*kind, destination, &name)?.map(|file| (*kind, file)));
            Ok(())
        });
        match outcome {
            Ok(()) => return Ok(open),
            Err(NotOpened::Taken) => remove_created(&open),
            Err(NotOpened::Refused(error)) => {
                remove_created(&open);
                return Err(error);
            }
        }
        number += 1;
    }
}

enum NotOpened {
    /// There is a file of this default name.
    Taken,
    Refused(WriteError),
}

fn open_one(
    kind: FileKind,
    destination: &Destination,
    name: &str,
) -> Result<Option<File>, NotOpened> {
    let (path, opened) = match destination {
        Destination::None => return Ok(None),
        Destination::Stdout => (PathBuf::from("-"), File::stdout()),
        Destination::File(path) => (path.clone(), File::given(path)),
        Destination::Default(directory) => {
            let path = directory.join(name);
            let opened = File::new(&path);
            (path, opened)
        }
    };
    let fresh = matches!(destination, Destination::Default(_));
    opened.map(Some).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists if fresh => NotOpened::Taken,
        _ => NotOpened::Refused(WriteError::refused(kind, &path, source)),
    })
}

fn remove_created(open: &[(FileKind, File)]) {
    for (_, file) in open.iter().filter(|(_, file)| file.is_created()) {
        // It is empty but for its header: of no use, and no harm if it stays.
        let _ = fs::remove_file(file.path());
    }
}

#[cfg(test)]
mod tests;
