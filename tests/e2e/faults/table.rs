//! The rows of the fault matrix.

use super::Step::{Close, Repeat, Reset, Send, Settle, Silence, Taste, Trickle};
use super::{Fault, Place, Step};
use crate::support::{SSE_HEAD, SSE_HEAD_CLOSE, chunk, openai_text, sse_response};

/// A role, a finish reason and the terminal event of `OpenAI`'s chat.
const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const FINISH: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// All rows.
pub fn faults() -> Vec<Fault> {
    let parts = [
        names_and_connections(),
        encryption(),
        heads(),
        statuses(),
        bodies(),
        chunked(),
        streams(),
        stalls(),
        sizes(),
        retries(),
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

#[rustfmt::skip]
fn names_and_connections() -> Vec<Fault> {
    let to = |what, expected, detail, place| fault(what, expected, detail, []).at(place);
    vec![
        to("a name that does not exist",   "error_kind=dns connection=", "no-such-host.invalid", Place::Url("http://no-such-host.invalid/v1/chat/completions")),
        to("a port that nobody has",       "error_kind=connect connection=", "refused", Place::Refused),
        to("an IPv6 port that nobody has", "error_kind=connect", "refused", Place::Url("http://[::1]:1/v1/chat/completions")),
        to("a full backlog",               "error_kind=timeout_connect", "", Place::FullBacklog).with("--connect-timeout 300ms"),
        fault("a reset after a byte",          "error_kind=reset http_status= ttfb_ms=", "", [Taste, Reset]).at(Place::Deaf),
        fault("a close at once",          "error_kind=reset http_status= ttfb_ms=", "", [Close]).at(Place::Deaf),
        fault("a reset after the request", "error_kind=reset http_status=", "", [Reset]),
        fault("a close after the request", "error_kind=reset http_status=", "", [Close]),
        fault("a request reset halfway",   "error_kind=send http_status=", "", [Taste, Reset]).at(Place::Deaf).asking(8 << 20),
        fault("a request not taken",       "error_kind=timeout_send http_status= sent_s=", "", [Step::Pause(20_000)]).at(Place::Deaf).asking(16 << 20).with("--timeout 500ms").within(1.2),
        fault("a request taken slowly",    "error_kind=timeout_send http_status= sent_s=", "", [Step::Sip(5)]).at(Place::Deaf).asking(16 << 20).with("--timeout 500ms").within(1.2),
        fault("a request not taken in all its time", "error_kind=timeout_total http_status= sent_s=", "", [Step::Pause(20_000)]).at(Place::Deaf).asking(16 << 20).with("--timeout 20s --max-time 500ms").within(1.2),
        fault("an answer to a part of a large request", "error_kind=http_status http_status=413 sent_s=", "HTTP 413: big", [Taste, send(with_length("413 Too Large\r\nconnection: close", "big")), Reset]).at(Place::Deaf).asking(8 << 20),
        fault("an answer to half a request", "error_kind=http_status http_status=413", "HTTP 413: big", [Taste, send(with_length("413 Too Large\r\nconnection: close", "big")), Close]).at(Place::Deaf).asking(60_000),
    ]
}

#[rustfmt::skip]
fn encryption() -> Vec<Fault> {
    const TRUSTED: &str = "--ca-cert {tls}/ca.pem";
    let to = |what, expected, detail, file| fault(what, expected, detail, once(stream(answer()))).at(Place::Tls(file));
    let good = |what, expected, detail, steps: Vec<Step>| fault(what, expected, detail, steps).at(Place::Tls("good.pem")).with(TRUSTED);
    vec![
        to("an issuer that is not known",       "error_kind=tls http_status=", "UnknownIssuer", "good.pem"),
        to("an issuer that is trusted",         "outcome=ok chunks=1", "", "good.pem").with(TRUSTED),
        to("an issuer that does not matter",    "outcome=ok chunks=1", "", "good.pem").with("--insecure"),
        to("a certificate that has expired",    "error_kind=tls", "certificate expired", "expired.pem").with(TRUSTED),
        to("an expired one that does not matter", "outcome=ok", "", "expired.pem").with("--insecure"),
        to("a certificate of the future",       "error_kind=tls", "not valid yet", "future.pem").with(TRUSTED),
        to("a certificate of another host",     "error_kind=tls", "only valid for DnsName(\"elsewhere.example\")", "other-host.pem").with(TRUSTED),
        to("another host that does not matter", "outcome=ok", "", "other-host.pem").with("--insecure"),
        to("an authority's own certificate",    "error_kind=tls", "(CA:TRUE)", "../authority.pem"),
        to("an authority that is trusted",      "error_kind=tls", "(CA:TRUE)", "../authority.pem").with("--ca-cert {tls}/../authority.pem"),
        good("a stream that ends with TLS' goodbye",    "outcome=ok chunks=1", "", once(closing(answer()))),
        good("a stream that ends without it",           "outcome=ok chunks=1", "", vec![send(closing(answer()))]),
        good("a stream cut without it",                 "error_kind=truncated chunks=1", "", vec![send(closing(token()))]),
        good("a chunked stream that ends without it",   "outcome=ok chunks=1", "", vec![send(sse_response(&answer()))]),
        good("a chunked stream cut without it",         "error_kind=truncated chunks=1", "", vec![begun()]),
        good("a head cut without it",                   "error_kind=reset chunks=0", "", vec![send("HTTP/1.1 200 OK\r\n")]),
        fault("plain HTTP behind https",        "error_kind=tls", "", once(with_length("400 Bad Request", ""))).at(Place::DeafToTls),
        fault("noise behind https",             "error_kind=tls", "", once("SSH-2.0-OpenSSH_9.2\r\n")).at(Place::DeafToTls),
        fault("a TLS alert",                    "error_kind=tls", "HandshakeFailure", once(b"\x15\x03\x03\x00\x02\x02\x28")).at(Place::DeafToTls),
        fault("a close during the handshake",   "error_kind=tls", "", [Close]).at(Place::DeafToTls),
        fault("a reset during the handshake",   "error_kind=tls", "", [Taste, Reset]).at(Place::DeafToTls),
        fault("silence during the handshake",   "error_kind=timeout_connect", "", [Silence]).at(Place::DeafToTls).with("--connect-timeout 300ms"),
        fault("TLS behind http",                "error_kind=malformed", "", once(b"\x15\x03\x03\x00\x02\x02\x46")),
    ]
}

#[rustfmt::skip]
fn heads() -> Vec<Fault> {
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
fn statuses() -> Vec<Fault> {
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
fn bodies() -> Vec<Fault> {
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
fn chunked() -> Vec<Fault> {
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

#[rustfmt::skip]
fn streams() -> Vec<Fault> {
    let is = |what, expected, detail, events: String| fault(what, expected, detail, kept(sse_response(&events)));
    let works = |what, events: String| fault(what, "outcome=ok chunks=1 connection=reused", "", kept(sse_response(&events)));
    let a = token();
    let open = "[".repeat(100_000);
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
fn stalls() -> Vec<Fault> {
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
fn sizes() -> Vec<Fault> {
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
fn retries() -> Vec<Fault> {
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
