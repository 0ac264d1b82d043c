//! How long users think between requests, and which users leave before their answer is complete: pure
//! functions of a seed.

use std::time::Duration;

use crate::random::{self, Purpose};
use crate::values::Dist;

/// How long a user (from 1) thinks after its `request`th request (from 1).
#[must_use]
pub fn thinks(time: &Dist<Duration>, seed: u64, user: u32, request: u64) -> Duration {
    let own = random::bits(seed, Purpose::Think, u64::from(user));
    time.draw(|| random::unit(own, Purpose::Think, request))
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

    #[test]
    fn times_repeat_and_differ_by_seed_user_and_request() {
        assert_eq!(thinks(&Dist::Fixed(SECOND), 1, 2, 3), SECOND);
        let think = Dist::Exponential(SECOND);
        let one = thinks(&think, 1, 1, 1);
        assert_eq!(one, thinks(&think, 1, 1, 1));
        for other in [(2, 1, 1), (1, 2, 1), (1, 1, 2)] {
            assert_ne!(one, thinks(&think, other.0, other.1, other.2));
        }
        let times = (1..=10_000).map(|n| thinks(&think, 1, 2, n).as_secs_f64());
        let mean = times.sum::<f64>() / 10_000.0;
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
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
