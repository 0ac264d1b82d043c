//! End to end: the binary against real sockets.

mod failures;
mod framing;
mod interruption;
mod outputs;
mod retries;
mod support;
