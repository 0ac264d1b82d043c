//! The facts of an answer, which templates name: what its request asked for, and its progress.

use std::borrow::Cow;
use std::time::Duration;

use super::super::http::reason;

/// The facts of an answer.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Reply {
    /// The document's `values`, in its order.
    pub(super) values: Vec<(String, String)>,
    /// Start of the answer, in seconds of the Unix epoch.
    pub(in super::super) created: u64,
    /// Tokens of the prompt.
    pub(super) prompt_tokens: u64,
    /// Whether usage is sent.
    pub(in super::super) usage: bool,
    /// Whether reasoning comes before the answer.
    pub(in super::super) reasoning: bool,
    /// Whether the stream ends as the API ends it.
    pub(in super::super) terminal: bool,
    /// The newest piece of text.
    pub(in super::super) text: String,
    /// All the reasoning so far; from the answer's first piece on, all the answer so far.
    pub(in super::super) whole: String,
    /// Tokens of the answer so far.
    pub(in super::super) answer_tokens: u32,
    /// Tokens of the reasoning so far.
    pub(in super::super) reasoning_tokens: u32,
    /// Time since the request was read.
    pub(in super::super) elapsed: Duration,
    /// Duration of the work before the text.
    pub(in super::super) preparation: Duration,
    /// HTTP status of an error.
    pub(in super::super) status: u16,
    /// Message of an error.
    pub(in super::super) message: String,
}

/// A fact of an answer.
#[derive(Debug)]
pub(super) enum Fact<'a> {
    /// A text, which is escaped when written.
    Text(Cow<'a, str>),
    /// A whole number.
    Number(u64),
    /// A duration, written in seconds with six decimals.
    Seconds(Duration),
}

impl Reply {
    /// The value of that name, if the document has one.
    pub(in super::super) fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.values.iter();
        let (_, value) = values.find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The fact of that name, if there is one.
    pub(super) fn fact(&self, name: &str) -> Option<Fact<'_>> {
        let (answer, reasoning) = (self.answer_tokens.into(), self.reasoning_tokens.into());
        let phrase = || reason(self.status).replace(' ', "_");
        Some(match name {
            "text" => Fact::Text(Cow::Borrowed(&self.text)),
            "whole" => Fact::Text(Cow::Borrowed(&self.whole)),
            "message" => Fact::Text(Cow::Borrowed(&self.message)),
            "reason" => Fact::Text(phrase().to_ascii_lowercase().into()),
            "REASON" => Fact::Text(phrase().to_ascii_uppercase().into()),
            "status" => Fact::Number(self.status.into()),
            "created" => Fact::Number(self.created),
            "answer_index" => Fact::Number(self.reasoning.into()),
            "prompt_tokens" => Fact::Number(self.prompt_tokens),
            "answer_tokens" => Fact::Number(answer),
            "reasoning_tokens" => Fact::Number(reasoning),
            "output_tokens" => Fact::Number(answer + reasoning),
            "total_tokens" => Fact::Number(self.prompt_tokens + answer + reasoning),
            "elapsed" => Fact::Seconds(self.elapsed),
            "preparation" => Fact::Seconds(self.preparation),
            "generation" => Fact::Seconds(self.elapsed.saturating_sub(self.preparation)),
            value => Fact::Text(Cow::Borrowed(self.value(value)?)),
        })
    }
}
