//! sse-perf: a load and latency tester for streaming (SSE) AI services.

pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod load;
pub mod mock;
pub mod protocol;
pub mod record;
pub mod text;
pub mod workload;

use std::ffi::OsString;
use std::process::ExitCode;

use cli::Stop;
use text::Message;

/// The whole program: does what the arguments say (the program's name first) and tells with which
/// code to exit.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // The system tells the local time's offset only while there is one thread.
    clock::local_offset();
    let args: Vec<OsString> = args.into_iter().collect();
    let language = match cli::language(&args, |name| std::env::var(name).ok()) {
        Ok(language) => language,
        Err(error) => {
            let message = Message::new("usage.language").with("value", error.value);
            return commands::usage(&message, error.spoken).into();
        }
    };
    let exit = match cli::parse(&args, language) {
        Ok(cli) => commands::dispatch(&cli, language),
        Err(Stop::Show(text)) => commands::print(text.as_bytes(), language),
        Err(Stop::Usage(message)) => commands::usage(&message, language),
    };
    exit.into()
}
