//! Complete answers, refusals and the shutdown.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sse_perf::mock::{Dist, Options};

use crate::support::{
    DIFY, OPENAI, exchange, failing, fast, log_path, read_until, request, rest, rows, send, start,
    taken_apart,
};

#[test]
fn answers_are_whole() {
    let server = start(fast());
    // Dify: ping, 4 tokens, an empty piece, the end. OpenAI: role, 4 tokens, finish, usage, [DONE].
    #[rustfmt::skip]
    let cases: [(_, _, &[(usize, &str)]); 2] = [
        ("/api/v1/chat-messages", 7, &[
            (0, "event: ping"),
            (1, r#""event": "message", "conversation_id": "c1""#),
            (6, r#""prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7"#),
        ]),
        (OPENAI, 8, &[
            (0, r#""delta":{"role":"assistant","content":""}"#),
            (6, r#""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4"#),
            (7, "data: [DONE]"),
        ]),
    ];
    for (path, count, parts) in cases {
        let response = exchange(&server, &request(path, "close"));
        let (status, body) = taken_apart(&response);
        assert_eq!(status, "HTTP/1.1 200 OK");
        let blocks: Vec<_> = body.split_terminator("\n\n").collect();
        assert_eq!(blocks.len(), count, "{body}");
        for (place, part) in parts {
            assert!(blocks[*place].contains(part), "{place}: {body}");
        }
    }
}

#[test]
fn reasoning_comes_before_the_answer_and_in_the_log() {
    let log = log_path("reasoning");
    let server = start(Options {
        reasoning_tokens: Dist::Fixed(3),
        per_event: 2,
        log: Some(log.clone()),
        ..fast()
    });
    let response = exchange(&server, &request(OPENAI, "close"));
    server.shutdown().expect("a whole log");
    let (_, body) = taken_apart(&response);
    let deltas = body.split(r#""delta":{""#).skip(1);
    let members: Vec<_> = deltas.filter_map(|rest| rest.split('"').next()).collect();
    let (reasoning, answer) = ("reasoning_content", "content");
    let expected = ["role", reasoning, reasoning, answer, answer];
    assert_eq!(members[..5], expected, "{body}");
    let row = &rows(&log)[0];
    assert_eq!((&*row["tokens"], &*row["reasoning_tokens"]), ("7", "3"));
    assert_eq!(row["token_times_us"].split(' ').count(), 4);
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let server = start(fast());
    let mut stream = send(&server, &request(DIFY, "keep-alive"));
    read_until(&mut stream, |response| response.ends_with("\r\n0\r\n\r\n"));
    let next = request(DIFY, "close");
    stream.write_all(next.as_bytes()).expect("sent");
    let second = rest(stream);
    assert_eq!(taken_apart(&second).0, "HTTP/1.1 200 OK");
    assert!(second.contains("\r\nConnection: close\r\n"));
    assert_eq!(server.requests(), 2);
}

#[test]
fn the_same_seed_gives_the_same_text() {
    let texts = [7, 7, 8].map(|seed| {
        let server = start(Options { seed, ..fast() });
        let response = exchange(&server, &request(OPENAI, "close"));
        let (_, body) = taken_apart(&response);
        let pieces = body.split(r#""content":"#).skip(2);
        let pieces = pieces.filter_map(|piece| piece.split('}').next());
        pieces.collect::<String>()
    });
    assert_eq!(texts[0], texts[1]);
    assert_ne!(texts[0], texts[2]);
}

#[test]
fn requests_outside_the_api_are_refused() {
    let server = start(Options {
        require_key: Some("app-1".to_owned()),
        ..fast()
    });
    let post = |path, key, body: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nAuthorization: Bearer {key}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    #[rustfmt::skip]
    let cases = [
        ("GET /v1/chat-messages HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 405, "Allow: POST"),
        (post("/v1/other", "app-1", "{}"), 404, r#""code": "not_found""#),
        (post(DIFY, "app-2", "{}"), 401, r#""code": "unauthorized""#),
        (post(DIFY, "app-1", "{"), 400, r#""code": "invalid_param""#),
        (post(DIFY, "app-1", "{}"), 400, "query"),
        (post(OPENAI, "app-1", "{}"), 400, r#""type":"invalid_request_error""#),
        ("nonsense\r\n\r\n".to_owned(), 400, "Bad Request"),
    ];
    for (request, status, part) in cases {
        let response = exchange(&server, &request);
        let line = format!("HTTP/1.1 {status} ");
        assert!(response.starts_with(&line), "{request}\n{response}");
        assert!(response.contains(part), "{request}\n{response}");
    }
}

#[test]
fn requests_above_the_limit_get_http_429() {
    let server = start(Options {
        max_concurrent: Some(1),
        ..failing("stall")
    });
    let status = || {
        let mut stream = send(&server, &request(DIFY, "close"));
        let mut line = [0; 12];
        stream.read_exact(&mut line).expect("a status line");
        (stream, line)
    };
    let (first, _) = status();
    let second = exchange(&server, &request(DIFY, "close"));
    assert!(second.starts_with("HTTP/1.1 429 "), "{second}");
    assert!(second.contains("\r\nRetry-After: 1\r\n"), "{second}");
    drop(first);
    // The service sees soon that the client has left.
    let mut later = (0..10_000).map(|_| status().1);
    assert!(later.any(|line| line == *b"HTTP/1.1 200"), "a free place");
}

#[test]
fn lines_end_as_asked_and_writes_are_split() {
    let server = start(Options {
        crlf: true,
        split_writes: Some(1),
        ..fast()
    });
    let response = exchange(&server, &request(DIFY, "close"));
    let (_, body) = taken_apart(&response);
    assert_eq!(body.matches("\r\n\r\n").count(), 7);
    assert_eq!(body.matches('\n').count(), 14);
}

#[test]
fn http_1_0_gets_a_body_that_ends_with_the_connection() {
    let server = start(fast());
    let request = request(DIFY, "keep-alive").replace("HTTP/1.1", "HTTP/1.0");
    let response = exchange(&server, &request);
    assert!(!response.contains("Transfer-Encoding"), "{response}");
    let (_, body) = taken_apart(&response);
    assert!(body.starts_with("event: ping\n\n"), "{response}");
}

#[test]
fn a_shutdown_closes_idle_and_waiting_connections() {
    let server = start(Options {
        ttft: Dist::Fixed(Duration::from_secs(3_600)),
        ..fast()
    });
    let idle = TcpStream::connect(server.addr()).expect("a connection");
    let mut waiting = send(&server, &request(DIFY, "keep-alive"));
    waiting.read_exact(&mut [0; 8]).expect("the head");
    let addr = server.addr();
    server.shutdown().expect("no log, no error");
    for stream in [idle, waiting] {
        assert!(!rest(stream).contains("answer"));
    }
    assert!(TcpStream::connect(addr).is_err(), "nobody listens any more");
}
