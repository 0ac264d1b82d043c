//! sse-perf: a load and latency tester for streaming (SSE) AI services. This page is the
//! architecture.
//!
//! Every virtual user is an OS thread that holds a blocking connection, reads events as they arrive
//! and sends [`record::Sample`]s over a channel to one collector thread, which keeps statistics,
//! writes files and prints. There is no async runtime: a thread that blocks in `read` is woken by
//! the kernel when its bytes are there, and is stamped right then, whatever the others do. What came
//! is understood then or, of a fast stream, a little later with what followed.
//!
//! # How a request travels
//!
//! Arguments ([`cli`]) become a validated plan ([`config`], [`plan`]); the [`engine`] lets the
//! users begin; a [`user`] claims the next slot of the [`load`], takes what is to be sent from the
//! [`workload`], waits until the slot is due, and sends it by its own [`transport`], which stamps
//! what happens where it happens; the body goes through the [`sse`] parser and the [`protocol`],
//! which says what an event means, into a [`record::RequestRecord`]; the [`collector`] hands that to
//! [`stats`] and [`output`]. A [`user::Observer`] sees each event on this way.
//!
//! Users' threads never print, format, lock or wait for the collector: the channel is unbounded, a
//! record is never dropped, and progress is coalesced to at most 10 samples a second and user.
//! Nothing is counted by a tokenizer while users measure: requests wait with their text in the
//! [`output::spool`], and `commands/count.rs` makes the results anew when the run is over.
//!
//! # Modules
//!
//! Each uses only modules above it in this list. Within a module no two files use each other, nor
//! around a circle: a file uses what its parent defines, or the parent uses what the file defines,
//! never both. Re-exports do not count. A test checks all of that.
//!
//! - [`clock`]: the only place that asks the time or sleeps
//! - [`random`]: numbers drawn from a seed
//! - [`values`]: times, sizes and distributions as people write them
//! - [`arrival`]: reading a socket with the kernel's arrival times
//! - [`monitor`]: how busy the process and the machine are
//! - [`text`]: what is said to people, in two languages
//! - [`manual`]: the topics of `sse-perf help`, and how a terminal shows them
//! - [`tokenizer`]: counting tokens as a model does, where that is built in
//! - [`record`]: what one request was, and its instants
//! - [`flags`]: values of flags, and why one is refused
//! - [`metrics`]: every figure of a request, listed once
//! - [`stop`]: how far a run has been told to stop
//! - [`sse`]: bytes in, blocks out
//! - [`protocol`]: what events mean, as data
//! - [`workload`]: what is sent
//! - [`load`]: when it is sent
//! - [`stats`]: what the samples add up to
//! - [`probe`]: what one request showed, and what is wrong with it
//! - [`output`]: data into bytes, and the place that owns the files
//! - [`plan`]: everything that a run needs to know
//! - [`transport`]: how requests travel; the only place that names ureq
//! - [`user`]: one virtual user's loop
//! - [`collector`]: receives, counts, writes and prints
//! - [`engine`]: spawns, ramps, stops and joins
//! - [`mock`]: the simulated service
//! - [`selftest`]: how exact this program is on this machine
//! - [`cli`]: the command line as typed
//! - [`config`]: the command line as understood: what is wrong with flags beside others
//! - [`commands`]: one file per subcommand
//!
//! # Where things are added
//!
//! - a protocol: a JSON file in `data/protocols/`, its wire format for the simulated service in
//!   `data/mock/`, and the name of both in `documents!` below
//! - a metric: a row of `metrics/table.rs` and its texts
//! - a load shape: a file in `load/`, two lines in its `mod.rs`, and its flag in `cli/args.rs` and
//!   `config/build.rs`
//! - an output format: a file in `output/`, its `pub mod` line and its place in `output::FORMATS`
//! - a subcommand: a file in `commands/`, its `mod` line, its flags in `cli/subcommands.rs` and its
//!   texts `help.<name>.*`
//! - a topic of the manual: a file in `data/manual/en/` and `data/manual/zh/`, and its name in
//!   `manual/mod.rs`
//! - a language: a file of texts in `templates/texts/` and a directory of `data/manual/`
//!
//! Golden files, such as what the simulated service sends, are written by the tests themselves with
//! `SSE_PERF_UPDATE_GOLDEN=1`.

/// Names and texts of the documents in a folder of `data/`: each protocol has a document, and the
/// simulated service a wire format for each protocol.
macro_rules! documents {
    ($folder:literal) => {
        documents!(
            $folder: "dify-chat", "dify-completion", "dify-workflow", "openai-chat",
            "openai-completions", "openai-responses", "anthropic", "gemini", "tgi", "sglang", "cohere"
        )
    };
    ($folder:literal: $($name:literal),*) => {
        &[$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/", $folder, "/", $name, ".json")),
        )),*]
    };
}

pub mod arrival;
pub mod cli;
pub mod clock;
pub mod collector;
pub mod commands;
pub mod config;
pub mod engine;
pub mod flags;
pub mod load;
pub mod manual;
pub mod metrics;
pub mod mock;
pub mod monitor;
pub mod output;
pub mod plan;
pub mod probe;
pub mod protocol;
pub mod random;
pub mod record;
pub mod selftest;
pub mod sse;
pub mod stats;
pub mod stop;
pub mod text;
pub mod tokenizer;
pub mod transport;
pub mod user;
pub mod values;
pub mod workload;

use std::ffi::OsString;
use std::process::ExitCode;

use cli::{Reply, Run as _};
use commands::Stop;

/// Runs the program with these arguments, the program's name first, and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // The system tells the local time's offset only while there is one thread.
    clock::local_offset();
    engine::keep_ignored_signals();
    let args: Vec<OsString> = args.into_iter().collect();
    let language = match cli::language(&args, |name| std::env::var(name).ok()) {
        Ok(language) => language,
        Err((message, language)) => {
            return commands::finish(Err(Stop::usage(message)), language).into();
        }
    };
    let ends = match cli::parse(&args, language) {
        Ok(cli) => cli.run(language),
        Err(Reply::Show(text)) => commands::print(text.as_bytes()),
        Err(Reply::Usage(message)) => Err(Stop::usage(message)),
    };
    commands::finish(ends, language).into()
}
