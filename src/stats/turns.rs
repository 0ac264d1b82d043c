//! TTFT by the turn of the conversation, because TTFT grows with the context.

use serde::{Deserialize, Serialize};

use super::{Distribution, Statistics};
use crate::metrics::{Measured, TTFT};
use crate::record::Outcome;

/// The most turns with figures of their own; no real run has more.
const MOST: usize = 1_000;

/// The requests of each turn, and their TTFTs.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<(TurnSummary, Distribution)>);

/// The requests of one turn of their conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnSummary {
    /// Number of the turn, from 1.
    pub turn: u64,
    /// Requests that succeeded.
    pub ok: u64,
    /// Requests that failed.
    pub failed: u64,
    /// TTFT of those that succeeded, in milliseconds.
    #[serde(rename = "ttft_ms")]
    pub ttft: Option<Statistics>,
}

impl Turns {
    /// Adds a request that is over.
    pub(super) fn record(&mut self, request: &Measured<'_>) {
        let before = |turn| usize::try_from(turn).ok()?.checked_sub(1);
        let Some(place) = request.turn.and_then(before).filter(|place| *place < MOST) else {
            return;
        };
        if place >= self.0.len() {
            self.0.resize_with(place + 1, Default::default);
        }
        let (turn, ttfts) = &mut self.0[place];
        match request.outcome {
            Outcome::Ok => {
                turn.ok += 1;
                if let Some(ttft) = request.values[TTFT] {
                    ttfts.record(ttft);
                }
            }
            Outcome::Failed(_) => turn.failed += 1,
            Outcome::Cancelled | Outcome::Abandoned => {}
        }
    }

    pub(super) fn summary(&self) -> Vec<TurnSummary> {
        let numbered = self.0.iter().zip(1..);
        numbered
            .map(|((turn, ttfts), number)| TurnSummary {
                turn: number,
                ttft: ttfts.snapshot(),
                ..*turn
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::ms;
    use crate::record::{FailureKind, RequestRecord, Turn};
    use crate::stats::tests::{failed, ok_request};

    fn in_turn(mut request: RequestRecord, turn: u32) -> RequestRecord {
        request.turn = Some(Turn {
            conversation: 1,
            turn,
        });
        request
    }

    #[test]
    fn each_turn_has_its_figures() {
        let mut turns = Turns::default();
        let mut left = ok_request(ms(0), ms(900), ms(950));
        left.outcome = Outcome::Abandoned;
        for request in [
            in_turn(ok_request(ms(0), ms(100), ms(900)), 1),
            in_turn(ok_request(ms(0), ms(300), ms(900)), 1),
            in_turn(ok_request(ms(0), ms(400), ms(900)), 2),
            in_turn(failed(ms(500), FailureKind::Reset), 3),
            in_turn(left, 2),
            ok_request(ms(0), ms(500), ms(900)),
            in_turn(ok_request(ms(0), ms(400), ms(900)), 4_000_000),
        ] {
            turns.record(&Measured::of(&request));
        }
        let mean = |turn: &TurnSummary| turn.ttft.map(|ttft| ttft.mean);
        let told = turns.summary();
        let told: Vec<_> = told
            .iter()
            .map(|t| (t.turn, t.ok, t.failed, mean(t)))
            .collect();
        let expected = [
            (1, 2, 0, Some(200.0)),
            (2, 1, 0, Some(400.0)),
            (3, 0, 1, None),
        ];
        assert_eq!(told, expected);
    }
}
