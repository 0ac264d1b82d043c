//! The rows of a single watched request, chunk by chunk.

use crate::record::SoFar;

/// The state of a watched request after a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChunkRow {
    /// Chunks so far.
    pub chunks: u64,
    /// Time since the first token / chunks, in milliseconds.
    pub average_ms: Option<f64>,
    /// Time since the first token / (tokens − 1), in milliseconds per token; `None` for less than
    /// two tokens, and at the first instant. Tokens by estimate, as all that is shown while a request runs.
    pub tpot_ms: Option<f64>,
    /// Tokens / time since the first token, in tokens/s; `None` at the first token.
    pub tokens_per_s: Option<f64>,
}

impl ChunkRow {
    /// The row of a request's state.
    #[must_use]
    pub fn of(so_far: &SoFar) -> Self {
        let seconds = so_far.since_first_token.as_secs_f64();
        let over = |n: u64| (n > 0).then(|| seconds * 1_000.0 / n as f64);
        let gaps = so_far.tokens.saturating_sub(1);
        Self {
            chunks: so_far.chunks,
            average_ms: over(so_far.chunks),
            tpot_ms: over(gaps).filter(|_| seconds > 0.0),
            tokens_per_s: (seconds > 0.0).then(|| so_far.tokens as f64 / seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(chunks: u64, tokens: u64, millis: u64) -> ChunkRow {
        ChunkRow::of(&SoFar {
            chunks,
            tokens,
            since_first_token: Duration::from_millis(millis),
            ..SoFar::default()
        })
    }

    #[test]
    fn rates_wait_for_what_they_need() {
        let first = row(1, 1, 0);
        assert_eq!((first.average_ms, first.tpot_ms), (Some(0.0), None));
        assert_eq!((first.tokens_per_s, row(1, 5, 0).tpot_ms), (None, None));
        let later = row(4, 11, 500);
        assert_eq!((later.average_ms, later.tpot_ms), (Some(125.0), Some(50.0)));
        assert_eq!(later.tokens_per_s, Some(22.0));
    }
}
