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
}

words! {
    /// The source of a number of output tokens.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    fn newer_usage_wins_but_does_not_erase_and_a_prompt_of_no_tokens_has_not_been_counted() {
        let usage = |(prompt, completion)| Usage {
            prompt,
            completion,
            ..Usage::default()
        };
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
