//! The run second by second: the time series, and the live line of each second.

use serde::{Deserialize, Serialize};

use super::{Counts, Histogram};
use crate::metrics::{Measured, RESPONSE, TPOT, TTFT};
use crate::record::Sample;

/// What happened in one second of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tick {
    /// Counts and sums. A request belongs to the second in which it ended.
    pub counts: Counts,
    /// The gaps between chunks that ended in this second, of requests with any outcome.
    pub itl: Histogram,
    /// The client's lag at the reads of this second.
    pub lag: Histogram,
    /// Load of the machine, last seen in this second.
    pub cpu: Option<TickCpu>,
}

/// How busy the machine was; `None` if the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickCpu {
    /// Processors in use by this process.
    pub process_cores: Option<f64>,
    /// Share of the machine's processors in use by anybody, 0 to 1.
    #[serde(rename = "machine_busy")]
    pub machine: Option<f64>,
}

impl Tick {
    /// Adds all of another second but its counts. The load of the first machine is kept.
    fn merge_streams(&mut self, other: &Tick) {
        self.itl.merge(&other.itl);
        self.lag.merge(&other.lag);
        self.cpu = self.cpu.or(other.cpu);
    }
}

/// A second of the run, with the users as they were at its end.
#[derive(Clone, Copy, Debug)]
pub struct TickView<'a> {
    /// Its number, from 0: it lasts until `second + 1` seconds after the run's start, or until the
    /// end of the run.
    pub second: u64,
    /// Users that had started and not finished at its end.
    pub active_users: u64,
    /// Users that had started by its end.
    pub total_users: u64,
    /// What happened in it.
    pub tick: &'a Tick,
}

/// The live line of a second. "So far" is from the run's start to the end of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveLine {
    /// Its number, from 0.
    pub second: u64,
    /// Users that had started and not finished at its end.
    pub active: u64,
    /// Users that had started by its end.
    pub total_users: u64,
    /// Chunks received so far.
    pub chunks: u64,
    /// Mean response time of the requests that succeeded so far, in milliseconds.
    pub mean_response_ms: Option<f64>,
    /// Mean TPOT of the requests that succeeded so far, in milliseconds per token.
    pub mean_tpot_ms: Option<f64>,
    /// Output tokens that all users received in this second, by estimate: system throughput.
    pub tokens_per_s: u64,
    /// Success rate so far, 0 to 1.
    pub success_rate: Option<f64>,
    /// Requests completed in this second, well or as failures.
    pub rps: u64,
    /// Mean TTFT of the requests that succeeded in this second, in milliseconds.
    pub ttft_ms: Option<f64>,
    /// The client's lag at the reads of this second, 99th percentile in milliseconds.
    pub lag_p99_ms: Option<f64>,
}

/// All seconds of a run.
#[derive(Clone, Debug, Default)]
pub struct Ticks {
    seconds: Vec<Tick>,
    /// The sum of the seconds before `summed`: a live line does not add up all seconds again.
    so_far: Counts,
    summed: usize,
}

impl Ticks {
    /// Adds a sample to the second that it belongs to, however late it comes.
    pub fn on(&mut self, sample: &Sample) {
        match sample {
            Sample::UserStarted { at, .. } => {
                self.count(at.second(), |counts| counts.users_started += 1);
            }
            Sample::UserFinished { at, .. } => {
                self.count(at.second(), |counts| counts.users_finished += 1);
            }
            Sample::Progress(progress) => {
                let tick = self.count(progress.at.second(), |counts| {
                    counts.chunks += progress.chunks;
                    counts.tokens += progress.tokens;
                });
                progress.gaps.iter().for_each(|gap| tick.itl.record(*gap));
                progress.lags.iter().for_each(|lag| tick.lag.record(*lag));
            }
            Sample::Finished(request) => self.record(&Measured::of(request)),
            Sample::CpuUse { at, used } => {
                self.count(at.second(), |_| {}).cpu = Some(TickCpu {
                    process_cores: used.process_cores(),
                    machine: used.machine,
                });
            }
            _ => {}
        }
    }

