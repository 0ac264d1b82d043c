//! The verdict: whether a run's numbers can be used, or the client itself falsified them.
//! [`judge`] lists all criteria.
//!
//! The criterion is the client's error in a latency, at the 99th percentile. TTFT is too long by the
//! wait of the user's thread until it had sent the request. With the kernel's arrival times, TTFB, TTFT
//! and ITL are wrong only if a late read brought more than the first byte, the first token or one event;
//! with the user's clock, TTFT and ITL are wrong by the lag of every read. A standstill of the process falsifies everything. A run is valid while the
//! error is at most 5 ms, or 5% of the metric if that is more.

use serde::{Deserialize, Serialize};

use super::{Evidence, Statistics};
use crate::record::words;
use crate::text::Message;

words! {
    /// Whether a run's numbers can be used.
    pub enum Grade {
        /// The numbers describe the service.
        Valid: "VALID",
        /// The numbers are off by more than is tolerated, or say less than they seem to.
        Degraded: "DEGRADED",
        /// The numbers describe the client.
        ClientLimited: "CLIENT-LIMITED",
    }
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The worst of the reasons; valid where there are none.
    pub grade: Grade,
    /// Faults and remedies, the worst first.
    pub reasons: Vec<Message>,
}

/// The tolerated error of any metric, in milliseconds.
const TOLERATED: f64 = 5.0;
/// The tolerated error as a share of the metric.
const TOLERATED_SHARE: f64 = 0.05;
/// A metric whose error is this many times the tolerated error describes the client.
const LIMITED: f64 = 4.0;
/// Standstills of a larger share of the run affect the 99th percentile.
const STANDSTILL_SHARE: f64 = 0.01;
/// Standstills of a larger share dominate the numbers.
const STANDSTILL_LIMIT: f64 = 0.1;
/// A user that starts later, in milliseconds, departs from the plan.
const LATE_START: f64 = 100.0;
/// If a larger share of events comes together although the client is punctual, something on the way
/// determines the gaps between events, not the model.
const COALESCED_SHARE: f64 = 0.2;
/// A client whose reads are later, in milliseconds, may itself be the reason why events come
/// together.
const PUNCTUAL: f64 = 1.0;
/// A busier machine has no processor time left for the client.
const BUSY: f64 = 0.9;

/// The tolerated error of a metric with this value; both in milliseconds.
#[must_use]
pub fn tolerated(metric: f64) -> f64 {
    TOLERATED.max(TOLERATED_SHARE * metric)
}

/// A reason, and the grade that it alone leads to.
type Reason = (Grade, Message);

/// Judges a run.
#[must_use]
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut reasons = reasons(evidence);
    // A busy machine is no reason of its own: the numbers may hold all the same.
    if let Some(busy) = evidence.client.machine_busy.filter(|busy| *busy > BUSY)
        && !reasons.is_empty()
    {
        let message = Message::new("verdict.busy").with("share", percent(busy));
        reasons.push((Grade::Valid, message));
    }
    reasons.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade));
    Verdict {
        grade: reasons.first().map_or(Grade::Valid, |(grade, _)| *grade),
        reasons: reasons.into_iter().map(|(_, message)| message).collect(),
    }
}

