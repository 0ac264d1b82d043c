//! Values of flags and their limits. Each error names the flag, the value and a remedy.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::text::Message;
use crate::values::{self, SECONDS, digits, shown};

/// Longest time that a flag takes: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads a time: see [`SECONDS`].
///
/// # Errors
///
/// If it is no time, or longer than a year.
pub fn duration(flag: &'static str, raw: &str) -> Result<Duration, Message> {
    let wrong = |id| {
        Message::new(id)
            .with("flag", flag)
            .with("value", shown(raw))
    };
    match SECONDS.read(raw) {
        Some(time) if time <= LONGEST => Ok(time),
        Some(_) => Err(wrong("usage.duration_long")),
        None => Err(wrong("usage.duration")),
    }
}

/// Reads a time that has to be longer than nothing. `remedy` is the id of the text that says what
/// to do in place of 0.
///
/// # Errors
///
/// As [`duration`], and for a time below one millisecond.
pub fn positive_duration(
    flag: &'static str,
    raw: &str,
    remedy: &'static str,
) -> Result<Duration, Message> {
    let time = duration(flag, raw)?;
    if time < Duration::from_millis(1) {
        let message = Message::new(remedy).with("flag", flag);
        return Err(message.with("value", shown(raw)));
    }
    Ok(time)
}

/// Reads a whole number in a range.
///
/// # Errors
///
/// If it is none.
pub fn count(flag: &'static str, raw: &str, range: RangeInclusive<u32>) -> Result<u32, Message> {
    let range = u64::from(*range.start())..=u64::from(*range.end());
    whole(flag, raw, range).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// Reads a whole number in a range.
///
/// # Errors
///
/// If it is none.
pub fn whole(flag: &'static str, raw: &str, range: RangeInclusive<u64>) -> Result<u64, Message> {
    digits(raw.trim())
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            Message::new("usage.number")
                .with("flag", flag)
                .with("value", shown(raw))
                .with("min", range.start())
                .with("max", range.end())
                .with("example", 10.clamp(*range.start(), *range.end()))
        })
}

/// Reads a number of bytes from 1 KiB to 1 GiB.
pub(super) fn size(flag: &'static str, raw: &str) -> Result<usize, Message> {
    let bytes = values::size(raw).filter(|bytes| (1 << 10..=1 << 30).contains(bytes));
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| {
        let message = Message::new("usage.size").with("flag", flag);
        message.with("value", shown(raw))
    })
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
        for raw in [
            "0",
            "1000001",
            "-1",
            "+1",
            "1.0",
            "1k",
            "",
            "99999999999999999999",
            "十",
        ] {
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