    /// Adds a request to the second in which it ended.
    pub fn record(&mut self, request: &Measured<'_>) {
        self.count(request.end.second(), |counts| counts.record(request));
    }

    /// Forgets the requests, but not their chunks.
    pub(super) fn forget_requests(&mut self) {
        let seconds = self.seconds.iter_mut().map(|tick| &mut tick.counts);
        seconds
            .chain([&mut self.so_far])
            .for_each(Counts::forget_requests);
    }

    fn count(&mut self, second: u64, change: impl Fn(&mut Counts)) -> &mut Tick {
        let second = usize::try_from(second).unwrap_or(usize::MAX);
        if second < self.summed {
            change(&mut self.so_far);
        }
        if self.seconds.len() <= second {
            self.seconds.resize_with(second + 1, Tick::default);
        }
        let tick = &mut self.seconds[second];
        change(&mut tick.counts);
        tick
    }

    /// Adds a second of another run to the second of that number.
    pub fn merge_second(&mut self, second: u64, tick: &Tick) {
        self.count(second, |counts| *counts += &tick.counts)
            .merge_streams(tick);
    }

    /// The live line of a second, of the samples so far. Seconds have to ascend from call to call.
    pub fn live(&mut self, second: u64) -> LiveLine {
        let index = usize::try_from(second).unwrap_or(usize::MAX);
        self.count(second, |_| {});
        for tick in self.seconds.iter().take(index + 1).skip(self.summed) {
            self.so_far += &tick.counts;
        }
        self.summed = self.summed.max(index + 1);
        let lag = self.seconds[index].lag.percentile(99.0);
        let (now, so_far) = (&self.seconds[index].counts, &self.so_far);
        LiveLine {
            second,
            active: so_far.active_users(),
            total_users: so_far.users_started,
            chunks: so_far.chunks,
            mean_response_ms: so_far.sum(RESPONSE).mean_of_thousandths(),
            mean_tpot_ms: so_far.sum(TPOT).mean_of_thousandths(),
            tokens_per_s: now.tokens,
            success_rate: so_far.success_rate(),
            rps: now.completed(),
            ttft_ms: now.sum(TTFT).mean_of_thousandths(),
            lag_p99_ms: lag.map(|micros| micros / 1_000.0),
        }
    }

