//! The rows of the fault matrix, a file for each part of a request.

mod connections;
mod responses;
mod streams;

use super::Step::{Close, Send};
use super::{Fault, Place, Step};
use crate::support::{SSE_HEAD, SSE_HEAD_CLOSE, chunk, openai_text};

/// A role, a finish reason and the terminal event of `OpenAI`'s chat.
const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const FINISH: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// All rows.
pub fn faults() -> Vec<Fault> {
    let parts = [
        connections::names_and_connections(),
        connections::encryption(),
        responses::heads(),
        responses::statuses(),
        responses::bodies(),
        responses::chunked(),
        streams::streams(),
        streams::stalls(),
        streams::sizes(),
        streams::retries(),
    ];
    parts.into_iter().flatten().collect()
}

fn fault(
    what: &'static str,
    expected: &'static str,
    detail: &'static str,
    steps: impl Into<Vec<Step>>,
) -> Fault {
    Fault {
        what,
        expected,
        detail,
        steps: steps.into(),
        place: Place::Server,
        flags: "",
        longest: 10.0,
        query: 2,
    }
}

/// The response's bytes, then the end of the connection.
fn once(bytes: impl AsRef<[u8]>) -> Vec<Step> {
    vec![send(bytes), Close]
}

/// The response's bytes; the connection stays open.
fn kept(bytes: impl AsRef<[u8]>) -> Vec<Step> {
    vec![send(bytes)]
}

fn send(bytes: impl AsRef<[u8]>) -> Step {
    Send(bytes.as_ref().to_vec())
}

fn token() -> String {
    openai_text("a")
}

/// A whole answer.
fn answer() -> String {
    format!("{}{FINISH}{DONE}", token())
}

/// A response with its body's length, whose head has these lines.
fn with_length(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An event stream of this body with its length.
fn stream(body: impl AsRef<[u8]>) -> Vec<u8> {
    with_length("200 OK\r\ncontent-type: text/event-stream", body)
}

/// An event stream in chunks as they stand here.
fn framed(chunks: impl AsRef<str>) -> Vec<u8> {
    format!("{SSE_HEAD}{}", chunks.as_ref()).into_bytes()
}

/// An event stream that ends with its connection.
fn closing(body: impl AsRef<str>) -> Vec<u8> {
    format!("{SSE_HEAD_CLOSE}{}", body.as_ref()).into_bytes()
}

/// The head of a chunked stream and a token.
fn begun() -> Step {
    Send([SSE_HEAD.as_bytes(), &chunk(token())].concat())
}
