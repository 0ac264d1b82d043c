//! The `sse-perf` command: parse, run, exit code.

fn main() {}
