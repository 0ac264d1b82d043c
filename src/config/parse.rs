//! Values of flags and their limits. Each error names the flag, the value and a remedy.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::text::Message;
use crate::values::{self, SECONDS, digits};

/// Longest time that a flag takes: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads a time: see [`SECONDS`].
///
/// # Errors
///
/// If the text is no time, or the time is longer than a year.
pub(super) fn duration(flag: &'static str, raw: &str) -> Result<Duration, Message> {
    let wrong = |id| Err(Message::about(id, raw).with("flag", flag));
    match SECONDS.read(raw) {
        Some(time) if time <= LONGEST => Ok(time),
        Some(_) => wrong("usage.duration_long"),
        None => wrong("usage.duration"),
    }
}

/// Reads a time of at least one millisecond. `remedy` is the id of the text that says what to do in
/// place of 0.
///
/// # Errors
///
/// If the text is no time, or the time is shorter, or longer than a year.
pub fn positive_duration(
    flag: &'static str,
    raw: &str,
    remedy: &'static str,
) -> Result<Duration, Message> {
    match duration(flag, raw)? {
        time if time >= Duration::from_millis(1) => Ok(time),
        _ => Err(Message::about(remedy, raw).with("flag", flag)),
    }
}

/// Reads a whole number in a range.
///
/// # Errors
///
/// If the text is no such number.
pub fn whole<T>(flag: &'static str, raw: &str, range: RangeInclusive<T>) -> Result<T, Message>
where
    T: Copy + PartialOrd + Into<u64> + TryFrom<u64>,
{
    let number = digits(raw.trim()).and_then(|number| T::try_from(number).ok());
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let (min, max) = range.into_inner();
            let message = Message::about("usage.number", raw).with("flag", flag);
            let message = message.with("min", min.into()).with("max", max.into());
            message.with("example", 10.clamp(min.into(), max.into()))
        })
}

/// Reads a number of bytes from 1 KiB to 1 GiB.
pub(super) fn size(flag: &'static str, raw: &str) -> Result<usize, Message> {
    let bytes = values::size(raw).filter(|bytes| (1 << 10..=1 << 30).contains(bytes));
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| Message::about("usage.size", raw).with("flag", flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_named_with_a_remedy() {
        for raw in [
            "", "abc", "-1", "+1", "1e3", "5x", "m", "30m1h", "1m1m", "1h30", "1 h", "1.", ".",
            "1..5", "inf", "nan", "5M", "１",
        ] {
            let text = duration("--timeout", raw).unwrap_err().to_string();
            assert!(
                text.contains("--timeout") && text.contains(raw) && text.contains("1h30m"),
                "{text}"
            );
        }
        assert!(duration("--timeout", "9000h").is_err());
        assert!(duration("--timeout", "99999999999999999999999999").is_err());
        assert!(positive_duration("--timeout", "0", "usage.timeout_zero").is_err());
    }

    #[test]
    fn whole_numbers_are_read_within_their_limits() {
        assert_eq!(whole("--threads", "1000", 1..=1_000_000_u32), Ok(1000));
        #[rustfmt::skip]
        let cases = [
            "0", "1000001", "-1", "+1", "1.0", "1k", "", "99999999999999999999", "十",
        ];
        for raw in cases {
            let text = whole("--threads", raw, 1..=1_000_000_u32)
                .unwrap_err()
                .to_string();
            assert!(
                text.contains("--threads") && text.contains(raw) && text.contains("1000000"),
                "{text}"
            );
        }
    }

    #[test]
    fn sizes_have_limits() {
        assert_eq!(size("--max-event-bytes", "1KiB"), Ok(1024));
        assert_eq!(size("--max-event-bytes", "1g"), Ok(1 << 30));
        for raw in ["", "0", "1023", "2GiB", "x"] {
            let text = size("--max-event-bytes", raw).unwrap_err().to_string();
            assert!(
                text.contains("--max-event-bytes") && text.contains("8MiB"),
                "{text}"
            );
        }
    }
}
