//! A server that records requests, and readers of a run's results.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::{Directory, Peer, Row, Scripted, openai_answer};

/// The requests that a server got: heads and bodies.
pub type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// Records a request; returns its number.
pub fn note(seen: &Seen, request: &str) -> usize {
    let (head, body) = request.split_once("\r\n\r\n").expect("a whole request");
    let body = serde_json::from_str(body).expect("a JSON body");
    let mut seen = seen.lock().unwrap();
    seen.push((head.to_owned(), body));
    seen.len()
}

/// A server that records requests and answers the `n`th (from 1) with `answer(n)`.
pub fn noting(answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> (Scripted, Seen) {
    let seen = Seen::default();
    let server = Scripted::start({
        let seen = Arc::clone(&seen);
        move |peer: &mut Peer| {
            while let Some(request) = peer.request() {
                let number = note(&seen, &request);
                peer.send(answer(number));
            }
        }
    });
    (server, seen)
}

/// An answer of `OpenAI`'s chat whose text has its number.
pub fn openai(number: usize) -> Vec<u8> {
    openai_answer(&[&format!("answer {number}")])
}

/// The bodies that a server got.
pub fn bodies(seen: &Seen) -> Vec<Value> {
    let seen = seen.lock().unwrap();
    seen.iter().map(|(_, body)| body.clone()).collect()
}

/// The cells of these columns, by row.
pub fn cells<'a>(rows: &'a [Row], columns: &[&str]) -> Vec<Vec<&'a str>> {
    let row = |row: &'a Row| columns.iter().map(|column| row[*column].as_str()).collect();
    rows.iter().map(row).collect()
}

/// A run's JSON.
pub fn document(directory: &Directory) -> Value {
    let run = std::fs::read(directory.file("run.json")).expect("a run JSON");
    serde_json::from_slice(&run).expect("JSON")
}

/// The summary in a run's JSON.
pub fn summary(directory: &Directory) -> Value {
    document(directory)["summary"].clone()
}
