//! The run second by second as the page has it: at most [`MOST`] ticks, each of one or more
//! seconds.

use std::borrow::Cow;

use serde::Serialize;

use super::values::Thousandths;
use crate::metrics::{self, Flag, rounded};
use crate::output::members::Members;
use crate::stats::{Counts, Tick, TickView, Ticks};

/// So many ticks are drawn at most.
const MOST: u64 = 2_000;
/// What a tick may cover, in seconds; beyond the last, its multiples.
const STEPS: [u64; 9] = [1, 2, 5, 10, 15, 30, 60, 300, 600];

type Value = Option<Thousandths>;

/// The ticks of the page: an array of values for each series that is known.
#[derive(Debug, Serialize)]
pub(super) struct Series {
    step_s: u64,
    count: usize,
    #[serde(flatten)]
    values: Members<Vec<Value>>,
}

/// What a tick is made of.
struct Part<'a> {
    seconds: &'a [TickView<'a>],
    /// Their sum.
    tick: Tick,
    so_far: Counts,
}

impl<'a> Part<'a> {
    fn last(&self) -> &'a TickView<'a> {
        &self.seconds[self.seconds.len() - 1]
    }

    fn counts(&self, count: fn(&Counts) -> u64) -> impl Iterator<Item = u64> {
        let seconds = self.seconds.iter();
        seconds.map(move |second| count(&second.tick.counts))
    }
}

impl Series {
    /// The series of the ticks; `whole` if they saw users and streams.
    pub(super) fn of(ticks: &Ticks, whole: bool) -> Self {
        let views: Vec<TickView<'_>> = ticks.iter().collect();
        let step = step(views.len() as u64);
        let wanted = Wanted::of(whole, step > 1).0;
        let mut values = vec![Vec::new(); wanted.len()];
        let mut so_far = Counts::default();
        let parts = views.chunks(usize::try_from(step).unwrap_or(usize::MAX));
        let count = parts.len();
        for seconds in parts {
            let tick = sum(seconds);
            so_far += &tick.counts;
            let part = Part {
                seconds,
                tick,
                so_far: so_far.clone(),
            };
            for ((_, value), values) in wanted.iter().zip(&mut values) {
                values.push(value(&part));
            }
        }
        let names = wanted.into_iter().map(|(name, _)| name);
        Self {
            step_s: step,
            count,
            values: names.zip(values).collect(),
        }
    }

    /// How many seconds a tick covers.
    pub(super) fn step(&self) -> u64 {
        self.step_s
    }
}

/// A series: its name, and its value of a tick.
type Named = (Cow<'static, str>, Box<dyn Fn(&Part<'_>) -> Value>);

/// The series that are known.
#[derive(Default)]
struct Wanted(Vec<Named>);

impl Wanted {
    /// All series, if `whole`; the extreme seconds of ticks that are `long`.
    fn of(whole: bool, long: bool) -> Self {
        let mut wanted = Self::default();
        wanted.rate("rps", long, Counts::completed);
        for metric in metrics::with(Flag::Series) {
            let steps = metric.unit.steps();
            let mean = move |counts: &Counts| Thousandths::mean(counts.sum(metric), steps);
            wanted.add(metric.id, move |part| mean(&part.tick.counts));
            if metric.has(Flag::SoFar) {
                let name = format!("{}_so_far", metric.id);
                wanted.add(name, move |part| mean(&part.so_far));
            }
        }
        wanted.count("total", |part| part.so_far.completed());
        wanted.count("total_ok", |part| part.so_far.ok);
        wanted.count("total_failed", |part| part.so_far.all_failed());
        if !whole {
            return wanted;
        }
        wanted.rate("throughput", long, |counts| counts.tokens);
        wanted.count("active_users", |part| part.last().active_users);
        wanted.count("total_users", |part| part.last().total_users);
        for (name, p) in [("itl_p50", 50.0), ("itl_p90", 90.0), ("itl_p99", 99.0)] {
            wanted.add(name, move |part| {
                let micros = part.tick.itl.percentile(p)?;
                Some(Thousandths(rounded(micros)))
            });
        }
        wanted
    }

