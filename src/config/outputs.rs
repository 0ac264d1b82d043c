//! The files to write, as far as the command line tells: that they can be written is seen when they
//! are opened.

use std::path::PathBuf;

use super::show::shown;
use crate::cli::OutputArgs;
use crate::output::{Destination, OutputConfig};
use crate::text::Message;

/// The directory of files without a name given.
const REPORT_DIRECTORY: &str = "report";

/// Reads the flags of outputs.
pub(super) fn outputs(raw: &OutputArgs) -> Result<OutputConfig, Message> {
    let csv = destination("--csv", raw.csv.as_deref(), "--no-csv", raw.no_csv)?;
    let json = destination("--json", raw.json.as_deref(), "--no-json", raw.no_json)?;
    if csv == Destination::Stdout && json == Destination::Stdout {
        return Err(Message::new("usage.stdout_twice"));
    }
    let report = raw.html_report.as_deref();
    let report = destination("--html-report", report, "--no-html", raw.no_html)?;
    if report == Destination::Stdout {
        return Err(Message::new("usage.html_report").with("value", shown("-")));
    }
    let events = match raw.events.as_deref() {
        Some(value @ ("" | "-")) => {
            return Err(Message::new("usage.events").with("value", shown(value)));
        }
        events => events.map(PathBuf::from),
    };
    let file = |destination: &Destination| match destination {
        Destination::File(path) => Some(path.clone()),
        _ => None,
    };
    all_different(&[
        ("--csv", file(&csv)),
        ("--json", file(&json)),
        ("--events", events.clone()),
        ("--html-report", file(&report)),
    ])?;
    Ok(OutputConfig {
        csv,
        csv_bom: raw.csv_bom,
        json,
        events,
        report,
        brand: brand(&raw.brand),
    })
}

/// The brand's name in the report; `none` and nothing are none.
pub(super) fn brand(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value != "none").then(|| value.to_owned())
}

fn destination(
    flag: &'static str,
    file: Option<&str>,
    no_flag: &'static str,
    no: bool,
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
        (None, false) => Ok(Destination::Default(REPORT_DIRECTORY.into())),
    }
}

/// Two results do not go to one file.
fn all_different(files: &[(&'static str, Option<PathBuf>)]) -> Result<(), Message> {
    for (index, (flag, path)) in files.iter().enumerate() {
        let Some(path) = path else { continue };
        let earlier = &files[..index];
        if let Some((other, _)) = earlier.iter().find(|(_, used)| used.as_ref() == Some(path)) {
            return Err(Message::new("usage.file_twice")
                .with("flag", other)
                .with("other", flag)
                .with("value", shown(&path.display().to_string())));
        }
    }
    Ok(())
}
