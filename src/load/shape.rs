//! What a load shape says: how many users there are, and when each slot is due.

use std::fmt;
use std::time::{Duration, TryFromFloatSecsError};

use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::record::Phase;
use crate::text::Message;

/// One opportunity to send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When the request is due; `None` for as soon as a user is free. The request is late if no user
    /// is free when it is due: the shape must have enough users.
    pub due: Option<Stamp>,
    /// The part of the run that the request belongs to.
    pub phase: Phase,
    /// The stage of the load that the request belongs to, from 1; `None` where load has no stages.
    pub stage: Option<u32>,
}

/// A load shape: how many users there are, when each user starts, and when each slot is due. All
/// methods are pure functions.
pub trait Shape: fmt::Debug + Send + Sync {
    /// How many users send, at least 1. Each is a thread that is ready before the run begins.
    fn users(&self) -> u32;

    /// Over which time users start.
    fn ramp_up(&self) -> Duration;

    /// When a user (from 1) starts. The first user starts at once, the others evenly over the ramp-up:
    /// one user more would start at the end of the ramp-up.
    fn user_start(&self, user: u32) -> Stamp {
        let before = u128::from(user.saturating_sub(1));
        let nanos = self.ramp_up().as_nanos() * before / u128::from(self.users().max(1));
        Stamp::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The moment from which no request starts; `None` without a limit of time.
    fn deadline(&self) -> Option<Stamp>;

    /// The most requests that the run sends, if each conversation has `turns` of them; `None`
    /// without a limit.
    fn requests(&self, turns: u32) -> Option<u64>;

    /// Whether a user that has had `ended` conversations may claim a slot at `now`.
    fn admits(&self, ended: u64, now: Stamp) -> bool;

    /// The slot of a number (from 1), claimed at `now`; `None` if there is no such slot, for example
    /// because it would be due after the deadline. Each number is asked for once, on the thread of
    /// the user that sends.
    fn slot(&self, number: u64, now: Stamp) -> Option<Slot>;

    /// How long or how often users send, with the limits of `--duration` and `--requests`: the line
    /// "Mode" of the console.
    fn describe(&self, turns: u32) -> Message;
}

/// A duration that the run JSON has in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Seconds(pub Duration);

impl From<Seconds> for f64 {
    fn from(Seconds(time): Seconds) -> Self {
        time.as_secs_f64()
    }
}

impl TryFrom<f64> for Seconds {
    type Error = TryFromFloatSecsError;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        Duration::try_from_secs_f64(seconds).map(Self)
    }
}
