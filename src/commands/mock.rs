//! `sse-perf mock`: the simulated service alone, until Ctrl-C.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};

use crossbeam_channel::bounded;

use super::{Ends, Stop, print};
use crate::cli::{MockArgs, PROGRAM, Run};
use crate::mock::{Options, Server};
use crate::text::{Language, Message};

impl Run for MockArgs {
    /// Serves until Ctrl-C or SIGTERM.
    fn run(&self, language: Language) -> Ends {
        let (interrupt, interrupted) = bounded(1);
        // A second signal finds a full channel and a server that stops.
        let handler = move || interrupt.try_send(()).unwrap_or_default();
        ctrlc::set_handler(handler).map_err(cannot)?;
        let server = start(self.port, self.options.clone())?;
        let greeting = greeting(server.addr(), self.options.require_key.is_some(), language);
        let printed = print(greeting.as_bytes());
        if printed.is_ok() {
            let _ = interrupted.recv();
        }
        server.shutdown().map_err(cannot)?;
        printed
    }
}

/// Starts the service on a loopback port; 0 for any.
pub(super) fn start(port: u16, options: Options) -> Result<Server, Stop> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Server::start(address, options).map_err(|error| {
        let message = Message::new("mock.cannot_start").with("address", address);
        Stop::not_done(message.with("error", error))
    })
}

fn cannot(error: impl Display) -> Stop {
    Stop::not_done(Message::new("mock.cannot").with("error", error))
}

/// The address of the service, and commands that try the service.
fn greeting(address: SocketAddr, wants_key: bool, language: Language) -> String {
    let texts = language.texts();
    let url = format!("http://{address}");
    let serving = texts.render(&Message::new("mock.serving").with("address", &url));
    let key = if wants_key { "KEY" } else { "\"\"" };
    let others = texts.get("mock.others");
    format!(
        "{serving}
  {PROGRAM} --url {url}/v1/chat-messages --api-key {key}
  {PROGRAM} --url {url}/v1/chat/completions --api-key {key}
{others}
  {PROGRAM} --url {url} --api NAME --api-key {key} --model-name mock
"
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::time::Duration;

    use super::*;
    use crate::cli::{Command, Reply, parse};
    use crate::values::Dist;

    fn understood(flags: &str) -> Result<(u16, Options), Message> {
        let words = [PROGRAM, "mock"]
            .into_iter()
            .chain(flags.split_whitespace());
        let args: Vec<OsString> = words.map(OsString::from).collect();
        match parse(&args, Language::English).map(|cli| cli.command) {
            Ok(Some(Command::Mock(args))) => Ok((args.port, args.options)),
            Err(Reply::Usage(message)) => Err(message),
            other => panic!("{flags}: {other:?}"),
        }
    }

    #[test]
    fn without_flags_it_is_the_default_service() {
        assert_eq!(understood("").unwrap(), (8080, Options::default()));
    }

    #[test]
    fn every_flag_has_its_effect() {
        let flags = "--port 0 --ttft uniform:100..300 --itl 5 --tokens 7 --reasoning-tokens 3 \
            --per-event 2 --jitter 3 --seed 9 --fail status=503:0.5 --retry-after 4 \
            --slow-headers 1.5s --crlf --split-writes 6 --no-opening --keep-alive 0 --no-usage \
            --no-chunked --require-key k --max-concurrent 8 \
            --max-connections 11 --request-timeout 2s --log truth.csv";
        let millis = Duration::from_millis;
        let (low, high) = (millis(100), millis(300));
        let expected = Options {
            ttft: Dist::Uniform(low, high),
            itl: Dist::Fixed(millis(5)),
            tokens: Dist::Fixed(7),
            reasoning_tokens: Dist::Fixed(3),
            per_event: 2,
            jitter: millis(3),
            seed: 9,
            faults: "status=503:0.5".parse().ok(),
            retry_after: 4,
            crlf: true,
            split_writes: Some(6),
            slow_headers: millis(1_500),
            opening: false,
            keep_alive: Duration::ZERO,
            usage: false,
            chunked: false,
            require_key: Some("k".to_owned()),
            max_concurrent: Some(8),
            max_connections: 11,
            request_timeout: millis(2_000),
            log: Some("truth.csv".into()),
        };
        assert_eq!(understood(flags).unwrap(), (0, expected));
    }

    #[test]
    fn wrong_values_are_named_with_a_remedy() {
        for (flags, parts) in [
            ("--ttft fast", ["--ttft fast", "uniform:100..300"]),
            ("--tokens normal:5", ["--tokens normal:5", "normal:"]),
            ("--jitter x", ["--jitter x", "1.5s"]),
            ("--fail foo:1,cut:1", ["--fail foo:1,", "foo"]),
            ("--fail foo:1", ["--fail foo:1", "status=503:0.01"]),
            ("--fail cut:0.1,reset", ["reset", "0 "]),
            ("--fail status=200:1", ["200", "400"]),
            ("--fail cut:0.6,reset:0.7", ["1.300", "status=503"]),
            ("--port 70000", ["--port 70000", "65535"]),
            ("--per-event 0", ["--per-event 0", "--per-event 10"]),
            ("--max-connections 0", ["--max-connections 0", "1000000"]),
            ("--split-writes 0", ["--split-writes 0", "1000000"]),
        ] {
            let message = understood(flags).unwrap_err();
            for language in [Language::English, Language::Chinese] {
                let text = language.texts().render(&message);
                for part in parts {
                    assert!(text.contains(part), "{flags}: {part} lacks in: {text}");
                }
            }
        }
    }

    #[test]
    fn the_greeting_says_what_to_try() {
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        let text = greeting(address, false, Language::English);
        let command = "--url http://127.0.0.1:8080/v1/chat-messages --api-key \"\"\n";
        assert!(text.contains(command), "{text}");
    }
}
