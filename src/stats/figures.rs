//! The single-number figures of a whole run, listed once as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Summary;
use crate::clock::{Stamp, micros};

/// A number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// A count.
    Whole(u64),
    /// A time or a rate.
    Real(f64),
}

/// A figure of a run as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its identifier.
    pub id: &'static str,
    /// Its name in the run JSON: with the unit.
    pub name: &'static str,
    /// Its value in a summary; `None` if unknown.
    pub of: fn(&Summary) -> Option<Number>,
}

/// Plan and outcome.
#[rustfmt::skip]
pub const COUNTS: &[Figure] = &[
    figure("users_planned", "users_planned", |s| whole(s.plan.as_ref()?.users().into())),
    figure("users_started", "users_started", |s| whole(s.users_started)),
    figure("ramp_up", "ramp_up_s", |s| seconds(s.plan.as_ref()?.ramp_up())),
    figure("planned_duration", "planned_duration_s", |s| seconds(s.plan.as_ref()?.duration()?)),
    figure("duration", "duration_s", |s| seconds(s.duration()?)),
    figure("first_start", "first_start_s", |s| seconds(s.first_start?.since(Stamp::ZERO))),
    figure("last_end", "last_end_s", |s| seconds(s.last_end?.since(Stamp::ZERO))),
    figure("requests", "requests", |s| whole(s.requests())),
    figure("ok", "ok", |s| whole(s.ok)),
    figure("failed", "failed", |s| whole(s.failed())),
    figure("cancelled", "cancelled", |s| whole(s.cancelled)),
    figure("abandoned", "abandoned", |s| whole(s.abandoned)),
    figure("success_rate", "success_rate", |s| s.success_rate().map(Number::Real)),
];

/// Totals and rates.
#[rustfmt::skip]
pub const RATES: &[Figure] = &[
    figure("response_time_sum", "response_time_sum_s", |s| seconds(s.response_time_sum?)),
    figure("throughput", "system_throughput_tokens_per_s", |s| s.system_throughput().map(Number::Real)),
    figure("rps", "rps", |s| s.rps().map(Number::Real)),
];

const fn figure(
    id: &'static str,
    name: &'static str,
    of: fn(&Summary) -> Option<Number>,
) -> Figure {
    Figure { id, name, of }
}

#[expect(clippy::unnecessary_wraps, reason = "a figure may be unknown")]
fn whole(count: u64) -> Option<Number> {
    Some(Number::Whole(count))
}

#[expect(clippy::unnecessary_wraps, reason = "a figure may be unknown")]
fn seconds(time: Duration) -> Option<Number> {
    Some(Number::Real(micros(time) as f64 / 1_000_000.0))
}
