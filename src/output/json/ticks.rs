//! The run second by second in its JSON. Seconds are written one at a time: a long run has more
//! seconds than anything else.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::sum::SumJson;
use crate::output::csv::read::LAST_SECOND;
use crate::output::members::Members;
use crate::stats::{Counts, Histogram, Tick, TickCpu, TickView, Ticks};

pub(super) fn serialize<S: Serializer>(ticks: &Ticks, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ticks.iter().map(TickJson::of))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Cow<'static, Ticks>, D::Error> {
    let mut ticks = Ticks::default();
    let mut before = (0, 0);
    for tick in Vec::<TickJson<'static>>::deserialize(deserializer)? {
        let (second, users) = (tick.second, (tick.total_users, tick.users_gone()));
        if second > LAST_SECOND {
            return Err(D::Error::custom("second holds what cannot be there"));
        }
        ticks.merge_second(second, &tick.tick(before));
        before = users;
    }
    Ok(Cow::Owned(ticks))
}

#[derive(Serialize, Deserialize)]
struct TickJson<'a> {
    second: u64,
    /// Users at the second's end.
    active_users: u64,
    total_users: u64,
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    sums: Members<SumJson>,
    itl: Cow<'a, Histogram>,
    client_lag: Cow<'a, Histogram>,
    #[serde(flatten)]
    cpu: TickCpu,
}

impl<'a> TickJson<'a> {
    fn of(view: TickView<'a>) -> Self {
        let sums = view.tick.counts.sums();
        let sums = sums.map(|(metric, sum)| (metric.name, SumJson::of(sum, metric.unit.steps())));
        Self {
            second: view.second,
            active_users: view.active_users,
            total_users: view.total_users,
            counts: view.tick.counts.clone(),
            sums: sums.collect(),
            itl: Cow::Borrowed(&view.tick.itl),
            client_lag: Cow::Borrowed(&view.tick.lag),
            cpu: view.tick.cpu.unwrap_or_default(),
        }
    }

    /// The second, if `started` users had started and `finished` users had finished before it.
    fn tick(self, (started, finished): (u64, u64)) -> Tick {
        let mut counts = Counts {
            users_started: self.total_users.saturating_sub(started),
            users_finished: self.users_gone().saturating_sub(finished),
            ..self.counts
        };
        for (metric, sum) in counts.sums_mut() {
            let saved = self.sums.get(metric.name).unwrap_or_default();
            *sum = saved.sum(metric.unit.steps());
        }
        Tick {
            counts,
            itl: self.itl.into_owned(),
            lag: self.client_lag.into_owned(),
            cpu: (self.cpu != TickCpu::default()).then_some(self.cpu),
        }
    }

    fn users_gone(&self) -> u64 {
        self.total_users.saturating_sub(self.active_users)
    }
}
