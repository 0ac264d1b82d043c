//! The files to write, as the command line names them. Opening a file shows whether it can be
//! written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{FileArg, OutputArgs, ReportArgs};
use crate::output::{Destination, FileKind, OutputConfig, csv, html, json};
use crate::text::{Language, Message};
use crate::values::shown;

/// The directory of files without a name given.
const REPORT_DIRECTORY: &str = "report";

/// Reads the flags of outputs.
pub(super) fn outputs(raw: &OutputArgs, language: Language) -> Result<OutputConfig, Message> {
    let files = raw.files.0.iter().map(|file| {
        let default = file.kind.no_flag.map(|_| Path::new(REPORT_DIRECTORY));
        Ok((file.kind, destination(file, default)?))
    });
    checked(OutputConfig {
        files: files.collect::<Result<_, Message>>()?,
        csv_bom: raw.csv_bom,
        language,
        brand: brand(&raw.brand),
        keep_requests: raw.tokenizer.is_some(),
        is_over: false,
    })
}

/// Reads the flags of `sse-perf report`: its report goes beside the first file by default.
///
/// # Errors
///
/// If the flags are wrong.
pub fn report_outputs(raw: &ReportArgs, language: Language) -> Result<OutputConfig, Message> {
    let beside = raw.files.first().map(|first| directory(Path::new(first)));
    let files = [
        (&csv::KIND, &raw.csv, false, None),
        (&json::KIND, &raw.json, false, None),
        (&html::KIND, &raw.html_report, raw.no_html, beside),
    ];
    let files = files.into_iter().map(|(kind, place, none, default)| {
        let place = place.clone();
        Ok((kind, destination(&FileArg { kind, place, none }, default)?))
    });
    checked(OutputConfig {
        files: files.collect::<Result<_, Message>>()?,
        language,
        brand: brand(&raw.brand),
        is_over: true,
        ..OutputConfig::default()
    })
}

/// The directory of a file.
fn directory(path: &Path) -> &Path {
    let parent = path.parent();
    let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Where a file goes. `default` is the directory of a file that no flag asks for; without a
/// directory there is no such file.
fn destination(file: &FileArg, default: Option<&Path>) -> Result<Destination, Message> {
    let wrong = |id| Message::new(id).with("flag", file.kind.flag);
    let Some(place) = file.place.as_deref() else {
        let default = default.filter(|_| !file.none).map(Path::to_owned);
        return Ok(default.map_or(Destination::None, Destination::Default));
    };
    let no_flag = file.kind.no_flag.filter(|_| default.is_some());
    Err(match (place, no_flag, file.kind.only_file) {
        (_, Some(other), _) if file.none => wrong("usage.file_and_none")
            .with("value", shown(place))
            .with("other", other),
        ("", Some(other), _) => wrong("usage.file_unnamed").with("other", other),
        ("" | "-", _, Some(only_file)) => Message::about(only_file, place),
        ("", ..) => wrong("usage.file_missing"),
        ("-", ..) => return Ok(Destination::Stdout),
        _ => return Ok(Destination::File(place.into())),
    })
}

/// Checks that no file to write is one of the files that are read, by whatever name.
///
/// # Errors
///
/// If one is.
pub fn check_inputs(
    config: &OutputConfig,
    inputs: impl IntoIterator<Item = impl AsRef<Path>>,
) -> Result<(), Message> {
    let inputs = inputs.into_iter();
    let inputs: Vec<_> = inputs.map(|path| Identity::of(path.as_ref())).collect();
    for (flag, path) in places(config) {
        if inputs.contains(&Identity::of(path)) {
            let message = Message::about("usage.output_over_input", &path.to_string_lossy());
            return Err(message.with("flag", flag));
        }
    }
    Ok(())
}

/// The file to which a path leads. Two paths to one file are equal, also through symbolic and hard
/// links.
#[derive(PartialEq)]
enum Identity {
    /// A file that is there, by its device and its number on it.
    Inode(u64, u64),
    /// A path without links as far as its directories are there.
    Path(PathBuf),
}

impl Identity {
    fn of(path: &Path) -> Self {
        #[cfg(unix)]
        if let Ok(file) = fs::metadata(path)
            && file.is_file()
        {
            use std::os::unix::fs::MetadataExt as _;
            return Self::Inode(file.dev(), file.ino());
        }
        let parent = directory(path);
        // A link to a file that is not there yet.
        if let Ok(target) = fs::read_link(path) {
            return Self::of(&parent.join(target));
        }
        let directory = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
        Self::Path(directory.join(path.file_name().unwrap_or_default()))
    }
}

/// The files that were named, by their flags.
fn places(config: &OutputConfig) -> impl Iterator<Item = (&'static str, &Path)> {
    let wanted = config.wanted();
    wanted.filter_map(|(kind, destination)| match destination {
        Destination::File(path) => Some((kind.flag, path.as_path())),
        _ => None,
    })
}

/// Checks that no two results go to one place.
fn checked(config: OutputConfig) -> Result<OutputConfig, Message> {
    let twice = |id, flag, other| Message::new(id).with("flag", flag).with("other", other);
    let to_stdout = config.wanted();
    let to_stdout = to_stdout.filter(|(_, place)| **place == Destination::Stdout);
    let to_stdout: Vec<_> = to_stdout.map(|(kind, _)| kind).collect();
    let corrected = |kind: &&FileKind| kind.is_recounted && !kind.is_document;
    if config.keep_requests && to_stdout.iter().any(corrected) {
        return Err(Message::new("usage.tokenizer_stdout"));
    }
    if let [one, other, ..] = to_stdout[..] {
        return Err(twice("usage.stdout_twice", one.flag, other.flag));
    }
    let places = places(&config).map(|(flag, path)| (flag, path, Identity::of(path)));
    let places: Vec<_> = places.collect();
    for (index, (flag, path, file)) in places.iter().enumerate() {
        if let Some((first, ..)) = places[..index].iter().find(|(.., used)| used == file) {
            let message = twice("usage.file_twice", first, flag);
            return Err(message.with("value", shown(&path.to_string_lossy())));
        }
    }
    Ok(config)
}

/// The brand's name in the report; `none` and nothing are none.
pub(super) fn brand(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value != "none").then(|| value.to_owned())
}
