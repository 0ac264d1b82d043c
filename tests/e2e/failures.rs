//! Each kind of failure, provoked by a real socket.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use crate::sockets::FullBacklog;
use crate::support::{
    Directory, PATIENCE, Peer, Row, SSE_HEAD, SSE_HEAD_CLOSE, Scripted, chunk, head_and_token,
    openai_text, run_alone, sse_response,
};

const PATH: &str = "/v1/chat/completions";

/// The row of the single request of a run that fails.
fn failed_row(url: &str, args: &[&str]) -> Row {
    let (ran, mut rows) = run_alone(url, &[&["--retries", "0"], args].concat());
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(rows.len(), 1, "{}", ran.stdout);
    let row = rows.remove(0);
    assert_eq!(row["outcome"], "failed");
    assert_eq!(row["response_ms"], "", "a failed request has none");
    assert_ne!(row["end_s"], "");
    row
}

fn failed_with(server: &Scripted, args: &[&str]) -> Row {
    failed_row(&server.url(PATH), args)
}

/// The row of a request to a server that reads it and then follows the script.
fn failed_after(args: &[&str], script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Row {
    let server = Scripted::start(move |peer| {
        if peer.request().is_some() {
            script(peer);
        }
    });
    failed_with(&server, args)
}

#[test]
fn dns() {
    let row = failed_row("http://no-such-host.invalid/v1/chat/completions", &[]);
    assert_eq!(row["error_kind"], "dns");
    assert_eq!(row["connection"], "");
}

#[test]
fn connect() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let row = failed_row(&format!("http://{addr}{PATH}"), &[]);
    assert_eq!(row["error_kind"], "connect");
    let detail = &row["error_detail"];
    assert!(detail.contains("refused"), "{detail}");
}

#[test]
fn tls() {
    // Answers a TLS handshake in plain HTTP.
    let server = Scripted::start(|peer| {
        peer.send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        peer.stay_silent();
    });
    let row = failed_row(&format!("https://{}{PATH}", server.addr), &[]);
    assert_eq!(row["error_kind"], "tls");
}

#[test]
fn tls_with_a_certificate_authority_s_certificate() {
    let pem = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/authority.pem"
    ));
    let pem = pem.expect("a fixture");
    let certificate = CertificateDer::from_pem_slice(&pem).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&pem).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key that fits");
    let config = Arc::new(config);
    let server = Scripted::start(move |peer| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
        while tls.is_handshaking() && tls.complete_io(&mut peer.stream).is_ok() {}
    });
    let directory = Directory::new();
    let trusted = directory.write("ca.pem", &pem);
    let url = format!("https://{}{PATH}", server.addr);
    for args in [&[][..], &["--ca-cert", &trusted]] {
        let row = failed_row(&url, args);
        assert_eq!(row["error_kind"], "tls");
        let detail = &row["error_detail"];
        assert!(detail.contains("(CA:TRUE)"), "{detail}");
    }
}

#[test]
fn send() {
    // Resets the connection while a large request is on its way.
    let server = Scripted::start(|peer| {
        let _ = peer.stream.read(&mut [0; 16]);
        peer.reset();
    });
    let directory = Directory::new();
    let query = "x".repeat(8 << 20);
    let queries = directory.write("queries.txt", query);
    let row = failed_with(&server, &["--param-file", &queries]);
    assert_eq!(row["error_kind"], "send", "{}", row["error_detail"]);
}

#[test]
fn a_connection_reset_or_closed_before_a_response_is_a_reset() {
    for end in [Peer::reset, Peer::close] {
        let row = failed_after(&[], end);
        assert_eq!(row["error_kind"], "reset");
        assert_eq!(row["http_status"], "");
    }
}

#[test]
fn reset_inside_a_chunked_stream() {
    let row = failed_after(&[], |peer| {
        peer.send(head_and_token());
        peer.wait_until_read();
        peer.reset();
    });
    assert_eq!(row["error_kind"], "reset");
    assert_eq!(row["chunks"], "1");
    assert_ne!(row["ttft_ms"], "", "what was measured before stays");
}

#[test]
fn reset_of_a_stream_that_ends_with_its_connection() {
    // ureq takes this for the end of the body.
    let row = failed_after(&[], |peer| {
        let text = openai_text("a");
        peer.send(format!("{SSE_HEAD_CLOSE}{text}data: [DONE]\n\n"));
        peer.wait_until_read();
        peer.reset();
    });
    assert_eq!(row["error_kind"], "reset");
}

#[test]
fn timeout_connect() {
    let backlog = FullBacklog::new();
    let url = format!("http://{}{PATH}", backlog.addr);
    let row = failed_row(&url, &["--connect-timeout", "300ms"]);
    assert_eq!(row["error_kind"], "timeout_connect");
}

#[test]
fn timeout_of_a_tls_handshake() {
    let server = Scripted::start(Peer::stay_silent);
    let url = format!("https://{}{PATH}", server.addr);
    let row = failed_row(&url, &["--connect-timeout", "300ms"]);
    assert_eq!(row["error_kind"], "timeout_connect");
}

