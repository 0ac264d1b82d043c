//! Finds and reads the files of saved runs.

use std::fmt::Display;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::output::csv::read::Reader;
use crate::output::json::read::{SavedRun, read};
use crate::output::{FileKind, csv, json};
use crate::text::Message;

/// The files to be read.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) csvs: Vec<PathBuf>,
    pub(super) jsons: Vec<PathBuf>,
    /// The contents of the JSONs.
    pub(super) runs: Vec<SavedRun>,
    /// Messages about files that could not be used.
    pub(super) notices: Vec<Message>,
}

/// Says why a file cannot be used.
fn unusable(id: &'static str, path: &Path, error: impl Display) -> Message {
    let message = Message::new(id).with("path", path.display());
    message.with("error", error)
}

/// Says why a file cannot be read.
pub(super) fn unreadable(path: &Path) -> impl Fn(io::Error) -> Message {
    move |error| unusable("saved.unreadable", path, error)
}

impl Sources {
    /// Sorts the files into CSVs and JSONs, and adds the other file of each run.
    pub(super) fn find(files: &[PathBuf]) -> Result<Self, Message> {
        let mut sources = Self::default();
        for path in files {
            let is_json = is_json(path).map_err(unreadable(path))?;
            let (csvs, jsons) = (&mut sources.csvs, &mut sources.jsons);
            add(if is_json { jsons } else { csvs }, path.clone());
        }
        for path in &sources.jsons {
            sources.runs.push(run(path)?);
            match beside(path, &json::KIND, &csv::KIND) {
                Some(csv) => add(&mut sources.csvs, csv),
                None if sources.csvs.is_empty() => {
                    return Err(Message::new("saved.no_csv").with("path", path.display()));
                }
                None => {}
            }
        }
        for csv in &sources.csvs {
            let json = beside(csv, &csv::KIND, &json::KIND);
            let new = json.filter(|path| !is_in(&sources.jsons, path));
            match new.map(|path| (run(&path), path)) {
                Some((Ok(run), path)) => {
                    sources.runs.push(run);
                    sources.jsons.push(path);
                }
                Some((Err(message), _)) => sources.notices.push(message),
                None => {}
            }
        }
        Ok(sources)
    }
}

/// Adds a file, unless it is in the list.
fn add(files: &mut Vec<PathBuf>, path: PathBuf) {
    if !is_in(files, &path) {
        files.push(path);
    }
}

fn is_in(files: &[PathBuf], path: &Path) -> bool {
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut files = files.iter();
    files.any(|known| canonical(known) == canonical(path))
}

/// Whether a file begins with `{`, as a run JSON does and no requests CSV does.
fn is_json(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    fs::File::open(path)?.take(64).read_to_end(&mut beginning)?;
    let text = beginning
        .strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(&beginning);
    Ok(text.trim_ascii_start().starts_with(b"{"))
}

/// The run's file of another kind, if it exists. Default names differ in their first word and their
/// extension, given names in their extension alone.
fn beside(path: &Path, this: &FileKind, other: &FileKind) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(this.extension)?;
    let default = stem.strip_prefix(this.name);
    let default = default.map(|stem| format!("{}{stem}{}", other.name, other.extension));
    let given = format!("{stem}{}", other.extension);
    let names = default.into_iter().chain([given]);
    names
        .map(|name| path.with_file_name(name))
        .find(|path| path.exists())
}

fn run(path: &Path) -> Result<SavedRun, Message> {
    let document = fs::read(path).map_err(unreadable(path))?;
    let document = document
        .strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(&document);
    read(document).map_err(|error| unusable("saved.not_run", path, error))
}

/// Opens a requests CSV. Returns its reader, and its length in bytes.
pub(super) fn open(path: &Path) -> Result<(Reader<fs::File>, u64), Message> {
    let file = fs::File::open(path).map_err(unreadable(path))?;
    let length = file.metadata().map_err(unreadable(path))?.len();
    let reader = Reader::new(file);
    let reader = reader.map_err(|error| unusable("saved.not_csv", path, error))?;
    Ok((reader, length))
}
