//! Reasoning that stands between `<think>` and `</think>` in an answer's text.

use super::found::{Findings, Slice};

/// The tag that ends the answer for reasoning, and the tag that ends reasoning.
const TAGS: [&str; 2] = ["<think>", "</think>"];

/// Where in the tags a stream is.
#[derive(Debug, Default)]
pub(super) struct ThinkTags {
    /// Whether the text is reasoning.
    inside: bool,
    /// How many bytes of the next tag the text so far may end with. They wait for the rest.
    begun: usize,
}

impl ThinkTags {
    /// Splits the text of an event into answer and reasoning. An event without text
    /// after which the stream may end brings the bytes that wait.
    pub(super) fn split(&mut self, text: Slice, end: bool, findings: &mut Findings) -> [Slice; 2] {
        let end = end && text.is_empty();
        let mut parts = [Slice::default(); 2];
        let waiting = &TAGS[usize::from(self.inside)][..self.begun];
        let waiting = findings.add(|text| text.push_str(waiting));
        let mut rest = findings.join(waiting, text);
        loop {
            let part = usize::from(self.inside);
            let (tag, text) = (TAGS[part], findings.text(rest));
            let found = text.find(tag);
            let mut begun = (1..tag.len()).rev().filter(|_| !end);
            let begun = begun.find(|&length| text.ends_with(&tag[..length]));
            self.begun = begun.unwrap_or_default();
            let until = found.unwrap_or(text.len() - self.begun);
            parts[part] = findings.join(parts[part], rest.to(until));
            if found.is_none() {
                return parts;
            }
            rest = rest.from(until + tag.len());
            self.inside = !self.inside;
        }
    }
}
