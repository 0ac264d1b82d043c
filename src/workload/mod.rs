//! Queries, API keys and request bodies, handed out in turn over all threads.

mod key;
mod order;
mod table;
mod template;

use std::borrow::Cow;
use std::iter;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::random::{self, Purpose};
use crate::record::{Sent, Turn};

pub use key::{ApiKey, mask, mask_all};
pub use order::Order;
pub use table::{Cell, Table, reason};
pub use template::{BodyTemplate, Constants, Filling, Parts};

/// Items that are handed out in turn: the lines of a file, or the one value of a flag.
#[derive(Clone, Debug)]
pub struct Rotation<T> {
    /// All items, at least one.
    pub items: Vec<T>,
    /// The file of the items.
    pub file: Option<PathBuf>,
}

impl<T> Rotation<T> {
    /// The one value of a flag.
    #[must_use]
    pub fn flag(item: T) -> Self {
        let (items, file) = (vec![item], None);
        Self { items, file }
    }

    /// The lines of a file.
    ///
    /// # Panics
    ///
    /// If `items` is empty; the reader of the file refuses an empty file before.
    #[must_use]
    pub fn file(path: PathBuf, items: Vec<T>) -> Self {
        assert!(!items.is_empty(), "a source has at least one item");
        let file = Some(path);
        Self { items, file }
    }

    /// The item of a number (from 1) in an order, with its place and its number in the file, from 1.
    fn item(&self, number: u64, order: &Order) -> (usize, Option<usize>, &T) {
        let place = order.place(number, self.items.len());
        let line = self.file.as_ref().map(|_| place + 1);
        (place, line, &self.items[place])
    }
}

/// The queries, keys and bodies of a run.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The queries; empty texts where a data file has no column of queries.
    pub queries: Rotation<Arc<str>>,
    /// The other columns of the data file: a row for each query, or no row at all.
    pub rows: Vec<Vec<Cell>>,
    /// In which order rows are used.
    pub order: Order,
    /// The seed of the queries' unique prefixes; `None` without prefixes.
    pub unique: Option<u64>,
    /// The most turns of a conversation.
    pub turns: u32,
    /// The user's and the service's part of a turn for later requests, where the service does not
    /// keep conversations.
    pub history: Option<[BodyTemplate; 2]>,
    /// The request that stops an answer.
    pub stop: Option<StopCall>,
    /// The API keys; a single empty key if no key is sent.
    pub keys: Rotation<ApiKey>,
    /// The request body.
    pub body: BodyTemplate,
    /// The body's document, with its placeholders.
    pub document: Value,
    /// The file of the body; `None` for the protocol's body.
    pub body_file: Option<PathBuf>,
    /// Values that are the same in all bodies.
    pub constants: Constants,
    /// Secrets in values of `--header`, which texts must not show either.
    pub secrets: Vec<ApiKey>,
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
    /// The content of user 1's request (number from 1) that is a conversation of its own. Each request
    /// takes the next query and the next key, whichever user sends it.
    #[must_use]
    pub fn assignment(&self, request: u64) -> Assignment<'_> {
        let (conversation, turn) = (request, 1);
        self.turn(1, request, Turn { conversation, turn })
    }

    /// The content of a user's request (numbers from 1) in a conversation. A conversation keeps its
    /// key, and its turns use consecutive rows.
    #[must_use]
    pub fn turn(&self, user: u32, request: u64, turn: Turn) -> Assignment<'_> {
        let Turn { conversation, turn } = turn;
        let before = conversation.saturating_sub(1) * u64::from(self.turns.max(1));
        let number = before + u64::from(turn);
        let (row, query_index, query) = self.queries.item(number, &self.order);
        let (_, key_index, key) = self.keys.item(conversation, &Order::Sequential);
        let prefix = |seed| random::bits(seed, Purpose::Prefix, request);
        Assignment {
            sent: Sent {
                query_index,
                query: Arc::clone(query),
                key_index,
                masked_key: key.masked(),
            },
            key,
            user,
            row: self.rows.get(row).map_or(&[], Vec::as_slice),
            prefix: self.unique.map(prefix),
            workload: self,
        }
    }
}

