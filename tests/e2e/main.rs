//! End to end: the binary against real sockets.
#![expect(
    unreachable_pub,
    reason = "what the modules of a test share is public within it"
)]

mod conversations;
mod data;
#[path = "../shared/directory.rs"]
mod directory;
mod faults;
mod framing;
mod interruption;
mod limits;
mod noting;
mod outputs;
mod probe;
mod protocols;
mod proxies;
mod recorded;
mod report;
mod retries;
#[path = "../shared/service.rs"]
mod service;
mod sockets;
mod support;
#[cfg(feature = "tokenizer")]
mod tokenizer;
mod waiting;
