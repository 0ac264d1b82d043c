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
pub fn duration(flag: &'static str, raw: &str) -> Result<Duration, Message> {
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
/// As [`duration`], and for a shorter time.
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
pub fn count(flag: &'static str, raw: &str, range: RangeInclusive<u32>) -> Result<u32, Message> {
    let range = u64::from(*range.start())..=u64::from(*range.end());
    whole(flag, raw, range).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// Reads a whole number in a range.
///
/// # Errors
///
/// If the text is no such number.
pub fn whole(flag: &'static str, raw: &str, range: RangeInclusive<u64>) -> Result<u64, Message> {
    let number = digits(raw.trim()).filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (min, max) = range.into_inner();
        let message = Message::about("usage.number", raw).with("flag", flag);
        let message = message.with("min", min).with("max", max);
        message.with("example", 10.clamp(min, max))
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
    fn counts_are_read_within_their_limits() {
        assert_eq!(count("--threads", "1000", 1..=1_000_000), Ok(1000));
        #[rustfmt::skip]
        let cases = [
            "0", "1000001", "-1", "+1", "1.0", "1k", "", "99999999999999999999", "十",
        ];
        for raw in cases {
            let text = count("--threads", raw, 1..=1_000_000)
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
