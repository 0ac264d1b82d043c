//! What is known of the client, and the verdict on the run, in its JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::summary::seconds;
use crate::output::about::SavedMessage;
use crate::stats::{ClientSummary, Grade, Statistics, Verdict};
use crate::text::Message;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ClientJson {
    lag_ms: Option<Statistics>,
    send_delay_ms: Option<Statistics>,
    late_start_ms: Option<Statistics>,
    doubt_p99_ms: f64,
    requests_without_kernel_clock: u64,
    refused: u64,
    run_queue_wait_s: Option<f64>,
    process_cores: Option<f64>,
    machine_busy: Option<f64>,
    voluntary_switches: Option<u64>,
    involuntary_switches: Option<u64>,
    standstill_s: f64,
    peak_memory_bytes: Option<u64>,
}

impl ClientJson {
    pub(super) fn of(client: &ClientSummary) -> Self {
        Self {
            lag_ms: client.lag,
            send_delay_ms: client.send_delay,
            late_start_ms: client.late_start,
            doubt_p99_ms: client.uncertainty_p99,
            requests_without_kernel_clock: client.unstamped,
            refused: client.refused,
            run_queue_wait_s: client.run_queue_wait.map(seconds),
            process_cores: client.process_cores,
            machine_busy: client.machine,
            voluntary_switches: client.switches.map(|(voluntary, _)| voluntary),
            involuntary_switches: client.switches.map(|(_, involuntary)| involuntary),
            standstill_s: seconds(client.standstill),
            peak_memory_bytes: client.peak_memory,
        }
    }

    pub(super) fn summary(&self) -> ClientSummary {
        let duration = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        ClientSummary {
            lag: self.lag_ms,
            send_delay: self.send_delay_ms,
            late_start: self.late_start_ms,
            unstamped: self.requests_without_kernel_clock,
            uncertainty_p99: self.doubt_p99_ms,
            refused: self.refused,
            run_queue_wait: self.run_queue_wait_s.map(duration),
            process_cores: self.process_cores,
            machine: self.machine_busy,
            switches: self.voluntary_switches.zip(self.involuntary_switches),
            standstill: duration(self.standstill_s),
            peak_memory: self.peak_memory_bytes,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VerdictJson {
    grade: String,
    reasons: Vec<SavedMessage>,
}

impl VerdictJson {
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            grade: verdict.grade.name().to_owned(),
            reasons: verdict.reasons.iter().map(SavedMessage::from).collect(),
        }
    }

    /// The verdict; `None` if this version does not know the grade.
    pub(super) fn verdict(self) -> Option<Verdict> {
        let grades = [Grade::Valid, Grade::Degraded, Grade::ClientLimited];
        let grade = grades
            .into_iter()
            .find(|grade| grade.name() == self.grade)?;
        Some(Verdict {
            grade,
            reasons: self.reasons.into_iter().map(Message::from).collect(),
        })
    }
}
