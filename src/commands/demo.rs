//! `sse-perf demo`: a test against the simulated service in the same process, to see what a run
//! looks like before there is anything to test.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::{Exit, complain};
use crate::cli::{DemoArgs, parse_run};
use crate::mock::{Options, Server};
use crate::text::{Language, Message};

/// Starts the service, runs the test, and says what to type next.
pub(super) fn show(args: &DemoArgs, language: Language) -> Exit {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = match Server::start(address, Options::default()) {
        Ok(server) => server,
        Err(error) => {
            let message = Message::new("mock.cannot_start").with("address", address);
            complain(&message.with("error", error), language);
            return Exit::NotDone;
        }
    };
    let url = format!("http://{}/v1/chat-messages", server.addr());
    let flags = [
        "--url",
        &url,
        "--api-key",
        "app-demo-0123456789abcdef",
        "--threads",
        &args.users,
        "--duration",
        &args.duration,
    ];
    let raw = match parse_run(flags, language) {
        Ok(raw) => raw,
        Err(stop) => unreachable!("the demo's own flags are good: {stop:?}"),
    };
    match super::plan(&raw, language) {
        Ok(plan) => super::run::execute(&Arc::new(plan), Some(&Message::new("demo.next"))),
        Err(exit) => exit,
    }
}
