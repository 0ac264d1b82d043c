//! The errors that the client itself adds to a run's numbers, for the verdict.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Histogram, Statistics, add_known};
use crate::clock::micros;
use crate::monitor::CpuUse;
use crate::record::{ClockSource, RequestRecord, Sample};

/// Sums of a run's samples about the client.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// Requests with a response: nobody stamps the others.
    requests: u64,
    unstamped: u64,
    /// Requests with a chunk.
    streams: u64,
    send_delay: Histogram,
    /// Uncertainty of the stamps of coalesced events: of each the worst in its request.
    uncertainty: Histogram,
    /// Uncertainty of TTFB and of TTFT.
    ttfb_uncertainty: Histogram,
    ttft_uncertainty: Histogram,
    events: u64,
    chunks: u64,
    coalesced_chunks: u64,
    late_start: Histogram,
    refused: u64,
    run_queue_wait: Option<Duration>,
    /// Use over the whole run; the machine's share is the mean over `machine_known`.
    cpu: CpuUse,
    machine_known: Duration,
}

/// The client's figures over a run, by their names in the run JSON; `None` if the system does not
/// tell. Percentiles are approximate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientSummary {
    /// Kernel arrival to `read` returning, over all reads of streams.
    pub lag_ms: Option<Statistics>,
    /// Wait of the users' threads for a processor until a request was sent.
    pub send_delay_ms: Option<Statistics>,
    /// Lateness of users' starts, and of their next requests after a think time.
    pub late_start_ms: Option<Statistics>,
    /// Uncertainty of the events' stamps, which are too late by at most this much: 99th percentile
    /// over all events.
    #[serde(rename = "doubt_p99_ms")]
    pub uncertainty_p99_ms: f64,
    /// Requests with a read that carried no kernel stamp.
    pub requests_without_kernel_clock: u64,
    /// Threads and sockets that the system refused.
    pub refused: u64,
    /// Wait of all users' threads for a processor, while they had a request.
    pub run_queue_wait_s: Option<f64>,
    /// Processors in use by this process, on average.
    pub process_cores: Option<f64>,
    /// Share of the machine's processors in use by anybody, 0 to 1.
    pub machine_busy: Option<f64>,
    /// Context switches in which a thread began to wait.
    pub voluntary_switches: Option<u64>,
    /// Context switches in which a thread lost its processor.
    pub involuntary_switches: Option<u64>,
    /// Total time for which the process stood still.
    pub standstill_s: f64,
    /// Largest resident memory of the process.
    pub peak_memory_bytes: Option<u64>,
}

/// What the verdict weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The client's figures.
    pub client: ClientSummary,
    /// Median TTFB, in milliseconds.
    pub ttfb: Option<f64>,
    /// Uncertainty of TTFB: 99th percentile over requests, in milliseconds.
    pub ttfb_uncertainty: f64,
    /// Median TTFT, in milliseconds.
    pub ttft: Option<f64>,
    /// Uncertainty of TTFT by the reads of the first tokens, as of TTFB.
    pub ttft_uncertainty: f64,
    /// Median ITL, in milliseconds.
    pub itl: Option<f64>,
    /// Whether arrivals are stamped when `read` returns, although the kernel tells them.
    pub user_clock: bool,
    /// Requests with a response.
    pub requests: u64,
    /// Requests with a chunk: only their reads tell how late the client is.
    pub streams: u64,
    /// Share of chunks that came in one read with earlier chunks, 0 to 1.
    pub coalesced: f64,
    /// Share of the run in which the process stood still, 0 to 1.
    pub standstill: f64,
}

impl Client {
    pub(super) fn on(&mut self, sample: &Sample) {
        match sample {
            Sample::UserStarted { late, .. } | Sample::UserResumed { late } => {
                self.late_start.record(micros(*late));
            }
            Sample::Finished(request) => self.request(request),
            Sample::CpuUse { used, .. } => self.cpu(used),
            Sample::Refused(count) => self.refused += count,
            _ => {}
        }
    }

    fn request(&mut self, request: &RequestRecord) {
        if request.instants.first_byte.is_some() {
            self.requests += 1;
            self.unstamped += u64::from(request.clock != ClockSource::Kernel);
        }
        self.streams += u64::from(request.chunks > 0);
        add_known(&mut self.run_queue_wait, request.run_queue_wait);
        self.events += request.chunks.max(request.coalesced);
        self.chunks += request.chunks;
        self.coalesced_chunks += request.coalesced_chunks;
        if let Some(late) = request.uncertainty.filter(|late| !late.is_zero()) {
            self.uncertainty.record_n(micros(late), request.coalesced);
        }
        for (histogram, late) in [
            (&mut self.send_delay, request.send_delay),
            (&mut self.ttfb_uncertainty, request.ttfb_uncertainty),
            (&mut self.ttft_uncertainty, request.ttft_uncertainty),
        ] {
            late.inspect(|late| histogram.record(micros(*late)));
        }
    }

    fn cpu(&mut self, used: &CpuUse) {
        let sum = &mut self.cpu;
        sum.elapsed += used.elapsed;
        sum.standstill += used.standstill;
        sum.peak_memory = sum.peak_memory.max(used.peak_memory);
        add_known(&mut sum.process, used.process);
        add_known(&mut sum.voluntary_switches, used.voluntary_switches);
        add_known(&mut sum.involuntary_switches, used.involuntary_switches);
        if let Some(busy) = used.machine {
            self.machine_known += used.elapsed;
            let all = self.machine_known.as_secs_f64().max(f64::MIN_POSITIVE);
            let mean = sum.machine.get_or_insert_default();
            *mean += (busy - *mean) * (used.elapsed.as_secs_f64() / all);
        }
    }

