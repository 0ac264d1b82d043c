//! `sse-perf [OPTIONS]`: a test, from its configuration to its exit code.

use std::sync::Arc;

use super::count::count;
use super::{Ends, Exit, Stop, complain};
use crate::cli::{Run, RunArgs};
use crate::clock::{Clock, Stamp};
use crate::collector::{Collected, Collector};
use crate::config::plan_json;
use crate::engine::{self, Finished, limits};
use crate::metrics::{RESPONSE, TRAILING};
use crate::output::about::About;
use crate::output::console::{Banner, Closing, Origin};
use crate::output::host::Host;
use crate::output::{Formats, Results, RunInfo, files};
use crate::plan::Plan;
use crate::random;
use crate::stats::{Grade, Summary, long_trailing};
use crate::text::{Language, Message};
use crate::workload;

impl Run for RunArgs {
    /// Runs the test that the flags describe.
    fn run(&self, language: Language) -> Ends {
        execute(&super::plan(self, language)?, None)
    }
}

/// Carries the plan out; shows `hint` last.
pub(super) fn execute(plan: &Arc<Plan>, hint: Option<&Message>) -> Ends {
    limits::check(plan.load.users()).map_err(Stop::usage)?;
    let finished = engine::run(plan, |clock, control| {
        let live = !plan.console.quiet && !plan.console.watched;
        Ok(Collector::new(clock, control, begin(plan, clock)?, live))
    });
    let finished = finished.map_err(Stop::not_done)?;
    Ok(conclude(plan, finished, hint))
}

/// Opens the files and shows the banner. A file that cannot be written fails here, before anything
/// is sent.
fn begin(plan: &Plan, clock: Clock) -> Result<Collected, Message> {
    let about = about(plan, clock);
    let stem = files::stem(plan.model.as_deref(), about.run.started);
    let outputs = Formats::new(&plan.outputs).open(&stem, &about);
    let outputs = outputs.map_err(|error| error.message())?;
    let mut console = super::console(&plan.outputs, plan.console);
    let (first, tokenizer) = (plan.workload.assignment(1), plan.tokenizer.as_ref());
    // The run itself ends early if the terminal has gone.
    let _ = console.banner(&Banner {
        version: env!("CARGO_PKG_VERSION"),
        run: &about.run,
        plan: &plan.load,
        turns: plan.workload.turns,
        think_time: plan.think_time,
        leaving: plan.leaving,
        seed: plan.seed,
        timeout: plan.transport.timeout,
        grace: plan.grace,
        queries: source(&plan.workload.queries, &first.sent.query),
        order: &plan.workload.order,
        unique: plan.workload.unique.is_some(),
        keys: source(&plan.workload.keys, &first.sent.masked_key),
        tokenizer: tokenizer.map(|tokenizer| tokenizer.path.as_path()),
        files: &outputs.paths().collect::<Vec<_>>(),
        warnings: &plan.warnings,
    });
    Ok(Collected::new(about, outputs, console))
}

/// The facts about the run before it begins.
fn about(plan: &Plan, clock: Clock) -> About {
    let host = Host::read();
    let run = RunInfo {
        run_id: run_id(),
        label: plan.label.clone(),
        client_host: host.name.clone(),
        target: plan.target.shown.clone(),
        protocol: plan.protocol.name.clone(),
        model: plan.model.clone(),
        started: clock.wall(Stamp::ZERO),
    };
    About {
        run,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        config: Some(plan_json(plan)),
        command_line: Some(plan.command_line.clone()),
        host: Some(host),
        plan: Some(plan.load.clone()),
        warnings: plan.warnings.clone(),
    }
}

/// An id that no other run has. The letter before the digits keeps readers from taking the id for a
/// number.
fn run_id() -> String {
    format!("r{:016x}", random::fresh())
}

/// Where queries or keys come from; `single` is the one value where it is no file.
fn source<'a, T>(items: &'a workload::Rotation<T>, single: &'a str) -> Origin<'a> {
    let count = items.items.len();
    let file = items.file.as_ref();
    file.map_or(Origin::Single(single), |path| Origin::File { path, count })
}

/// Warns where the server's usage and our own count are far apart.
fn disagreement(collected: &Collected) -> Option<Message> {
    let agreement = collected.stats.agreement;
    let percent = agreement.disagreement()?;
    let (id, own) = if agreement.tokenized {
        ("warning.tokenizer_disagrees", "tokenizer")
    } else {
        ("warning.tokens_disagree", "estimate")
    };
    let message = Message::new(id).with(own, agreement.own);
    let message = message.with("usage", agreement.usage);
    Some(message.with("percent", percent))
}

/// Saves and shows the results, and returns the exit code.
fn conclude(plan: &Plan, finished: Finished, hint: Option<&Message>) -> Exit {
    let (mut collected, interrupted) = (finished.collected, finished.interrupted);
    let count_stopped = count(plan, &mut collected);
    let disagreement = disagreement(&collected);
    let agreement = collected.stats.agreement;
    let counted = |id, count| (count > 0).then(|| Message::new(id).with("count", count));
    let implausible = counted("warning.usage_implausible", agreement.implausible);
    let mixed = counted("warning.models_mixed", agreement.mixed);
    let (stats, users) = (&collected.stats, plan.load.users());
    let summary = stats.summary(Some(&plan.load), plan.transport.user_clock);
    let mean = |metric| Some(summary.statistics[metric]?.mean);
    let trailing = long_trailing([TRAILING, RESPONSE].map(mean));
    let found = [disagreement, implausible, mixed, trailing];
    let about = &mut collected.about;
    about.warnings.append(&mut collected.notices);
    about.warnings.extend(found.into_iter().flatten());
    let stopped = Message::new("files.closed_early").with("requests", summary.completed());
    about.warnings.extend(collected.closed.then_some(stopped));
    let warnings = about.warnings.clone();
    // The terminal shows an interruption on a line of its own.
    let cut_short = interrupted.then(|| Message::new("console.summary.interrupted"));
    about.warnings.extend(cut_short);
    let results = Results::of_run(about, users, &summary, stats, &collected.waterfall);
    for error in collected.outputs.finish(&results) {
        if error.is_closed() {
            collected.closed = true;
        } else {
            collected.failures.push(error.message());
        }
    }
    let files: Vec<_> = collected.outputs.paths().collect();
    let closing = Closing {
        run: Some(&collected.about.run),
        files: &files,
        warnings: &warnings,
        interrupted,
    };
    let shown = collected.console.summary(&summary, &closing);
    if let (Ok(()), Some(hint)) = (&shown, hint) {
        let _ = collected.console.say(hint);
    }
    let lost = super::printed(shown).err();
    let lost = lost.map(|Stop(_, message)| message);
    collected.failures.extend(lost);
    for failure in &collected.failures {
        complain(failure, plan.console.language);
    }
    exit(plan, &collected, &summary, interrupted || count_stopped)
}

/// The exit code; the gravest, where several apply.
fn exit(plan: &Plan, collected: &Collected, summary: &Summary, interrupted: bool) -> Exit {
    if !collected.failures.is_empty() {
        Exit::NotDone
    } else if interrupted {
        Exit::Interrupted
    } else if collected.closed {
        Exit::Ok
    } else if plan.require_valid && summary.grade() != Some(Grade::Valid) {
        Exit::NotValid
    } else if summary.failed() > 0 {
        Exit::RequestFailed
    } else {
        Exit::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_s_id_is_its_own_and_no_number() {
        let (one, other) = (run_id(), run_id());
        assert_ne!(one, other);
        assert!(one.starts_with('r') && one.len() == 17, "{one}");
    }
}
