//! The requests that are drawn from start to end, in the run JSON: their instants, of which the
//! requests CSV has not all.

use serde::{Deserialize, Serialize};

use crate::metrics::rounded;
use crate::output::waterfall::{Bar, Waterfall, outcome_named};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WaterfallJson {
    /// How many requests there were.
    of: u64,
    requests: Vec<BarJson>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BarJson {
    request: u64,
    user: u32,
    attempts: u32,
    outcome: String,
    start_s: f64,
    sent_s: Option<f64>,
    connect_s: Option<f64>,
    first_byte_s: Option<f64>,
    first_token_s: Option<f64>,
    last_token_s: Option<f64>,
    end_s: f64,
    stall_at_s: Option<f64>,
    stall_s: Option<f64>,
}

impl WaterfallJson {
    pub(super) fn of(waterfall: &Waterfall) -> Self {
        Self {
            of: waterfall.of(),
            requests: waterfall.chosen().iter().map(BarJson::of).collect(),
        }
    }

    /// The requests and how many they were chosen from; without those whose outcome this version
    /// does not know.
    pub(super) fn bars(&self) -> (Vec<Bar>, u64) {
        (
            self.requests.iter().filter_map(BarJson::bar).collect(),
            self.of,
        )
    }
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1_000_000.0
}

fn micros(seconds: f64) -> u64 {
    rounded(seconds * 1_000_000.0)
}

impl BarJson {
    fn of(bar: &Bar) -> Self {
        Self {
            request: bar.request,
            user: bar.user,
            attempts: bar.attempts,
            outcome: bar.outcome.to_owned(),
            start_s: seconds(bar.start),
            sent_s: bar.sent.map(seconds),
            connect_s: bar.connect.map(seconds),
            first_byte_s: bar.first_byte.map(seconds),
            first_token_s: bar.first_token.map(seconds),
            last_token_s: bar.last_token.map(seconds),
            end_s: seconds(bar.end),
            stall_at_s: bar.stall.map(|(at, _)| seconds(at)),
            stall_s: bar.stall.map(|(_, length)| seconds(length)),
        }
    }

    fn bar(&self) -> Option<Bar> {
        Some(Bar {
            request: self.request,
            user: self.user,
            attempts: self.attempts,
            outcome: outcome_named(&self.outcome)?,
            start: micros(self.start_s),
            sent: self.sent_s.map(micros),
            connect: self.connect_s.map(micros),
            first_byte: self.first_byte_s.map(micros),
            first_token: self.first_token_s.map(micros),
            last_token: self.last_token_s.map(micros),
            end: micros(self.end_s),
            stall: self.stall_at_s.map(micros).zip(self.stall_s.map(micros)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_to_the_microsecond() {
        let bar = |request: u64, stall| Bar {
            request,
            user: 3,
            attempts: 2,
            outcome: "timeout_idle",
            start: 1_234_567,
            sent: Some(1_234_999),
            connect: Some(1),
            first_byte: Some(86_400_000_001),
            first_token: None,
            last_token: None,
            end: 86_400_000_003,
            stall,
        };
        let bars = [bar(1, None), bar(2, Some((2_000_003, 100_007)))];
        let mut waterfall = Waterfall::default();
        waterfall.add_chosen(bars, 77);
        let text = serde_json::to_string(&WaterfallJson::of(&waterfall)).unwrap();
        let read: WaterfallJson = serde_json::from_str(&text).unwrap();
        assert_eq!(read.bars(), (waterfall.chosen(), 77));
    }
}
