//! Values of flags: times, counts and sizes. Each error names the flag, the value and a remedy.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::show::shown;
use crate::text::Message;

/// Longest time that a flag takes: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads a time: `60` and `1.5` are seconds; `500ms`, `90s`, `5m`, `1h30m` say their units, the
/// larger first.
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
    match parse_duration(raw.trim()) {
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

/// Reads a number of bytes: `65536`, `64KiB`, `8MiB`, also `64K` and `8M`, all in steps of 1024.
///
/// # Errors
///
/// If it is none, or not from 1 KiB to 1 GiB.
pub(super) fn size(flag: &'static str, raw: &str) -> Result<usize, Message> {
    const RANGE: RangeInclusive<usize> = 1 << 10..=1 << 30;
    let text = raw.trim();
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let shift = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => Some(0),
        "k" | "kb" | "kib" => Some(10),
        "m" | "mb" | "mib" => Some(20),
        "g" | "gb" | "gib" => Some(30),
        _ => None,
    };
    digits(number)
        .zip(shift)
        .and_then(|(number, shift)| number.checked_mul(1 << shift))
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|bytes| RANGE.contains(bytes))
        .ok_or_else(|| {
            Message::new("usage.size")
                .with("flag", flag)
                .with("value", shown(raw))
        })
}

/// A number of ASCII digits only: no sign, no space, which `str::parse` would partly allow.
pub(super) fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 4] = [("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];
    if let Some(seconds) = decimal(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut rest = text;
    let mut units = UNITS.as_slice();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let (unit, tail) = tail.split_at(
            tail.find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(tail.len()),
        );
        let place = units.iter().position(|(name, _)| *name == unit)?;
        seconds += decimal(number)? * units[place].1;
        units = &units[place + 1..];
        rest = tail;
    }
    // The parts are exact to the microsecond at least; sums such as 0.1 + 0.2 are not beyond it.
    let seconds = (seconds * 1e6).round() / 1e6;
    (!text.is_empty())
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}

/// Digits with at most one point among or before them.
fn decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let complete = !fraction.is_empty() && (!whole.is_empty() || text.starts_with('.'));
    (complete && plain(whole) && plain(fraction))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let table = [
            ("60", 60_000),
            ("0", 0),
            ("0s", 0),
            ("1.5", 1_500),
            (".5", 500),
            ("0.001", 1),
            ("90s", 90_000),
            ("500ms", 500),
            ("1.5ms", 1),
            ("5m", 300_000),
            ("1.5h", 5_400_000),
            ("1h30m", 5_400_000),
            ("1h2m3s4ms", 3_723_004),
            (" 2m ", 120_000),
            ("0.1s200ms", 300),
            ("8760h", 31_536_000_000),
        ];
        for (raw, millis) in table {
            let time = duration("--timeout", raw).unwrap_or_else(|e| panic!("{raw}: {e}"));
            assert_eq!(time.as_millis(), millis, "{raw}");
        }
        assert_eq!(
            duration("--x", "1.5ms").unwrap(),
            Duration::from_micros(1_500)
        );
    }

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
    fn sizes_are_read_in_steps_of_1024() {
        for (raw, bytes) in [
            ("1024", 1024),
            ("64K", 65_536),
            ("64 KiB", 65_536),
            ("8MiB", 8_388_608),
            ("1g", 1 << 30),
        ] {
            assert_eq!(size("--max-event-bytes", raw), Ok(bytes), "{raw}");
        }
        for raw in [
            "",
            "0",
            "1023",
            "2GiB",
            "x",
            "8 Mbit",
            "-1",
            "99999999999999999999",
        ] {
            let text = size("--max-event-bytes", raw).unwrap_err().to_string();
            assert!(
                text.contains("--max-event-bytes") && text.contains("8MiB"),
                "{text}"
            );
        }
    }
}