fn reasons(evidence: &Evidence) -> Vec<Reason> {
    let client = &evidence.client;
    let p99 = |late: Option<Statistics>| late.map_or(0.0, |late| late.p99);
    let late_read = p99(client.lag_ms.filter(|_| evidence.user_clock));
    let late_sending = p99(client.send_delay_ms);
    let late_start = p99(client.late_start_ms);
    let (standstill, refused) = (evidence.standstill, client.refused);
    let is_punctual = client.lag_ms.is_some_and(|lag| lag.p50 < PUNCTUAL)
        && client.uncertainty_p99_ms <= TOLERATED;
    // Without a stream there were no reads that could be late.
    let (has_reads, has_lag) = (evidence.streams > 0, client.lag_ms.is_some());
    let unstamped = client.requests_without_kernel_clock;
    let are_unstamped = !evidence.user_clock && unstamped * 100 > evidence.requests;
    let unstamped = unstamped as f64 / evidence.requests as f64;
    #[rustfmt::skip]
    let table = [
        (standstill > STANDSTILL_SHARE, degraded_or(standstill > STANDSTILL_LIMIT),
            Message::new("verdict.standstill").with("share", percent(standstill))),
        (refused > 0, Grade::ClientLimited, Message::new("verdict.refused").with("count", refused)),
        (late_start > LATE_START, Grade::Degraded,
            Message::new("verdict.late_start").with("ms", ms(late_start))),
        (evidence.coalesced > COALESCED_SHARE && is_punctual, Grade::Degraded,
            Message::new("verdict.coalesced").with("share", percent(evidence.coalesced))),
        (has_reads && !has_lag, Grade::Degraded, Message::new("verdict.unverified")),
        (has_reads && has_lag && are_unstamped, Grade::Degraded,
            Message::new("verdict.unstamped").with("share", percent(unstamped))),
    ];
    let ttft_error = late_sending + late_read.max(evidence.ttft_uncertainty);
    let itl_error = late_read.max(client.uncertainty_p99_ms);
    let latencies = [
        latency("verdict.ttfb", evidence.ttfb, evidence.ttfb_uncertainty),
        latency("verdict.ttft", evidence.ttft, ttft_error),
        latency("verdict.itl", evidence.itl, itl_error),
    ];
    let others = table.into_iter().filter(|(applies, ..)| *applies);
    let others = others.map(|(_, grade, message)| (grade, message));
    latencies.into_iter().flatten().chain(others).collect()
}

fn degraded_or(is_limited: bool) -> Grade {
    if is_limited {
        Grade::ClientLimited
    } else {
        Grade::Degraded
    }
}

/// The client may have made a metric wrong by up to `error`; both in milliseconds.
fn latency(id: &'static str, metric: Option<f64>, error: f64) -> Option<Reason> {
    let metric = metric.filter(|metric| error > tolerated(*metric))?;
    let message = Message::new(id)
        .with("error", ms(error))
        .with("metric", ms(metric));
    Some((degraded_or(error > LIMITED * tolerated(metric)), message))
}

