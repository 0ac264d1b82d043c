//! Counts of tokens and their sources.

use serde::{Deserialize, Serialize};

use super::words::words;

/// Token counts of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt: Option<u64>,
    /// Tokens generated.
    pub completion: Option<u64>,
    /// Prompt tokens that came from a cache.
    pub cached: Option<u64>,
    /// Generated tokens that were reasoning.
    pub reasoning: Option<u64>,
    /// Total tokens, for services that count nothing else.
    pub total: Option<u64>,
}

impl Usage {
    /// Takes over the counts in `newer`. Several events may carry usage; the last count of each
    /// kind holds. A prompt of 0 tokens was not counted.
    pub fn update(&mut self, newer: Usage) {
        self.prompt = newer.prompt.filter(|n| *n > 0).or(self.prompt);
        self.completion = newer.completion.or(self.completion);
        self.cached = newer.cached.or(self.cached);
        self.reasoning = newer.reasoning.or(self.reasoning);
        self.total = newer.total.or(self.total);
    }

    /// Removes counts that cannot be true, of a response with that many bytes. Returns whether there
    /// was one. Hidden reasoning may be many more tokens than bytes.
    pub fn remove_implausible(&mut self, bytes: u64) -> bool {
        let generated = bytes.max(1_000_000);
        let mut found = false;
        for (count, most) in [
            (&mut self.prompt, u64::from(u32::MAX)),
            (&mut self.cached, u64::from(u32::MAX)),
            (&mut self.total, u64::from(u32::MAX)),
            (&mut self.completion, generated),
            (&mut self.reasoning, generated),
        ] {
            found |= count.take_if(|count| *count > most).is_some();
        }
        found
    }
}

words! {
    /// The source of a number of output tokens.
    pub enum TokenSource {
        /// The server's own `usage`.
        Usage: "usage",
        /// Estimated from the text of the chunks.
        Estimate: "estimate",
        /// One for each chunk.
        Events: "events",
        /// Counted by a tokenizer.
        Tokenizer: "tokenizer",
    }
}

words! {
    /// How output tokens are counted.
    #[derive(Default)]
    pub enum TokenCount {
        /// By the server's usage where it gives one, else by estimate.
        #[default]
        Usage: "usage",
        /// By estimate, whatever the server says.
        Estimate: "estimate",
        /// One for each chunk.
        Events: "events",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_usage_wins_but_does_not_erase_and_impossible_counts_are_none() {
        let usage = |(prompt, completion)| Usage {
            prompt,
            completion,
            ..Usage::default()
        };
        for (tokens, plausible) in [(999_999, true), (5_000_000, false), (u64::MAX - 5, false)] {
            let mut counted = usage((Some(7), Some(tokens)));
            assert_eq!(counted.remove_implausible(300), !plausible, "{tokens}");
            assert_eq!(counted, usage((Some(7), plausible.then_some(tokens))));
            let is_removed = usage((Some(tokens), None)).remove_implausible(u64::MAX);
            assert_eq!(is_removed, tokens > 1 << 32);
        }
        for (before, newer, after) in [
            ((Some(3), Some(1)), (None, Some(7)), (Some(3), Some(7))),
            ((None, None), (Some(0), Some(0)), (None, Some(0))),
            ((Some(3), Some(0)), (Some(0), Some(0)), (Some(3), Some(0))),
        ] {
            let mut updated = usage(before);
            updated.update(usage(newer));
            assert_eq!(updated, usage(after), "{newer:?} after {before:?}");
        }
    }
}
