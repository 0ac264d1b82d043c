//! Distributions of times and of counts, as the command line writes them: `200`, `1.5s`,
//! `uniform:a..b`, `normal:m,s`, `lognormal:m,s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::rng::Rng;

/// What values are drawn from. A draw below zero counts as zero.
///
/// ```
/// use std::time::Duration;
/// use sse_perf::mock::Dist;
///
/// let ttft: Dist<Duration> = "normal:200,1.5ms".parse()?;
/// assert_eq!(
///     ttft,
///     Dist::Normal { mean: Duration::from_millis(200), deviation: Duration::from_micros(1_500) }
/// );
/// assert!("normal:200".parse::<Dist<Duration>>().is_err());
/// # Ok::<(), sse_perf::mock::DistError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dist<T> {
    /// Always this value.
    Fixed(T),
    /// Every value between the two, ends included, is as likely as any other.
    Uniform {
        /// The smallest value.
        low: T,
        /// The largest value.
        high: T,
    },
    /// The normal distribution, cut at zero.
    Normal {
        /// The mean, before cutting.
        mean: T,
        /// The standard deviation, before cutting.
        deviation: T,
    },
    /// The log-normal distribution: the long tail to the right that service times have.
    LogNormal {
        /// The mean of the values themselves, not of their logarithms.
        mean: T,
        /// The standard deviation of the values themselves.
        deviation: T,
    },
}

/// What can be drawn: times and counts.
pub trait Quantity: Copy + PartialOrd {
    /// What a value looks like, for error messages.
    const EXPECTED: &'static str;
    /// Reads a value.
    fn parse(text: &str) -> Option<Self>;
    /// The value as a number.
    fn to_f64(self) -> f64;
    /// The value nearest to a number; zero for what is below it.
    fn from_f64(number: f64) -> Self;
}

impl Quantity for Duration {
    const EXPECTED: &'static str =
        "a time such as 200 (milliseconds), 200ms, 1.5s, 50us or 1m, not negative";

    fn parse(text: &str) -> Option<Self> {
        // In this order: `ms` ends in `s` too.
        let (number, unit) = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)]
            .iter()
            .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))
            .unwrap_or((text, 1e-3));
        let seconds = number.trim_end().parse::<f64>().ok()? * unit;
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn to_f64(self) -> f64 {
        self.as_secs_f64()
    }

    fn from_f64(number: f64) -> Self {
        Duration::try_from_secs_f64(number.max(0.0)).unwrap_or(Duration::MAX)
    }
}

impl Quantity for u32 {
    const EXPECTED: &'static str = "a whole number such as 50";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from float to integer saturates, which is what is wanted here"
    )]
    fn from_f64(number: f64) -> Self {
        number.round() as u32
    }
}

impl<T: Quantity> Dist<T> {
    /// Draws a value.
    pub(super) fn draw(&self, rng: &mut Rng) -> T {
        match *self {
            Dist::Fixed(value) => value,
            Dist::Uniform { low, high } => {
                T::from_f64(low.to_f64() + (high.to_f64() - low.to_f64()) * rng.unit())
            }
            Dist::Normal { mean, deviation } => {
                T::from_f64(mean.to_f64() + deviation.to_f64() * rng.normal())
            }
            Dist::LogNormal { mean, deviation } => {
                // The parameters of the logarithm's normal distribution, from those of the value.
                let spread = (deviation.to_f64() / mean.to_f64()).powi(2).ln_1p();
                let location = mean.to_f64().ln() - spread / 2.0;
                T::from_f64((location + spread.sqrt() * rng.normal()).exp())
            }
        }
    }
}

impl<T: Quantity> FromStr for Dist<T> {
    type Err = DistError;

    fn from_str(text: &str) -> Result<Self, DistError> {
        let Some((shape, parameters)) = text.split_once(':') else {
            return Ok(Dist::Fixed(value(text)?));
        };
        let shape = shape.trim();
        let two = |separator| {
            let (a, b) = parameters
                .split_once(separator)
                .ok_or_else(|| DistError::Parameters(text.to_owned()))?;
            Ok((value(a)?, value(b)?))
        };
        match shape {
            "uniform" => match two("..")? {
                (low, high) if low <= high => Ok(Dist::Uniform { low, high }),
                _ => Err(DistError::Order(text.to_owned())),
            },
            "normal" => two(",").map(|(mean, deviation)| Dist::Normal { mean, deviation }),
            "lognormal" => match two(",")? {
                (mean, deviation) if mean.to_f64() > 0.0 => Ok(Dist::LogNormal { mean, deviation }),
                _ => Err(DistError::Mean(text.to_owned())),
            },
            _ => Err(DistError::Shape(shape.to_owned())),
        }
    }
}

/// Reads one value of a distribution.
fn value<T: Quantity>(text: &str) -> Result<T, DistError> {
    T::parse(text.trim()).ok_or_else(|| DistError::Value {
        text: text.trim().to_owned(),
        expected: T::EXPECTED,
    })
}

