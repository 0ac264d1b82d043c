//! Odd responses, as seen from real servers: each is measured if possible, and otherwise reported as
//! what it is.

use std::thread;
use std::time::Duration;

use crate::support::{
    Row, SSE_HEAD, SSE_HEAD_CLOSE, Scripted, assert_contains, chunk, number, openai_text,
    run_alone, sse_response,
};

const PATH: &str = "/v1/chat/completions";
const KEY: &str = "app-test-0123456789";
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                   data: [DONE]\n\n";

fn answer() -> String {
    format!("{}{END}", openai_text("a"))
}

/// A response of this head and body, with the body's length.
fn with_length(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("{head}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The rows of two requests, one after the other, to a server that answers both with these bytes.
fn twice(response: impl Into<Vec<u8>>) -> Vec<Row> {
    let response = response.into();
    let server = Scripted::start(move |peer| {
        while peer.request().is_some() {
            peer.send(&response);
        }
    });
    run(&server, &["--requests", "2"])
}

/// The row of a request to a server that answers with these bytes and closes.
fn once(response: impl Into<Vec<u8>>) -> Row {
    let response = response.into();
    let server = Scripted::start(move |peer| {
        if peer.request().is_some() {
            peer.send(&response);
            peer.close();
        }
    });
    run(&server, &[]).remove(0)
}

fn run(server: &Scripted, args: &[&str]) -> Vec<Row> {
    let all = [&["--retries", "0"], args].concat();
    let (ran, rows) = run_alone(&server.url(PATH), &all);
    assert!(!rows.is_empty(), "{}{}", ran.stdout, ran.stderr);
    rows
}

fn assert_failed(row: &Row, kind: &str, detail: &str) {
    assert_eq!(row["error_kind"], kind, "{}", row["error_detail"]);
    assert_contains(&row["error_detail"], detail);
}

#[test]
fn responses_that_are_measured_and_keep_their_connection() {
    let body = answer();
    #[rustfmt::skip]
    let table: [(&str, Vec<u8>); 12] = [
        ("a length",            with_length("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n", &body)),
        ("HTTP/1.0 that stays", with_length("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n", &body)),
        ("no content type",     with_length("HTTP/1.1 200 OK\r\n", &body)),
        ("no reason",           with_length("HTTP/1.1 200\r\n", &body)),
        ("an empty header",     with_length("HTTP/1.1 200 OK\r\naccess-control-allow-origin:\r\n", &body)),
        ("100 Continue first",  [b"HTTP/1.1 100 Continue\r\n\r\n".as_slice(), &sse_response(&body)].concat()),
        ("trailers",            [SSE_HEAD.as_bytes(), &chunk(&body), b"0\r\nx-sum: 1\r\n\r\n"].concat()),
        ("chunk extensions",    format!("{SSE_HEAD}{:x};a=\"b\"\r\n{body}\r\n0;last\r\n\r\n", body.len()).into()),
        ("lengths with zeros",  format!("{SSE_HEAD}000{:X}\r\n{body}\r\n00\r\n\r\n", body.len()).into()),
        ("a byte-order mark",   sse_response(&format!("\u{feff}{body}"))),
        ("60 headers",          with_length(&format!("HTTP/1.1 200 OK\r\n{}", "x-a: b\r\n".repeat(60)), &body)),
        (
            "bytes that are no UTF-8",
            sse_response("")
                .into_iter()
                .take(SSE_HEAD.len())
                .chain(chunk(
                    [
                        b"data: {\"choices\":[{\"delta\":{\"content\":\"\xFF\xC3(\"}}]}\n\n"
                            .as_slice(),
                        END.as_bytes(),
                    ]
                    .concat(),
                ))
                .chain(chunk(""))
                .collect(),
        ),
    ];
    for (what, response) in table {
        let rows = twice(response);
        for row in &rows {
            assert_eq!(row["outcome"], "ok", "{what}: {}", row["error_detail"]);
            assert_eq!(row["chunks"], "1", "{what}");
        }
        assert_eq!(rows[1]["connection"], "reused", "{what}");
    }
}

#[test]
fn responses_that_are_measured_and_end_with_their_connection() {
    let body = answer();
    for head in [
        "HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
        // Lines that end in a bare LF.
        "HTTP/1.1 200 OK\nconnection: close\n\n",
        SSE_HEAD_CLOSE,
    ] {
        let row = once(format!("{head}{body}"));
        assert_eq!(row["outcome"], "ok", "{head}: {}", row["error_detail"]);
    }
}

#[test]
fn a_response_that_comes_twice_is_counted_once() {
    let response = sse_response(&answer());
    let rows = twice([response.clone(), response].concat());
    for row in &rows {
        assert_eq!(row["outcome"], "ok", "{}", row["error_detail"]);
        assert_eq!(row["connection"], "new", "the unasked bytes are no answer");
    }
}

#[test]
fn an_answer_to_half_a_request_is_an_answer() {
    // The server refuses after the head and closes without reading the body.
    let server = Scripted::start(|peer| {
        use std::io::Read as _;
        let _ = peer.stream.read(&mut [0; 512]);
        peer.send(with_length(
            "HTTP/1.1 413 Too Large\r\nconnection: close\r\n",
            "big",
        ));
        peer.close();
    });
    let row = run(&server, &["--query", &"x".repeat(60_000)]).remove(0);
    assert_failed(&row, "http_status", "HTTP 413: big");
}

#[test]
fn the_error_detail_quotes_a_body_without_events() {
    let plain = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n";
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    let row = once(with_length(plain, "upstream is\ndown"));
    assert_failed(&row, "not_sse", "no event: upstream is down");
    let row = once(with_length(stream, "{\"state\":\"overloaded\"}"));
    assert_failed(&row, "not_sse", "no event: {\"state\":\"overloaded\"}");
    // An error of the protocol is one outside of events, too.
    let row = once(with_length(stream, "{\"error\":\"overloaded\"}"));
    assert_failed(&row, "error_event", "overloaded");
    let body = format!("{}{{\"error\":\"overloaded\"}}", openai_text("a"));
    let row = once(with_length(stream, body));
    assert_failed(&row, "error_event", "overloaded");
    let body = format!("{}{{\"state\":\"overloaded\"}}\n\n", openai_text("a"));
    let row = once(with_length(stream, body));
    assert_failed(&row, "not_sse", "JSON came that is no event: {\"state\"");
    let row = once(with_length(stream, "\n\n"));
    assert_failed(&row, "not_sse", "the body holds no event");
    // The first bytes of gzip's output.
    let row = once(with_length(stream, b"\x1f\x8b\x08\x00\xff\xff"));
    assert_failed(&row, "not_sse", "no text");
}

#[test]
fn the_error_detail_does_not_quote_a_compressed_body() {
    for status in ["200 OK", "500 Oops"] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-encoding: gzip\r\n");
        let row = once(with_length(&head, b"\x1f\x8b\x08quoted?"));
        assert!(!row["error_detail"].contains("quoted"), "{row:?}");
    }
}

#[test]
fn the_error_detail_names_an_absent_body() {
    for response in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        let row = once(response);
        assert_failed(&row, "truncated", "no body (HTTP 20");
    }
}

