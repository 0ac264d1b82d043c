//! Values as people write them in flags: times, sizes, numbers, shares and distributions.

use std::str::FromStr;
use std::time::Duration;

/// How a flag's times are written.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Units in seconds, the largest first.
    units: [(&'static str, f64); 4],
    /// The unit, in seconds, of a number without one.
    bare: f64,
    /// Whether a blank may stand before the unit.
    spaced: bool,
}

/// `60` and `1.5` are seconds; `500ms`, `90s`, `5m`, `1h30m` say their units, the larger first.
pub const SECONDS: Times = Times {
    units: [("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 1e-3)],
    bare: 1.0,
    spaced: false,
};

/// `200` is milliseconds; `1.5s`, `50us`, `1m30s` say their units, the larger first.
pub const MILLISECONDS: Times = Times {
    units: [("m", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)],
    bare: 1e-3,
    spaced: true,
};

impl Times {
    /// Reads a time; `None` if the text is none.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Duration> {
        let text = text.trim();
        if let Some(number) = decimal(text) {
            return Duration::try_from_secs_f64(number * self.bare).ok();
        }
        let mut seconds = None;
        let (mut rest, mut units) = (text, self.units.as_slice());
        while !rest.is_empty() {
            let (number, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
            let end = tail.find(|c: char| !c.is_ascii_alphabetic());
            let (unit, tail) = tail.split_at(end.unwrap_or(tail.len()));
            let place = units.iter().position(|(name, _)| *name == unit)?;
            let number = if self.spaced {
                number.trim_end()
            } else {
                number
            };
            seconds = Some(seconds.unwrap_or(0.0) + decimal(number)? * units[place].1);
            (rest, units) = (tail, &units[place + 1..]);
        }
        Duration::try_from_secs_f64(seconds?).ok()
    }
}

/// Reads a whole number of ASCII digits only: no sign, no blank.
#[must_use]
pub fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Reads a number of digits with at most one point among or before them.
fn decimal(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let complete = plain && !text.ends_with('.');
    complete.then(|| text.parse().ok()).flatten()
}

/// Reads a share from 0 to 1.
#[must_use]
pub fn share(text: &str) -> Option<f64> {
    decimal(text.trim()).filter(|share| *share <= 1.0)
}

/// Reads a number of bytes: `65536`, `64KiB`, `8MiB`, also `64K` and `8M`, all in steps of 1024.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let shift = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    digits(number)?.checked_mul(1 << shift)
}

/// What values are drawn from, as the command line writes it: `200`, `uniform:a..b`, `normal:m,s`,
/// `lognormal:m,s`, `exp:m`. A draw below zero counts as zero.
///
/// ```
/// use std::time::Duration;
/// use sse_perf::values::Dist;
///
/// assert_eq!(
///     "normal:200,1.5ms".parse(),
///     Ok(Dist::Normal { mean: Duration::from_millis(200), deviation: Duration::from_micros(1_500) })
/// );
/// assert!("normal:200".parse::<Dist<Duration>>().is_err());
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
    /// The exponential distribution.
    Exponential {
        /// The mean.
        mean: T,
    },
}

/// What can be drawn: times and counts.
pub trait Quantity: Copy + Default + PartialOrd {
    /// Reads a value; a time without a unit is milliseconds.
    fn read(text: &str) -> Option<Self>;
    /// The value as a number.
    fn to_f64(self) -> f64;
    /// The value nearest to a number; zero for what is below it.
    fn from_f64(number: f64) -> Self;
}

impl Quantity for Duration {
    fn read(text: &str) -> Option<Self> {
        MILLISECONDS.read(text)
    }

    fn to_f64(self) -> f64 {
        self.as_secs_f64()
    }

    fn from_f64(number: f64) -> Self {
        Duration::try_from_secs_f64(number.max(0.0)).unwrap_or(Duration::MAX)
    }
}

impl Quantity for u32 {
    fn read(text: &str) -> Option<Self> {
        digits(text.trim())?.try_into().ok()
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
    /// Reads a distribution of values that `value` reads; `None` if the text is none, or if it has
    /// the ends of a range in the wrong order or a mean of zero.
    pub fn read(text: &str, value: impl Fn(&str) -> Option<T>) -> Option<Self> {
        let Some((shape, parameters)) = text.split_once(':') else {
            return value(text).map(Dist::Fixed);
        };
        let two = |separator| {
            let (a, b) = parameters.split_once(separator)?;
            Some((value(a)?, value(b)?))
        };
        let (dist, is_sound) = match shape.trim() {
            "uniform" => {
                let (low, high) = two("..")?;
                (Dist::Uniform { low, high }, low <= high)
            }
            "normal" => {
                let (mean, deviation) = two(",")?;
                (Dist::Normal { mean, deviation }, true)
            }
            "lognormal" => {
                let (mean, deviation) = two(",")?;
                (Dist::LogNormal { mean, deviation }, mean > T::default())
            }
            "exp" => {
                let mean = value(parameters)?;
                (Dist::Exponential { mean }, true)
            }
            _ => return None,
        };
        is_sound.then_some(dist)
    }
}

/// A text is no distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDist;

impl<T: Quantity> FromStr for Dist<T> {
    type Err = NoDist;

    fn from_str(text: &str) -> Result<Self, NoDist> {
        Dist::read(text, T::read).ok_or(NoDist)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn times_have_units_or_the_flag_s_own() {
        for (times, text, micros) in [
            (SECONDS, "60", 60_000_000),
            (SECONDS, "0", 0),
            (SECONDS, "0s", 0),
            (SECONDS, "1.5", 1_500_000),
            (SECONDS, ".5", 500_000),
            (SECONDS, "0.001", 1_000),
            (SECONDS, "90s", 90_000_000),
            (SECONDS, "500ms", 500_000),
            (SECONDS, "1.5ms", 1_500),
            (SECONDS, "5m", 300_000_000),
            (SECONDS, "1.5h", 5_400_000_000),
            (SECONDS, "1h30m", 5_400_000_000),
            (SECONDS, "1h2m3s4ms", 3_723_004_000),
            (SECONDS, " 2m ", 120_000_000),
            (SECONDS, "0.1s200ms", 300_000),
            (SECONDS, "8760h", 31_536_000_000_000),
            (MILLISECONDS, "200", 200_000),
            (MILLISECONDS, "0.5", 500),
            (MILLISECONDS, "200 ms", 200_000),
            (MILLISECONDS, "1.5s", 1_500_000),
            (MILLISECONDS, "50us", 50),
            (MILLISECONDS, "1m", 60_000_000),
            (MILLISECONDS, "1m30s", 90_000_000),
        ] {
            assert_eq!(times.read(text), Some(us(micros)), "{text}");
        }
        for text in [
            "",
            "abc",
            "-1",
            "+1",
            "1e3",
            "5x",
            "m",
            "30m1h",
            "1m1m",
            "1h30",
            "1 h",
            "1.",
            ".",
            "1..5",
            "inf",
            "nan",
            "5M",
            "１",
            "50us",
            "99999999999999999999999999",
        ] {
            assert_eq!(SECONDS.read(text), None, "{text}");
        }
        for text in ["", "fast", "-1", "nan", "1e300", "1h", "1 0", "5ms1s"] {
            assert_eq!(MILLISECONDS.read(text), None, "{text}");
        }
    }

    #[test]
    fn shares_are_numbers_from_0_to_1() {
        for (text, expected) in [("0", 0.0), ("0.1", 0.1), (".5", 0.5), (" 1", 1.0)] {
            assert_eq!(share(text).map(f64::to_bits), Some(f64::to_bits(expected)));
        }
        for text in ["", "10%", "1.1", "-0.1", "inf", "NaN", "1e-1", "x"] {
            assert_eq!(share(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_in_steps_of_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("1024", 1024),
            ("64K", 65_536),
            ("64 KiB", 65_536),
            ("8MiB", 8_388_608),
            ("1g", 1 << 30),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in [
            "",
            "x",
            "8 Mbit",
            "-1",
            "99999999999999999999",
            "17179869184G",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn distributions_of_times() {
        for (text, expected) in [
            ("200", Dist::Fixed(us(200_000))),
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
            ("exp:20", Dist::Exponential { mean: us(20_000) }),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "gamma:1,2",
            "uniform:1",
            "uniform:1,2",
            "uniform:2..1",
            "normal:1",
            "normal:1,-2",
            "lognormal:0,1",
            "exp",
            "exp:",
        ] {
            assert_eq!(text.parse::<Dist<Duration>>(), Err(NoDist), "{text}");
        }
    }

    #[test]
    fn distributions_of_counts() {
        let (low, high) = (10, 20);
        assert_eq!("50".parse(), Ok(Dist::Fixed(50_u32)));
        assert_eq!(
            "uniform:10..20".parse(),
            Ok(Dist::Uniform::<u32> { low, high })
        );
        for text in ["1.5", "5ms", "-1", "uniform:1..", "4294967296"] {
            assert_eq!(text.parse::<Dist<u32>>(), Err(NoDist), "{text}");
        }
    }
}
