//! What is sent: queries, API keys and request bodies, handed out in turn over all threads.

mod key;
mod order;
mod table;
mod template;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::random::{self, Purpose};
use crate::record::Sent;

pub use key::{ApiKey, mask};
pub use order::Order;
pub use table::{Cell, Table};
pub use template::{BodyTemplate, Constants, Filling, MissingInput, Parts};

/// Items that are handed out in turn: the lines of a file, or the one value of a flag.
#[derive(Clone, Debug)]
pub struct Rotation<T> {
    items: Vec<T>,
    file: Option<PathBuf>,
}

impl<T> Rotation<T> {
    /// The one value of a flag.
    #[must_use]
    pub fn flag(item: T) -> Self {
        Self {
            items: vec![item],
            file: None,
        }
    }

    /// The lines of a file.
    ///
    /// # Panics
    ///
    /// If there are none: such a file is an error before.
    #[must_use]
    pub fn file(path: PathBuf, items: Vec<T>) -> Self {
        assert!(!items.is_empty(), "a source has at least one item");
        Self {
            items,
            file: Some(path),
        }
    }

    /// The file they come from.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// All of them, at least one.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Keeps only the first.
    pub fn keep_first(&mut self) {
        self.items.truncate(1);
    }

    /// The item for a number (from 1) in an order: its place and itself.
    fn item(&self, number: u64, order: &Order) -> (usize, &T) {
        let place = order.place(number, self.items.len());
        (place, &self.items[place])
    }

    /// An item's number in the file, from 1.
    fn number(&self, place: usize) -> Option<usize> {
        self.file.as_ref().map(|_| place + 1)
    }
}

/// What is sent in a run.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The queries; empty ones of a data file that has none.
    pub queries: Rotation<Arc<str>>,
    /// What else the data file's rows hold: as many rows as there are queries, or none.
    pub rows: Vec<Vec<Cell>>,
    /// In which order rows are used.
    pub order: Order,
    /// Where each query gets a prefix of its own: what the prefixes are drawn from.
    pub unique: Option<u64>,
    /// The most turns of a conversation.
    pub turns: u32,
    /// The parts of a turn as later ones send them again, where the service does not keep them.
    pub history: Option<TurnParts>,
    /// The request that stops an answer, where there is one.
    pub stop: Option<StopCall>,
    /// The API keys; a single empty one where none is sent.
    pub keys: Rotation<ApiKey>,
    /// The request body.
    pub body: BodyTemplate,
    /// The file that the body comes from, where it is not the protocol's.
    pub body_file: Option<PathBuf>,
    /// What the bodies have in common.
    pub constants: Constants,
    /// Secrets of the run beside the keys, which texts must not show: values of `--header`.
    pub secrets: Vec<ApiKey>,
}

/// The parts of a turn, for a body's history.
#[derive(Clone, Debug)]
pub struct TurnParts {
    /// The user's.
    pub user: BodyTemplate,
    /// The service's.
    pub assistant: BodyTemplate,
}

/// The request that stops an answer.
#[derive(Clone, Debug)]
pub struct StopCall {
    /// Its path, relative to the endpoint's, with `{task_id}`.
    pub path: String,
    /// Its body.
    pub body: BodyTemplate,
}

impl Workload {
    /// What the run's request of that number (from 1) sends where it is a conversation of its own.
    /// Queries and keys go round separately, a request at a time, whichever user claims it.
    #[must_use]
    pub fn assignment(&self, request: u64) -> Assignment<'_> {
        self.turn(request, request, 1)
    }

    /// What a turn (from 1) of a conversation (from 1) sends, which is the run's request of that
    /// number. A conversation keeps its key, and its turns use rows that follow each other.
    #[must_use]
    pub fn turn(&self, request: u64, conversation: u64, turn: u32) -> Assignment<'_> {
        let before = conversation.saturating_sub(1) * u64::from(self.turns.max(1));
        let (row, query) = self.queries.item(before + u64::from(turn), &self.order);
        let (key_place, key) = self.keys.item(conversation, &Order::Sequential);
        Assignment {
            sent: Sent {
                query_index: self.queries.number(row),
                query: Arc::clone(query),
                key_index: self.keys.number(key_place),
                masked_key: key.masked(),
            },
            key,
            row: self.rows.get(row).map_or(&[], Vec::as_slice),
            prefix: self
                .unique
                .map(|seed| random::bits(seed, Purpose::Prefix, request)),
            workload: self,
        }
    }
}

/// What one request sends.
#[derive(Clone, Debug)]
pub struct Assignment<'a> {
    /// As the results tell it.
    pub sent: Sent,
    /// The API key; empty where none is sent.
    pub key: &'a ApiKey,
    row: &'a [Cell],
    /// What makes the query another one than any before.
    prefix: Option<u64>,
    workload: &'a Workload,
}