    fn add(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Fn(&Part<'_>) -> Value + 'static,
    ) {
        self.0.push((name.into(), Box::new(value)));
    }

    fn count(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        count: impl Fn(&Part<'_>) -> u64 + 'static,
    ) {
        self.add(name, move |part| Some(Thousandths::whole(count(part))));
    }

    /// A count per second, and its extreme seconds where ticks are `long`.
    fn rate(&mut self, name: &'static str, long: bool, count: fn(&Counts) -> u64) {
        self.add(name, move |part| {
            let sum: u64 = part.counts(count).sum();
            Some(Thousandths::of(sum as f64 / part.seconds.len() as f64))
        });
        if long {
            let least = move |part: &Part<'_>| part.counts(count).min().unwrap_or(0);
            let most = move |part: &Part<'_>| part.counts(count).max().unwrap_or(0);
            self.count(format!("{name}_min"), least);
            self.count(format!("{name}_max"), most);
        }
    }
}

/// How many seconds each tick of a run covers.
fn step(seconds: u64) -> u64 {
    let fits = |step: &u64| seconds.div_ceil(*step) <= MOST;
    let [.., longest] = STEPS;
    STEPS
        .into_iter()
        .find(fits)
        .unwrap_or_else(|| longest * seconds.div_ceil(longest * MOST))
}

fn sum(part: &[TickView<'_>]) -> Tick {
    match part {
        [only] => only.tick.clone(),
        part => part.iter().fold(Tick::default(), |mut sum, view| {
            sum.merge(view.tick);
            sum
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::clock::Stamp;
    use crate::record::{FailureKind, Progress, Sample};
    use crate::stats::tests::{failed, finished, ok_request};

    fn ms(millis: u64) -> Stamp {
        Stamp::from_micros(millis * 1_000)
    }

    fn ticks(samples: &[Sample]) -> Ticks {
        let mut ticks = Ticks::default();
        for sample in samples {
            ticks.on(sample);
        }
        ticks
    }

    #[test]
    fn a_short_run_has_a_tick_a_second() {
        let ticks = ticks(&[
            Sample::UserStarted {
                user: 1,
                at: ms(0),
                late: Duration::ZERO,
            },
            Sample::Progress(Progress {
                at: ms(900),
                chunks: 2,
                tokens: 7,
                gaps: [200].as_slice().into(),
                ..Progress::default()
            }),
            finished(ok_request(ms(100), ms(200), ms(1_000))),
            finished(failed(ms(1_600), FailureKind::Reset)),
        ]);
        let page = serde_json::to_value(Series::of(&ticks, true)).unwrap();
        assert_eq!(page["step_s"], json!(1));
        assert_eq!(page["rps"], json!([0, 2]));
        assert_eq!(page["response"], json!([null, 900]));
        assert_eq!(page["throughput"], json!([7, 0]));
        assert_eq!(page["total_failed"], json!([0, 1]));
        assert_eq!(page["active_users"], json!([1, 1]));
        assert_eq!(page["itl_p99"], json!([0.2, null]));
        assert_eq!(page.get("rps_min"), None);
        let page = serde_json::to_value(Series::of(&ticks, false)).unwrap();
        assert_eq!(page.get("throughput"), None);
    }

    #[test]
    fn a_long_run_has_longer_ticks_with_their_extreme_seconds() {
        assert_eq!([0, 2_000, 2_001, 10_000].map(step), [1, 1, 2, 5]);
        assert_eq!(step(86_400 * 30), 1_800);
        let at = |seconds: u64| finished(failed(ms(seconds * 1_000 + 5), FailureKind::Reset));
        let ticks = ticks(&[at(0), at(0), at(0), at(1), at(2_999)]);
        let page = serde_json::to_value(Series::of(&ticks, true)).unwrap();
        assert_eq!(page["step_s"], json!(2));
        assert_eq!(page["count"], json!(1_500));
        assert_eq!(page["rps"][0], json!(2));
        assert_eq!(
            (&page["rps_min"][0], &page["rps_max"][0]),
            (&json!(1), &json!(3))
        );
        assert_eq!(page["rps"][1_499], json!(0.5));
    }
}
