//! The only place that asks the time or sleeps.
//!
//! Every instant of a run is a [`Stamp`]: monotonic nanoseconds since the run's start. A [`Clock`]
//! makes stamps. It reads the wall clock at its own start, and so knows the wall-clock time of each
//! stamp.

use std::ops::Add;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, UtcOffset};

/// A moment of the run: nanoseconds since its start on the monotonic clock.
///
/// ```
/// use std::time::Duration;
/// use sse_perf::clock::Stamp;
///
/// let start = Stamp::from_micros(1_500);
/// let token = start + Duration::from_millis(200);
/// assert_eq!(token.since(start), Duration::from_millis(200));
/// assert_eq!(start.since(token), Duration::ZERO, "never negative");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(u64);

impl Stamp {
    /// The run's start.
    pub const ZERO: Stamp = Stamp(0);

    /// The stamp that many nanoseconds after the run's start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The stamp that many microseconds after the run's start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// Nanoseconds since the run's start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole microseconds since the run's start, rounded to the nearest.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        (self.0 + 500) / 1_000
    }

    /// The second of the run in which this moment lies, from 0.
    #[must_use]
    pub const fn second(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The time since `earlier`; zero if `earlier` is the later stamp.
    #[must_use]
    pub const fn since(self, earlier: Stamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Stamp {
    type Output = Stamp;

    fn add(self, rhs: Duration) -> Stamp {
        Stamp(self.0.saturating_add(nanos(rhs)))
    }
}

/// Nanoseconds of a duration, saturating after 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A duration in whole microseconds, rounded to the nearest: the resolution of every per-request
/// metric.
#[must_use]
pub fn micros(duration: Duration) -> u64 {
    nanos(duration).saturating_add(500) / 1_000
}

/// The run's clock: the monotonic time since its start, and the wall-clock time of its start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    wall: OffsetDateTime,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
            wall: local_now(),
        }
    }

    /// Now, since the run's start.
    #[must_use]
    pub fn now(&self) -> Stamp {
        Stamp(nanos(self.origin.elapsed()))
    }

    /// The offset of the wall clock from this clock. Reads the wall clock between two readings of
    /// this clock, and tries again if the thread was interrupted between the two.
    #[must_use]
    pub fn wall_offset(&self) -> WallOffset {
        const TIGHT: Duration = Duration::from_micros(2);
        // A try takes a tenth of a microsecond, unless the thread is interrupted.
        const MOST_TRIES: u32 = 1_000;
        let mut best = (Duration::MAX, WallOffset(0));
        for _ in 0..MOST_TRIES {
            let before = self.now();
            let wall = wall_nanos();
            let after = self.now();
            let took = after.since(before);
            if took < best.0 {
                best = (took, WallOffset::between(wall, before + took / 2));
            }
            if took <= TIGHT {
                break;
            }
        }
        best.1
    }

    /// Now, and the wall clock's offset by one reading of each clock. An interruption between the two
    /// readings makes the offset too large.
    #[must_use]
    pub fn now_with_wall_offset(&self) -> (Stamp, WallOffset) {
        let now = self.now();
        (now, WallOffset::between(wall_nanos(), now))
    }

    /// The wall-clock time of a stamp, in the local offset. Steps of the wall clock after the run's
    /// start change nothing.
    #[must_use]
    pub fn wall(&self, at: Stamp) -> OffsetDateTime {
        self.wall + Duration::from_nanos(at.0)
    }

    /// The time until `at`; zero if `at` has passed.
    #[must_use]
    pub fn until(&self, at: Stamp) -> Duration {
        at.since(self.now())
    }

    /// Sleeps until `at`, or until `stop` is true; asks `stop` first, and whenever the thread is
    /// unparked. Returns whether `at` was reached.
    pub fn park_until(&self, at: Stamp, stop: impl Fn() -> bool) -> bool {
        loop {
            if stop() {
                return false;
            }
            let left = self.until(at);
            if left.is_zero() {
                return true;
            }
            std::thread::park_timeout(left);
        }
    }
}

/// Sleeps for `time`, in threads without the run's clock.
pub fn sleep(time: Duration) {
    std::thread::sleep(time);
}

/// Nanoseconds of the wall clock since the Unix epoch.
fn wall_nanos() -> i128 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since_epoch.unwrap_or_default().as_nanos();
    i128::try_from(nanos).unwrap_or(i128::MAX)
}

/// The difference between the wall clock and the run's clock. Only a step of the wall clock changes
/// the difference: slewing changes both clocks alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallOffset(i128);

impl WallOffset {
    /// The offset if the wall clock shows `wall_nanos`, since the Unix epoch, at a stamp.
    #[must_use]
    pub fn between(wall_nanos: i128, at: Stamp) -> Self {
        Self(wall_nanos - i128::from(at.0))
    }

    /// The stamp of a moment of the wall clock, in nanoseconds since the Unix epoch; `None` before
    /// the run's start.
    #[must_use]
    pub fn stamp_of(self, wall_nanos: i128) -> Option<Stamp> {
        u64::try_from(wall_nanos - self.0).ok().map(Stamp)
    }

    /// The wall clock's time at a stamp, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn nanos_of(self, at: Stamp) -> i128 {
        self.0 + i128::from(at.0)
    }

    /// The absolute difference of two offsets.
    #[must_use]
    pub fn distance(self, other: WallOffset) -> Duration {
        let nanos = (self.0 - other.0).unsigned_abs();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The local time's offset from UTC; UTC if the system does not tell. The system tells the offset
/// only while the process has a single thread: [`crate::run`] makes the first call before all else.
pub fn local_offset() -> UtcOffset {
    static OFFSET: OnceLock<UtcOffset> = OnceLock::new();
    *OFFSET.get_or_init(|| UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC))
}

/// The wall-clock time in the local offset.
#[must_use]
pub fn local_now() -> OffsetDateTime {
    OffsetDateTime::now_utc().to_offset(local_offset())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A stamp in milliseconds.
    pub(crate) const fn ms(millis: u64) -> Stamp {
        Stamp::from_micros(millis * 1_000)
    }

    #[test]
    fn microseconds_round_to_the_nearest() {
        for (nanos, expected) in [(0, 0), (499, 0), (500, 1), (1_499, 1), (1_500, 2)] {
            assert_eq!(micros(Duration::from_nanos(nanos)), expected, "{nanos} ns");
            assert_eq!(Stamp::from_nanos(nanos).as_micros(), expected, "{nanos} ns");
        }
    }

    #[test]
    fn a_stamp_belongs_to_its_second() {
        assert_eq!(Stamp::from_micros(999_999).second(), 0);
        assert_eq!(Stamp::from_micros(1_000_000).second(), 1);
    }

    #[test]
    fn a_moment_of_the_wall_clock_has_its_stamp() {
        let offset = WallOffset::between(1_000_000, Stamp::from_nanos(400));
        assert_eq!(offset.stamp_of(1_000_100), Some(Stamp::from_nanos(500)));
        assert_eq!(offset.stamp_of(999_000), None, "before the run's start");
        let stepped = WallOffset::between(1_000_000, Stamp::from_nanos(900));
        assert_eq!(offset.distance(stepped), Duration::from_nanos(500));
        assert_eq!(stepped.distance(offset), Duration::from_nanos(500));
    }

    #[test]
    fn parking_ends_at_once_when_told_to_stop() {
        let clock = Clock::start();
        let far = clock.now() + Duration::from_secs(3600);
        assert!(!clock.park_until(far, || true));
        assert!(clock.park_until(Stamp::ZERO, || false));
    }
}
