//! What a user remembers between its requests: its conversation, and what of a stream it needs for
//! that.

use crate::protocol::Meaning;
use crate::record::{Outcome, RequestRecord, Turn};
use crate::workload::Assignment;

/// Where a user is in its conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The turn in hand; `None` between conversations.
    turn: Option<Turn>,
    /// The conversation's id, as the service named it.
    pub(super) id: Option<String>,
    /// The turns so far, where they are sent again.
    pub(super) history: Vec<u8>,
}

impl Conversation {
    /// The next turn, of a conversation that gets its number from `number` if it begins.
    pub(super) fn next(&mut self, number: impl FnOnce() -> u64) -> Turn {
        let turn = match self.turn {
            Some(Turn { conversation, turn }) => Turn {
                conversation,
                turn: turn + 1,
            },
            None => Turn {
                conversation: number(),
                turn: 1,
            },
        };
        self.turn = Some(turn);
        turn
    }

    /// Takes note of how the turn in hand went, and with which answer. Returns whether the
    /// conversation is over: after its last turn, or one that did not succeed.
    pub(super) fn note(
        &mut self,
        record: &RequestRecord,
        assignment: &Assignment<'_>,
        answer: &str,
        turns: u32,
    ) -> bool {
        let is_last = self.turn.is_none_or(|turn| turn.turn >= turns);
        if is_last || record.outcome != Outcome::Ok {
            self.turn = None;
            self.id = None;
            self.history.clear();
            return true;
        }
        if record.conversation_id.is_some() {
            self.id.clone_from(&record.conversation_id);
        }
        assignment.add_to(&mut self.history, answer);
        false
    }
}

/// What is kept of a stream beside its record.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The answer, where it is wanted.
    pub(super) answer: Option<String>,
    /// The id by which the service can be told to stop, where it is wanted; empty before it came.
    pub(super) task: Option<String>,
}

impl Kept {
    /// Forgets what another stream left.
    pub(super) fn clear(&mut self) {
        for kept in [&mut self.answer, &mut self.task].into_iter().flatten() {
            kept.clear();
        }
    }

    /// Takes what an event means.
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
        nothing.take(&piece("he", Some("t-1")));
        assert_eq!((nothing.answer, nothing.task), (None, None));
    }

    #[test]
    fn turns_count_up_within_a_conversation() {
        let mut conversation = Conversation::default();
        let turn = |conversation, turn| Turn { conversation, turn };
        assert_eq!(conversation.next(|| 7), turn(7, 1));
        assert_eq!(conversation.next(|| unreachable!()), turn(7, 2));
    }
}