#[test]
fn timeout_send() {
    // Accepts, but never reads.
    let server = Scripted::start(|_| thread::sleep(PATIENCE));
    let directory = Directory::new();
    let queries = directory.write("queries.txt", "x".repeat(16 << 20));
    let row = failed_with(&server, &["--param-file", &queries, "--timeout", "500ms"]);
    assert_eq!(row["error_kind"], "timeout_send");
}

#[test]
fn timeout_response() {
    let row = failed_after(&["--timeout", "300ms"], Peer::stay_silent);
    assert_eq!(row["error_kind"], "timeout_response");
    assert_eq!(row["ttfb_ms"], "");
}

#[test]
fn timeout_idle() {
    let row = failed_after(&["--timeout", "2s"], |peer| {
        peer.send(head_and_token());
        peer.stay_silent();
    });
    assert_eq!(row["error_kind"], "timeout_idle");
}

/// Sends keep-alives without end.
fn ping(peer: &mut Peer) {
    peer.send(SSE_HEAD);
    while std::io::Write::write_all(&mut peer.stream, &chunk("event: ping\n\n")).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn timeout_token() {
    let args = ["--timeout", "60s", "--token-timeout", "2s"];
    let row = failed_after(&args, ping);
    assert_eq!(row["error_kind"], "timeout_token", "pings do not count");
    assert_ne!(row["ttfe_ms"], "");
    assert_eq!(row["ttft_ms"], "");
}

#[test]
fn timeout_total() {
    let row = failed_after(&["--timeout", "60s", "--max-time", "300ms"], ping);
    assert_eq!(row["error_kind"], "timeout_total");
}

/// An answer with this status line and headers, and the body's length.
fn with_length(head: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into()
}

#[test]
fn a_refusal_is_quoted_without_the_key() {
    let body = r#"{"error":{"message":"Incorrect key app-test-0123456789","type":"auth"}}"#;
    let head = "401 Unauthorized\r\ncontent-type: application/json";
    let row = failed_with(&Scripted::answering(with_length(head, body)), &[]);
    let detail = &row["error_detail"];
    assert_eq!(row["error_kind"], "http_status");
    assert_eq!(row["http_status"], "401");
    assert!(detail.contains("Incorrect key"), "{detail}");
    assert!(!detail.contains("app-test-0123456789"), "{detail}");
}

#[test]
fn each_wrong_answer_has_its_kind_of_failure() {
    let text = openai_text("a");
    let role = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
    let of_type = |media_type: &str, body| {
        with_length(&format!("200 OK\r\ncontent-type: {media_type}"), body)
    };
    let stream = |rest: &str| sse_response(&format!("{text}{rest}"));
    let done = "data: [DONE]\n\n";
    // As vLLM ends a stream whose engine was killed: [DONE] is not success.
    let killed = "data: {\"error\": {\"message\": \"engine dead\", \"code\": 500}}\n\n";
    let long_header = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(64 << 10));
    let large = sse_response(&openai_text(&"x".repeat(4_000)));
    let redirect = "308 Permanent Redirect\r\nlocation: https://other/";
    let gzip = "200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip";
    #[rustfmt::skip]
    let cases = [
        ("http_status", "308", "https://other/", with_length(redirect, "")),
        ("not_sse",     "200", "",               of_type("text/html", "<html>login</html>")),
        ("not_sse",     "200", "",               of_type("application/json", r#"{"choices":[]}"#)),
        ("not_sse",     "200", "",               of_type("text/plain", "hello\n")),
        ("not_sse",     "200", "gzip",           with_length(gzip, "\x1f\x0b\x08\x01")),
        ("malformed",   "200", "",               stream(&format!("data: {{\"choices\":[{{\n\n{done}"))),
        ("malformed",   "",    "",               "SMTP ready\r\n\r\n".into()),
        ("malformed",   "200", "",               format!("{SSE_HEAD}zz\r\nnonsense\r\n").into()),
        ("malformed",   "",    "",               long_header.into()),
        ("error_event", "200", "engine dead",    stream(&format!("{killed}{done}"))),
        ("truncated",   "200", "",               stream("")),
        ("empty",       "200", "",               sse_response(&format!("{role}\n\n{done}"))),
        ("too_large",   "200", "",               large),
    ];
    for (kind, status, part, response) in cases {
        let server = Scripted::answering(response);
        let row = failed_with(&server, &["--max-event-bytes", "1KiB"]);
        let detail = &row["error_detail"];
        let told = (&*row["error_kind"], &*row["http_status"]);
        assert_eq!(told, (kind, status), "{detail}");
        assert!(detail.contains(part), "{detail}");
    }
}

#[test]
fn truncated_inside_a_chunk() {
    let row = failed_after(&[], |peer| {
        peer.send(format!("{SSE_HEAD}ff\r\n{}", openai_text("a")));
        peer.close();
    });
    assert_eq!(row["error_kind"], "truncated");
}
