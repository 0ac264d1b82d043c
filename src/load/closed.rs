//! Closed loop: each user sends its next request when its last one is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shape::{Seconds, Shape, Slot};
use crate::clock::Stamp;
use crate::record::Phase;
use crate::text::{Message, plain_seconds};

/// A closed loop. Without a limit, every user has one conversation; with both limits, the run ends
/// at the limit that is reached first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedLoop {
    /// Number of users, at least 1.
    pub users: u32,
    /// Over which time users start.
    #[serde(rename = "ramp_up_s")]
    pub ramp_up: Seconds,
    /// How long requests start after the ramp-up.
    #[serde(rename = "duration_s")]
    pub hold: Option<Seconds>,
    /// The most requests of all users.
    pub requests: Option<u64>,
}

impl Shape for ClosedLoop {
    fn users(&self) -> u32 {
        self.users
    }

    fn ramp_up(&self) -> Duration {
        self.ramp_up.0
    }

    fn deadline(&self) -> Option<Stamp> {
        Some(Stamp::ZERO + self.ramp_up.0 + self.hold?.0)
    }

    fn requests(&self, turns: u32) -> Option<u64> {
        let once = || u64::from(self.users) * u64::from(turns);
        self.requests.or_else(|| self.hold.is_none().then(once))
    }

    fn admits(&self, ended: u64, now: Stamp) -> bool {
        let without_deadline = self.requests.is_some() || ended == 0;
        self.deadline()
            .map_or(without_deadline, |deadline| now < deadline)
    }

    fn slot(&self, number: u64, now: Stamp) -> Option<Slot> {
        let exists = self.requests.is_none_or(|requests| number <= requests);
        let is_ramp = now < Stamp::ZERO + self.ramp_up.0;
        let phase = if is_ramp { Phase::Ramp } else { Phase::Hold };
        exists.then_some(Slot {
            due: None,
            phase,
            stage: None,
        })
    }

    fn describe(&self, turns: u32) -> Message {
        let id = match (self.hold, self.requests) {
            (None, None) if turns > 1 => "console.mode.once_conversation",
            (None, None) => "console.mode.once",
            (None, Some(_)) => "console.mode.requests",
            (Some(_), None) => "console.mode.duration",
            (Some(_), Some(_)) => "console.mode.both",
        };
        let hold = self.hold.map_or(Duration::ZERO, |hold| hold.0);
        Message::new(id)
            .with("hold", plain_seconds(hold))
            .with("requests", self.requests.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    #[test]
    fn users_start_evenly_over_the_ramp_up() {
        #[rustfmt::skip]
        let table = [
            (1, 10.0, 1, 0), (4, 0.0, 4, 0), (4, 10.0, 1, 0), (4, 10.0, 2, 2_500_000),
            (4, 10.0, 4, 7_500_000), (3, 1.0, 2, 333_333),
        ];
        for (users, ramp_up, user, micros) in table {
            let start = load(users, ramp_up, None, None).user_start(user);
            let name = format!("user {user} of {users} over {ramp_up} s");
            assert_eq!(start.as_micros(), micros, "{name}");
        }
    }

    #[test]
    fn a_run_ends_by_its_limit() {
        let second = |s: u64| Stamp::from_micros(s * 1_000_000);
        let once = (None, None);
        let three = (None, Some(3));
        let timed = (Some(10.0), None);
        let both = (Some(10.0), Some(5));
        let table = [
            (once, 1, 0, 0, true),
            (once, 9, 0, 99, true),
            (once, 2, 1, 0, false),
            (three, 3, 2, 99, true),
            (three, 4, 0, 0, false),
            (timed, 1_000, 900, 11, true),
            (timed, 1, 0, 12, false),
            (both, 5, 0, 11, true),
            (both, 6, 0, 11, false),
            (both, 5, 0, 12, false),
        ];
        for ((hold, requests), number, ended, at, expected) in table {
            let load = load(2, 2.0, hold, requests);
            let at = second(at);
            let sends = load.admits(ended, at) && load.slot(number, at).is_some();
            let of = format!("{load:?}: request {number} of a user with {ended} at {at:?}");
            assert_eq!(sends, expected, "{of}");
        }
        assert_eq!(load(2, 2.0, Some(10.0), None).deadline(), Some(second(12)));
    }

    #[test]
    fn the_most_requests_are_known_where_something_limits_them() {
        for (hold, requests, turns, most) in [
            (None, None, 1, Some(5)),
            (None, None, 3, Some(15)),
            (None, Some(7), 3, Some(7)),
            (Some(1.0), Some(7), 1, Some(7)),
            (Some(1.0), None, 1, None),
        ] {
            assert_eq!(load(5, 0.0, hold, requests).requests(turns), most);
        }
    }

    #[test]
    fn slots_are_due_when_a_user_is_free_and_in_the_phase_of_that_moment() {
        let load = load(2, 2.0, None, None);
        for (micros, phase) in [(1_999_999, Phase::Ramp), (2_000_000, Phase::Hold)] {
            let slot = Slot {
                due: None,
                phase,
                stage: None,
            };
            assert_eq!(load.slot(1, Stamp::from_micros(micros)), Some(slot));
        }
    }
}
