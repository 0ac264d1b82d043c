//! `sse-perf report`: the report of finished runs, made from their files.

use std::path::PathBuf;

use super::{Ends, Exit, Stop, Waiting, printed};
use crate::cli::{ReportArgs, Run};
use crate::config::{check_inputs, report_outputs};
use crate::output::console::{Closing, Settings};
use crate::output::saved::{self, Saved};
use crate::output::{Formats, OutputConfig, Outputs, WriteError, csv};
use crate::text::{Language, Message};

impl Run for ReportArgs {
    /// Reads the files, writes the outputs, and shows the statistics.
    fn run(&self, language: Language) -> Ends {
        let outputs = report_outputs(self, language).map_err(Stop::usage)?;
        let files: Vec<PathBuf> = self.files.iter().map(PathBuf::from).collect();
        let mut formats = Formats::new(&outputs);
        let mut waiting = Waiting::new(language);
        let saved = saved::read(&files, &mut formats, &mut |path, part| {
            waiting.tell(part, || {
                Message::new("saved.reading").with("path", path.display())
            });
        });
        let saved = saved.map_err(Stop::usage)?;
        check_inputs(&outputs, &saved.files).map_err(Stop::usage)?;
        match write(&saved, formats, &stem(&files)) {
            Ok(written) => show(&saved, &outputs, &written, language),
            // The reader of the output has gone.
            Err(message) if message.id() == "files.broken_pipe" => Ok(Exit::Ok),
            Err(message) => Err(Stop::not_done(message)),
        }
    }
}

/// Writes the files; the message is about the first that cannot be written.
fn write(saved: &Saved, formats: Formats, stem: &str) -> Result<Outputs, Message> {
    let first = |errors: Vec<WriteError>| errors.first().map_or(Ok(()), |e| Err(e.message()));
    let opened = formats.open(stem, &saved.about);
    let mut outputs = opened.map_err(|error| error.message())?;
    if outputs.has(&csv::KIND) {
        saved.copy_rows(|row| first(outputs.push(&csv::KIND, row)))?;
    }
    first(outputs.finish(&saved.results()))?;
    Ok(outputs)
}

/// The stem of default file names: that of the first input.
fn stem(inputs: &[PathBuf]) -> String {
    let first = inputs.first().and_then(|path| path.file_stem());
    let stem = first.map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let of_run = stem.strip_prefix("requests_").or(stem.strip_prefix("run_"));
    of_run.unwrap_or(&stem).to_owned()
}

/// Shows the statistics as the run did.
fn show(saved: &Saved, config: &OutputConfig, outputs: &Outputs, language: Language) -> Ends {
    let settings = Settings {
        language,
        quiet: true,
        ..Settings::default()
    };
    let files: Vec<_> = outputs.paths().collect();
    // The summary shows an interruption at its top, not among the warnings.
    let warnings = saved.about.warnings.iter().cloned();
    let (interruptions, mut warnings): (Vec<_>, Vec<_>) =
        warnings.partition(|message| message.id() == "console.summary.interrupted");
    warnings.extend_from_slice(&saved.notices);
    let closing = Closing {
        run: Some(&saved.about.run),
        files: &files,
        warnings: &warnings,
        interrupted: !interruptions.is_empty(),
    };
    printed(super::console(config, settings).summary(&saved.summary, &closing))
}
