//! `sse-perf mock`: the simulated service alone, until Ctrl-C.

use std::fmt::{Display, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::{Exit, complain, print, usage};
use crate::cli::{MockArgs, PROGRAM};
use crate::config::whole;
use crate::mock::{FaultError, Faults, LineEnd, Options, Server};
use crate::text::{Language, Message};
use crate::values::MILLISECONDS;

/// Serves until Ctrl-C or SIGTERM.
pub(super) fn serve(args: &MockArgs, language: Language) -> Exit {
    let (port, options) = match options(args) {
        Ok(understood) => understood,
        Err(message) => return usage(&message, language),
    };
    let (interrupt, interrupted) = bounded(1);
    // A second signal finds the channel full, and the server stopping already.
    let handler = ctrlc::set_handler(move || {
        let _ = interrupt.try_send(());
    });
    if let Err(error) = handler {
        return cannot(&error, language);
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = match Server::start(address, options) {
        Ok(server) => server,
        Err(error) => {
            let message = Message::new("mock.cannot_start")
                .with("address", address)
                .with("error", error);
            complain(&message, language);
            return Exit::NotDone;
        }
    };
    let greeting = greeting(server.addr(), args.require_key.is_some(), language);
    let printed = print(greeting.as_bytes(), language);
    if printed == Exit::Ok {
        let _ = interrupted.recv();
    }
    match server.shutdown() {
        Ok(()) => printed,
        Err(error) => cannot(&error, language),
    }
}

fn cannot(error: &dyn Display, language: Language) -> Exit {
    complain(&Message::new("mock.cannot").with("error", error), language);
    Exit::NotDone
}

/// Where the service is, and commands that try it.
fn greeting(address: SocketAddr, wants_key: bool, language: Language) -> String {
    let serving = Message::new("mock.serving").with("address", format!("http://{address}"));
    let key = if wants_key { "KEY" } else { "\"\"" };
    let mut text = language.texts().render(&serving);
    for path in ["/v1/chat-messages", "/v1/chat/completions"] {
        let _ = write!(
            text,
            "\n  {PROGRAM} --url http://{address}{path} --api-key {key}"
        );
    }
    let others = language.texts().get("mock.others");
    let _ = writeln!(
        text,
        "\n{others}\n  {PROGRAM} --url http://{address} --api NAME --api-key {key} --model-name mock"
    );
    text
}

/// The port and how the service behaves.
fn options(args: &MockArgs) -> Result<(u16, Options), Message> {
    let port = read("--port", &args.port, "mock.port")?;
    let options = Options {
        ttft: distribution("--ttft", &args.ttft)?,
        itl: distribution("--itl", &args.itl)?,
        tokens: distribution("--tokens", &args.tokens)?,
        reasoning_tokens: distribution("--reasoning-tokens", &args.reasoning_tokens)?,
        per_event: count("--per-event", &args.per_event, 1)?,
        jitter: time("--jitter", &args.jitter)?,
        seed: whole("--seed", &args.seed, 0..=u64::MAX)?,
        faults: match &args.fail {
            Some(text) => faults(text)?,
            None => Options::default().faults,
        },
        retry_after: count("--retry-after", &args.retry_after, 0)?,
        line_end: if args.crlf {
            LineEnd::CrLf
        } else {
            LineEnd::Lf
        },
        split: match &args.split_writes {
            Some(text) => NonZero::new(count("--split-writes", text, 1)? as usize),
            None => None,
        },
        slow_headers: time("--slow-headers", &args.slow_headers)?,
        opening: !args.no_opening,
        keep_alive: Some(time("--keep-alive", &args.keep_alive)?).filter(|time| !time.is_zero()),
        usage: !args.no_usage,
        chunked: !args.no_chunked,
        require_key: args.require_key.clone(),
        max_concurrent: match &args.max_concurrent {
            Some(text) => Some(count("--max-concurrent", text, 1)?),
            None => None,
        },
        log: args.log.as_ref().map(PathBuf::from),
    };
    Ok((port, options))
}

fn distribution<T: FromStr>(flag: &'static str, raw: &str) -> Result<T, Message> {
    read(flag, raw, "mock.distribution")
}

fn faults(raw: &str) -> Result<Faults, Message> {
    raw.parse().map_err(|error| {
        let (message, part) = match error {
            FaultError::Unknown(name) => (Message::new("mock.fault_unknown"), name),
            FaultError::Rate(part) => (Message::new("mock.fault_rate"), part),
            FaultError::Status(code) => (Message::new("mock.fault_status"), code),
            FaultError::Sum(sum) => (Message::new("mock.fault_sum"), format!("{sum:.3}")),
        };
        message.with("value", raw).with("part", part)
    })
}

fn read<T: FromStr>(flag: &'static str, raw: &str, id: &'static str) -> Result<T, Message> {
    raw.parse()
        .map_err(|_| Message::new(id).with("flag", flag).with("value", raw))
}

fn time(flag: &'static str, raw: &str) -> Result<Duration, Message> {
    MILLISECONDS.read(raw).ok_or_else(|| {
        Message::new("mock.time")
            .with("flag", flag)
            .with("value", raw)
    })
}

fn count(flag: &'static str, raw: &str, least: u64) -> Result<u32, Message> {
    let number = whole(flag, raw, least..=1_000_000)?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Command, parse};
    use crate::mock::Dist;

    fn understood(flags: &[&str]) -> Result<(u16, Options), Message> {
        let words = [PROGRAM, "mock"].iter().chain(flags);
        let args: Vec<OsString> = words.map(OsString::from).collect();
        match parse(&args, Language::English).map(|cli| cli.command) {
            Ok(Some(Command::Mock(args))) => options(&args),
            other => panic!("{flags:?}: {other:?}"),
        }
    }

    #[test]
    fn without_flags_it_is_the_default_service() {
        assert_eq!(understood(&[]).unwrap(), (8080, Options::default()));
    }

    #[test]
    fn every_flag_has_its_effect() {
        let (port, options) = understood(&[
            "--port",
            "0",
            "--ttft",
            "uniform:100..300",
            "--itl",
            "5",
            "--tokens",
            "7",
            "--reasoning-tokens",
            "3",
            "--per-event",
            "2",
            "--jitter",
            "3",
            "--seed",
            "9",
            "--fail",
            "status=503:0.5",
            "--retry-after",
            "4",
            "--slow-headers",
            "1.5s",
            "--crlf",
            "--split-writes",
            "6",
            "--no-opening",
            "--keep-alive",
            "0",
            "--no-usage",
            "--no-chunked",
            "--require-key",
            "k",
            "--max-concurrent",
            "8",
            "--log",
            "truth.csv",
        ])
        .unwrap();
        assert_eq!(port, 0);
        let millis = Duration::from_millis;
        let expected = Options {
            ttft: Dist::Uniform {
                low: millis(100),
                high: millis(300),
            },
            itl: Dist::Fixed(millis(5)),
            tokens: Dist::Fixed(7),
            reasoning_tokens: Dist::Fixed(3),
            per_event: 2,
            jitter: millis(3),
            seed: 9,
            faults: "status=503:0.5".parse().unwrap(),
            retry_after: 4,
            line_end: LineEnd::CrLf,
            split: NonZero::new(6),
            slow_headers: millis(1_500),
            opening: false,
            keep_alive: None,
            usage: false,
            chunked: false,
            require_key: Some("k".to_owned()),
            max_concurrent: Some(8),
            log: Some("truth.csv".into()),
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn wrong_values_are_named_with_a_remedy() {
        for (flags, parts) in [
            (["--ttft", "fast"], ["--ttft fast", "uniform:100..300"]),
            (["--tokens", "normal:5"], ["--tokens normal:5", "normal:"]),
            (["--jitter", "x"], ["--jitter x", "1.5s"]),
            (["--fail", "foo:1,cut:1"], ["--fail foo:1,", "foo"]),
            (["--fail", "foo:1"], ["--fail foo:1", "status=503:0.01"]),
            (["--fail", "cut:0.1,reset"], ["reset", "0 "]),
            (["--fail", "status=200:1"], ["200", "400"]),
            (["--fail", "cut:0.6,reset:0.7"], ["1.300", "status=503"]),
            (["--port", "70000"], ["--port 70000", "65535"]),
            (["--per-event", "0"], ["--per-event 0", "--per-event 10"]),
            (["--split-writes", "0"], ["--split-writes 0", "1000000"]),
        ] {
            let message = understood(&flags).unwrap_err();
            for language in [Language::English, Language::Chinese] {
                let text = language.texts().render(&message);
                for part in parts {
                    assert!(text.contains(part), "{flags:?}: {part} lacks in: {text}");
                }
            }
        }
    }

    #[test]
    fn the_greeting_says_what_to_try() {
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        let text = greeting(address, false, Language::English);
        assert!(
            text.contains("--url http://127.0.0.1:8080/v1/chat-messages --api-key \"\"\n"),
            "{text}"
        );
    }
}
