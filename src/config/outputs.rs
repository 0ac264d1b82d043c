//! The files to write, as far as the command line tells: that they can be written is seen when they
//! are opened.

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
    let file = |file: &FileArg| {
        let default = file.kind.no_flag.map(|_| Path::new(REPORT_DIRECTORY));
        Ok((file.kind, destination(file, default)?))
    };
    checked(OutputConfig {
        files: raw
            .files
            .0
            .iter()
            .map(file)
            .collect::<Result<_, Message>>()?,
        csv_bom: raw.csv_bom,
        language,
        brand: brand(&raw.brand),
        keep_requests: raw.tokenizer.is_some(),
    })
}

/// Reads the flags of `sse-perf report`: its report goes beside the first file by default.
///
/// # Errors
///
/// If what they say cannot be.
pub fn report_outputs(raw: &ReportArgs, language: Language) -> Result<OutputConfig, Message> {
    let first = raw.files.first().map(Path::new).and_then(Path::parent);
    let beside = first.filter(|directory| !directory.as_os_str().is_empty());
    let beside = beside.unwrap_or(Path::new("."));
    let files = [
        (&csv::KIND, &raw.csv, false, None),
        (&json::KIND, &raw.json, false, None),
        (&html::KIND, &raw.html_report, raw.no_html, Some(beside)),
    ];
    let file = |(kind, place, none, default): (&'static FileKind, &Option<String>, bool, _)| {
        let place = place.clone();
        Ok((kind, destination(&FileArg { kind, place, none }, default)?))
    };
    checked(OutputConfig {
        files: files
            .into_iter()
            .map(file)
            .collect::<Result<_, Message>>()?,
        language,
        brand: brand(&raw.brand),
        ..OutputConfig::default()
    })
}

/// Where a file goes. `default` is the directory of a file that nobody asked for; without one there
/// is no such file.
fn destination(file: &FileArg, default: Option<&Path>) -> Result<Destination, Message> {
    let FileKind {
        flag,
        no_flag,
        only_file,
        ..
    } = *file.kind;
    let no_flag = no_flag.filter(|_| default.is_some());
    match (file.place.as_deref(), no_flag, only_file) {
        (None, ..) if file.none => Ok(Destination::None),
        (None, ..) => Ok(default.map_or(Destination::None, |directory| {
            Destination::Default(directory.to_owned())
        })),
        (Some(place), Some(no_flag), _) if file.none => Err(Message::new("usage.file_and_none")
            .with("flag", flag)
            .with("value", shown(place))
            .with("other", no_flag)),
        (Some(""), Some(no_flag), _) => Err(Message::new("usage.file_unnamed")
            .with("flag", flag)
            .with("other", no_flag)),
        (Some(place @ ("" | "-")), _, Some(only_file)) => {
            Err(Message::new(only_file).with("value", shown(place)))
        }
        (Some(""), ..) => Err(Message::new("usage.file_missing").with("flag", flag)),
        (Some("-"), ..) => Ok(Destination::Stdout),
        (Some(place), ..) => Ok(Destination::File(place.into())),
    }
}

/// Checks that none of the files to write is one of those that were read.
///
/// # Errors
///
/// If one is.
pub fn check_inputs(config: &OutputConfig, inputs: &[PathBuf]) -> Result<(), Message> {
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for (flag, path) in places(config) {
        if inputs
            .iter()
            .any(|input| canonical(input) == canonical(path))
        {
            return Err(Message::new("usage.report_over_input")
                .with("flag", flag)
                .with("value", shown(&path.display().to_string())));
        }
    }
    Ok(())
}

/// The files that were named, by their flags.
fn places(config: &OutputConfig) -> impl Iterator<Item = (&'static str, &Path)> {
    config
        .wanted()
        .filter_map(|(kind, destination)| match destination {
            Destination::File(path) => Some((kind.flag, path.as_path())),
            _ => None,
        })
}

/// Two results do not go to one place.
fn checked(config: OutputConfig) -> Result<OutputConfig, Message> {
    let to_stdout = config
        .wanted()
        .filter(|(_, place)| **place == Destination::Stdout);
    let to_stdout: Vec<_> = to_stdout.map(|(kind, _)| kind).collect();
    let corrected = |kind: &&FileKind| kind.is_recounted && !kind.is_document;
    if config.keep_requests && to_stdout.iter().any(corrected) {
        return Err(Message::new("usage.tokenizer_stdout"));
    }
    if let [one, other, ..] = to_stdout[..] {
        return Err(Message::new("usage.stdout_twice")
            .with("flag", one.flag)
            .with("other", other.flag));
    }
    let places: Vec<_> = places(&config).collect();
    for (index, (flag, path)) in places.iter().enumerate() {
        if let Some((other, _)) = places[..index].iter().find(|(_, used)| used == path) {
            return Err(Message::new("usage.file_twice")
                .with("flag", other)
                .with("other", flag)
                .with("value", shown(&path.display().to_string())));
        }
    }
    Ok(config)
}

/// The brand's name in the report; `none` and nothing are none.
pub(super) fn brand(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value != "none").then(|| value.to_owned())
}
