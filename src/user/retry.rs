//! When a failed attempt is worth another, and how long to wait before it. Pure.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::clock::Stamp;
use crate::random;
use crate::record::{Failure, FailureKind};
use crate::transport::Attempt;

/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait that a server's `Retry-After` can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How soon after sending a reused connection must turn out closed to be no failure of the
/// service's.
const RECONNECT_WITHIN: Duration = Duration::from_secs(1);

/// Whether the failure may pass: no connection, or a status that says so, of the response or of
/// the proxy that refused to connect. Never once a stream has begun.
pub(super) fn is_transient(
    failure: &Failure,
    status: Option<u16>,
    proxy_status: Option<u16>,
) -> bool {
    let may_pass = |status| matches!(status, 429 | 500 | 502 | 503 | 504);
    match failure.kind {
        FailureKind::Dns | FailureKind::TimeoutConnect => true,
        FailureKind::Connect => proxy_status.is_none_or(may_pass),
        FailureKind::HttpStatus => status.is_some_and(may_pass),
        _ => false,
    }
}

/// Whether a connection that had been idle was closed by the server just as the request went out:
/// no byte of a response, within a second of sending.
pub(super) fn was_stale(failure: &Failure, attempt: &Attempt, now: Stamp) -> bool {
    matches!(failure.kind, FailureKind::Send | FailureKind::Reset)
        && attempt.connection.reused == Some(true)
        && attempt.first_byte.is_none()
        && attempt
            .send_began
            .is_none_or(|began| now.since(began) <= RECONNECT_WITHIN)
}

/// How long to wait after the `failed`th attempt (from 1): exponential from 100 ms, between half
/// and all of it by `jitter` (0 to 1), or what the server asked for, up to 60 s.
pub(super) fn wait_after(failed: u32, jitter: f64, retry_after: Option<Duration>) -> Duration {
    if let Some(asked) = retry_after {
        return asked.min(LONGEST_WAIT);
    }
    let doublings = failed.saturating_sub(1).min(20);
    (FIRST_WAIT * 2_u32.pow(doublings))
        .min(LONGEST_WAIT)
        .mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// A `Retry-After` header (RFC 9110, 10.2.3): seconds, or a date.
pub(super) fn parse_retry_after(value: &str, now: OffsetDateTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    Some(Duration::try_from(at - now).unwrap_or(Duration::ZERO))
}

/// A number between 0 and 1 from a seed.
pub(super) fn jitter(seed: u64) -> f64 {
    random::fraction(random::step(seed))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::record::Connection;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let table = [
            (FailureKind::Connect, None, true),
            (FailureKind::Dns, None, true),
            (FailureKind::TimeoutConnect, None, true),
            (FailureKind::HttpStatus, Some(429), true),
            (FailureKind::HttpStatus, Some(500), true),
            (FailureKind::HttpStatus, Some(503), true),
            (FailureKind::HttpStatus, Some(501), false),
            (FailureKind::HttpStatus, Some(401), false),
            (FailureKind::Tls, None, false),
            (FailureKind::Reset, None, false),
            (FailureKind::TimeoutResponse, None, false),
            (FailureKind::ErrorEvent, Some(200), false),
        ];
        for (kind, status, expected) in table {
            let failure = Failure::new(kind, "");
            let transient = is_transient(&failure, status, None);
            assert_eq!(transient, expected, "{kind} {status:?}");
        }
        // Credentials and rules of a proxy do not get better; an overload of it may.
        let refused = Failure::new(FailureKind::Connect, "");
        for (status, expected) in [(407, false), (403, false), (502, true), (503, true)] {
            let transient = is_transient(&refused, Some(503), Some(status));
            assert_eq!(transient, expected, "{status}");
        }
    }

    #[test]
    fn waits_double_from_100_ms_and_honour_the_server_up_to_a_minute() {
        let table = [
            (1, 1.0, None, 100),
            (1, 0.0, None, 50),
            (2, 1.0, None, 200),
            (4, 1.0, None, 800),
            (60, 1.0, None, 60_000),
            (1, 0.3, Some(2), 2_000),
            (1, 0.3, Some(0), 0),
            (1, 0.3, Some(3_600), 60_000),
        ];
        for (failed, jitter, asked, millis) in table {
            let wait = wait_after(failed, jitter, asked.map(Duration::from_secs));
            assert_eq!(wait.as_millis(), millis, "after attempt {failed}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = datetime!(2026-10-21 07:28:00 UTC);
        let table = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2026 07:28:30 GMT", Some(30)),
            ("Wed, 21 Oct 2026 07:27:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (value, seconds) in table {
            let wait = parse_retry_after(value, now);
            assert_eq!(wait.map(|wait| wait.as_secs()), seconds, "{value}");
        }
    }

    #[test]
    fn a_stale_connection_is_reused_silent_and_recent() {
        let attempt = Attempt {
            connection: Connection {
                reused: Some(true),
                ..Connection::default()
            },
            send_began: Some(Stamp::from_micros(1_000)),
            ..Attempt::default()
        };
        let soon = Stamp::from_micros(900_000);
        let reset = Failure::new(FailureKind::Reset, "");
        assert!(was_stale(&reset, &attempt, soon));
        assert!(!was_stale(&reset, &attempt, Stamp::from_micros(1_100_000)));
        let idle = Failure::new(FailureKind::TimeoutResponse, "");
        assert!(!was_stale(&idle, &attempt, soon));
        let answered = Attempt {
            first_byte: Some(soon),
            ..attempt
        };
        assert!(!was_stale(&reset, &answered, soon));
        let mut new = attempt;
        new.connection.reused = Some(false);
        assert!(!was_stale(&reset, &new, soon));
    }

    #[test]
    fn jitter_lies_between_0_and_1() {
        for seed in 0..1_000 {
            assert!((0.0..1.0).contains(&jitter(seed)));
        }
    }
}
