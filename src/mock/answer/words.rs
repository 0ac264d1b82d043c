//! What an answer says, piece by piece: its reasoning, where it has any, and then the answer itself.

use std::time::Duration;

use super::super::frames::Frames;
use super::super::passage::Reader;
use super::super::schedule::Due;
use super::super::wire::{End, Piece, Reply, Wire};

/// What has been said so far.
pub(super) struct Words {
    passage: Reader,
    piece: String,
    reasoning: Said,
    answer: Said,
}

/// A text so far, and its tokens.
#[derive(Default)]
struct Said {
    text: String,
    tokens: u32,
}

impl Words {
    /// Nothing yet; the passage is read from that token on.
    pub(super) fn new(start: u32) -> Self {
        Self {
            passage: Reader::new(start),
            piece: String::new(),
            reasoning: Said::default(),
            answer: Said::default(),
        }
    }

    /// Adds the event that is due.
    pub(super) fn say(&mut self, due: Due, wire: &dyn Wire, reply: &Reply, frames: &mut Frames) {
        let said = if due.reasoning {
            &mut self.reasoning
        } else {
            &mut self.answer
        };
        if said.tokens == 0 {
            self.passage.begin();
        }
        self.passage.read(due.tokens, &mut self.piece);
        said.text.push_str(&self.piece);
        said.tokens += due.tokens;
        let so_far = if due.reasoning {
            &self.reasoning.text
        } else {
            &self.answer.text
        };
        let piece = Piece {
            text: &self.piece,
            so_far,
            tokens: self.answer.tokens,
            reasoning_tokens: self.reasoning.tokens,
        };
        if due.reasoning {
            wire.reasoning(reply, piece, frames);
        } else {
            wire.text(reply, piece, frames);
        }
    }

    /// The reasoning so far.
    pub(super) fn reasoning(&self) -> &str {
        &self.reasoning.text
    }

    /// The end of what has been said.
    pub(super) fn end(&self, latency: Duration, usage: bool, terminal: bool) -> End<'_> {
        End {
            text: &self.answer.text,
            tokens: self.answer.tokens,
            reasoning_tokens: self.reasoning.tokens,
            latency,
            usage,
            terminal,
            ..End::default()
        }
    }
}
