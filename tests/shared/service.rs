//! The simulated service in the test's own process.

use std::time::Duration;

use sse_perf::mock::{Dist, Options, Server};

/// Starts the service on a free port.
pub(crate) fn start(options: Options) -> Server {
    Server::start(([127, 0, 0, 1], 0).into(), options).expect("a free port")
}

/// Options of a service that sends so many tokens: the first after `ttft` milliseconds, the others
/// `itl` milliseconds apart.
pub(crate) fn paced(ttft: u64, itl: u64, tokens: u32) -> Options {
    let fixed = |millis| Dist::Fixed(Duration::from_millis(millis));
    Options {
        ttft: fixed(ttft),
        itl: fixed(itl),
        tokens: Dist::Fixed(tokens),
        ..Options::default()
    }
}
