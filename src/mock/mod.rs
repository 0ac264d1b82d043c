//! The simulated streaming service: `sse-perf mock`, `sse-perf demo`, and the server of the tests.
//!
//! [`Server::start`] listens and gives each connection a thread. A request's path chooses the wire
//! format (`wire/`, from documents in `data/mock/`); [`Options`] say when tokens are due and which
//! faults strike. Each write is due at a time since the request was read, so that delays do not add
//! up. The log (`log.rs`) says what was sent, and when.

mod answer;
mod delivery;
mod faults;
mod frames;
mod http;
mod log;
mod options;
mod passage;
mod rng;
mod schedule;
mod script;
mod server;
mod service;
mod strike;
mod wire;

pub use faults::{Fault, Faults};
pub use options::Options;
pub use server::Server;

pub use crate::values::Dist;
