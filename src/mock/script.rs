//! Puts the words of an answer into the events of its format.

use super::frames::Frames;
use super::passage;
use super::schedule::Due;
use super::wire::{Moment, Reply, Wire};

/// The format of an answer, and how far the answer has come.
pub(super) struct Script {
    pub(super) wire: &'static Wire,
    pub(super) reply: Reply,
    /// The next token of the passage.
    next: usize,
}

impl Script {
    /// An answer without any words yet. Its words are the passage's, from token `start` on.
    pub(super) fn new(wire: &'static Wire, reply: Reply, start: u32) -> Self {
        Self {
            wire,
            reply,
            next: start as usize,
        }
    }

    /// Adds the frames of a moment.
    pub(super) fn put(&self, moment: Moment, frames: &mut Frames) {
        self.wire.put(moment, &self.reply, frames);
    }

    /// Adds the event that is due.
    pub(super) fn say(&mut self, due: Due, frames: &mut Frames) {
        let (moment, said) = if due.reasoning {
            (Moment::Reasoning, &mut self.reply.reasoning_tokens)
        } else {
            (Moment::Text, &mut self.reply.answer_tokens)
        };
        let is_first = *said == 0;
        *said += due.tokens;
        let (text, whole) = (&mut self.reply.text, &mut self.reply.whole);
        passage::read(&mut self.next, due.tokens, text);
        if is_first {
            whole.clear();
            // No text begins with a space.
            text.drain(..text.len() - text.trim_start().len());
        }
        whole.push_str(text);
        self.put(moment, frames);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::rng::{Purpose, Rng};
    use super::super::wire;
    use super::*;

    #[test]
    fn neither_reasoning_nor_answer_begins_with_a_space() {
        let wire = wire::at("/generate_stream").expect("a format");
        let mut rng = Rng::new(0, 1, Purpose::Ids);
        let reply = wire.accept(br#"{"inputs": "x"}"#, &mut rng);
        let mut script = Script::new(wire, reply.expect("a request"), 0);
        let mut frames = Frames::new(false);
        for (reasoning, tokens, text, whole) in [
            (true, 2, "This answer", "This answer"),
            (true, 1, " comes", "This answer comes"),
            (false, 2, "from a", "from a"),
        ] {
            let at = Duration::ZERO;
            let due = Due {
                at,
                tokens,
                reasoning,
            };
            script.say(due, &mut frames);
            assert_eq!((&*script.reply.text, &*script.reply.whole), (text, whole));
        }
    }
}
