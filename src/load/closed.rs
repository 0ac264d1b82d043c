//! Closed loop: a fixed number of users, started evenly over the ramp-up, each of which sends its
//! next request when its last one is over.

use std::time::Duration;

use crate::clock::Stamp;
use crate::record::Phase;

/// When a closed-loop run has sent enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Every user sends one request.
    OnceEach,
    /// That many requests in all, claimed by idle users.
    Requests(u64),
    /// Until that long after the end of the ramp-up; with a number of requests, whichever comes
    /// first.
    Duration {
        /// How long after the end of the ramp-up.
        hold: Duration,
        /// How many requests in all.
        requests: Option<u64>,
    },
}

/// A closed-loop plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedLoop {
    /// Number of users, at least 1.
    pub users: u32,
    /// Over which time they are started.
    pub ramp_up: Duration,
    /// When enough has been sent.
    pub limit: Limit,
}

impl ClosedLoop {
    /// When a user (numbered from 1) starts: the first at once, the others evenly over the
    /// ramp-up, so that the next one after the last would start at its end.
    #[must_use]
    pub fn user_start(&self, user: u32) -> Stamp {
        let before = u128::from(user.saturating_sub(1));
        let nanos = self.ramp_up.as_nanos() * before / u128::from(self.users.max(1));
        Stamp::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The moment from which no request is started any more, in a run that is limited by time.
    #[must_use]
    pub fn deadline(&self) -> Option<Stamp> {
        match self.limit {
            Limit::Duration { hold, .. } => Some(Stamp::ZERO + self.ramp_up + hold),
            Limit::OnceEach | Limit::Requests(_) => None,
        }
    }

    /// Whether a user that has sent `sent` requests may send the run's request `number` (from 1)
    /// at `now`.
    #[must_use]
    pub fn admits(&self, number: u64, sent: u64, now: Stamp) -> bool {
        match self.limit {
            Limit::OnceEach => sent == 0,
            Limit::Requests(requests) => number <= requests,
            Limit::Duration { requests, .. } => {
                self.deadline().is_none_or(|deadline| now < deadline)
                    && requests.is_none_or(|requests| number <= requests)
            }
        }
    }

    /// The phase of a request that starts at `start`.
    #[must_use]
    pub fn phase(&self, start: Stamp) -> Phase {
        if start < Stamp::ZERO + self.ramp_up {
            Phase::Ramp
        } else {
            Phase::Hold
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn plan(users: u32, ramp_up: u64, limit: Limit) -> ClosedLoop {
        ClosedLoop {
            users,
            ramp_up: Duration::from_secs(ramp_up),
            limit,
        }
    }

    #[test]
    fn users_start_evenly_over_the_ramp_up() {
        let table = [
            (1, 10, 1, 0),
            (4, 0, 4, 0),
            (4, 10, 1, 0),
            (4, 10, 2, 2_500_000),
            (4, 10, 4, 7_500_000),
            (3, 1, 2, 333_333),
        ];
        for (users, ramp_up, user, micros) in table {
            let start = plan(users, ramp_up, Limit::OnceEach).user_start(user);
            assert_eq!(
                start.as_micros(),
                micros,
                "user {user} of {users} over {ramp_up} s"
            );
        }
    }

    #[test]
    fn a_run_ends_by_its_limit() {
        let second = |s: u64| Stamp::from_micros(s * 1_000_000);
        let hold = Duration::from_secs(10);
        let timed = Limit::Duration {
            hold,
            requests: None,
        };
        let both = Limit::Duration {
            hold,
            requests: Some(5),
        };
        let table = [
            (Limit::OnceEach, 1, 0, 0, true),
            (Limit::OnceEach, 9, 0, 99, true),
            (Limit::OnceEach, 2, 1, 0, false),
            (Limit::Requests(3), 3, 2, 99, true),
            (Limit::Requests(3), 4, 0, 0, false),
            (timed, 1_000, 900, 11, true),
            (timed, 1, 0, 12, false),
            (both, 5, 0, 11, true),
            (both, 6, 0, 11, false),
            (both, 5, 0, 12, false),
        ];
        for (limit, number, sent, at, admitted) in table {
            let plan = plan(2, 2, limit);
            assert_eq!(
                plan.admits(number, sent, second(at)),
                admitted,
                "{limit:?}: request {number} of a user with {sent} at {at} s"
            );
        }
        assert_eq!(plan(2, 2, timed).deadline(), Some(second(12)));
    }

    #[test]
    fn the_phase_is_that_of_the_start() {
        let plan = plan(2, 2, Limit::OnceEach);
        assert_eq!(plan.phase(Stamp::from_micros(1_999_999)), Phase::Ramp);
        assert_eq!(plan.phase(Stamp::from_micros(2_000_000)), Phase::Hold);
    }
}