impl Assignment<'_> {
    /// The body of a conversation's first request: JSON.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.body_in(None, &[])
    }

    /// The body in a conversation of that id, which has come to that history: JSON.
    #[must_use]
    pub fn body_in(&self, conversation_id: Option<&str>, history: &[u8]) -> Vec<u8> {
        self.workload.body.render(&Filling {
            query: &self.query(),
            row: self.row,
            conversation_id,
            history,
            answer: "",
        })
    }

    /// Adds this turn, with the answer to it, to a history.
    pub fn add_to(&self, history: &mut Vec<u8>, answer: &str) {
        let Some(parts) = &self.workload.history else {
            return;
        };
        let filling = Filling {
            query: &self.query(),
            row: self.row,
            answer,
            ..Filling::default()
        };
        for part in [&parts.user, &parts.assistant] {
            history.extend(part.render(&filling));
            history.push(b',');
        }
    }

    /// The query as it is sent.
    fn query(&self) -> Cow<'_, str> {
        match self.prefix {
            None => Cow::Borrowed(&self.sent.query),
            Some(prefix) => Cow::Owned(format!("[{prefix:016x}] {}", self.sent.query)),
        }
    }

    /// A text of the server with this request's key, and the run's other secrets, masked.
    #[must_use]
    pub fn mask_in(&self, text: &str) -> String {
        self.workload
            .secrets
            .iter()
            .fold(self.key.mask_in(text), |text, secret| secret.mask_in(&text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(document: &serde_json::Value, answers: bool) -> BodyTemplate {
        let parts = Parts {
            constants: &Constants::default(),
            columns: &[],
            history: None,
            answers,
        };
        BodyTemplate::new(document, parts).unwrap()
    }

    fn workload() -> Workload {
        let document = json!({"q": "{query}"});
        Workload {
            queries: Rotation::file(
                "queries.txt".into(),
                vec!["a".into(), "b".into(), "c".into()],
            ),
            keys: Rotation::file(
                "keys.txt".into(),
                vec![ApiKey::new("key-0001"), ApiKey::new("key-0002")],
            ),
            rows: Vec::new(),
            order: Order::Sequential,
            unique: None,
            turns: 1,
            history: None,
            stop: None,
            body: template(&document, false),
            body_file: None,
            constants: Constants::default(),
            secrets: vec![ApiKey::new("tenant-secret-00")],
        }
    }

    #[test]
    fn queries_and_keys_go_round_a_request_at_a_time() {
        let workload = workload();
        let table = [
            (1, 1, "a", 1),
            (2, 2, "b", 2),
            (3, 3, "c", 1),
            (4, 1, "a", 2),
            (7, 1, "a", 1),
            (3_000_000_000_002, 2, "b", 2),
        ];
        for (request, query_index, query, key_index) in table {
            let assignment = workload.assignment(request);
            assert_eq!(
                assignment.sent.query_index,
                Some(query_index),
                "request {request}"
            );
            assert_eq!(&*assignment.sent.query, query, "request {request}");
            assert_eq!(
                assignment.sent.key_index,
                Some(key_index),
                "request {request}"
            );
            assert_eq!(
                assignment.key.expose(),
                format!("key-000{key_index}"),
                "request {request}"
            );
            assert_eq!(
                assignment.body(),
                format!(r#"{{"q":"{query}"}}"#).into_bytes()
            );
        }
    }

    #[test]
    fn values_of_flags_have_no_number() {
        let workload = Workload {
            queries: Rotation::flag("q".into()),
            keys: Rotation::flag(ApiKey::none()),
            ..workload()
        };
        let sent = workload.assignment(9).sent;
        assert_eq!((sent.query_index, sent.key_index), (None, None));
        assert_eq!(&*sent.masked_key, "");
    }

    #[test]
    fn no_secret_stays_in_a_text() {
        let workload = workload();
        let text = workload
            .assignment(1)
            .mask_in("key-0001 of tenant-secret-00");
        assert_eq!(text, "ke***01 of tena***t-00");
    }

    #[test]
    fn a_conversation_keeps_its_key_and_uses_rows_that_follow_each_other() {
        let workload = Workload {
            turns: 2,
            ..workload()
        };
        let table = [
            (1, 1, "a", "key-0001"),
            (1, 2, "b", "key-0001"),
            (2, 1, "c", "key-0002"),
            (2, 2, "a", "key-0002"),
        ];
        for (conversation, turn, query, key) in table {
            let assignment = workload.turn(9, conversation, turn);
            let sent = (&*assignment.sent.query, assignment.key.expose());
            assert_eq!(sent, (query, key), "{conversation}, {turn}");
        }
    }

    #[test]
    fn a_unique_query_has_a_prefix_of_its_request() {
        let workload = Workload {
            unique: Some(7),
            ..workload()
        };
        let first = workload.assignment(1);
        let body = String::from_utf8(first.body()).unwrap();
        assert_eq!(
            body.len(),
            r#"{"q":"[0123456789abcdef] a"}"#.len(),
            "{body}"
        );
        assert_eq!(
            &*first.sent.query, "a",
            "results are told apart by the query"
        );
        assert_ne!(first.body(), workload.assignment(4).body());
    }

    #[test]
    fn a_history_has_the_turns_as_they_were_sent() {
        let parts = TurnParts {
            user: template(&json!({"role": "user", "content": "{query}"}), true),
            assistant: template(&json!({"role": "bot", "content": "{answer}"}), true),
        };
        let workload = Workload {
            history: Some(parts),
            ..workload()
        };
        let mut history = Vec::new();
        workload
            .assignment(1)
            .add_to(&mut history, "say \"{query}\"");
        let expected =
            r#"{"role":"user","content":"a"},{"role":"bot","content":"say \"{query}\""},"#;
        assert_eq!(String::from_utf8(history).unwrap(), expected);
    }
}
