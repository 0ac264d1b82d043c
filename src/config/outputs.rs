//! The files to write, as far as the command line tells: that they can be written is seen when they
//! are opened.

use std::fs;
use std::path::{Path, PathBuf};

use super::show::shown;
use crate::cli::{OutputArgs, ReportArgs};
use crate::output::{Destination, OutputConfig};
use crate::text::Message;

/// The directory of files without a name given.
const REPORT_DIRECTORY: &str = "report";

/// Reads the flags of outputs.
pub(super) fn outputs(raw: &OutputArgs) -> Result<OutputConfig, Message> {
    let events = match raw.events.as_deref() {
        Some(value @ ("" | "-")) => {
            return Err(Message::new("usage.events").with("value", shown(value)));
        }
        events => events.map(PathBuf::from),
    };
    let directory = || Destination::Default(REPORT_DIRECTORY.into());
    checked(OutputConfig {
        csv: destination(
            "--csv",
            raw.csv.as_deref(),
            "--no-csv",
            raw.no_csv,
            directory,
        )?,
        csv_bom: raw.csv_bom,
        json: destination(
            "--json",
            raw.json.as_deref(),
            "--no-json",
            raw.no_json,
            directory,
        )?,
        events,
        report: report(raw.html_report.as_deref(), raw.no_html, directory)?,
        brand: brand(&raw.brand),
        keep_requests: raw.tokenizer.is_some(),
    })
}

/// Reads the flags of `sse-perf report`: its report goes beside the first file by default.
///
/// # Errors
///
/// If what they say cannot be.
pub fn report_outputs(raw: &ReportArgs) -> Result<OutputConfig, Message> {
    let first = raw.files.first().map(Path::new).and_then(Path::parent);
    let beside = first.filter(|directory| !directory.as_os_str().is_empty());
    let directory = || Destination::Default(beside.unwrap_or(Path::new(".")).to_owned());
    checked(OutputConfig {
        csv: wanted("--csv", raw.csv.as_deref())?,
        csv_bom: false,
        json: wanted("--json", raw.json.as_deref())?,
        events: None,
        report: report(raw.html_report.as_deref(), raw.no_html, directory)?,
        brand: brand(&raw.brand),
        keep_requests: false,
    })
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
    [
        ("--csv", file_of(&config.csv)),
        ("--json", file_of(&config.json)),
        ("--events", config.events.as_deref()),
        ("--html-report", file_of(&config.report)),
    ]
    .into_iter()
    .filter_map(|(flag, path)| Some((flag, path?)))
}

fn file_of(destination: &Destination) -> Option<&Path> {
    match destination {
        Destination::File(path) => Some(path),
        _ => None,
    }
}

/// Two results do not go to one place.
fn checked(config: OutputConfig) -> Result<OutputConfig, Message> {
    if config.csv == Destination::Stdout && config.keep_requests {
        return Err(Message::new("usage.tokenizer_stdout"));
    }
    if config.csv == Destination::Stdout && config.json == Destination::Stdout {
        return Err(Message::new("usage.stdout_twice"));
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

/// A file that is written only where it is asked for.
fn wanted(flag: &'static str, file: Option<&str>) -> Result<Destination, Message> {
    match file {
        None => Ok(Destination::None),
        Some("") => Err(Message::new("usage.file_missing").with("flag", flag)),
        Some("-") => Ok(Destination::Stdout),
        Some(file) => Ok(Destination::File(file.into())),
    }
}

fn report(
    file: Option<&str>,
    no: bool,
    default: impl Fn() -> Destination,
) -> Result<Destination, Message> {
    match destination("--html-report", file, "--no-html", no, default)? {
        Destination::Stdout => Err(Message::new("usage.html_report").with("value", shown("-"))),
        place => Ok(place),
    }
}

fn destination(
    flag: &'static str,
    file: Option<&str>,
    no_flag: &'static str,
    no: bool,
    default: impl Fn() -> Destination,
) -> Result<Destination, Message> {
    match (file, no) {
        (Some(file), true) => Err(Message::new("usage.file_and_none")
            .with("flag", flag)
            .with("value", shown(file))
            .with("other", no_flag)),
        (Some(""), _) => Err(Message::new("usage.file_unnamed")
            .with("flag", flag)
            .with("other", no_flag)),
        (Some("-"), _) => Ok(Destination::Stdout),
        (Some(file), _) => Ok(Destination::File(file.into())),
        (None, true) => Ok(Destination::None),
        (None, false) => Ok(default()),
    }
}
