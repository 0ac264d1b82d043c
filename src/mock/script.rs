//! Puts the words of an answer into the events of its format.

use super::frames::Frames;
use super::passage::Cursor;
use super::schedule::Due;
use super::wire::{Moment, Reply, Wire};

/// The format of an answer, and how far the answer has come.
pub(super) struct Script {
    pub(super) wire: &'static Wire,
    pub(super) reply: Reply,
    passage: Cursor,
}

impl Script {
    /// An answer without any words yet. Its words are the passage's, from token `start` on.
    pub(super) fn new(wire: &'static Wire, reply: Reply, start: u32) -> Self {
        Self {
            wire,
            reply,
            passage: Cursor::new(start),
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
        if *said == 0 {
            self.passage.begin();
            self.reply.whole.clear();
        }
        *said += due.tokens;
        self.passage.read(due.tokens, &mut self.reply.text);
        self.reply.whole.push_str(&self.reply.text);
        self.put(moment, frames);
    }
}