    /// All seconds up to the last second with a sample or a live line, without a gap.
    pub fn iter(&self) -> impl Iterator<Item = TickView<'_>> {
        let mut so_far = Counts::default();
        (0..).zip(&self.seconds).map(move |(second, tick)| {
            so_far += &tick.counts;
            TickView {
                second,
                active_users: so_far.active_users(),
                total_users: so_far.users_started,
                tick,
            }
        })
    }

    /// The whole run as one second.
    #[must_use]
    pub fn total(&self) -> Tick {
        let mut total = Tick::default();
        for tick in &self.seconds {
            total.counts += &tick.counts;
            total.merge_streams(tick);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Stamp;
    use crate::clock::tests::ms;
    use crate::record::{FailureKind, Outcome, Progress};
    use crate::stats::tests::{failed, finished, ok_request};

    fn progress(at: Stamp, chunks: u64, gaps: &[u64]) -> Sample {
        Sample::Progress(Progress {
            at,
            chunks,
            tokens: 2 * chunks,
            gaps: gaps.into(),
            ..Progress::default()
        })
    }

    fn start_users(ticks: &mut Ticks, starts: &[u64]) {
        for (user, start) in (1..).zip(starts) {
            ticks.on(&Sample::UserStarted {
                user,
                at: ms(*start),
                late: Duration::ZERO,
            });
        }
    }

    #[test]
    fn users_are_active_from_their_start_to_their_finish() {
        let mut ticks = Ticks::default();
        start_users(&mut ticks, &[0, 999, 1_000]);
        ticks.on(&Sample::UserFinished {
            user: 1,
            at: ms(3_500),
        });
        let seen: Vec<_> = ticks
            .iter()
            .map(|t| (t.second, t.active_users, t.total_users))
            .collect();
        assert_eq!(seen, [(0, 2, 2), (1, 3, 3), (2, 3, 3), (3, 2, 3)]);
    }

    #[test]
    fn a_live_line_knows_nothing_of_the_seconds_after_it() {
        let mut ticks = Ticks::default();
        start_users(&mut ticks, &[0, 1_000]);
        ticks.on(&progress(ms(1_000), 7, &[]));
        let line = ticks.live(0);
        assert_eq!((line.active, line.total_users, line.chunks), (1, 1, 0));
        assert_eq!((line.tokens_per_s, line.rps), (0, 0));
        assert_eq!((line.mean_response_ms, line.mean_tpot_ms), (None, None));
        assert_eq!((line.success_rate, line.ttft_ms), (None, None));
        let line = ticks.live(1);
        assert_eq!((line.active, line.total_users, line.chunks), (2, 2, 7));
        assert_eq!(line.tokens_per_s, 14);
    }

    #[test]
    fn means_are_cumulative_and_ttft_is_the_seconds_own() {
        let mut ticks = Ticks::default();
        // Ends at 0.9 s after 500 ms, and at 1.8 s after 700 ms.
        ticks.on(&finished(ok_request(ms(400), ms(500), ms(900))));
        ticks.on(&finished(ok_request(ms(1_100), ms(1_400), ms(1_800))));
        ticks.on(&finished(failed(ms(1_950), FailureKind::Reset)));
        let first = ticks.live(0);
        assert_eq!(first.mean_response_ms, Some(500.0));
        assert_eq!([first.ttft_ms, first.success_rate], [100.0, 1.0].map(Some));
        let second = ticks.live(1);
        assert_eq!(second.mean_response_ms, Some(600.0));
        assert_eq!((second.ttft_ms, second.rps), (Some(300.0), 2));
        assert_eq!(second.success_rate, Some(2.0 / 3.0));
        assert_eq!(ticks.live(2).ttft_ms, None);
        assert_eq!(ticks.live(2).mean_response_ms, Some(600.0));
    }

    #[test]
    fn late_samples_go_to_their_own_second() {
        let mut ticks = Ticks::default();
        ticks.on(&progress(ms(2_500), 1, &[9_000]));
        assert_eq!(ticks.live(2).chunks, 1);
        ticks.on(&progress(ms(500), 4, &[1_000, 2_000]));
        let seen: Vec<_> = ticks
            .iter()
            .map(|t| (t.tick.counts.chunks, t.tick.itl.count()))
            .collect();
        assert_eq!(seen, [(4, 2), (0, 0), (1, 1)]);
        assert_eq!(ticks.live(3).chunks, 5, "they count in what is so far");
        assert_eq!(ticks.total().itl.sum(), 12_000);
    }

    #[test]
    fn what_was_cut_is_no_completion() {
        let mut ticks = Ticks::default();
        for outcome in [Outcome::Cancelled, Outcome::Abandoned] {
            let mut request = ok_request(ms(0), ms(100), ms(300));
            request.outcome = outcome;
            ticks.on(&finished(request));
        }
        let line = ticks.live(0);
        assert_eq!((line.rps, line.success_rate), (0, None));
        let counts = ticks.total().counts;
        assert_eq!((counts.cancelled, counts.abandoned), (1, 1));
        assert_eq!(counts.sum(TTFT).count, 0, "latencies are of successes");
    }

    #[test]
    fn merging_seconds_is_adding() {
        let mut samples = vec![
            finished(ok_request(ms(100), ms(200), ms(900))),
            finished(failed(ms(950), FailureKind::Empty)),
            progress(ms(500), 3, &[10, 20_000]),
            progress(ms(700), 2, &[30]),
        ];
        let total = |samples: &[Sample]| {
            let mut ticks = Ticks::default();
            for sample in samples {
                ticks.on(sample);
            }
            ticks.total()
        };
        let all = total(&samples);
        let rest = samples.split_off(2);
        let mut merged = total(&samples);
        let rest = total(&rest);
        merged.counts += &rest.counts;
        merged.merge_streams(&rest);
        assert_eq!(merged, all);
    }
}