#[test]
fn the_error_detail_names_an_unfinished_event() {
    let row = once(format!("{SSE_HEAD_CLOSE}{}data: {{\"cho", openai_text("a")));
    assert_failed(&row, "truncated", "inside an event");
    assert_eq!(row["chunks"], "1");
}

#[test]
fn the_error_detail_names_a_stream_left_open() {
    let server = Scripted::start(|peer| {
        if peer.request().is_some() {
            peer.send([SSE_HEAD.as_bytes(), &chunk(answer())].concat());
            peer.stay_silent();
        }
    });
    let row = run(&server, &["--timeout", "2s"]).remove(0);
    assert_failed(&row, "timeout_idle", "after the terminal event");
}

#[test]
fn the_error_detail_quotes_a_malformed_event_once() {
    let row = once(sse_response("data: no JSON here\n\ndata: [DONE]\n\n"));
    assert_failed(&row, "malformed", "no JSON here");
    assert_eq!(row["error_detail"].matches("no JSON here").count(), 1);
}

#[test]
fn the_error_detail_names_what_is_not_http() {
    for response in ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "\x15\x03\x01\r\n\r\n"] {
        let row = once(response);
        assert_failed(&row, "malformed", "is not HTTP/1.1");
    }
    let many = "x-a: b\r\n".repeat(300);
    let row = once(format!("HTTP/1.1 200 OK\r\n{many}\r\n"));
    assert_failed(&row, "malformed", "too many headers");
    let long = "b".repeat(40_000);
    let row = once(format!("HTTP/1.1 200 OK\r\nx-a: {long}\r\n\r\n"));
    assert_failed(&row, "malformed", "head is larger than");
}

