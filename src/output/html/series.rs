//! The run second by second, in at most [`MOST`] ticks of one or more seconds each.

use serde_json::value::RawValue;

use super::values::{Thousandths, raw};
use crate::metrics::{self, Flag, rounded};
use crate::output::members::Members;
use crate::stats::{Counts, Histogram, TickView};

/// The most ticks that are drawn.
const MOST: usize = 2_000;
/// Lengths of a tick, in seconds; beyond the last, its multiples.
const STEPS: [usize; 9] = [1, 2, 5, 10, 15, 30, 60, 300, 600];
/// Percentiles of the gaps between chunks.
const GAPS: [(&str, f64); 3] = [("itl_p50", 50.0), ("itl_p90", 90.0), ("itl_p99", 99.0)];

/// A tick of the page.
pub(super) struct Part<'a> {
    seconds: &'a [TickView<'a>],
    /// The sum of its seconds.
    pub(super) counts: Counts,
    /// The sum of all seconds from the run's start to the tick's end.
    so_far: Counts,
    /// The percentiles of [`GAPS`], in microseconds.
    gaps: [Option<f64>; GAPS.len()],
}

/// Receives a series: its name, and its value in a tick.
type Add<'a> = &'a mut dyn FnMut(&str, &dyn Fn(&Part<'_>) -> Option<Thousandths>);

/// The length of a tick of a run that lasts this long, both in seconds.
pub(super) fn step(seconds: usize) -> usize {
    let fits = |step: &usize| seconds.div_ceil(*step) <= MOST;
    let [.., longest] = STEPS;
    let multiple = || longest * seconds.div_ceil(longest * MOST);
    STEPS.into_iter().find(fits).unwrap_or_else(multiple)
}

/// All series, in ticks of `step` seconds; without those of users and streams unless `whole`.
pub(super) fn series(parts: &[Part<'_>], step: usize, whole: bool) -> Members<Box<RawValue>> {
    let mut series = vec![
        ("step_s".to_owned(), raw(&step)),
        ("count".to_owned(), raw(&parts.len())),
    ];
    let add: Add<'_> = &mut |name, value| {
        let values: Vec<_> = parts.iter().map(value).collect();
        series.push((name.to_owned(), raw(&values)));
    };
    let long = step > 1;
    rate(add, "rps", long, Counts::completed);
    for metric in metrics::with(Flag::Series) {
        let steps = metric.unit.steps();
        let mean = |counts: &Counts| Thousandths::mean(counts.sum(metric), steps);
        add(metric.id, &|part| mean(&part.counts));
        if metric.has(Flag::SoFar) {
            let name = format!("{}_so_far", metric.id);
            add(&name, &|part| mean(&part.so_far));
        }
    }
    count(add, "total", |part| part.so_far.completed());
    count(add, "total_ok", |part| part.so_far.ok);
    count(add, "total_failed", |part| part.so_far.all_failed());
    if whole {
        rate(add, "throughput", long, |counts| counts.tokens);
        count(add, "active_users", |part| part.so_far.active_users());
        count(add, "total_users", |part| part.so_far.users_started);
        for (place, (name, _)) in GAPS.into_iter().enumerate() {
            add(name, &|part| Some(Thousandths(rounded(part.gaps[place]?))));
        }
    }
    series.into_iter().collect()
}

/// The ticks of `step` seconds each.
pub(super) fn parts<'a>(seconds: &'a [TickView<'a>], step: usize) -> Vec<Part<'a>> {
    let mut so_far = Counts::default();
    let part = |seconds: &'a [TickView<'a>]| {
        let (mut counts, mut itl) = (Counts::default(), Histogram::default());
        for TickView { tick, .. } in seconds {
            counts += &tick.counts;
            itl.merge(&tick.itl);
        }
        so_far += &counts;
        Part {
            seconds,
            counts,
            so_far: so_far.clone(),
            gaps: GAPS.map(|(_, p)| itl.percentile(p)),
        }
    };
    seconds.chunks(step).map(part).collect()
}

fn count(add: Add<'_>, name: &str, count: impl Fn(&Part<'_>) -> u64) {
    add(name, &|part| Some(Thousandths::whole(count(part))));
}

/// A count per second, and its extreme seconds where ticks are `long`.
fn rate(add: Add<'_>, name: &str, long: bool, of: fn(&Counts) -> u64) {
    let mean = |part: &Part<'_>| of(&part.counts) as f64 / part.seconds.len() as f64;
    add(name, &|part| Some(Thousandths::of(mean(part))));
    if long {
        let in_second = |second: &TickView<'_>| of(&second.tick.counts);
        let min = |part: &Part<'_>| part.seconds.iter().map(in_second).min();
        let max = |part: &Part<'_>| part.seconds.iter().map(in_second).max();
        count(add, &format!("{name}_min"), |part| min(part).unwrap_or(0));
        count(add, &format!("{name}_max"), |part| max(part).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::clock::tests::ms;
    use crate::record::{FailureKind, Progress, Sample};
    use crate::stats::Ticks;
    use crate::stats::tests::{failed, finished, ok_request};

    fn ticks(samples: &[Sample]) -> Ticks {
        let mut ticks = Ticks::default();
        for sample in samples {
            ticks.on(sample);
        }
        ticks
    }

    fn page(ticks: &Ticks, whole: bool) -> Value {
        let seconds: Vec<_> = ticks.iter().collect();
        let step = step(seconds.len());
        json!(series(&parts(&seconds, step), step, whole))
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
        let page = page(&ticks, true);
        assert_eq!(page["step_s"], json!(1));
        assert_eq!(page["rps"], json!([0, 2]));
        assert_eq!(page["response"], json!([null, 900]));
        assert_eq!(page["throughput"], json!([7, 0]));
        assert_eq!(page["total_failed"], json!([0, 1]));
        assert_eq!(page["active_users"], json!([1, 1]));
        assert_eq!(page["itl_p99"], json!([0.2, null]));
        assert_eq!(page.get("rps_min"), None);
        let page = self::page(&ticks, false);
        assert_eq!(page.get("throughput"), None);
    }

    #[test]
    fn a_long_run_has_longer_ticks_with_their_extreme_seconds() {
        assert_eq!([0, 2_000, 2_001, 10_000].map(step), [1, 1, 2, 5]);
        assert_eq!(step(86_400 * 30), 1_800);
        let at = |seconds: u64| finished(failed(ms(seconds * 1_000 + 5), FailureKind::Reset));
        let ticks = ticks(&[at(0), at(0), at(0), at(1), at(2_999)]);
        let page = page(&ticks, true);
        assert_eq!(page["step_s"], json!(2));
        assert_eq!(page["count"], json!(1_500));
        assert_eq!(page["rps"][0], json!(2));
        assert_eq!([&page["rps_min"][0], &page["rps_max"][0]], [1, 3]);
        assert_eq!(page["rps"][1_499], json!(0.5));
    }
}
