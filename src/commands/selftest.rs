//! `sse-perf selftest`: how many users this machine measures, and how exactly.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::json;

use super::{Ends, Exit, Stop};
use crate::cli::{Run, SelftestArgs};
use crate::output::host::Host;
use crate::selftest::{Condition, Graded, Spread, Step, run};
use crate::stats::Grade;
use crate::text::columns::right;
use crate::text::{Language, Message};

/// Users of the steps in which the limit is looked for.
const USERS: [u32; 10] = [10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000];
/// The matrix: users, and milliseconds between tokens.
const MATRIX: ([u32; 4], [u64; 3]) = ([10, 100, 1_000, 5_000], [10, 50, 200]);
/// A column of the table: the id of its header, its width, and its cell.
type Column = (&'static str, usize, fn(&Graded) -> String);

const COLUMNS: [Column; 11] = [
    ("users", 6, |o| o.users.to_string()),
    ("itl", 6, |o| number(Some(o.itl_ms), 0)),
    ("condition", 10, |o| o.condition.to_owned()),
    ("events", 9, |o| number(Some(o.events_per_s), 0)),
    ("ttft", 21, |o| spread(o.errors.map(|e| e.ttft))),
    ("itl_error", 21, |o| spread(o.errors.map(|e| e.itl))),
    ("lag", 8, |o| number(o.client_lag_p99_ms, 2)),
    ("server", 8, |o| {
        number(o.errors.map(|e| e.server_late.p99), 2)
    }),
    ("cores", 6, |o| number(o.process_cores, 2)),
    ("memory", 7, |o| {
        number(o.peak_memory_bytes.map(|bytes| bytes as f64 / 1e6), 0)
    }),
    ("verdict", 14, |o| {
        let lie = if o.is_honest() { "" } else { " !" };
        o.verdict.map_or("", Grade::name).to_owned() + lie
    }),
];

impl Run for SelftestArgs {
    /// Runs the steps, prints a row for each, and says how many users this machine measures exactly.
    fn run(&self, language: Language) -> Ends {
        carry_out(self, &steps(self), language)
            .map_err(|error| Stop::not_done(Message::new("selftest.failed").with("error", error)))
    }
}

/// The tests to run, in order.
fn steps(args: &SelftestArgs) -> Vec<Step> {
    let step = |users, itl, condition| Step {
        users,
        itl,
        hold: args.duration,
        condition,
        user_clock: args.user_clock,
    };
    if args.matrix {
        let mut steps = Vec::new();
        for condition in Condition::ALL {
            for users in MATRIX.0 {
                let gaps = MATRIX.1.map(Duration::from_millis);
                steps.extend(gaps.map(|itl| step(users, itl, condition)));
            }
        }
        return steps;
    }
    let itl = Duration::from_secs(1) / args.rate;
    let users = args.users.map_or(USERS.to_vec(), |users| vec![users]);
    let condition = if args.busy {
        Condition::Busy
    } else {
        Condition::Idle
    };
    users.into_iter().map(|u| step(u, itl, condition)).collect()
}

fn carry_out(args: &SelftestArgs, steps: &[Step], language: Language) -> io::Result<Exit> {
    let texts = language.texts();
    let to_stdout = args.json.as_deref() == Some("-");
    let mut out: Box<dyn io::Write> = if to_stdout {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout())
    };
    let header = row(|(id, ..)| texts.get(&format!("selftest.column.{id}")).to_owned());
    writeln!(out, "{}\n\n{header}", texts.get("selftest.intro"))?;
    let mut outcomes = Vec::new();
    for step in steps {
        let outcome = run(step)?;
        writeln!(out, "{}", row(|(.., cell)| cell(&outcome)))?;
        out.flush()?;
        // The search for the limit ends at the limit.
        let over = !args.matrix && (!outcome.is_exact() || !outcome.is_valid());
        outcomes.push(outcome);
        if over {
            break;
        }
    }
    let conclusion = conclusion(args, &outcomes);
    writeln!(out, "\n{}", texts.render(&conclusion))?;
    if let Some(path) = &args.json {
        let document = json!({
            "schema": "sse-perf/selftest/1",
            "tool_version": env!("CARGO_PKG_VERSION"),
            "host": Host::read(),
            "steps": outcomes,
            "conclusion": conclusion.to_string(),
        });
        let document = format!("{document:#}\n");
        match path.as_str() {
            "-" => io::stdout().write_all(document.as_bytes())?,
            _ => std::fs::write(path, document)?,
        }
    }
    let honest = outcomes.iter().all(Graded::is_honest);
    Ok(if honest { Exit::Ok } else { Exit::NotValid })
}

/// A row of the table: the cell of each column.
fn row(cell: impl Fn(&Column) -> String) -> String {
    let cells = COLUMNS.map(|column| right(&cell(&column), column.1));
    cells.join(" ").trim_end().to_owned()
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn spread(spread: Option<Spread>) -> String {
    let text = spread.map(|s| format!("{:.2}/{:.2}/{:.1}", s.p50, s.p99, s.max));
    text.unwrap_or_else(|| "-".to_owned())
}

/// The result of all steps, in a sentence.
fn conclusion(args: &SelftestArgs, outcomes: &[Graded]) -> Message {
    if args.matrix {
        let lies = outcomes.iter().filter(|o| !o.is_honest()).count();
        let message = Message::new("selftest.matrix").with("lies", lies);
        return message.with("steps", outcomes.len());
    }
    let good = |outcome: &&Graded| outcome.is_exact() && outcome.is_valid();
    match outcomes.iter().rev().find(good) {
        None => Message::new("selftest.none"),
        Some(best) => {
            let error = best.errors.map_or(0.0, |e| e.ttft.p99.max(e.itl.p99));
            Message::new("selftest.limit")
                .with("users", best.users)
                .with("rate", format!("{:.0}", 1_000.0 / best.itl_ms))
                .with("error", format!("{error:.1}"))
        }
    }
}
