//! Values as people write them in flags (times, sizes, numbers, shares, distributions), and as messages
//! show them.

mod dist;

use std::time::Duration;

pub use dist::{Dist, Quantity};

/// A notation of times.
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
    /// Reads a time; `None` if the text is no time.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Duration> {
        let text = text.trim();
        if let Some(number) = decimal(text) {
            return Duration::try_from_secs_f64(number * self.bare).ok();
        }
        let mut seconds = None;
        let (mut rest, mut units) = (text, self.units.as_slice());
        while !rest.is_empty() {
            let (part, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
            let end = tail.find(|c: char| !c.is_ascii_alphabetic());
            let (unit, tail) = tail.split_at(end.unwrap_or(tail.len()));
            let place = units.iter().position(|(name, _)| *name == unit)?;
            let part = if self.spaced { part.trim_end() } else { part };
            seconds = Some(seconds.unwrap_or(0.0) + decimal(part)? * units[place].1);
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
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    let complete = text.chars().all(plain) && !text.ends_with('.');
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

/// A value as an error shows it: quoted if a shell needs quotes, on one line, cut if it is long.
#[must_use]
pub fn shown(value: &str) -> String {
    const LONGEST: usize = 120;
    let on_one_line = |character: char| match character {
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    };
    let mut text: String = value.chars().take(LONGEST).map(on_one_line).collect();
    if value.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    quote(&text)
}

/// A word for a POSIX shell, quoted if it needs quotes.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
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
        #[rustfmt::skip]
        let cases = [
            "", "abc", "-1", "+1", "1e3", "5x", "m", "30m1h", "1m1m", "1h30", "1 h", "1.", ".",
            "1..5", "inf", "nan", "5M", "１", "50us", "99999999999999999999999999",
        ];
        for text in cases {
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
        #[rustfmt::skip]
        let cases = [
            ("0", 0), ("1024", 1024), ("64K", 65_536), ("64 KiB", 65_536), ("8MiB", 8_388_608),
            ("1g", 1 << 30),
        ];
        for (text, bytes) in cases {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        #[rustfmt::skip]
        let cases = [
            "", "x", "8 Mbit", "-1", "99999999999999999999", "17179869184G",
        ];
        for text in cases {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, quoted) in [
            ("abc", "abc"),
            ("你是谁", "你是谁"),
            ("http://h:80/p", "http://h:80/p"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("a;b", "'a;b'"),
            ("~", "'~'"),
        ] {
            assert_eq!(quote(word), quoted, "{word}");
        }
        assert_eq!(shown("a\nb"), r"'a\nb'");
        assert!(shown(&"x".repeat(500)).len() < 130);
    }
}