    pub(super) fn summary(&self, lag: &Histogram) -> ClientSummary {
        let seconds = |time| micros(time) as f64 / 1_000_000.0;
        ClientSummary {
            lag_ms: lag.snapshot(),
            send_delay_ms: self.send_delay.snapshot(),
            late_start_ms: self.late_start.snapshot(),
            uncertainty_p99_ms: p99_of_all(&self.uncertainty, self.events),
            requests_without_kernel_clock: self.unstamped,
            refused: self.refused,
            run_queue_wait_s: self.run_queue_wait.map(seconds),
            process_cores: self.cpu.process_cores(),
            machine_busy: self.cpu.machine,
            voluntary_switches: self.cpu.voluntary_switches,
            involuntary_switches: self.cpu.involuntary_switches,
            standstill_s: seconds(self.cpu.standstill),
            peak_memory_bytes: self.cpu.peak_memory,
        }
    }

    /// The evidence for the verdict, with the medians of TTFB, TTFT and ITL.
    pub(super) fn evidence(
        &self,
        client: &ClientSummary,
        user_clock: bool,
        [ttfb, ttft, itl]: [Option<f64>; 3],
    ) -> Evidence {
        let (elapsed, standstill) = (self.cpu.elapsed, self.cpu.standstill);
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Evidence {
            client: *client,
            ttfb,
            ttfb_uncertainty: p99_of_all(&self.ttfb_uncertainty, self.requests),
            ttft,
            ttft_uncertainty: p99_of_all(&self.ttft_uncertainty, self.streams),
            itl,
            user_clock,
            requests: self.requests,
            streams: self.streams,
            coalesced: share(self.coalesced_chunks as f64, self.chunks as f64),
            standstill: share(standstill.as_secs_f64(), elapsed.as_secs_f64()),
        }
    }
}

/// P99 of an uncertainty over `all` events or requests, most of which have none, in milliseconds.
fn p99_of_all(uncertainty: &Histogram, all: u64) -> f64 {
    let hundredth = all as f64 / 100.0;
    let uncertain = uncertainty.count() as f64;
    if uncertain <= hundredth {
        return 0.0;
    }
    let p = 100.0 * (1.0 - hundredth / uncertain);
    uncertainty.percentile(p).unwrap_or_default() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;
    use crate::stats::tests::ok_request;

    fn request(coalesced: u64, uncertainty_ms: u64) -> Sample {
        let at = Stamp::from_micros;
        let mut request = ok_request(at(0), at(100), at(900));
        request.chunks = 100;
        request.coalesced = coalesced;
        request.uncertainty = (coalesced > 0).then(|| Duration::from_millis(uncertainty_ms));
        Sample::Finished(Box::new(request))
    }

    #[test]
    fn uncertainty_is_that_of_all_events() {
        let table = [
            (vec![(0, 0)], 0.0),
            (vec![(1, 50)], 0.0),
            (vec![(50, 0)], 0.0),
            (vec![(2, 50)], 50.0),
            (vec![(2, 50), (0, 0)], 0.0),
            (vec![(90, 10), (90, 10)], 10.0),
        ];
        for (requests, expected) in table {
            let mut client = Client::default();
            for (coalesced, uncertainty) in &requests {
                client.on(&request(*coalesced, *uncertainty));
            }
            let p99 = client.summary(&Histogram::default()).uncertainty_p99_ms;
            let is_close = (p99 - expected).abs() <= 0.005 * expected;
            assert!(is_close, "{requests:?}: {p99}");
        }
    }

    #[test]
    fn users_may_be_late_to_begin_and_to_go_on() {
        let mut client = Client::default();
        for late in [0, 10, 200].map(Duration::from_millis) {
            client.on(&Sample::UserResumed { late });
        }
        let (user, late) = (1, Duration::from_millis(600));
        client.on(&Sample::UserStarted {
            user,
            at: Stamp::ZERO,
            late,
        });
        let late = client.summary(&Histogram::default()).late_start_ms.unwrap();
        assert_eq!((late.count, late.max.to_bits()), (4, 600.0_f64.to_bits()));
    }

    #[test]
    fn load_is_averaged_over_time() {
        let mut client = Client::default();
        for (seconds, process, machine, standstill) in [
            (1, 1_500, None, 0),
            (1, 500, Some(1.0), 100),
            (3, 3_000, Some(0.2), 0),
        ] {
            let used = CpuUse {
                elapsed: Duration::from_secs(seconds),
                process: Some(Duration::from_millis(process)),
                machine,
                standstill: Duration::from_millis(standstill),
                ..CpuUse::default()
            };
            client.on(&Sample::CpuUse {
                at: Stamp::ZERO,
                used,
            });
        }
        let summary = client.summary(&Histogram::default());
        assert_eq!(summary.process_cores, Some(1.0));
        assert!((summary.machine_busy.unwrap() - 0.4).abs() < 1e-9);
        let evidence = client.evidence(&summary, false, [None; 3]);
        assert!((evidence.standstill - 0.02).abs() < 1e-9);
    }
}
