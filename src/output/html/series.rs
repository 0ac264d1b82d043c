//! The run second by second as the page has it: at most [`MOST`] ticks, each of one or more
//! seconds.

use serde::{Serialize, Serializer};

use crate::stats::{Counts, Sum, Tick, TickView, Ticks, rounded};

/// So many ticks are drawn at most.
const MOST: u64 = 2_000;
/// What a tick may cover, in seconds; beyond the last, its multiples.
const STEPS: [u64; 9] = [1, 2, 5, 10, 15, 30, 60, 300, 600];

/// A value in whole thousandths of its unit, written in the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thousandths(pub(super) u64);

impl Serialize for Thousandths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1_000) {
            serializer.serialize_u64(self.0 / 1_000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        }
    }
}

/// A value, not negative, to thousandths.
pub(super) fn in_unit(value: f64) -> Thousandths {
    Thousandths(rounded(value * 1_000.0))
}

/// The mean of a sum in thousandths, in thousandths.
pub(super) fn mean(sum: Sum) -> Option<Thousandths> {
    sum.mean().map(|mean| Thousandths(rounded(mean)))
}

/// The mean of a sum in units.
fn mean_of_units(sum: Sum) -> Option<Thousandths> {
    sum.mean().map(in_unit)
}

type Figures = Vec<Option<Thousandths>>;

/// The ticks of the page: an array of values for each series, `null` for a series that is not
/// known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Series {
    step_s: u64,
    count: usize,
    rps: Vec<Thousandths>,
    response: Figures,
    tpot: Figures,
    ttft: Figures,
    ttfb: Figures,
    tokens_per_s: Figures,
    output_tokens: Figures,
    response_so_far: Figures,
    tpot_so_far: Figures,
    total: Vec<u64>,
    total_ok: Vec<u64>,
    total_failed: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rps_min: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rps_max: Option<Vec<u64>>,
    #[serde(flatten)]
    streams: Option<Streams>,
}

/// What only those know who saw users and streams, and not just requests that were over.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Streams {
    throughput: Vec<Thousandths>,
    active_users: Vec<u64>,
    total_users: Vec<u64>,
    itl_p50: Figures,
    itl_p90: Figures,
    itl_p99: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    throughput_min: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throughput_max: Option<Vec<u64>>,
}

impl Series {
    /// The series of the ticks; `whole` if they saw users and streams.
    pub(super) fn of(ticks: &Ticks, whole: bool) -> Self {
        let seconds = ticks.iter().count() as u64;
        let step = step(seconds);
        let mut series = Series {
            step_s: step,
            streams: whole.then(Streams::default),
            ..Series::default()
        };
        if step > 1 {
            series.rps_min = Some(Vec::new());
            series.rps_max = Some(Vec::new());
            if let Some(streams) = &mut series.streams {
                streams.throughput_min = Some(Vec::new());
                streams.throughput_max = Some(Vec::new());
            }
        }
        let mut so_far = Counts::default();
        let views: Vec<TickView<'_>> = ticks.iter().collect();
        for part in views.chunks(usize::try_from(step).unwrap_or(usize::MAX)) {
            let tick = sum(part);
            so_far += &tick.counts;
            series.push(part, &tick, &so_far);
        }
        series
    }

    /// How many seconds a tick covers.
    pub(super) fn step(&self) -> u64 {
        self.step_s
    }

    fn push(&mut self, part: &[TickView<'_>], tick: &Tick, so_far: &Counts) {
        let counts = &tick.counts;
        self.count += 1;
        self.rps.push(per_second(counts.completed(), part.len()));
        self.response.push(mean(counts.response));
        self.tpot.push(mean(counts.tpot));
        self.ttft.push(mean(counts.ttft));
        self.ttfb.push(mean(counts.ttfb));
        self.tokens_per_s.push(mean(counts.tokens_per_s));
        self.output_tokens.push(mean_of_units(counts.output_tokens));
        self.response_so_far.push(mean(so_far.response));
        self.tpot_so_far.push(mean(so_far.tpot));
        self.total.push(so_far.completed());
        self.total_ok.push(so_far.ok);
        self.total_failed.push(so_far.failed.total());
        let completed = |view: &TickView<'_>| view.tick.counts.completed();
        push_extremes(&mut self.rps_min, &mut self.rps_max, part, completed);
        if let Some(streams) = &mut self.streams {
            streams.push(part, tick);
        }
    }
}

impl Streams {
    fn push(&mut self, part: &[TickView<'_>], tick: &Tick) {
        self.throughput
            .push(per_second(tick.counts.tokens, part.len()));
        let last = part.last();
        self.active_users
            .push(last.map_or(0, |view| view.active_users));
        self.total_users
            .push(last.map_or(0, |view| view.total_users));
        for (series, p) in [
            (&mut self.itl_p50, 50.0),
            (&mut self.itl_p90, 90.0),
            (&mut self.itl_p99, 99.0),
        ] {
            let micros = tick.itl.percentile(p);
            series.push(micros.map(|micros| Thousandths(rounded(micros))));
        }
        let (min, max) = (&mut self.throughput_min, &mut self.throughput_max);
        push_extremes(min, max, part, |view| view.tick.counts.tokens);
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

fn per_second(count: u64, seconds: usize) -> Thousandths {
    in_unit(count as f64 / seconds as f64)
}

fn push_extremes(
    min: &mut Option<Vec<u64>>,
    max: &mut Option<Vec<u64>>,
    part: &[TickView<'_>],
    value: impl Fn(&TickView<'_>) -> u64,
) {
    let values = || part.iter().map(&value);
    if let (Some(min), Some(max)) = (min, max) {
        min.extend(values().min());
        max.extend(values().max());
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
