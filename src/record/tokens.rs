//! Counts of tokens and their sources.

use serde::{Deserialize, Serialize};

use super::words::words;

/// Token counts as the server gave them.
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
    /// Tokens of everything together, where a service counts no other way.
    pub total: Option<u64>,
}

impl Usage {
    /// Takes over the counts in `newer`: usage may be spread over several events, and the last count
    /// of each kind holds. A prompt of 0 tokens was not counted.
    pub fn update(&mut self, newer: Usage) {
        self.prompt = newer.prompt.filter(|n| *n > 0).or(self.prompt);
        self.completion = newer.completion.or(self.completion);
        self.cached = newer.cached.or(self.cached);
        self.reasoning = newer.reasoning.or(self.reasoning);
        self.total = newer.total.or(self.total);
    }
}

words! {
    /// Where a number of output tokens comes from.
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
    fn newer_usage_wins_but_does_not_erase() {
        let mut usage = Usage {
            prompt: Some(3),
            completion: Some(1),
            ..Usage::default()
        };
        usage.update(Usage {
            completion: Some(7),
            ..Usage::default()
        });
        assert_eq!((usage.prompt, usage.completion), (Some(3), Some(7)));
    }

    #[test]
    fn a_prompt_of_no_tokens_has_not_been_counted() {
        let zeros = Usage {
            prompt: Some(0),
            completion: Some(0),
            ..Usage::default()
        };
        let mut usage = Usage::default();
        usage.update(zeros);
        assert_eq!((usage.prompt, usage.completion), (None, Some(0)));
        usage.prompt = Some(3);
        usage.update(zeros);
        assert_eq!(usage.prompt, Some(3));
    }
}
