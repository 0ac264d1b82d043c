//! sse-perf: a load and latency tester for streaming (SSE) AI services.

pub mod clock;
pub mod load;
pub mod mock;
pub mod output;
pub mod record;
pub mod sse;
pub mod stats;
pub mod text;
