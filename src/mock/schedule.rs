//! When the tokens of an answer are due, by the options and random numbers alone.

use std::time::Duration;

use super::options::Options;
use super::rng::Rng;
use crate::values::Dist;

/// An event that carries tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// When to write the event, since the request was read. Never before the previous event.
    pub(super) at: Duration,
    /// Number of tokens in the event.
    pub(super) tokens: u32,
    /// Whether the tokens are reasoning.
    pub(super) reasoning: bool,
}

/// The events of one answer, in order.
///
/// Token k (from 0) is due at the time to the first token plus the sum of the first k gaps. An
/// event is due when its first token is; its tokens are all reasoning, or all of the answer. Times
/// come from draws alone, so a late write delays no later one. Jitter delays one event only.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    rng: Rng,
    itl: Dist<Duration>,
    jitter: Duration,
    per_event: u32,
    /// Tokens of reasoning that are left.
    reasoning: u32,
    /// Tokens of the answer that are left.
    left: u32,
    /// When the next token is due, without jitter.
    next: Duration,
    /// When the last event was due, with jitter.
    last: Duration,
}

impl Schedule {
    /// The schedule of `reasoning` tokens and then `tokens` of the answer. The first of all tokens
    /// is due at `ttft`.
    pub(super) fn new(
        options: &Options,
        ttft: Duration,
        (reasoning, tokens): (u32, u32),
        rng: Rng,
    ) -> Self {
        Self {
            rng,
            itl: options.itl,
            jitter: options.jitter,
            per_event: options.per_event.max(1),
            reasoning,
            left: tokens,
            next: ttft,
            last: Duration::ZERO,
        }
    }

    /// Number of events left.
    pub(super) fn events(&self) -> u32 {
        self.reasoning.div_ceil(self.per_event) + self.left.div_ceil(self.per_event)
    }

    /// Whether the next event is reasoning.
    pub(super) fn is_reasoning(&self) -> bool {
        self.reasoning > 0
    }

    /// When the next token is due. After the last token: when another one would be due.
    pub(super) fn next_token(&self) -> Duration {
        self.next.max(self.last)
    }
}

impl Iterator for Schedule {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let reasoning = self.is_reasoning();
        let left = if reasoning {
            &mut self.reasoning
        } else {
            &mut self.left
        };
        let tokens = self.per_event.min(*left);
        if tokens == 0 {
            return None;
        }
        *left -= tokens;
        let jitter = self.jitter.mul_f64(self.rng.unit());
        self.last = self.last.max(self.next.saturating_add(jitter));
        for _ in 0..tokens {
            self.next = self.next.saturating_add(self.itl.draw(|| self.rng.unit()));
        }
        Some(Due {
            at: self.last,
            tokens,
            reasoning,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::rng::Purpose;
    use super::*;
    use crate::values::Quantity as _;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// The schedule of tokens of reasoning and of the answer.
    fn schedule(tokens: (u32, u32), itl: &str, jitter: Duration, per_event: u32) -> Schedule {
        let options = Options {
            itl: Dist::read(itl, Duration::read).expect("a distribution"),
            jitter,
            per_event,
            ..Options::default()
        };
        Schedule::new(&options, ms(200), tokens, Rng::new(0, 1, Purpose::Schedule))
    }

    #[test]
    fn events_are_due_with_their_first_token_and_reasoning_has_its_own() {
        // Each event: its time in milliseconds, its tokens, and `r` if they are reasoning.
        for (tokens, per_event, expected) in [
            ((0, 0), 1, ""),
            ((0, 1), 1, "200:1 "),
            ((0, 3), 1, "200:1 220:1 240:1 "),
            ((0, 5), 2, "200:2 240:2 280:1 "),
            ((0, 2), 9, "200:2 "),
            ((3, 3), 2, "200:2r 240:1r 260:2 300:1 "),
        ] {
            let mut schedule = schedule(tokens, "20", Duration::ZERO, per_event);
            assert_eq!(schedule.events() as usize, expected.matches(' ').count());
            let mut events = String::new();
            while let Some(due) = schedule.next() {
                let mark = if due.reasoning { "r" } else { "" };
                let (at, tokens) = (due.at.as_millis(), due.tokens);
                write!(events, "{at}:{tokens}{mark} ").expect("memory");
                let is_reasoning = expected[events.len()..].contains('r');
                assert_eq!(schedule.is_reasoning(), is_reasoning, "{events}");
            }
            assert_eq!(events, expected, "{tokens:?}, {per_event} per event");
        }
    }

    #[test]
    fn times_do_not_drift() {
        let last = schedule((0, 10_001), "20", Duration::ZERO, 1).last();
        assert_eq!(last.map(|due| due.at), Some(ms(200 + 10_000 * 20)));
    }

    #[test]
    fn jitter_delays_an_event_and_is_not_carried_on() {
        let due: Vec<_> = schedule((0, 1_000), "20", ms(5), 1).collect();
        for (k, due) in (0_u64..).zip(&due) {
            let plain = ms(200 + k * 20);
            assert!(due.at >= plain && due.at <= plain + ms(5), "{k}: {due:?}");
        }
        assert!(due.iter().any(|due| due.at.subsec_millis() % 20 != 0));
        // Jitter above the gap keeps the order.
        let due: Vec<_> = schedule((0, 1_000), "1", ms(50), 1).collect();
        assert!(due.is_sorted_by_key(|due| due.at));
    }

    #[test]
    fn the_next_token_is_known_before_and_after_the_last() {
        let mut schedule = schedule((0, 2), "20", Duration::ZERO, 1);
        assert_eq!(schedule.next_token(), ms(200));
        schedule.by_ref().count();
        assert_eq!(schedule.next_token(), ms(240));
    }

    #[test]
    fn a_seed_repeats_its_schedule() {
        let draw = || schedule((0, 50), "lognormal:20,10", ms(5), 3).collect::<Vec<_>>();
        assert_eq!(draw(), draw());
    }
}
