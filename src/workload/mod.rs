//! What is sent: queries, API keys and request bodies, handed out round-robin over all threads.

mod key;
mod lines;
mod template;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::record::Sent;

pub use key::{ApiKey, mask};
pub use lines::{Line, LinesError, read_lines, utf8};
pub use template::{BodyTemplate, Fields, MissingInput};

/// Items that are handed out in turn: the lines of a file, or the one value of a flag.
#[derive(Clone, Debug)]
pub struct Source<T> {
    items: Vec<T>,
    file: Option<PathBuf>,
}

impl<T> Source<T> {
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

    /// The item of a request (numbered from 1), with its number in the file, from 1.
    fn item(&self, request: u64) -> (Option<usize>, &T) {
        let count = self.items.len() as u64;
        let index = usize::try_from(request.saturating_sub(1) % count).unwrap_or(0);
        (self.file.as_ref().map(|_| index + 1), &self.items[index])
    }
}

/// What is sent in a run.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The queries.
    pub queries: Source<Arc<str>>,
    /// The API keys; a single empty one where none is sent.
    pub keys: Source<ApiKey>,
    /// The request body.
    pub body: BodyTemplate,
    /// The file that the body comes from, where it is not the protocol's.
    pub body_file: Option<PathBuf>,
    /// What the bodies have in common.
    pub fields: Fields,
    /// Secrets of the run beside the keys, which texts must not show: values of `--header`.
    pub secrets: Vec<ApiKey>,
}

impl Workload {
    /// What the run's request of that number (from 1) sends. Queries and keys go round separately,
    /// a request at a time, whichever user claims it.
    #[must_use]
    pub fn assignment(&self, request: u64) -> Assignment<'_> {
        let (query_index, query) = self.queries.item(request);
        let (key_index, key) = self.keys.item(request);
        Assignment {
            sent: Sent {
                query_index,
                query: Arc::clone(query),
                key_index,
                masked_key: key.masked(),
            },
            key,
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
    workload: &'a Workload,
}

impl Assignment<'_> {
    /// The request's body: JSON.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.workload.body.render(&self.sent.query)
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

    fn workload() -> Workload {
        let document = json!({"q": "{query}"});
        Workload {
            queries: Source::file(
                "queries.txt".into(),
                vec!["a".into(), "b".into(), "c".into()],
            ),
            keys: Source::file(
                "keys.txt".into(),
                vec![ApiKey::new("key-0001"), ApiKey::new("key-0002")],
            ),
            body: BodyTemplate::new(&document, &Fields::default()).unwrap(),
            body_file: None,
            fields: Fields::default(),
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
            queries: Source::flag("q".into()),
            keys: Source::flag(ApiKey::none()),
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
}
