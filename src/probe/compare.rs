//! Finds the built-in protocol that reads a stream best.

use std::cmp::Reverse;

use super::{SeenEvent, seen};
use crate::protocol::Protocol;
use crate::record::{EventKind, Usage};
use crate::sse::{Block, Event};

/// How well a protocol reads a stream; the better fit is the greater one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// Whether the stream's end was seen.
    pub(super) ended: bool,
    /// Events that carry text.
    pub(super) chunks: usize,
    /// Kinds of token counts that were found.
    pub(super) counts: usize,
    /// Events with a meaning.
    pub(super) meant: usize,
    /// Malformed events, the fewer the better.
    malformed: Reverse<usize>,
}

/// Reads the events by a protocol.
pub(super) fn fit(protocol: &Protocol, events: &[SeenEvent]) -> Fit {
    let mut decoder = protocol.decoder();
    let mut fit = Fit::default();
    let mut usage = Usage::default();
    for came in events {
        let Some(data) = &came.data else { continue };
        let block = Block::Event(Event {
            event: &came.event,
            data,
            id: "",
        });
        let seen = seen(&mut decoder, &block, came.row.at, came.row.read);
        fit.ended |= seen.end;
        fit.chunks += usize::from(seen.is_chunk());
        fit.meant += usize::from(seen.row.kind != EventKind::Other);
        fit.malformed.0 += usize::from(seen.malformed.is_some());
        usage.update(seen.usage);
    }
    let counts = [usage.prompt, usage.completion, usage.cached, usage.total];
    fit.counts = counts.iter().flatten().count();
    fit
}

/// The built-in protocol that reads the events best; `None` if none finds text. Of equally good
/// protocols the first, which is the more general one.
pub(super) fn best(events: &[SeenEvent]) -> Option<(&'static str, Fit)> {
    Protocol::builtin_names()
        .filter_map(|name| Some((name, fit(&*Protocol::builtin(name)?, events))))
        .filter(|(_, fit)| fit.chunks > 0)
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::observed;
    use super::*;

    #[test]
    fn every_service_is_recognised_by_its_stream() {
        for (fixture, expected) in [
            ("dify-chatflow", "dify-chat"),
            ("dify-agent", "dify-chat"),
            ("dify-workflow", "dify-workflow"),
            ("openai-vllm", "openai-chat"),
            ("openai-tools", "openai-chat"),
            ("openai-completions", "openai-completions"),
            ("openai-responses", "openai-responses"),
            ("anthropic", "anthropic"),
            ("gemini", "gemini"),
            ("tgi", "tgi"),
            ("sglang", "sglang"),
            ("cohere", "cohere"),
        ] {
            let path = format!(
                "{}/tests/fixtures/{fixture}.sse",
                env!("CARGO_MANIFEST_DIR")
            );
            let stream = fs::read_to_string(path).expect("a fixture");
            // Whatever it was read by.
            for read_by in ["dify-chat", "tgi"] {
                let events = observed(read_by, &stream).events;
                let (name, fit) = best(&events).expect(fixture);
                assert_eq!(name, expected, "{fixture}");
                assert!(fit.ended, "{fixture}");
            }
        }
        let own = observed(
            "dify-chat",
            include_str!("../../tests/fixtures/in-house.sse"),
        );
        assert_eq!(best(&own.events), None);
    }
}
