//! The rows for the event stream: its events, its pauses, its size, and retries.

use super::{
    DONE, FINISH, ROLE, answer, begun, closing, fault, kept, send, stream, token, with_length,
};
use crate::faults::Step::{Close, Repeat, Reset, Settle, Silence, Trickle};
use crate::faults::{Fault, Place, Step};
use crate::support::{SSE_HEAD, SSE_HEAD_CLOSE, chunk, openai_text, sse_response};

#[rustfmt::skip]
pub fn streams() -> Vec<Fault> {
    let is = |what, expected, detail, events: String| fault(what, expected, detail, kept(sse_response(&events)));
    let works = |what, events: String| fault(what, "outcome=ok chunks=1 connection=reused", "", kept(sse_response(&events)));
    let a = token();
    let open = "[".repeat(100_000);
    let failed = r#"data: {"event":"workflow_finished","data":{"status":"failed","error":"no"}}"#;
    let broken = [SSE_HEAD.as_bytes(), &chunk([b"data: {\"choices\":[{\"delta\":{\"content\":\"\xFF\xC3(\"}}]}\n\n".as_slice(), FINISH.as_bytes()].concat()), &chunk("")].concat();
    vec![
        works("a byte-order mark",     format!("\u{feff}{}", answer())),
        works("comments",              format!(": hello\n\n:\n\n{a}: bye\n\n{FINISH}{DONE}")),
        works("retry and id",          format!("retry: 100\n\nid: 7\n{a}{FINISH}{DONE}")),
        works("an unknown event",      format!("event: novelty\ndata: {{\"x\":1}}\n\n{a}{FINISH}{DONE}")),
        works("lines with CRLF",       answer().replace('\n', "\r\n")),
        works("lines with CR",         answer().replace('\n', "\r")),
        works("no finish reason",      format!("{a}{DONE}")),
        works("no terminal event after a finish reason", format!("{a}{FINISH}")),
        works("two terminal events",   format!("{a}{FINISH}{DONE}{DONE}")),
        works("a comment after the terminal event", format!("{a}{FINISH}{DONE}: bye\n\n")),
        works("data in several lines", format!("data: {{\"choices\":[{{\"index\":0,\ndata: \"delta\":{{\"content\":\"a\"}}}}]}}\n\n{FINISH}{DONE}")),
        works("no space after the colon", answer().replace("data: ", "data:")),
        fault("bytes that are no UTF-8", "outcome=ok chunks=1", "", kept(broken)),
        is("an error first",           "error_kind=error_event chunks=0", "engine dead", format!("data: {{\"error\":{{\"message\":\"engine dead\",\"code\":500}}}}\n\n{DONE}")),
        is("an error in the middle",   "error_kind=error_event chunks=1", "engine dead", format!("{a}data: {{\"error\":{{\"message\":\"engine dead\",\"code\":500}}}}\n\n{DONE}")),
        is("an error's code with ESC", "error_kind=error_event", "=a [31m: dead", format!("{a}data: {{\"error\":{{\"message\":\"dead\",\"code\":\"a\\u001b[31m\"}}}}\n\n")),
        is("a workflow's two errors",  "error_kind=error_event", "=failed, provider_quota: no", format!("{failed}\n\ndata: {{\"event\":\"error\",\"code\":\"provider_quota\",\"message\":\"no\"}}\n\n{failed}\n\n")).with("--api dify-workflow"),
        is("an error that is text",    "error_kind=error_event", "x", format!("{a}data: {{\"error\":\"x\"}}\n\n")),
        is("JSON that breaks off",     "error_kind=malformed chunks=1", "", format!("{a}data: {{\"choices\":[{{\n\n{DONE}")),
        is("no JSON",                  "error_kind=malformed", "=an event's data are not JSON: expected ident at line 1 column 2: no JSON here", format!("data: no JSON here\n\n{DONE}")),
        is("nested without an end",    "outcome=failed", "", format!("data: {{\"error\":{open}\n\ndata: {{\"choices\":{open}\n\ndata: {open}\n\n")),
        is("no terminal event",        "error_kind=truncated chunks=1", "", a.clone()),
        is("no event but comments",    "error_kind=truncated chunks=0", "", ": hello\n\n".repeat(3)),
        is("no text",                  "error_kind=empty chunks=0", "", format!("{ROLE}{DONE}")),
        is("no text but a terminal event", "error_kind=empty chunks=0", "", DONE.into()),
        is("a null for text",          "error_kind=empty chunks=0", "", format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":null}}}}]}}\n\n{FINISH}{DONE}")),
        is("text that is a number",    "error_kind=empty chunks=0", "", format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":7}}}}]}}\n\n{FINISH}{DONE}")),
    ]
}

