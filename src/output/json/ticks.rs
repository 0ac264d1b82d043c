//! The run second by second in its JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use super::sum::SumJson;
use crate::output::csv::read::LAST_SECOND;
use crate::output::members::Members;
use crate::stats::{Counts, FailureCounts, Histogram, Tick, TickCpu, TickView, Ticks};

/// The seconds of a run. They are written one at a time: a long run has more of them than anything
/// else.
#[derive(Deserialize)]
#[serde(from = "Vec<TickJson<'static>>")]
pub(super) enum TicksJson<'a> {
    Measured(&'a Ticks),
    Read(Vec<TickJson<'static>>),
}

impl From<Vec<TickJson<'static>>> for TicksJson<'_> {
    fn from(ticks: Vec<TickJson<'static>>) -> Self {
        TicksJson::Read(ticks)
    }
}

impl<'a> TicksJson<'a> {
    /// The seconds of a run, if it has ended.
    pub(super) fn of(ticks: Option<&'a Ticks>) -> Self {
        ticks.map_or(TicksJson::Read(Vec::new()), TicksJson::Measured)
    }

    /// The seconds as they were; `None` where one lies too late to be believed.
    pub(super) fn ticks(self) -> Option<Ticks> {
        let saved = match self {
            TicksJson::Measured(ticks) => return Some(ticks.clone()),
            TicksJson::Read(saved) => saved,
        };
        let mut ticks = Ticks::default();
        let mut before = (0, 0);
        for tick in saved {
            let (second, users) = (tick.second, (tick.total_users, tick.users_gone()));
            if second > LAST_SECOND {
                return None;
            }
            ticks.merge_second(second, &tick.tick(before));
            before = users;
        }
        Some(ticks)
    }
}

impl Serialize for TicksJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            TicksJson::Measured(ticks) => serializer.collect_seq(ticks.iter().map(TickJson::of)),
            TicksJson::Read(ticks) => serializer.collect_seq(ticks),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TickJson<'a> {
    second: u64,
    /// Users as they were at the second's end.
    active_users: u64,
    total_users: u64,
    ok: u64,
    failed: FailureCounts,
    cancelled: u64,
    abandoned: u64,
    chunks: u64,
    tokens: u64,
    #[serde(flatten)]
    sums: Members<SumJson>,
    itl: Cow<'a, Histogram>,
    client_lag: Cow<'a, Histogram>,
    process_cores: Option<f64>,
    machine_busy: Option<f64>,
}

impl<'a> TickJson<'a> {
    fn of(view: TickView<'a>) -> Self {
        let counts = &view.tick.counts;
        let cpu = view.tick.cpu.unwrap_or_default();
        let sums = counts.sums().map(|(metric, sum)| {
            let steps = metric.unit.steps();
            (metric.name, SumJson::of(sum, steps))
        });
        Self {
            second: view.second,
            active_users: view.active_users,
            total_users: view.total_users,
            ok: counts.ok,
            failed: counts.failed,
            cancelled: counts.cancelled,
            abandoned: counts.abandoned,
            chunks: counts.chunks,
            tokens: counts.tokens,
            sums: sums.collect(),
            itl: Cow::Borrowed(&view.tick.itl),
            client_lag: Cow::Borrowed(&view.tick.lag),
            process_cores: cpu.process_cores,
            machine_busy: cpu.machine,
        }
    }

    /// The second, where that many users had started and finished before it.
    fn tick(self, (started, finished): (u64, u64)) -> Tick {
        let mut counts = Counts {
            users_started: self.total_users.saturating_sub(started),
            users_finished: self.users_gone().saturating_sub(finished),
            ok: self.ok,
            failed: self.failed,
            cancelled: self.cancelled,
            abandoned: self.abandoned,
            chunks: self.chunks,
            tokens: self.tokens,
            ..Counts::default()
        };
        for (metric, sum) in counts.sums_mut() {
            let saved = self.sums.get(metric.name).unwrap_or_default();
            *sum = saved.sum(metric.unit.steps());
        }
        let cpu = TickCpu {
            process_cores: self.process_cores,
            machine: self.machine_busy,
        };
        Tick {
            counts,
            itl: self.itl.into_owned(),
            lag: self.client_lag.into_owned(),
            cpu: (cpu != TickCpu::default()).then_some(cpu),
        }
    }

    fn users_gone(&self) -> u64 {
        self.total_users.saturating_sub(self.active_users)
    }
}
