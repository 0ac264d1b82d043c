//! Simulated faults and their rates: `status=503:0.01,truncate:0.01`.

use std::fmt;
use std::str::FromStr;

use super::rng::Rng;
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

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(name: &str) -> Result<Self, FaultError> {
        if let Some(code) = name.strip_prefix("status=") {
            return match code.parse() {
                Ok(code @ 400..=599) => Ok(Fault::Status(code)),
                _ => Err(FaultError::Status(code.to_owned())),
            };
        }
        NAMED
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(_, fault, _)| *fault)
            .ok_or_else(|| FaultError::Unknown(name.to_owned()))
    }
}

/// Faults with their rates; none by default. A request has at most one fault.
///
/// ```
/// use sse_perf::mock::Faults;
///
/// assert!("status=503:0.01,truncate:0.01".parse::<Faults>().is_ok());
/// let error = "truncated:0.01".parse::<Faults>().unwrap_err();
/// assert!(error.to_string().starts_with("'truncated' is no fault"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults(Vec<(Fault, f64)>);

impl Faults {
    /// Draws the fault of a request.
    pub(super) fn draw(&self, rng: &mut Rng) -> Option<Fault> {
        let drawn = rng.unit();
        let mut below = 0.0;
        self.0.iter().find_map(|(fault, rate)| {
            below += rate;
            (drawn < below).then_some(*fault)
        })
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let faults = text
            .split(',')
            .map(|part| {
                let part = part.trim();
                let (name, rate) = part
                    .rsplit_once(':')
                    .and_then(|(name, rate)| Some((name, share(rate)?)))
                    .ok_or_else(|| FaultError::Rate(part.to_owned()))?;
                Ok((name.trim().parse()?, rate))
            })
            .collect::<Result<Vec<(Fault, f64)>, _>>()?;
        let sum: f64 = faults.iter().map(|(_, rate)| rate).sum();
        // In binary, ten times 0.1 is a little more than 1.
        if sum > 1.0 + 1e-9 {
            return Err(FaultError::Sum(sum));
        }
        Ok(Self(faults))
    }
}

/// Why a text cannot be read as faults.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultError {
    /// Unknown name of a fault.
    Unknown(String),
    /// The rate is missing, or not a number from 0 to 1.
    Rate(String),
    /// The status is not from 400 to 599.
    Status(String),
    /// The sum of the rates, which is above 1.
    Sum(f64),
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultError::Unknown(name) => {
                let names = NAMED.map(|(name, ..)| name).join(", ");
                write!(f, "'{name}' is no fault: expected status=CODE, {names}")
            }
            FaultError::Rate(text) => write!(
                f,
                "'{text}': expected a fault and its share of requests, such as reset:0.01"
            ),
            FaultError::Status(code) => write!(
                f,
                "'{code}': expected an HTTP status from 400 to 599, such as status=503:0.01"
            ),
            FaultError::Sum(sum) => write!(
                f,
                "the shares add up to {sum}: at most 1, since a request has at most one fault"
            ),
        }
    }
}

impl std::error::Error for FaultError {}

#[cfg(test)]
mod tests {
    use super::super::rng::Purpose;
    use super::*;

    #[test]
    fn reads_names_and_rates() {
        for (text, expected) in [
            ("reset:1", vec![(Fault::Reset, 1.0)]),
            (
                "status=503:0.01, stall : 0.5",
                vec![(Fault::Status(503), 0.01), (Fault::Stall, 0.5)],
            ),
        ] {
            assert_eq!(text.parse(), Ok(Faults(expected)), "{text}");
        }
        let tenths = ["reset:0.1"; 10].join(",");
        assert!(tenths.parse::<Faults>().is_ok(), "rounding is forgiven");
    }

    #[test]
    fn every_name_reads_back() {
        for (name, fault, _) in NAMED {
            assert_eq!(name.parse(), Ok(fault));
            assert_eq!(fault.to_string(), name);
        }
        assert_eq!(Fault::Status(429).to_string(), "status=429");
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, part) in [
            ("", "'': expected a fault and its share"),
            ("reset", "'reset': expected a fault and its share"),
            ("reset:often", "'reset:often': expected"),
            ("reset:1.5", "'reset:1.5': expected"),
            ("reset:-0.1", "'reset:-0.1': expected"),
            ("reset:NaN", "'reset:NaN': expected"),
            (
                "rest:0.1",
                "'rest' is no fault: expected status=CODE, close,",
            ),
            ("status=200:0.1", "'200': expected an HTTP status from 400"),
            ("status=x:0.1", "'x': expected an HTTP status"),
            ("reset:0.6,stall:0.6", "add up to 1.2"),
        ] {
            let error = text.parse::<Faults>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn faults_strike_as_often_as_asked() {
        let faults: Faults = "reset:0.1,stall:0.2".parse().expect("valid");
        let mut rng = Rng::new(0, 1, Purpose::Plan);
        let drawn: Vec<_> = (0..100_000).map(|_| faults.draw(&mut rng)).collect();
        for (fault, expected) in [
            (Some(Fault::Reset), 0.1),
            (Some(Fault::Stall), 0.2),
            (None, 0.7),
        ] {
            let count = drawn.iter().filter(|drawn| **drawn == fault).count();
            let share = count as f64 / 100_000.0;
            assert!((share - expected).abs() < 0.01, "{fault:?}: {share}");
        }
        assert_eq!(Faults::default().draw(&mut rng), None);
    }
}
