//! sse-perf: a load and latency tester for streaming (SSE) AI services.

pub mod clock;
pub mod load;
pub mod protocol;
pub mod record;
pub mod sse;
pub mod text;
