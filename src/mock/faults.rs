//! Simulated faults and their rates: `status=503:0.01,truncate:0.01`.

use std::fmt;
use std::str::FromStr;

use crate::text::Message;
use crate::values::share;

/// Message of simulated errors.
pub(super) const ON_PURPOSE: &str = "this failure is simulated";

/// A simulated fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `status=CODE`: an HTTP status from 400 to 599 with the API's error body; 429 has
    /// `Retry-After`.
    Status(u16),
    /// `close`: the connection closes without a response.
    Close,
    /// `no-response`: the request is read, but nothing is sent.
    NoResponse,
    /// `html`: status 200 with an HTML page, as a wrongly configured proxy sends it.
    Html,
    /// `error-json`: status 200 with an error body instead of a stream.
    ErrorJson,
    /// `empty`: a stream that ends properly, but without text.
    Empty,
    /// `malformed`: in the middle of the text an event with incomplete JSON; the stream goes on.
    Malformed,
    /// `oversize`: in the middle of the text an event of 9 MiB; the stream goes on.
    Oversize,
    /// `error-event`: the API's error event after part of the text.
    ErrorEvent,
    /// `no-end`: all the text and a clean end of the body, but not the API's last event.
    NoEnd,
    /// `truncate`: a clean end of the body after part of the text.
    Truncate,
    /// `cut`: the connection closes in the middle of an event.
    Cut,
    /// `reset`: the connection is reset (RST) after part of the text.
    Reset,
    /// `stall`: after part of the text nothing more, until the client leaves.
    Stall,
    /// `pings`: after part of the text only keep-alives, until the client leaves.
    Pings,
}

/// All faults but `status`: name, fault, and whether it strikes in the middle of the text.
const NAMED: [(&str, Fault, bool); 14] = [
    ("close", Fault::Close, false),
    ("no-response", Fault::NoResponse, false),
    ("html", Fault::Html, false),
    ("error-json", Fault::ErrorJson, false),
    ("empty", Fault::Empty, false),
    ("malformed", Fault::Malformed, true),
    ("oversize", Fault::Oversize, true),
    ("error-event", Fault::ErrorEvent, true),
    ("no-end", Fault::NoEnd, false),
    ("truncate", Fault::Truncate, true),
    ("cut", Fault::Cut, true),
    ("reset", Fault::Reset, true),
    ("stall", Fault::Stall, true),
    ("pings", Fault::Pings, true),
];

impl Fault {
    /// Whether the fault strikes in the middle of the text.
    pub(super) fn is_mid_stream(self) -> bool {
        NAMED.contains(&(self.name(), self, true))
    }

    fn name(self) -> &'static str {
        let named = NAMED.iter().find(|(_, fault, _)| *fault == self);
        named.map_or("status", |(name, ..)| name)
    }
}

/// The name of the fault, as the command line has it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Status(code) => write!(f, "status={code}"),
            fault => f.write_str(fault.name()),
        }
    }
}

/// Faults with their rates; none by default. A request has at most one fault.
///
/// ```
/// use sse_perf::mock::Faults;
///
/// assert!("status=503:0.01,truncate:0.01".parse::<Faults>().is_ok());
/// assert!("truncated:0.01".parse::<Faults>().is_err(), "no fault has this name");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults(Vec<(Fault, f64)>);

impl Faults {
    /// The fault of a request that drew this number of `0.0..1.0`.
    pub(super) fn at(&self, drawn: f64) -> Option<Fault> {
        let mut below = 0.0;
        self.0.iter().find_map(|(fault, rate)| {
            below += rate;
            (drawn < below).then_some(*fault)
        })
    }
}

/// The error is the message for whoever typed the text.
impl FromStr for Faults {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Message> {
        let wrong =
            |id, part: &dyn fmt::Display| Message::new(id).with("value", text).with("part", part);
        let mut faults = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (name, rate) = part
                .rsplit_once(':')
                .and_then(|(name, rate)| Some((name.trim(), share(rate)?)))
                .ok_or_else(|| wrong("mock.fault_rate", &part))?;
            let fault = if let Some(code) = name.strip_prefix("status=") {
                let status = code.parse().ok().filter(|code| (400..=599).contains(code));
                Fault::Status(status.ok_or_else(|| wrong("mock.fault_status", &code))?)
            } else {
                let named = NAMED.iter().find(|(known, ..)| *known == name);
                named.ok_or_else(|| wrong("mock.fault_unknown", &name))?.1
            };
            faults.push((fault, rate));
        }
        let sum: f64 = faults.iter().map(|(_, rate)| rate).sum();
        // In binary, ten times 0.1 is a little more than 1.
        if sum > 1.0 + 1e-9 {
            return Err(wrong("mock.fault_sum", &format_args!("{sum:.3}")));
        }
        Ok(Self(faults))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rng::{Purpose, Rng};
    use super::*;

    #[test]
    fn names_and_rates_are_read() {
        let cases = [
            ("reset:1", vec![(Fault::Reset, 1.0)]),
            (
                "status=503:0.01, stall : 0.5",
                vec![(Fault::Status(503), 0.01), (Fault::Stall, 0.5)],
            ),
        ];
        let named = NAMED.map(|(name, fault, _)| (name, vec![(fault, 1.0)]));
        for (text, expected) in cases {
            assert_eq!(text.parse(), Ok(Faults(expected)), "{text}");
        }
        for (name, expected) in named {
            assert_eq!(expected[0].0.to_string(), name);
            assert_eq!(format!("{name}:1").parse(), Ok(Faults(expected)));
        }
        assert_eq!(Fault::Status(429).to_string(), "status=429");
        let tenths = ["reset:0.1"; 10].join(",");
        assert!(tenths.parse::<Faults>().is_ok(), "rounding is forgiven");
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        for (text, id, part) in [
            ("", "mock.fault_rate", ""),
            ("reset", "mock.fault_rate", "reset"),
            ("cut:0.1, reset:often", "mock.fault_rate", "reset:often"),
            ("reset:1.5", "mock.fault_rate", "reset:1.5"),
            ("reset:-0.1", "mock.fault_rate", "reset:-0.1"),
            ("reset:NaN", "mock.fault_rate", "reset:NaN"),
            ("rest:0.1", "mock.fault_unknown", "rest"),
            ("status=200:0.1", "mock.fault_status", "200"),
            ("status=x:0.1", "mock.fault_status", "x"),
            ("reset:0.6,stall:0.6", "mock.fault_sum", "1.200"),
        ] {
            let message = Message::new(id).with("value", text).with("part", part);
            assert_eq!(text.parse::<Faults>(), Err(message));
        }
    }

    #[test]
    fn faults_strike_as_often_as_asked() {
        let faults: Faults = "reset:0.1,stall:0.2".parse().expect("valid");
        let mut rng = Rng::new(0, 1, Purpose::Plan);
        let drawn: Vec<_> = (0..100_000).map(|_| faults.at(rng.unit())).collect();
        let (reset, stall) = (Some(Fault::Reset), Some(Fault::Stall));
        for (fault, expected) in [(reset, 0.1), (stall, 0.2), (None, 0.7)] {
            let count = drawn.iter().filter(|drawn| **drawn == fault).count();
            let share = count as f64 / 100_000.0;
            assert!((share - expected).abs() < 0.01, "{fault:?}: {share}");
        }
        assert_eq!(Faults::default().at(rng.unit()), None);
    }
}
