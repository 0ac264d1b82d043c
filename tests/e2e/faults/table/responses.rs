//! The rows for the HTTP response: its head, its status, its body and its chunks.

use super::{answer, begun, closing, fault, framed, kept, once, send, stream, token, with_length};
use crate::faults::Fault;
use crate::faults::Step::{Repeat, Reset, Settle, Silence};
use crate::support::{chunk, sse_response};

#[rustfmt::skip]
pub fn heads() -> Vec<Fault> {
    let fails = |what, detail, head: &str| fault(what, "error_kind=malformed http_status= chunks=0", detail, once(head));
    let works = |what, head: &str| {
        let head = format!("{head}content-length: {}\r\n\r\n{}", answer().len(), answer());
        fault(what, "outcome=ok chunks=1 connection=reused", "", kept(head))
    };
    let many = "x-a: b\r\n".repeat(300);
    let long = "b".repeat(64 << 10);
    vec![
        works("no content type",          "HTTP/1.1 200 OK\r\n"),
        works("no reason",                "HTTP/1.1 200\r\n"),
        works("an empty header",          "HTTP/1.1 200 OK\r\naccess-control-allow-origin:\r\n"),
        works("HTTP/1.0 that stays",      "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n"),
        works("60 headers",               &format!("HTTP/1.1 200 OK\r\n{}", "x-a: b\r\n".repeat(60))),
        works("100 Continue first",       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"),
        works("a type with capitals",     "HTTP/1.1 200 OK\r\nContent-Type: TEXT/Event-Stream; charset=UTF-8\r\n"),
        works("the identity of a coding", "HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\n"),
        works("other bytes in a header",  "HTTP/1.1 200 OK\r\nx-a: gr\u{fc}n\r\n"),
        fault("HTTP/1.0 that ends",       "outcome=ok chunks=1", "", once(format!("HTTP/1.0 200 OK\r\n\r\n{}", answer()))),
        fault("lines that end in LF",     "outcome=ok chunks=1", "", once(format!("HTTP/1.1 200 OK\nconnection: close\n\n{}", answer()))),
        fault("a head cut by a close",    "error_kind=reset http_status=", "", once("HTTP/1.1 200 OK\r\nconte")),
        fault("a head cut by a reset",    "error_kind=reset http_status=", "", [send("HTTP/1.1 200 OK\r\nconte"), Settle, Reset]),
        fails("an SSH server",            "is not HTTP/1.1", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        fails("a mail server",            "", "220 mail ready\r\n\r\n"),
        fails("HTTP/2 without asking",    "", "HTTP/2 200\r\n\r\n"),
        fails("HTTP/0.9",                 "", "<html>hello</html>\r\n\r\n"),
        fails("a status of two digits",   "", "HTTP/1.1 99 Low\r\n\r\n"),
        fails("a status of letters",      "", "HTTP/1.1 abc OK\r\n\r\n"),
        fails("a header without a colon", "", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
        fails("too many headers",         "too many headers", &format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
        fails("too long a header",        "head is larger than", &format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n")),
        fails("a length that is none",    "", "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"),
        fails("a negative length",        "", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
        fails("two lengths",              "", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    ]
}

#[rustfmt::skip]
pub fn statuses() -> Vec<Fault> {
    let is = |what, expected, detail, head: &str, body: &str| fault(what, expected, detail, kept(with_length(head, body)));
    let json = r#"{"error":{"message":"Incorrect key app-test-0123456789","code":401}}"#;
    let event = "data: {\"error\":{\"message\":\"broke\",\"code\":\"500\"}}\n\n";
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
    vec![
        is("201",        "outcome=ok http_status=201", "", "201 Created", &answer()),
        is("204",        "error_kind=truncated http_status=204", "no body (HTTP 204)", "204 No Content", ""),
        is("205",        "error_kind=truncated http_status=205", "no body (HTTP 205)", "205 Reset Content", ""),
        is("301",        "error_kind=http_status http_status=301", "https://other/", "301 Moved\r\nlocation: https://other/", ""),
        is("302",        "error_kind=http_status http_status=302", "/login", "302 Found\r\nlocation: /login", ""),
        is("303",        "error_kind=http_status http_status=303", "/login", "303 See Other\r\nlocation: /login", ""),
        is("304",        "error_kind=http_status http_status=304", "HTTP 304", "304 Not Modified", ""),
        is("307",        "error_kind=http_status http_status=307", "https://other/", "307 Temporary\r\nlocation: https://other/", ""),
        is("308",        "error_kind=http_status http_status=308", "https://other/", "308 Permanent\r\nlocation: https://other/", ""),
        is("302 to nowhere", "error_kind=http_status http_status=302", "HTTP 302", "302 Found", ""),
        is("400",        "error_kind=http_status http_status=400", "HTTP 400: no model", "400 Bad Request", r#"{"error":{"message":"no model"}}"#),
        is("401",        "error_kind=http_status http_status=401", "Incorrect key", "401 Unauthorized\r\ncontent-type: application/json", json),
        is("402",        "error_kind=http_status http_status=402", "HTTP 402", "402 Payment Required", ""),
        is("403",        "error_kind=http_status http_status=403 bytes=16", "HTTP 403: no", "403 Forbidden", r#"{"message":"no"}"#),
        is("404",        "error_kind=http_status http_status=404", "HTTP 404", "404 Not Found", ""),
        is("405",        "error_kind=http_status http_status=405", "HTTP 405", "405 Method Not Allowed\r\nallow: GET", ""),
        is("408",        "error_kind=http_status http_status=408", "HTTP 408", "408 Request Timeout", ""),
        is("409",        "error_kind=http_status http_status=409", "HTTP 409", "409 Conflict", ""),
        is("411",        "error_kind=http_status http_status=411", "HTTP 411", "411 Length Required", ""),
        is("413",        "error_kind=http_status http_status=413", "HTTP 413", "413 Too Large", ""),
        is("415",        "error_kind=http_status http_status=415", "HTTP 415", "415 Unsupported", ""),
        is("422",        "error_kind=http_status http_status=422", "HTTP 422", "422 Unprocessable", r#"{"detail":[{"msg":"bad"}]}"#),
        is("429",        "error_kind=http_status http_status=429 bytes=9", "HTTP 429: slow down", "429 Too Many", "slow down"),
        is("500",        "error_kind=http_status http_status=500", "HTTP 500: broke", "500 Oops\r\ncontent-type: text/event-stream", event),
        is("501",        "error_kind=http_status http_status=501", "HTTP 501", "501 Not Implemented", ""),
        is("502",        "error_kind=http_status http_status=502", "HTTP 502: 502 Bad Gateway nginx/1.22.1", "502 Bad Gateway", page),
        is("503",        "error_kind=http_status http_status=503", "HTTP 503", "503 Busy", ""),
        is("504",        "error_kind=http_status http_status=504", "HTTP 504", "504 Late", ""),
        is("529",        "error_kind=http_status http_status=529", "overloaded", "529 Overloaded", r#"{"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}"#),
        fault("a refusal whose body hangs", "error_kind=http_status http_status=503", "HTTP 503: try later", [send("HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\ntry later"), Silence]).with("--timeout 500ms"),
        fault("a refusal whose body is cut", "error_kind=http_status http_status=503", "HTTP 503: try later", once("HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\ntry later")),
        fault("a refusal without an end",   "error_kind=http_status http_status=500", "HTTP 500: x", [send("HTTP/1.1 500 Oops\r\n\r\n"), Repeat(vec![b'x'; 1 << 16])]).with("--timeout 1s"),
        fault("a refusal that is packed",   "error_kind=http_status http_status=500", "=HTTP 500", kept(with_length("500 Oops\r\ncontent-encoding: gzip", b"\x1f\x8b\x08quoted?"))),
    ]
}

#[rustfmt::skip]
pub fn bodies() -> Vec<Fault> {
    let of_type = |what, detail, media_type: &str, body: &str| {
        let response = with_length(&format!("200 OK\r\ncontent-type: {media_type}"), body);
        fault(what, "error_kind=not_sse http_status=200 chunks=0", detail, kept(response))
    };
    let is = |what, expected, detail, bytes: Vec<u8>| fault(what, expected, detail, kept(bytes));
    let ends = |what, expected, detail, bytes: Vec<u8>| fault(what, expected, detail, once(bytes));
    let coded = |coding: &str| with_length(&format!("200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: {coding}"), b"\x1f\x8b\x08\x01");
    let short = |body: String| format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 9);
    vec![
        of_type("a login page",      "",                      "text/html",        "<html>login</html>"),
        of_type("a whole answer",    "",                      "application/json", r#"{"choices":[]}"#),
        of_type("text",              "no event: upstream is down", "text/plain",  "upstream is\ndown"),
        of_type("JSON as a stream",  "no event: {\"state\":", "text/event-stream", "{\"state\":\"overloaded\"}"),
        of_type("empty lines",       "the body holds no event", "text/event-stream", "\n\n"),
        of_type("a picture",         "",                      "image/png",        "\u{89}PNG"),
        is("packed bytes",           "error_kind=not_sse",   "no text", stream(b"\x1f\x8b\x08\x00\xff\xff")),
        is("gzip",                   "error_kind=not_sse bytes=4", "=the response is compressed (gzip) though this was not asked for", coded("gzip")),
        is("br",                     "error_kind=not_sse",   "br", coded("br")),
        is("deflate",                "error_kind=not_sse",   "deflate", coded("deflate")),
        is("zstd",                   "error_kind=not_sse",   "zstd", coded("zstd")),
        is("no body",                "error_kind=truncated", "no body (HTTP 200)", stream("")),
        is("an error as the body",   "error_kind=error_event", "overloaded", stream("{\"error\":\"overloaded\"}")),
        is("an error outside events", "error_kind=error_event chunks=1", "overloaded", stream(format!("{}{{\"error\":\"overloaded\"}}", token()))),
        is("JSON outside events",    "error_kind=not_sse chunks=1", "JSON came that is no event: {\"state\"", stream(format!("{}{{\"state\":\"overloaded\"}}\n\n", token()))),
        is("a length",               "outcome=ok chunks=1", "", stream(answer())),
        ends("a body shorter than its length", "error_kind=truncated chunks=1", "", short(token()).into()),
        ends("a whole answer shorter than its length", "error_kind=truncated chunks=1", "", short(answer()).into()),
        ends("a connection's end",     "outcome=ok chunks=1", "", closing(answer())),
        ends("a connection's end, inside an event", "error_kind=truncated chunks=1", "inside an event", closing(format!("{}data: {{\"cho", token()))),
        ends("a connection's end, before the last event", "error_kind=truncated chunks=1", "", closing(token())),
        fault("a reset, after the last event", "error_kind=reset chunks=1", "", [send(closing(answer())), Settle, Reset]),
        fault("a reset inside a length", "error_kind=reset chunks=1", "", [send(short(token())), Settle, Reset]),
        fault("a body longer than its length", "outcome=ok chunks=1 connection=new", "", kept([stream(answer()), answer().into()].concat())),
        fault("an answer that comes twice", "outcome=ok chunks=1 connection=new", "", kept([sse_response(&answer()), sse_response(&answer())].concat())),
    ]
}

#[rustfmt::skip]
pub fn chunked() -> Vec<Fault> {
    let body = answer();
    let length = body.len();
    let is = |what, expected, chunks: String| fault(what, expected, "", once(framed(chunks)));
    let works = |what, chunks: String| fault(what, "outcome=ok chunks=1 connection=reused", "", kept(framed(chunks)));
    let bytes: Vec<u8> = body.bytes().flat_map(|byte| chunk([byte])).collect();
    let bytes = String::from_utf8(bytes).expect("text");
    vec![
        works("a chunk",               format!("{length:x}\r\n{body}\r\n0\r\n\r\n")),
        works("capitals and zeros",    format!("000{length:X}\r\n{body}\r\n00\r\n\r\n")),
        works("extensions",            format!("{length:x};a=\"b\"\r\n{body}\r\n0;last\r\n\r\n")),
        works("trailers",              format!("{length:x}\r\n{body}\r\n0\r\nx-sum: 1\r\n\r\n")),
        works("a chunk for each byte", format!("{bytes}0\r\n\r\n")),
        is("a size that is none",      "error_kind=malformed http_status=200", "zz\r\nnonsense\r\n".into()),
        is("a negative size",          "error_kind=malformed", format!("-5\r\n{body}\r\n0\r\n\r\n")),
        is("a size beyond numbers",    "error_kind=malformed", format!("fffffffffffffffff\r\n{body}")),
        is("a chunk without its CRLF", "error_kind=malformed", format!("{length:x}\r\n{body}0\r\n\r\n")),
        is("a size without its line",  "error_kind=malformed chunks=0", "1".repeat(100_000)),
        is("no last chunk",            "error_kind=truncated chunks=1", format!("{length:x}\r\n{body}\r\n")),
        is("half a chunk",             "error_kind=truncated chunks=1", format!("fff\r\n{body}")),
        is("half a last chunk",        "outcome=ok chunks=1", format!("{length:x}\r\n{body}\r\n0\r\n")),
        is("no chunk",                 "error_kind=truncated chunks=0", String::new()),
        fault("only a last chunk",     "error_kind=truncated chunks=0", "", kept(framed("0\r\n\r\n"))),
        fault("a reset in the stream", "error_kind=reset chunks=1 ttft_ms=*", "", [begun(), Settle, Reset]),
        fault("a reset before the last chunk", "error_kind=reset chunks=1", "", [send(framed(format!("{length:x}\r\n{body}\r\n"))), Settle, Reset]),
    ]
}
