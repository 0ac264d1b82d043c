//! The same stream, however it is framed and cut, gives the same record.

use crate::support::{Row, SSE_HEAD, SSE_HEAD_CLOSE, Scripted, chunk, openai_text, run_alone};

/// The columns that do not depend on time.
#[rustfmt::skip]
const WHAT_CAME: [&str; 12] = [
    "outcome", "error_kind", "http_status", "output_tokens", "chunks", "answer_chars",
    "prompt_tokens", "token_source", "finish_reason", "conversation_id", "message_id",
    "error_detail",
];

/// The writes of a response.
type Pieces = Vec<Vec<u8>>;

fn framings(body: &str) -> Vec<(&'static str, Pieces)> {
    let crlf = body.replace('\n', "\r\n");
    let cr = body.replace('\n', "\r");
    let close = |body: &str| format!("{SSE_HEAD_CLOSE}{body}").into_bytes();
    let whole = [SSE_HEAD.as_bytes(), &chunk(body), &chunk("")].concat();
    let bytewise_chunks: Vec<u8> = body.bytes().flat_map(|byte| chunk([byte])).collect();
    let tiny = [SSE_HEAD.as_bytes(), &bytewise_chunks, &chunk("")].concat();
    let single = |bytes: Vec<u8>| bytes.into_iter().map(|byte| vec![byte]).collect();
    vec![
        ("in one piece", vec![whole.clone()]),
        ("in pieces of a byte", single(whole)),
        ("in chunks of a byte", vec![tiny]),
        ("ended by the connection", vec![close(body)]),
        ("with CRLF", vec![close(&crlf)]),
        ("with CRLF, a byte at a time", single(close(&crlf))),
        ("with CR", vec![close(&cr)]),
    ]
}

/// The first row of a run with one request, which is watched, and of a run with two.
fn rows_of(pieces: &Pieces, path: &str) -> [Row; 2] {
    ["1", "2"].map(|requests| row_of(pieces.clone(), path, requests))
}

fn row_of(pieces: Pieces, path: &str, requests: &str) -> Row {
    let server = Scripted::start(move |peer| {
        let _ = peer.stream.set_nodelay(true);
        if peer.request().is_some() {
            for piece in &pieces {
                peer.send(piece);
            }
            peer.close();
        }
    });
    let args = ["--retries", "0", "--requests", requests];
    let (ran, rows) = run_alone(&server.url(path), &args);
    let count = rows.len().to_string();
    assert_eq!(count, requests, "{}{}", ran.stdout, ran.stderr);
    rows.into_iter().next().expect("one row")
}

/// `expected` has cells of the row, such as `chunks=2`.
fn assert_same_records(path: &str, body: &str, expected: &str) {
    let mut first: Option<Row> = None;
    for (name, pieces) in framings(body) {
        for row in rows_of(&pieces, path) {
            for cell in expected.split(' ') {
                let (column, value) = cell.split_once('=').expect("a cell");
                let detail = &row["error_detail"];
                assert_eq!(row[column], value, "{column} {name}: {detail}");
            }
            let first = first.get_or_insert_with(|| row.clone());
            for column in WHAT_CAME {
                assert_eq!(row[column], first[column], "{column} {name}");
            }
        }
    }
}

#[test]
fn openai() {
    let usage = r#"{"id":"c1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#;
    let body = format!(
        ": keep-alive\n\ndata: {{\"id\":\"c1\",\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":null}}}}]}}\n\n\
         {}{}data: {{\"id\":\"c1\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
         data: {usage}\n\ndata: [DONE]\n\n",
        openai_text("Größe "),
        openai_text("豆腐🎉"),
    );
    let expected = "outcome=ok chunks=2 answer_chars=9 output_tokens=3 token_source=usage \
                    finish_reason=stop message_id=c1";
    assert_same_records("/v1/chat/completions", &body, expected);
}

#[test]
fn dify() {
    let ids = r#""conversation_id": "conv-1", "message_id": "msg-1", "task_id": "t-1""#;
    let body = format!(
        "event: ping\n\n\
         data: {{\"event\": \"message\", {ids}, \"answer\": \"\\u4f60\\u597d\"}}\n\n\
         data: {{\"event\": \"agent_thought\", {ids}, \"thought\": \"hello world\"}}\n\n\
         data: {{\"event\": \"message\", {ids}, \"answer\": \" world\"}}\n\n\
         data: {{\"event\": \"message\", {ids}, \"answer\": \"\"}}\n\n\
         data: {{\"event\": \"message_end\", {ids}, \"metadata\": {{\"usage\": {{\"prompt_tokens\": 5, \"completion_tokens\": 4, \"total_tokens\": 9}}}}}}\n\n"
    );
    let expected = "outcome=ok chunks=2 output_tokens=4 prompt_tokens=5 conversation_id=conv-1 \
                    message_id=msg-1";
    assert_same_records("/v1/chat-messages", &body, expected);
}

#[test]
fn a_finish_reason_and_the_end_of_the_body_are_enough() {
    let body = format!(
        "{}data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"length\"}}]}}\n\n",
        openai_text("a")
    );
    let expected = "outcome=ok token_source=estimate";
    assert_same_records("/v1/chat/completions", &body, expected);
}

#[test]
fn done_without_a_space_or_in_quotes() {
    for done in ["data:[DONE]", "data: \"[DONE]\""] {
        let body = format!("retry: 2000\n\n{}{done}\n\n", openai_text("a"));
        assert_same_records("/v1/chat/completions", &body, "outcome=ok");
    }
}
