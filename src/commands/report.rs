//! `sse-perf report`: the report of runs that are over, made from their files.

use std::io;
use std::path::{Path, PathBuf};

use super::{Exit, Waiting, complain};
use crate::cli::ReportArgs;
use crate::config::{check_inputs, report_outputs};
use crate::output::console::Closing;
use crate::output::saved::{self, Saved};
use crate::output::{Formats, OutputConfig, Outputs, WriteError, csv};
use crate::plan::ConsoleConfig;
use crate::text::{Language, Message};

/// Reads the files, writes what is wanted of them, and shows the statistics.
pub(super) fn make(args: &ReportArgs, language: Language) -> Exit {
    let outputs = match report_outputs(args, language) {
        Ok(outputs) => outputs,
        Err(message) => return super::usage(&message, language),
    };
    let files: Vec<PathBuf> = args.files.iter().map(PathBuf::from).collect();
    let mut formats = Formats::new(&outputs);
    let mut waiting = Waiting::new(language);
    let read = saved::read(&files, &mut formats, &mut |path, part| {
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
    match write(&saved, formats, &stem(&files)) {
        Ok(written) => show(&saved, &outputs, &written, language),
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
        if error.is_closed() {
            NotWritten::Closed
        } else {
            NotWritten::Failed(error.message())
        }
    }
}

/// Writes the files.
fn write(saved: &Saved, formats: Formats, stem: &str) -> Result<Outputs, NotWritten> {
    let mut outputs = formats.open(stem, &saved.about)?;
    if outputs.has(&csv::KIND) {
        saved.copy_rows(|row| first(outputs.push(&csv::KIND, row)))?;
    }
    first(outputs.finish(&saved.results()))?;
    Ok(outputs)
}

/// The first of several errors.
fn first(errors: Vec<WriteError>) -> Result<(), NotWritten> {
    errors
        .into_iter()
        .next()
        .map_or(Ok(()), |error| Err(error.into()))
}

/// What the names of the files that have none have in common: the first input's stem.
fn stem(inputs: &[PathBuf]) -> String {
    let first = inputs.first().and_then(|path| path.file_stem());
    let stem = first.map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let of_run = stem.strip_prefix("requests_").or(stem.strip_prefix("run_"));
    of_run.unwrap_or(&stem).to_owned()
}

/// Shows the statistics as the run did.
fn show(saved: &Saved, config: &OutputConfig, outputs: &Outputs, language: Language) -> Exit {
    let settings = ConsoleConfig {
        language,
        quiet: true,
        show_text: false,
    };
    let mut console = super::console(config, settings, false);
    let files: Vec<_> = outputs.paths().collect();
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