#[test]
fn the_error_detail_quotes_the_service_s_message() {
    let json = "{\"error\":{\"message\":\"Invalid API Key\",\"code\":401}}";
    let row = once(with_length("HTTP/1.1 401 Unauthorized\r\n", json));
    assert_eq!(row["error_detail"], "HTTP 401: Invalid API Key");
    let head = "HTTP/1.1 500 Oops\r\ncontent-type: text/event-stream\r\n";
    let event = "data: {\"error\":{\"message\":\"broke\",\"code\":\"500\"}}\n\n";
    let row = once(with_length(head, event));
    assert_eq!(row["error_detail"], "HTTP 500: broke");
    // From nginx without a server behind it.
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n\
                <hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
    let row = once(with_length("HTTP/1.1 502 Bad Gateway\r\n", page));
    assert_eq!(
        row["error_detail"],
        "HTTP 502: 502 Bad Gateway nginx/1.22.1"
    );
    let echo = format!("{{\"message\":\"unknown key {KEY}\"}}");
    let row = once(with_length("HTTP/1.1 403 Forbidden\r\n", echo));
    assert!(!row["error_detail"].contains(KEY), "{row:?}");
}

#[test]
fn the_body_of_an_error_is_quoted_as_far_as_it_came() {
    let server = Scripted::start(|peer| {
        if peer.request().is_some() {
            peer.send("HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\ntry later");
            peer.stay_silent();
        }
    });
    let row = run(&server, &["--timeout", "2s"]).remove(0);
    assert_eq!(row["error_detail"], "HTTP 503: try later");
}

#[test]
fn ten_thousand_events_in_one_write_are_all_counted() {
    let events = openai_text("a b").repeat(10_000);
    let row = once(sse_response(&format!("{events}{END}")));
    assert_eq!(row["outcome"], "ok", "{}", row["error_detail"]);
    assert_eq!(row["chunks"], "10000");
    assert!(number(&row, "coalesced") > 9_000.0);
    assert_eq!(row["output_tokens"], "20000");
}

#[test]
fn an_event_of_5_mb_is_one_chunk() {
    let text = "x".repeat(5_000_000);
    let row = once(sse_response(&format!("{}{END}", openai_text(&text))));
    assert_eq!(row["outcome"], "ok", "{}", row["error_detail"]);
    assert_eq!(row["chunks"], "1");
    assert_eq!(row["answer_chars"], "5000000");
}

#[test]
fn a_head_that_trickles_in_is_waited_for() {
    // Each pause is shorter than the timeout; all together are longer.
    let server = Scripted::start(|peer| {
        if peer.request().is_none() {
            return;
        }
        for piece in SSE_HEAD.as_bytes().chunks(8) {
            peer.send(piece);
            thread::sleep(Duration::from_millis(300));
        }
        peer.send([chunk(answer()), chunk("")].concat());
    });
    let row = run(&server, &["--timeout", "2s"]).remove(0);
    assert_eq!(row["outcome"], "ok", "{}", row["error_detail"]);
    assert!(number(&row, "headers_ms") >= 2_000.0, "{row:?}");
}

#[test]
fn deeply_nested_json_fails_without_a_crash() {
    let open = "[".repeat(100_000);
    let body =
        format!("data: {{\"error\":{open}\n\ndata: {{\"choices\":{open}\n\ndata: {open}\n\n");
    let row = once(sse_response(&body));
    assert_eq!(row["outcome"], "failed");
}