/// The content of one request.
#[derive(Clone, Debug)]
pub struct Assignment<'a> {
    /// The query and the key as the results show them.
    pub sent: Sent,
    /// The API key; empty where none is sent.
    pub key: &'a ApiKey,
    /// The number of the virtual user, from 1.
    user: u32,
    row: &'a [Cell],
    /// Makes the query differ from every query before.
    prefix: Option<u64>,
    workload: &'a Workload,
}

impl Assignment<'_> {
    /// The body of a conversation's first request: JSON.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.body_in(None, &[])
    }

    /// The body of a request in a conversation with this id and history: JSON.
    #[must_use]
    pub fn body_in(&self, conversation_id: Option<&str>, history: &[u8]) -> Vec<u8> {
        self.workload.body.render(&Filling {
            conversation_id,
            history,
            ..self.filling(&self.query())
        })
    }

    /// The values of the user and the row, and this query.
    #[must_use]
    pub fn filling<'f>(&'f self, query: &'f str) -> Filling<'f> {
        Filling {
            query,
            user: self.user,
            row: self.row,
            ..Filling::default()
        }
    }

    /// Adds this turn to a history, with the answer to it. An empty answer, such as one of tool
    /// calls alone, is left out: strict services refuse a message without content.
    pub fn add_to(&self, history: &mut Vec<u8>, answer: &str) {
        let query = self.query();
        let filling = Filling {
            answer,
            ..self.filling(&query)
        };
        let parts = self.workload.history.iter().flatten();
        for part in parts.take(if answer.is_empty() { 1 } else { 2 }) {
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

    /// This request's key and the run's other secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &ApiKey> {
        iter::once(self.key).chain(&self.workload.secrets)
    }

    /// The text with all secrets masked.
    #[must_use]
    pub fn mask_in(&self, text: &str) -> String {
        mask_all(self.secrets(), text)
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
            queries: Rotation::file("queries.txt".into(), ["a", "b", "c"].map(Into::into).into()),
            keys: Rotation::file(
                "keys.txt".into(),
                ["key-0001", "key-0002"].map(ApiKey::new).into(),
            ),
            rows: Vec::new(),
            order: Order::Sequential,
            unique: None,
            turns: 1,
            history: None,
            stop: None,
            body: template(&document, false),
            document,
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
            let sent = &assignment.sent;
            let told = (sent.query_index, &*sent.query, sent.key_index);
            let expected = (Some(query_index), query, Some(key_index));
            assert_eq!(told, expected, "{request}");
            assert_eq!(assignment.key.expose(), format!("key-000{key_index}"));
            let body = String::from_utf8(assignment.body()).unwrap();
            assert_eq!(body, format!(r#"{{"q":"{query}"}}"#));
        }
    }

    #[test]
    fn values_of_flags_have_no_number() {
        let workload = Workload {
            queries: Rotation::flag("q".into()),
            keys: Rotation::flag(ApiKey::new("")),
            ..workload()
        };
        let sent = workload.assignment(9).sent;
        assert_eq!((sent.query_index, sent.key_index), (None, None));
        assert_eq!(&*sent.masked_key, "");
    }

    #[test]
    fn no_secret_stays_in_a_text() {
        let workload = workload();
        let text = "key-0001 of tenant-secret-00";
        let masked = workload.assignment(1).mask_in(text);
        assert_eq!(masked, "ke***01 of tena***t-00");
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
            let assignment = workload.turn(1, 9, Turn { conversation, turn });
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
        let expected = r#"{"q":"[0123456789abcdef] a"}"#;
        assert_eq!(body.len(), expected.len(), "{body}");
        assert_eq!(&*first.sent.query, "a", "results have the plain query");
        assert_ne!(first.body(), workload.assignment(4).body());
    }

    #[test]
    fn a_history_has_the_turns_as_they_were_sent() {
        let parts = [
            json!({"role": "user", "content": "{query}"}),
            json!({"role": "bot", "content": "{answer}"}),
        ];
        let workload = Workload {
            history: Some(parts.map(|part| template(&part, true))),
            ..workload()
        };
        let mut history = Vec::new();
        let first = workload.assignment(1);
        first.add_to(&mut history, "say \"{query}\"");
        let expected =
            r#"{"role":"user","content":"a"},{"role":"bot","content":"say \"{query}\""},"#;
        assert_eq!(String::from_utf8(history).unwrap(), expected);
    }
}
