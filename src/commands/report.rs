//! `sse-perf report`: the report of runs that are over, made from their files.

use std::io;
use std::path::{Path, PathBuf};

use super::{Exit, Waiting, complain};
use crate::cli::ReportArgs;
use crate::config::{check_inputs, report_outputs};
use crate::output::console::Closing;
use crate::output::files::{Files, Names, Openings};
use crate::output::html::{self, Page};
use crate::output::json::{Document, Results};
use crate::output::saved::{self, Saved};
use crate::output::{Destination, Documents, FileKind, OutputConfig, WriteError, csv};
use crate::plan::ConsoleConfig;
use crate::text::{Language, Message};

/// Reads the files, writes what is wanted of them, and shows the statistics.
pub(super) fn make(args: &ReportArgs, language: Language) -> Exit {
    let outputs = match report_outputs(args) {
        Ok(outputs) => outputs,
        Err(message) => return super::usage(&message, language),
    };
    let files: Vec<PathBuf> = args.files.iter().map(PathBuf::from).collect();
    let mut waiting = Waiting::new(language);
    let read = saved::read(&files, &mut |path, part| {
        waiting.tell(|| reading(path, part));
    });
    let checked = read.and_then(|saved| {
        check_inputs(&outputs, &saved.files)?;
        Ok(saved)
    });
    let saved = match checked {
        Ok(saved) => saved,
        Err(message) => return super::usage(&message, language),
    };
    match write(&saved, &outputs, &files, language) {
        Ok(files) => show(&saved, &outputs, &files, language),
        Err(NotWritten::Closed) => Exit::Ok,
        Err(NotWritten::Failed(message)) => {
            complain(&message, language);
            Exit::NotDone
        }
    }
}

/// How far the reading has come.
fn reading(path: &Path, part: f64) -> Message {
    Message::new("saved.reading")
        .with("path", path.display())
        .with("percent", format_args!("{:.0}", part * 100.0))
}

/// Why there are no files.
enum NotWritten {
    /// Whoever read the output has gone.
    Closed,
    Failed(Message),
}

impl From<Message> for NotWritten {
    fn from(message: Message) -> Self {
        NotWritten::Failed(message)
    }
}

impl From<WriteError> for NotWritten {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::BrokenPipe => NotWritten::Closed,
            error => NotWritten::Failed(error.message()),
        }
    }
}

/// Writes the files, and returns where they are.
fn write(
    saved: &Saved,
    outputs: &OutputConfig,
    inputs: &[PathBuf],
    language: Language,
) -> Result<Vec<(FileKind, PathBuf)>, NotWritten> {
    let openings = Openings {
        requests: csv::header(),
        ..Openings::default()
    };
    let mut files = Files::open(outputs, &names(inputs), openings)?;
    if outputs.csv != Destination::None {
        saved.copy_rows(|row| Ok::<_, NotWritten>(files.push(FileKind::Requests, row)?))?;
    }
    if let Err(errors) = files.finish(&documents(saved, outputs, language)) {
        let first = errors.into_iter().next();
        return Err(first.map_or(NotWritten::Closed, NotWritten::from));
    }
    let paths = files.paths().map(|(kind, path)| (kind, path.to_owned()));
    Ok(paths.collect())
}

/// The names of the files that have none: the first file's stem.
fn names(inputs: &[PathBuf]) -> Names {
    let first = inputs.first().and_then(|path| path.file_stem());
    let stem = first.map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let of_run = stem.strip_prefix("requests_").or(stem.strip_prefix("run_"));
    Names::of_stem(of_run.unwrap_or(&stem))
}

fn documents(saved: &Saved, outputs: &OutputConfig, language: Language) -> Documents {
    let mut about = saved.about.clone();
    about.warnings.extend(saved.notices.iter().cloned());
    let json = (outputs.json != Destination::None).then(|| {
        Document {
            about: &saved.about,
            results: Some(Results {
                summary: &saved.summary,
                ticks: saved.stats.ticks(),
                waterfall: saved.waterfall.as_ref(),
            }),
        }
        .render()
    });
    let page = (outputs.report != Destination::None).then(|| {
        let names: Vec<String> = saved
            .files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        html::render(&Page {
            language,
            brand: outputs.brand.as_deref(),
            about: &about,
            runs: saved.runs,
            files: &names,
            users: saved.users,
            summary: &saved.summary,
            stats: &saved.stats,
            whole: saved.whole,
            charts: &saved.charts,
            waterfall: saved.waterfall.as_ref(),
        })
    });
    Documents {
        run: json.unwrap_or_default(),
        report: page.unwrap_or_default(),
    }
}

/// Shows the statistics as the run did.
fn show(
    saved: &Saved,
    outputs: &OutputConfig,
    files: &[(FileKind, PathBuf)],
    language: Language,
) -> Exit {
    let settings = ConsoleConfig {
        language,
        quiet: true,
        show_text: false,
    };
    let mut console = super::console(outputs, settings, false);
    let files: Vec<(FileKind, &Path)> = files
        .iter()
        .map(|(kind, path)| (*kind, path.as_path()))
        .collect();
    // The run said this at its top, not among its warnings.
    let is_interruption = |message: &&Message| message.id() == "console.summary.interrupted";
    let said = saved.about.warnings.iter();
    let warnings: Vec<Message> = said
        .filter(|message| !is_interruption(message))
        .chain(&saved.notices)
        .cloned()
        .collect();
    let closing = Closing {
        run: Some(&saved.about.run),
        files: &files,
        warnings: &warnings,
        interrupted: saved
            .about
            .warnings
            .iter()
            .any(|message| is_interruption(&message)),
    };
    match console.summary(&saved.summary, &closing) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(
                &Message::new("output.stdout").with("error", error),
                language,
            );
            Exit::NotDone
        }
        _ => Exit::Ok,
    }
}