/// Reads a time as distributions write it: a bare number is milliseconds.
///
/// # Errors
///
/// If the text is none: [`DistError::Value`].
pub fn parse_time(text: &str) -> Result<Duration, DistError> {
    value(text)
}

/// Why a text is no distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistError {
    /// A value could not be read.
    Value {
        /// What was given.
        text: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// The word before the colon is unknown.
    Shape(String),
    /// There are not two parameters.
    Parameters(String),
    /// The ends of a range are the wrong way round.
    Order(String),
    /// A log-normal distribution cannot have a mean of zero.
    Mean(String),
}

impl fmt::Display for DistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHAPES: &str = "uniform:a..b, normal:m,s or lognormal:m,s";
        match self {
            DistError::Value { text, expected } => write!(f, "'{text}': expected {expected}"),
            DistError::Shape(text) => write!(f, "'{text}': expected a value, {SHAPES}"),
            DistError::Parameters(text) => {
                write!(f, "'{text}': expected two parameters: {SHAPES}")
            }
            DistError::Order(text) => {
                write!(
                    f,
                    "'{text}': the first end of the range is above the second"
                )
            }
            DistError::Mean(text) => {
                write!(f, "'{text}': the mean of a lognormal must be above zero")
            }
        }
    }
}

impl std::error::Error for DistError {}

#[cfg(test)]
mod tests {
    use super::super::rng::Purpose;
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn reads_times() {
        for (text, expected) in [
            ("200", Dist::Fixed(us(200_000))),
            ("0", Dist::Fixed(us(0))),
            ("0.5", Dist::Fixed(us(500))),
            ("200ms", Dist::Fixed(us(200_000))),
            ("200 ms", Dist::Fixed(us(200_000))),
            ("1.5s", Dist::Fixed(us(1_500_000))),
            ("50us", Dist::Fixed(us(50))),
            ("1m", Dist::Fixed(us(60_000_000))),
            (
                "uniform:100..0.2s",
                Dist::Uniform {
                    low: us(100_000),
                    high: us(200_000),
                },
            ),
            (
                "normal:200, 50",
                Dist::Normal {
                    mean: us(200_000),
                    deviation: us(50_000),
                },
            ),
            (
                "lognormal:200ms,50us",
                Dist::LogNormal {
                    mean: us(200_000),
                    deviation: us(50),
                },
            ),
        ] {
            assert_eq!(text.parse::<Dist<Duration>>(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_time() {
        for (text, part) in [
            ("", "'': expected a time"),
            ("fast", "'fast': expected a time"),
            ("-1", "'-1': expected a time"),
            ("nan", "'nan': expected a time"),
            ("1e300", "'1e300': expected a time"),
            ("1h", "'1h': expected a time"),
            ("gamma:1,2", "'gamma': expected a value, uniform:a..b"),
            ("uniform:1", "'uniform:1': expected two parameters"),
            ("uniform:1,2", "'uniform:1,2': expected two parameters"),
            ("uniform:2..1", "the first end of the range is above"),
            ("normal:1", "'normal:1': expected two parameters"),
            ("normal:1,-2", "'-2': expected a time"),
            ("lognormal:0,1", "must be above zero"),
        ] {
            let error = text.parse::<Dist<Duration>>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn reads_counts() {
        assert_eq!("50".parse(), Ok(Dist::Fixed(50_u32)));
        assert_eq!(
            "uniform:10..20".parse(),
            Ok(Dist::Uniform {
                low: 10_u32,
                high: 20
            })
        );
        for text in ["1.5", "5ms", "-1", "uniform:1.."] {
            let error = text.parse::<Dist<u32>>().expect_err(text).to_string();
            assert!(error.contains("a whole number"), "{text}: {error}");
        }
    }

    #[test]
    fn draws_have_the_mean_that_was_asked_for() {
        for text in [
            "200",
            "uniform:100..300",
            "normal:200,20",
            "lognormal:200,80",
        ] {
            let dist: Dist<Duration> = text.parse().expect(text);
            let mut rng = Rng::new(1, 1, Purpose::Schedule);
            let sum: f64 = (0..50_000).map(|_| dist.draw(&mut rng).as_secs_f64()).sum();
            let mean = sum / 50_000.0;
            assert!((mean - 0.2).abs() < 0.002, "{text}: {mean}");
        }
    }

    #[test]
    fn draws_are_never_negative() {
        let dist: Dist<Duration> = "normal:1,100".parse().expect("valid");
        let counts: Dist<u32> = "normal:1,100".parse().expect("valid");
        let mut rng = Rng::new(1, 1, Purpose::Schedule);
        let drawn: Vec<_> = (0..100).map(|_| dist.draw(&mut rng)).collect();
        assert!(drawn.contains(&Duration::ZERO));
        assert!((0..100).any(|_| counts.draw(&mut rng) == 0));
    }
}
