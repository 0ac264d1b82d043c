//! How many tokens there were, and who says so.

/// Token counts as the server gave them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Takes over what `newer` knows: usage may be spread over several events, the last one wins.
    pub fn update(&mut self, newer: Usage) {
        self.prompt = newer.prompt.or(self.prompt);
        self.completion = newer.completion.or(self.completion);
        self.cached = newer.cached.or(self.cached);
        self.reasoning = newer.reasoning.or(self.reasoning);
        self.total = newer.total.or(self.total);
    }
}

/// Where a number of output tokens comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenSource {
    /// The server's own `usage`.
    Usage,
    /// Estimated from the text of the chunks.
    Estimate,
}

impl TokenSource {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TokenSource::Usage => "usage",
            TokenSource::Estimate => "estimate",
        }
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
}