#[rustfmt::skip]
pub fn stalls() -> Vec<Fault> {
    let waits = |what, expected, detail, flags, steps: Vec<Step>| fault(what, expected, detail, steps).with(flags);
    let ping = || Repeat(chunk("event: ping\n\n"));
    let head = || send(SSE_HEAD);
    vec![
        waits("before the head",      "error_kind=timeout_response ttfb_ms=", "", "--timeout 300ms", vec![Silence]),
        waits("inside the head",      "error_kind=timeout_response", "", "--timeout 500ms", vec![send("HTTP/1.1 200 OK\r\n"), Silence]),
        waits("after the head",       "error_kind=timeout_idle http_status=200 chunks=0", "", "--timeout 500ms", vec![head(), Silence]),
        waits("after a token",        "error_kind=timeout_idle chunks=1", "", "--timeout 500ms", vec![begun(), Silence]),
        waits("inside an event",      "error_kind=timeout_idle chunks=1", "", "--timeout 500ms", vec![begun(), send(chunk("data: {\"cho")), Silence]),
        waits("inside a chunk",       "error_kind=timeout_idle chunks=1", "", "--timeout 500ms", vec![begun(), send("ff\r\ndata"), Silence]),
        waits("after the terminal event", "error_kind=timeout_idle chunks=1", "after the terminal event", "--timeout 500ms", vec![send([SSE_HEAD.as_bytes(), &chunk(answer())].concat()), Silence]),
        waits("keep-alives, no token", "error_kind=timeout_token ttfe_ms=* ttft_ms= chunks=0", "", "--token-timeout 500ms", vec![head(), ping()]),
        waits("keep-alives after a token", "error_kind=timeout_token chunks=1", "", "--token-timeout 500ms", vec![begun(), ping()]),
        waits("keep-alives, to the end of time", "error_kind=timeout_total chunks=0", "", "--max-time 500ms", vec![head(), ping()]),
        waits("comments are no sign of life to the token's time", "error_kind=timeout_token", "", "--token-timeout 500ms", vec![head(), Repeat(chunk(": x\n\n"))]),
        waits("tokens without an end", "error_kind=timeout_total", "", "--max-time 500ms", vec![head(), Repeat(chunk(token()))]),
        waits("a line without an end", "error_kind=timeout_total chunks=0", "", "--max-time 500ms", vec![send(SSE_HEAD_CLOSE), Repeat(b"data: x".to_vec())]),
        waits("no head, to the end of time", "error_kind=timeout_total", "", "--max-time 300ms", vec![Silence]),
        waits("a head that trickles without an end", "error_kind=timeout_total", "", "--max-time 500ms", vec![send("HTTP/1.1 200 OK\r\n"), Repeat(b"x: y\r\n".to_vec())]),
        waits("a head that trickles in", "outcome=ok chunks=1", "", "--timeout 1s", vec![Trickle(SSE_HEAD.into(), 16, 200), send([chunk(answer()), chunk("")].concat())]),
        waits("an answer that trickles in", "outcome=ok chunks=1", "", "--timeout 1s", vec![Trickle(closing(answer()), 48, 200), Close]),
    ]
}

#[rustfmt::skip]
pub fn sizes() -> Vec<Fault> {
    let is = |what, expected, bytes: Vec<u8>| fault(what, expected, "", kept(bytes));
    let large = |size| openai_text(&"x".repeat(size));
    let flood = format!("{}{FINISH}{DONE}", openai_text("a b").repeat(10_000));
    vec![
        is("an event of 5 MB",            "outcome=ok chunks=1 answer_chars=5000000", sse_response(&format!("{}{FINISH}{DONE}", large(5_000_000)))),
        is("10,000 events at once",       "outcome=ok chunks=10000 output_tokens=20000", sse_response(&flood)),
        is("an event beyond the limit",   "error_kind=too_large chunks=0", sse_response(&large(4_000))).with("--max-event-bytes 1KiB"),
        is("an event beyond the default", "error_kind=too_large chunks=0", sse_response(&large(9 << 20))),
        is("a comment beyond the limit",  "outcome=ok chunks=1", sse_response(&format!(":{}\n\n{}", "x".repeat(4_000), answer()))).with("--max-event-bytes 1KiB"),
        is("a line beyond the limit",     "error_kind=too_large", stream("x".repeat(40_000))).with("--max-event-bytes 1KiB"),
        is("a body of a login page of 1 MB", "error_kind=not_sse", with_length("200 OK\r\ncontent-type: text/html", "x".repeat(1 << 20))),
    ]
}

#[rustfmt::skip]
pub fn retries() -> Vec<Fault> {
    let twice = |what, expected, head: &str| fault(what, expected, "", kept(with_length(head, ""))).with("--retries 1");
    vec![
        twice("429 again",                 "error_kind=http_status attempts=2", "429 Many"),
        twice("500 again",                 "error_kind=http_status attempts=2", "500 Oops"),
        twice("502 again",                 "error_kind=http_status attempts=2", "502 Bad"),
        twice("503 again",                 "error_kind=http_status attempts=2", "503 Busy"),
        twice("504 again",                 "error_kind=http_status attempts=2", "504 Late"),
        twice("400 stays",                 "error_kind=http_status attempts=1", "400 Bad"),
        twice("401 stays",                 "error_kind=http_status attempts=1", "401 Who"),
        twice("404 stays",                 "error_kind=http_status attempts=1", "404 What"),
        twice("501 stays",                 "error_kind=http_status attempts=1", "501 No"),
        twice("a redirect stays",          "error_kind=http_status attempts=1", "302 Found"),
        fault("refused again",             "error_kind=connect attempts=2", "", []).at(Place::Refused).with("--retries 1"),
        fault("a reset stays",             "error_kind=reset attempts=1", "", [Reset]).with("--retries 1"),
        fault("an unknown name again",     "error_kind=dns", "", []).at(Place::Url("http://no-such-host.invalid/")).with("--retries 1 --api openai-chat"),
        fault("a stream that has begun",   "error_kind=reset attempts=1 chunks=1", "", [begun(), Settle, Reset]).with("--retries 1"),
        fault("a wait beyond the end of time", "error_kind=http_status attempts=1 retry_wait_ms=0.000", "", kept(with_length("503 Busy\r\nretry-after: 60", ""))).with("--retries 1 --max-time 50s"),
    ]
}
