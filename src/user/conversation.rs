//! A user's memory: where its conversation is, and texts of a stream that are needed later.

use std::mem;

use crate::protocol::Meaning;
use crate::record::{EventKind, Outcome, RequestRecord, Turn};
use crate::workload::Assignment;

/// Where a user is in its conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The current turn; `None` between conversations.
    pub(super) turn: Option<Turn>,
    /// The conversation's id, as the service named it.
    pub(super) id: Option<String>,
    /// The turns so far, where they are sent again.
    pub(super) history: Vec<u8>,
}

impl Conversation {
    /// The next turn; `begun` is the number of the conversation that it begins.
    pub(super) fn next(&mut self, begun: Option<u64>) -> Turn {
        let before = self.turn.unwrap_or_default();
        *self.turn.insert(Turn {
            conversation: begun.unwrap_or(before.conversation),
            turn: before.turn + 1,
        })
    }

    /// Notes the record and the answer of the current turn. Returns whether the conversation is over:
    /// after its last turn, or after a turn that did not succeed.
    pub(super) fn note(
        &mut self,
        record: &RequestRecord,
        assignment: &Assignment<'_>,
        answer: &str,
        turns: u32,
    ) -> bool {
        let is_last = self.turn.is_none_or(|turn| turn.turn >= turns);
        if is_last || record.outcome != Outcome::Ok {
            *self = Self::default();
            return true;
        }
        if record.conversation_id.is_some() {
            self.id.clone_from(&record.conversation_id);
        }
        assignment.add_to(&mut self.history, answer);
        false
    }
}

/// Texts of a stream that are needed later; `None` where nobody needs them.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The answer, for the next turn.
    pub(super) answer: Option<String>,
    /// The id by which the service can be told to stop; empty before it came.
    pub(super) task: Option<String>,
    /// All generated text, for a tokenizer.
    pub(super) generated: Option<Generated>,
}

/// Generated text in pieces. A new piece begins where the kind of text changes: between two kinds lie
/// tokens that no event shows.
#[derive(Debug, Default)]
pub(super) struct Generated {
    pieces: Vec<String>,
    /// The kind of the last piece.
    kind: Option<EventKind>,
}

impl Generated {
    fn take(&mut self, meaning: &Meaning<'_>) {
        for (kind, text) in [
            (EventKind::Reasoning, meaning.reasoning),
            (EventKind::Text, meaning.text),
            (EventKind::Tool, meaning.tool),
        ] {
            if text.is_empty() {
                continue;
            }
            match self.pieces.last_mut() {
                Some(piece) if self.kind == Some(kind) => piece.push_str(text),
                _ => self.pieces.push(text.to_owned()),
            }
            self.kind = Some(kind);
        }
    }
}

impl Kept {
    /// Forgets the texts of the last stream.
    pub(super) fn clear(&mut self) {
        for kept in [&mut self.answer, &mut self.task].into_iter().flatten() {
            kept.clear();
        }
        self.take_generated();
    }

    /// Takes the pieces of generated text out.
    pub(super) fn take_generated(&mut self) -> Vec<String> {
        let generated = self.generated.as_mut().map(mem::take);
        generated.unwrap_or_default().pieces
    }

    /// Takes the texts of an event.
    pub(super) fn take(&mut self, meaning: &Meaning<'_>) {
        if let Some(answer) = &mut self.answer {
            match meaning.replacement {
                Some(whole) => whole.clone_into(answer),
                None => answer.push_str(meaning.text),
            }
        }
        if let (Some(task), Some(id)) = (&mut self.task, meaning.task_id)
            && task != id
        {
            id.clone_into(task);
        }
        if let Some(generated) = &mut self.generated {
            generated.take(meaning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_and_the_task_are_kept_where_they_are_wanted() {
        let piece = |text, task_id| Meaning {
            text,
            task_id,
            ..Meaning::default()
        };
        let mut kept = Kept {
            answer: Some("old".to_owned()),
            task: Some("old".to_owned()),
            generated: None,
        };
        kept.clear();
        assert_eq!(kept.task.as_deref(), Some(""));
        kept.take(&piece("he", Some("t-1")));
        kept.take(&piece("llo", None));
        assert_eq!(kept.answer.as_deref(), Some("hello"));
        assert_eq!(kept.task.as_deref(), Some("t-1"));
        kept.take(&Meaning {
            replacement: Some("no"),
            ..Meaning::default()
        });
        kept.take(&piece("!", None));
        assert_eq!(kept.answer.as_deref(), Some("no!"));
        let mut nothing = Kept::default();
        let wanted = piece("he", Some("t-1"));
        let cost = allocation_counter::measure(|| nothing.take(&wanted));
        assert_eq!(cost.count_total, 0);
        assert_eq!(nothing.take_generated(), [""; 0]);
        assert_eq!((nothing.answer, nothing.task), (None, None));
    }

    #[test]
    fn generated_text_is_kept_in_pieces_of_one_kind_also_where_the_answer_is_replaced() {
        let mut kept = Kept {
            generated: Some(Generated::default()),
            ..Kept::default()
        };
        for (reasoning, text, tool) in [
            ("I th", "", ""),
            ("ink", "so", ""),
            ("", "", ""),
            ("", " be", ""),
            ("", "", "{}"),
            ("", " it", ""),
        ] {
            kept.take(&Meaning {
                text,
                reasoning,
                tool,
                ..Meaning::default()
            });
        }
        kept.take(&Meaning {
            replacement: Some("no"),
            ..Meaning::default()
        });
        assert_eq!(kept.take_generated(), ["I think", "so be", "{}", " it"]);
        kept.take(&Meaning {
            text: "left",
            ..Meaning::default()
        });
        kept.clear();
        assert_eq!(kept.take_generated(), [""; 0]);
    }

    #[test]
    fn turns_count_up_within_a_conversation() {
        let mut conversation = Conversation::default();
        let turn = |conversation, turn| Turn { conversation, turn };
        assert_eq!(conversation.next(Some(7)), turn(7, 1));
        assert_eq!(conversation.next(None), turn(7, 2));
    }
}
