//! `sse-perf selftest`: how many users this machine measures, and how exactly.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::json;

use super::{Exit, complain, usage};
use crate::cli::SelftestArgs;
use crate::config::{count, positive_duration};
use crate::output::host::Host;
use crate::selftest::{Condition, Graded, Step, Workplace, run};
use crate::stats::Grade;
use crate::text::columns::right;
use crate::text::{Language, Message, Texts};

/// Users of the steps in which the limit is looked for.
const USERS: [u32; 10] = [10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000];
/// The matrix: users, and milliseconds between tokens.
const MATRIX: ([u32; 4], [u64; 3]) = ([10, 100, 1_000, 5_000], [10, 50, 200]);
/// Columns of the table: the id of each header, and its width.
const COLUMNS: [(&str, usize); 11] = [
    ("selftest.column.users", 6),
    ("selftest.column.itl", 6),
    ("selftest.column.condition", 10),
    ("selftest.column.events", 9),
    ("selftest.column.ttft", 21),
    ("selftest.column.itl_error", 21),
    ("selftest.column.lag", 8),
    ("selftest.column.server", 8),
    ("selftest.column.cores", 6),
    ("selftest.column.memory", 7),
    ("selftest.column.verdict", 14),
];

/// Runs the steps, prints a row for each, and says what they come to.
pub(super) fn measure(args: &SelftestArgs, language: Language) -> Exit {
    match steps(args) {
        Err(message) => usage(&message, language),
        Ok(steps) => match carry_out(args, &steps, language) {
            Ok(exit) => exit,
            Err(error) => {
                complain(
                    &Message::new("selftest.failed").with("error", error),
                    language,
                );
                Exit::NotDone
            }
        },
    }
}

/// The tests to run, in order.
fn steps(args: &SelftestArgs) -> Result<Vec<Step>, Message> {
    let rate = count("--rate", &args.rate, 1..=1_000)?;
    let hold = positive_duration("--duration", &args.duration, "usage.limit_zero")?;
    let step = |users, itl, condition| Step {
        users,
        itl,
        hold,
        condition,
        user_clock: args.user_clock,
    };
    if args.matrix {
        let (users, gaps) = MATRIX;
        let cells = Condition::ALL.into_iter().flat_map(|condition| {
            users.into_iter().flat_map(move |users| {
                gaps.map(|itl| (users, Duration::from_millis(itl), condition))
            })
        });
        return Ok(cells.map(|(u, itl, c)| step(u, itl, c)).collect());
    }
    let itl = Duration::from_secs(1) / rate;
    let users = match &args.users {
        Some(users) => vec![count("--users", users, 1..=100_000)?],
        None => USERS.to_vec(),
    };
    let condition = if args.busy {
        Condition::Busy
    } else {
        Condition::Idle
    };
    Ok(users.into_iter().map(|u| step(u, itl, condition)).collect())
}

fn carry_out(args: &SelftestArgs, steps: &[Step], language: Language) -> io::Result<Exit> {
    let texts = language.texts();
    let to_stdout = args.json.as_deref() == Some("-");
    let mut out: Box<dyn io::Write> = if to_stdout {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout())
    };
    let workplace = Workplace::new()?;
    writeln!(out, "{}\n\n{}", texts.get("selftest.intro"), header(texts))?;
    let mut outcomes = Vec::new();
    for step in steps {
        let outcome = run(step, &workplace)?;
        writeln!(out, "{}", row(&outcome))?;
        out.flush()?;
        // Looking for the limit ends where it is.
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
        if to_stdout {
            io::stdout().write_all(document.as_bytes())?;
        } else {
            std::fs::write(path, document)?;
        }
    }
    let honest = outcomes.iter().all(Graded::is_honest);
    Ok(if honest { Exit::Ok } else { Exit::NotValid })
}

fn header(texts: &Texts) -> String {
    let cells = COLUMNS.map(|(id, width)| right(texts.get(id), width));
    cells.join(" ").trim_end().to_owned()
}

fn row(outcome: &Graded) -> String {
    let number = |value: Option<f64>, decimals| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
    };
    let errors = outcome.errors;
    let spread = |spread: Option<crate::selftest::Spread>| {
        spread.map_or_else(
            || "-".to_owned(),
            |s| format!("{:.2}/{:.2}/{:.1}", s.p50, s.p99, s.max),
        )
    };
    let memory = outcome.peak_memory_bytes.map(|bytes| bytes as f64 / 1e6);
    let mut verdict = outcome.verdict.map_or("", Grade::name).to_owned();
    if !outcome.is_honest() {
        verdict.push_str(" !");
    }
    let cells = [
        outcome.users.to_string(),
        number(Some(outcome.itl_ms), 0),
        outcome.condition.to_owned(),
        number(Some(outcome.events_per_s), 0),
        spread(errors.map(|errors| errors.ttft)),
        spread(errors.map(|errors| errors.itl)),
        number(outcome.client_lag_p99_ms, 2),
        number(errors.map(|errors| errors.server_late.p99), 2),
        number(outcome.process_cores, 2),
        number(memory, 0),
        verdict,
    ];
    let cells: Vec<String> = cells
        .iter()
        .zip(COLUMNS)
        .map(|(cell, (_, width))| right(cell, width))
        .collect();
    cells.join(" ").trim_end().to_owned()
}

/// What the steps come to, in a sentence.
fn conclusion(args: &SelftestArgs, outcomes: &[Graded]) -> Message {
    if args.matrix {
        let lies = outcomes.iter().filter(|o| !o.is_honest()).count();
        return Message::new("selftest.matrix")
            .with("steps", outcomes.len())
            .with("lies", lies);
    }
    let good = |outcome: &&Graded| outcome.is_exact() && outcome.is_valid();
    match outcomes.iter().rev().find(good) {
        None => Message::new("selftest.none"),
        Some(best) => {
            let error = best
                .errors
                .map_or(0.0, |errors| errors.ttft.p99.max(errors.itl.p99));
            Message::new("selftest.limit")
                .with("users", best.users)
                .with("rate", format!("{:.0}", 1_000.0 / best.itl_ms))
                .with("error", format!("{error:.1}"))
        }
    }
}
