//! Reads the values of flags. The command line completes each error with the flag and the value,
//! which its text names beside a remedy.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::record::TokenCount;
use crate::text::Message;
use crate::values::{self, Dist, MILLISECONDS, Quantity, SECONDS, digits};

/// Longest time that a flag takes: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads a time: see [`SECONDS`].
///
/// # Errors
///
/// If the text is no time, or the time is longer than a year.
pub fn duration(raw: &str) -> Result<Duration, Message> {
    match SECONDS.read(raw) {
        Some(time) if time <= LONGEST => Ok(time),
        Some(_) => Err(Message::new("usage.duration_long")),
        None => Err(Message::new("usage.duration")),
    }
}

/// Reads times of at least one millisecond. `remedy` is the id of the text that says what to do in
/// place of 0.
pub fn positive(
    remedy: &'static str,
) -> impl Fn(&str) -> Result<Duration, Message> + Clone + Send + Sync + 'static {
    move |raw| match duration(raw)? {
        time if time >= Duration::from_millis(1) => Ok(time),
        _ => Err(Message::new(remedy)),
    }
}

/// Reads a time of the simulated service: see [`MILLISECONDS`].
///
/// # Errors
///
/// If the text is no time.
pub fn milliseconds(raw: &str) -> Result<Duration, Message> {
    let time = MILLISECONDS.read(raw);
    time.ok_or_else(|| Message::new("mock.time"))
}

/// Reads a value or a distribution of values.
///
/// # Errors
///
/// If the text is neither.
pub fn distribution<T: Quantity>(raw: &str) -> Result<Dist<T>, Message> {
    Dist::read(raw, T::read).ok_or_else(|| Message::new("mock.distribution"))
}

/// Reads whole numbers in a range.
pub fn whole<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, Message> + Clone + Send + Sync + 'static
where
    T: Copy + PartialOrd + Into<u64> + TryFrom<u64> + Send + Sync + 'static,
{
    move |raw| {
        let number = digits(raw.trim()).and_then(|number| T::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (min, max) = (*range.start(), *range.end());
            let message = Message::new("usage.number").with("min", min.into());
            let message = message.with("max", max.into());
            message.with("example", 10.clamp(min.into(), max.into()))
        })
    }
}

/// Reads a number of bytes from 1 KiB to 1 GiB.
///
/// # Errors
///
/// If the text is no such number.
pub fn size(raw: &str) -> Result<usize, Message> {
    let bytes = values::size(raw).filter(|bytes| (1 << 10..=1 << 30).contains(bytes));
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| Message::new("usage.size"))
}

/// Reads a share from 0 to 1 of the requests.
///
/// # Errors
///
/// If the text is no such number.
pub fn abandon_rate(raw: &str) -> Result<f64, Message> {
    values::share(raw).ok_or_else(|| Message::new("usage.abandon_rate"))
}

/// Reads how output tokens are counted.
///
/// # Errors
///
/// If the text names no way to count.
pub fn tokens(raw: &str) -> Result<TokenCount, Message> {
    let known = TokenCount::ALL.map(TokenCount::name).join(", ");
    let count = TokenCount::ALL.into_iter().find(|c| c.name() == raw.trim());
    count.ok_or_else(|| Message::new("usage.tokens").with("known", known))
}

/// Reads how long users think: a time, or a uniform or an exponential distribution of times.
///
/// # Errors
///
/// If the text is none of these.
pub fn think_time(raw: &str) -> Result<Dist<Duration>, Message> {
    use Dist::{Exponential, Fixed, Uniform};
    let time = Dist::read(raw, |text| duration(text).ok());
    time.filter(|time| matches!(time, Fixed(_) | Uniform(..) | Exponential(_)))
        .ok_or_else(|| Message::new("usage.think_time"))
}

/// Reads the label of a run.
///
/// # Errors
///
/// If the label is empty, or is no line of text.
pub fn label(raw: &str) -> Result<String, Message> {
    let label = raw.trim();
    if label.is_empty() || label.chars().any(char::is_control) {
        return Err(Message::new("usage.label"));
    }
    Ok(label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_refused() {
        for raw in [
            "", "abc", "-1", "+1", "1e3", "5x", "m", "30m1h", "1m1m", "1h30", "1 h", "1.", ".",
            "1..5", "inf", "nan", "5M", "１",
        ] {
            assert_eq!(duration(raw), Err(Message::new("usage.duration")), "{raw}");
        }
        for raw in ["9000h", "9999999999"] {
            let error = duration(raw).unwrap_err();
            assert_eq!(error.id(), "usage.duration_long", "{raw}");
        }
        assert!(duration("99999999999999999999999999").is_err());
        let zero = positive("usage.timeout_zero")("0").unwrap_err();
        assert_eq!(zero.id(), "usage.timeout_zero");
    }

    #[test]
    fn whole_numbers_are_read_within_their_limits() {
        let users = whole(1..=1_000_000_u32);
        assert_eq!(users("1000"), Ok(1000));
        #[rustfmt::skip]
        let cases = [
            "0", "1000001", "-1", "+1", "1.0", "1k", "", "99999999999999999999", "十",
        ];
        for raw in cases {
            let error = users(raw).unwrap_err();
            assert_eq!(error.id(), "usage.number", "{raw}");
            assert!(error.to_string().contains("1 to 1000000"), "{error}");
        }
    }

    #[test]
    fn sizes_have_limits() {
        assert_eq!(size("1KiB"), Ok(1024));
        assert_eq!(size("1g"), Ok(1 << 30));
        for raw in ["", "0", "1023", "2GiB", "x"] {
            assert_eq!(size(raw), Err(Message::new("usage.size")), "{raw}");
        }
    }

    #[test]
    fn times_to_think_have_three_forms() {
        let ms = Duration::from_millis;
        let uniform = |low, high| Dist::Uniform(ms(low), ms(high));
        let table = [
            ("2", Dist::Fixed(ms(2_000))),
            ("500ms", Dist::Fixed(ms(500))),
            ("0", Dist::Fixed(ms(0))),
            ("uniform:1s..3s", uniform(1_000, 3_000)),
            ("uniform:0.5..0.5", uniform(500, 500)),
            ("exp:2s", Dist::Exponential(ms(2_000))),
        ];
        for (raw, expected) in table {
            assert_eq!(think_time(raw), Ok(expected), "{raw}");
        }
        #[rustfmt::skip]
        let cases = [
            "", "x", "exp", "exp:", "uniform:1s", "uniform:3s..1s", "normal:1s,2s", "uniform:1s..x",
        ];
        for raw in cases {
            let error = think_time(raw).unwrap_err();
            assert_eq!(error.id(), "usage.think_time", "{raw}");
        }
    }
}
