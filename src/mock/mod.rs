//! The simulated streaming service behind `sse-perf mock` and `sse-perf demo`, and the tests' server.
//!
//! [`Server::start`] listens and gives each connection a thread. A request's path chooses the wire
//! format (`wire/`); [`Options`] say when its tokens are due and what goes wrong. Schedules are
//! absolute: each write waits for its own moment, counted from the one at which the request had been
//! read, so that delays do not add up. What was really done, and when, is in the log (`log.rs`).

mod answer;
mod connections;
mod delivery;
mod dist;
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
mod slot;
mod strike;
mod wire;
mod workers;

pub use faults::{Fault, FaultError, Faults};
pub use frames::LineEnd;
pub use options::Options;
pub use server::Server;

pub use crate::values::Dist;
