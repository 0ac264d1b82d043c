//! Distributions of times and counts.

use std::f64::consts::TAU;
use std::time::Duration;

use super::{MILLISECONDS, digits};

/// A distribution, on the command line `200`, `uniform:a..b`, `normal:m,s`, `lognormal:m,s` or
/// `exp:m`. A draw below zero counts as zero.
///
/// ```
/// use std::time::Duration;
/// use sse_perf::values::{Dist, Quantity as _};
///
/// assert_eq!(
///     Dist::read("normal:200,1.5ms", Duration::read),
///     Some(Dist::Normal(Duration::from_millis(200), Duration::from_micros(1_500)))
/// );
/// assert_eq!(Dist::read("normal:200", Duration::read), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dist<T> {
    /// Always this value.
    Fixed(T),
    /// Any value from the smallest to the largest, ends included, all equally likely.
    Uniform(T, T),
    /// The normal distribution with this mean and standard deviation before it is cut at zero.
    Normal(T, T),
    /// The log-normal distribution: the long tail to the right that service times have. Mean and
    /// standard deviation are those of the values themselves, not of their logarithms.
    LogNormal(T, T),
    /// The exponential distribution with this mean.
    Exponential(T),
}

/// A type of values that can be drawn: times and counts.
pub trait Quantity: Copy + Default + PartialOrd {
    /// Reads a value; a time without a unit is milliseconds.
    fn read(text: &str) -> Option<Self>;
    /// The value as a number.
    fn to_f64(self) -> f64;
    /// The value nearest to a number; zero for a negative number.
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
        reason = "the cast saturates"
    )]
    fn from_f64(number: f64) -> Self {
        number.round() as u32
    }
}

impl<T: Quantity> Dist<T> {
    /// Reads a distribution whose values `value` reads; `None` if the text is no distribution, if the
    /// ends of its range are in the wrong order, or if the mean of a log-normal one is zero.
    pub fn read(text: &str, value: impl Fn(&str) -> Option<T>) -> Option<Self> {
        let Some((shape, parameters)) = text.split_once(':') else {
            return value(text).map(Dist::Fixed);
        };
        let two = |separator, dist: fn(T, T) -> Self| {
            let (a, b) = parameters.split_once(separator)?;
            Some(dist(value(a)?, value(b)?))
        };
        let dist = match shape.trim() {
            "uniform" => two("..", Dist::Uniform),
            "normal" => two(",", Dist::Normal),
            "lognormal" => two(",", Dist::LogNormal),
            "exp" => value(parameters).map(Dist::Exponential),
            _ => None,
        };
        dist.filter(|dist| match dist {
            Dist::Uniform(low, high) => low <= high,
            Dist::LogNormal(mean, _) => *mean > T::default(),
            _ => true,
        })
    }

    /// Draws a value, from numbers that are uniform in `0.0..1.0`.
    pub fn draw(&self, mut unit: impl FnMut() -> f64) -> T {
        let number = match *self {
            Dist::Fixed(value) => return value,
            Dist::Uniform(low, high) => low.to_f64() + (high.to_f64() - low.to_f64()) * unit(),
            Dist::Normal(mean, deviation) => mean.to_f64() + deviation.to_f64() * normal(unit),
            Dist::LogNormal(mean, deviation) => {
                // The parameters of the logarithm's normal distribution, from those of the value.
                let spread = (deviation.to_f64() / mean.to_f64()).powi(2).ln_1p();
                let location = mean.to_f64().ln() - spread / 2.0;
                (location + spread.sqrt() * normal(unit)).exp()
            }
            // The logarithm's argument lies in 0.0 < x <= 1.0.
            Dist::Exponential(mean) => mean.to_f64() * -(1.0 - unit()).ln(),
        };
        T::from_f64(number)
    }
}

/// Standard normal, by Box and Muller's method; the second value of each pair is not used.
fn normal(mut unit: impl FnMut() -> f64) -> f64 {
    // The logarithm's argument lies in 0.0 < x <= 1.0.
    let radius = (-2.0 * (1.0 - unit()).ln()).sqrt();
    radius * (TAU * unit()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn distributions_of_times() {
        #[rustfmt::skip]
        let cases = [
            ("200", Dist::Fixed(us(200_000))),
            ("uniform:100..0.2s", Dist::Uniform(us(100_000), us(200_000))),
            ("normal:200, 50", Dist::Normal(us(200_000), us(50_000))),
            ("lognormal:200ms,50us", Dist::LogNormal(us(200_000), us(50))),
            ("exp:20", Dist::Exponential(us(20_000))),
        ];
        for (text, expected) in cases {
            assert_eq!(Dist::read(text, Duration::read), Some(expected), "{text}");
        }
        #[rustfmt::skip]
        let cases = [
            "", "gamma:1,2", "uniform:1", "uniform:1,2", "uniform:2..1", "normal:1", "normal:1,-2",
            "lognormal:0,1", "exp", "exp:",
        ];
        for text in cases {
            assert_eq!(Dist::read(text, Duration::read), None, "{text}");
        }
    }

    #[test]
    fn distributions_of_counts() {
        let (low, high) = (10, 20);
        assert_eq!(Dist::read("50", u32::read), Some(Dist::Fixed(50)));
        let read = Dist::read("uniform:10..20", u32::read);
        assert_eq!(read, Some(Dist::Uniform(low, high)));
        for text in ["1.5", "5ms", "-1", "uniform:1..", "4294967296"] {
            assert_eq!(Dist::read(text, u32::read), None, "{text}");
        }
    }
}
