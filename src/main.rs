//! The `sse-perf` command: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    sse_perf::run(std::env::args_os())
}
