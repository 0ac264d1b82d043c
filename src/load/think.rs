//! How long users think between requests, and which users leave before their answer is complete: pure
//! functions of a seed.

use std::time::Duration;

use crate::random::{self, Purpose};

/// The longest time of an exponential distribution, which has no end itself.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How long a user thinks between the end of a request and its next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThinkTime {
    /// Always this time.
    Fixed(Duration),
    /// Any time between the two, all equally likely.
    Uniform(Duration, Duration),
    /// Exponential, with this mean.
    Exponential(Duration),
}

impl ThinkTime {
    /// How long a user (from 1) thinks after its `request`th request (from 1).
    #[must_use]
    pub fn after(&self, seed: u64, user: u32, request: u64) -> Duration {
        let unit = || {
            let own = random::bits(seed, Purpose::Think, u64::from(user));
            random::unit(own, Purpose::Think, request)
        };
        match *self {
            ThinkTime::Fixed(time) => time,
            ThinkTime::Uniform(least, most) => least + most.saturating_sub(least).mul_f64(unit()),
            // The logarithm's argument lies in 0.0 < x <= 1.0.
            ThinkTime::Exponential(mean) => {
                let seconds = mean.as_secs_f64() * -(1.0 - unit()).ln();
                Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST))
            }
        }
    }
}

/// Which users leave before their answer is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leaving {
    /// The share of requests whose user leaves, 0 to 1.
    pub rate: f64,
    /// Time from the request's start until the user leaves.
    pub after: Duration,
}

impl Leaving {
    /// Whether the user of the run's `request`th request (from 1) leaves.
    #[must_use]
    pub fn leaves(&self, seed: u64, request: u64) -> bool {
        random::unit(seed, Purpose::Leave, request) < self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn mean(think: ThinkTime) -> f64 {
        let times = (1..=10_000).map(|request| think.after(1, 2, request).as_secs_f64());
        times.sum::<f64>() / 10_000.0
    }

    #[test]
    fn times_have_the_distribution_of_their_name() {
        assert_eq!(ThinkTime::Fixed(SECOND).after(1, 2, 3), SECOND);
        let uniform = ThinkTime::Uniform(SECOND, 3 * SECOND);
        let times: Vec<Duration> = (1..1_000).map(|n| uniform.after(1, 2, n)).collect();
        assert!(times.iter().all(|t| (SECOND..3 * SECOND).contains(t)));
        assert!((mean(uniform) - 2.0).abs() < 0.05);
        assert!((mean(ThinkTime::Exponential(2 * SECOND)) - 2.0).abs() < 0.1);
        let equal = ThinkTime::Uniform(SECOND, SECOND);
        assert_eq!(equal.after(1, 2, 3), SECOND);
    }

    #[test]
    fn times_repeat_and_differ_by_seed_user_and_request() {
        let think = ThinkTime::Exponential(SECOND);
        let one = think.after(1, 1, 1);
        assert_eq!(one, think.after(1, 1, 1));
        for other in [(2, 1, 1), (1, 2, 1), (1, 1, 2)] {
            assert_ne!(one, think.after(other.0, other.1, other.2));
        }
    }

    #[test]
    fn the_share_of_users_who_leave_is_the_given_rate() {
        for (rate, least, most) in [(0.0, 0, 0), (0.1, 900, 1_100), (1.0, 10_000, 10_000)] {
            let leaving = Leaving {
                rate,
                after: SECOND,
            };
            let left = (1..=10_000).filter(|n| leaving.leaves(3, *n)).count();
            assert!((least..=most).contains(&left), "{rate}: {left}");
        }
    }
}
