//! sse-perf: a load and latency tester for streaming (SSE) AI services.

pub mod clock;
pub mod load;
pub mod mock;
pub mod record;
pub mod text;
