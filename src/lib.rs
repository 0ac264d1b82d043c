//! sse-perf: a load and latency tester for streaming (SSE) AI services.

pub mod cli;
pub mod clock;
pub mod config;
pub mod load;
pub mod mock;
pub mod protocol;
pub mod record;
pub mod text;
pub mod workload;