fn ms(value: f64) -> String {
    format!("{value:.1}")
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::Grade::{ClientLimited, Degraded, Valid};
    use super::*;
    use crate::stats::ClientSummary;

    fn lag(p50: f64, p99: f64) -> Statistics {
        Statistics {
            count: 1_000,
            mean: p50,
            std_dev: None,
            min: 0.0,
            p50,
            p90: p99,
            p95: p99,
            p99,
            max: p99,
        }
    }

    /// A client that does its work well.
    fn good() -> Evidence {
        Evidence {
            ttfb: Some(2.0),
            ttft: Some(200.0),
            itl: Some(20.0),
            client: ClientSummary {
                lag_ms: Some(lag(0.03, 0.3)),
                send_delay_ms: Some(lag(0.1, 0.2)),
                machine_busy: Some(0.4),
                ..ClientSummary::default()
            },
            requests: 1_000,
            streams: 1_000,
            ..Evidence::default()
        }
    }

    const TTFB: &str = "verdict.ttfb";
    const TTFT: &str = "verdict.ttft";
    const ITL: &str = "verdict.itl";

    /// A name, a change to a good client, and the verdict with the ids of its reasons.
    type Row = (
        &'static str,
        fn(&mut Evidence),
        Grade,
        &'static [&'static str],
    );

    #[test]
    fn each_fault_of_the_client_leads_to_its_grade_and_reasons() {
        #[rustfmt::skip]
        const TABLE: &[Row] = &[
            ("a good client",         |_| {},                                     Valid,         &[]),
            ("no requests",           |e| *e = Evidence::default(),               Valid,         &[]),
            ("a busy machine",        |e| e.client.machine_busy = Some(1.0),      Valid,         &[]),
            // The kernel's clock makes a late read harmless.
            ("late",                  |e| e.client.lag_ms = Some(lag(3.0, 40.0)), Valid,         &[]),
            ("late by user's clock",  |e| by_user_clock(e, lag(3.0, 9.0)),        Degraded,      &[ITL]),
            ("very late",             |e| by_user_clock(e, lag(30.0, 90.0)),      ClientLimited, &[TTFT, ITL]),
            ("uncertain stamps",      |e| uncertain(e, 20.0, 6.0),                Degraded,      &[ITL]),
            ("5% of a long gap",      |e| uncertain(e, 200.0, 9.0),               Valid,         &[]),
            ("sent late",             |e| sent_late(e, 12.0),                     Degraded,      &[TTFT]),
            ("sent very late",        |e| sent_late(e, 60.0),                     ClientLimited, &[TTFT]),
            ("stood still once",      |e| e.standstill = 0.005,                   Valid,         &[]),
            ("stood still at times",  |e| e.standstill = 0.05,                    Degraded,      &["verdict.standstill"]),
            ("stood still mostly",    |e| e.standstill = 0.8,                     ClientLimited, &["verdict.standstill"]),
            ("refused",               |e| e.client.refused = 1,                   ClientLimited, &["verdict.refused"]),
            ("late starts",  |e| e.client.late_start_ms = Some(lag(0.1, 150.0)),  Degraded,      &["verdict.late_start"]),
            ("buffered on the way",   |e| e.coalesced = 0.5,                      Degraded,      &["verdict.coalesced"]),
            ("coalesced by lateness", |e| { uncertain(e, 20.0, 50.0); e.ttft_uncertainty = 50.0; e.coalesced = 0.5 },
                ClientLimited, &[TTFT, ITL]),
            ("later reads were late", |e| uncertain(e, 20.0, 50.0),               ClientLimited, &[ITL]),
            ("first tokens were late", |e| e.ttft_uncertainty = 50.0,             ClientLimited, &[TTFT]),
            ("heads were late",       |e| e.ttfb_uncertainty = 6.0,               Degraded,      &[TTFB]),
            ("no kernel stamps",      |e| e.client.lag_ms = None,                 Degraded,      &["verdict.unverified"]),
            ("some without stamps",   |e| e.client.requests_without_kernel_clock = 50, Degraded, &["verdict.unstamped"]),
            ("nothing ever streamed", without_streams,                            Valid,         &[]),
            ("late on a busy machine", |e| { sent_late(e, 12.0); e.client.machine_busy = Some(0.99) },
                Degraded, &[TTFT, "verdict.busy"]),
        ];
        for (name, change, grade, reasons) in TABLE {
            let mut evidence = good();
            change(&mut evidence);
            let verdict = judge(&evidence);
            assert_eq!(verdict.grade, *grade, "{name}: {:?}", verdict.reasons);
            let ids: Vec<_> = verdict.reasons.iter().map(Message::id).collect();
            assert_eq!(ids, *reasons, "{name}");
        }
    }

    fn by_user_clock(evidence: &mut Evidence, lag: Statistics) {
        evidence.client.lag_ms = Some(lag);
        evidence.user_clock = true;
    }

    fn uncertain(evidence: &mut Evidence, itl: f64, uncertainty: f64) {
        evidence.itl = Some(itl);
        evidence.client.uncertainty_p99_ms = uncertainty;
    }

    fn sent_late(evidence: &mut Evidence, delay: f64) {
        evidence.client.send_delay_ms = Some(lag(0.1, delay));
    }

    fn without_streams(evidence: &mut Evidence) {
        (evidence.ttft, evidence.itl, evidence.streams) = (None, None, 0);
        evidence.client.lag_ms = None;
        evidence.client.requests_without_kernel_clock = 1_000;
    }
}
