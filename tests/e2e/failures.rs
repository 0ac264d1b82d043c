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
    Directory, PATIENCE, Peer, Row, SSE_HEAD, SSE_HEAD_CLOSE, Scripted, chunk, openai_text,
    run_against, sse_response,
};

const PATH: &str = "/v1/chat/completions";

/// The row of the single request of a run that fails.
fn failed_row(url: &str, args: &[&str]) -> Row {
    let directory = Directory::new();
    let mut all = vec!["--retries", "0"];
    all.extend(args);
    let (ran, mut rows) = run_against(&directory, url, &all);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(rows.len(), 1, "{}", ran.stdout);
    let row = rows.remove(0);
    assert_eq!(row["outcome"], "failed");
    assert_eq!(
        row["response_ms"], "",
        "a failed request has no response time"
    );
    assert_ne!(row["end_s"], "");
    row
}

fn failed_with(server: &Scripted, args: &[&str]) -> Row {
    failed_row(&server.url(PATH), args)
}

/// A server that reads a request and then follows the script.
fn after_request(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |peer| {
        if peer.request().is_some() {
            script(peer);
        }
    })
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
    assert!(
        row["error_detail"].contains("refused"),
        "{}",
        row["error_detail"]
    );
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
fn reset_before_a_response() {
    let server = after_request(Peer::reset);
    let row = failed_with(&server, &[]);
    assert_eq!(row["error_kind"], "reset");
    assert_eq!(row["http_status"], "");
}

#[test]
fn closed_before_a_response() {
    let server = after_request(Peer::close);
    assert_eq!(failed_with(&server, &[])["error_kind"], "reset");
}

#[test]
fn reset_inside_a_chunked_stream() {
    let server = after_request(|peer| {
        peer.send([SSE_HEAD.as_bytes(), &chunk(openai_text("a"))].concat());
        peer.wait_until_read();
        peer.reset();
    });
    let row = failed_with(&server, &[]);
    assert_eq!(row["error_kind"], "reset");
    assert_eq!(row["chunks"], "1");
    assert_ne!(row["ttft_ms"], "", "what was measured before stays");
}

#[test]
fn reset_of_a_stream_that_ends_with_its_connection() {
    // ureq takes this for the end of the body.
    let server = after_request(|peer| {
        peer.send(format!(
            "{SSE_HEAD_CLOSE}{}data: [DONE]\n\n",
            openai_text("a")
        ));
        peer.wait_until_read();
        peer.reset();
    });
    assert_eq!(failed_with(&server, &[])["error_kind"], "reset");
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
    let server = after_request(Peer::stay_silent);
    let row = failed_with(&server, &["--timeout", "300ms"]);
    assert_eq!(row["error_kind"], "timeout_response");
    assert_eq!(row["ttfb_ms"], "");
}

#[test]
fn timeout_idle() {
    let server = after_request(|peer| {
        peer.send([SSE_HEAD.as_bytes(), &chunk(openai_text("a"))].concat());
        peer.stay_silent();
    });
    let row = failed_with(&server, &["--timeout", "2s"]);
    assert_eq!(row["error_kind"], "timeout_idle");
}

/// A server whose keep-alives never end.
fn pinging() -> Scripted {
    after_request(|peer| {
        peer.send(SSE_HEAD);
        while std::io::Write::write_all(&mut peer.stream, &chunk("event: ping\n\n")).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    })
}

#[test]
fn timeout_token() {
    let args = ["--timeout", "60s", "--token-timeout", "2s"];
    let row = failed_with(&pinging(), &args);
    assert_eq!(row["error_kind"], "timeout_token", "pings do not count");
    assert_ne!(row["ttfe_ms"], "");
    assert_eq!(row["ttft_ms"], "");
}

#[test]
fn timeout_total() {
    let row = failed_with(&pinging(), &["--timeout", "60s", "--max-time", "300ms"]);
    assert_eq!(row["error_kind"], "timeout_total");
}

#[test]
fn http_status() {
    let body = r#"{"error":{"message":"Incorrect key app-test-0123456789","type":"auth"}}"#;
    let server = Scripted::answering(format!(
        "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    let row = failed_with(&server, &[]);
    assert_eq!(row["error_kind"], "http_status");
    assert_eq!(row["http_status"], "401");
    assert!(
        row["error_detail"].contains("Incorrect key"),
        "{}",
        row["error_detail"]
    );
    assert!(
        !row["error_detail"].contains("app-test-0123456789"),
        "the key is masked: {}",
        row["error_detail"]
    );
}

#[test]
fn a_redirect_is_not_followed_but_shown() {
    let server = Scripted::answering(
        "HTTP/1.1 308 Permanent Redirect\r\nlocation: https://other/\r\ncontent-length: 0\r\n\r\n",
    );
    let row = failed_with(&server, &[]);
    assert_eq!(
        (&*row["error_kind"], &*row["http_status"]),
        ("http_status", "308")
    );
    assert!(row["error_detail"].contains("https://other/"));
}

#[test]
fn not_sse() {
    for (content_type, body) in [
        ("text/html", "<html>login</html>"),
        ("application/json", r#"{"choices":[]}"#),
        ("text/plain", "hello\n"),
    ] {
        let server = Scripted::answering(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        let row = failed_with(&server, &[]);
        assert_eq!(row["error_kind"], "not_sse", "{content_type}");
    }
}

#[test]
fn compressed_though_not_asked_for() {
    let server = Scripted::answering(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n\
         content-length: 4\r\n\r\n\x1f\x0b\x08\x01",
    );
    let row = failed_with(&server, &[]);
    assert_eq!(row["error_kind"], "not_sse");
    assert!(row["error_detail"].contains("gzip"));
}

#[test]
fn malformed_event() {
    let server = Scripted::answering(sse_response(&format!(
        "{}data: {{\"choices\":[{{\n\ndata: [DONE]\n\n",
        openai_text("a")
    )));
    assert_eq!(failed_with(&server, &[])["error_kind"], "malformed");
}

#[test]
fn malformed_http() {
    for response in [
        "SMTP ready\r\n\r\n".to_owned(),
        format!("{SSE_HEAD}zz\r\nnonsense\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(64 << 10)),
    ] {
        let row = failed_with(&Scripted::answering(response.clone()), &[]);
        assert_eq!(
            row["error_kind"], "malformed",
            "{:.40}: {}",
            response, row["error_detail"]
        );
    }
}

#[test]
fn error_event() {
    // As vLLM ends a stream whose engine was killed: [DONE] is not success.
    let server = Scripted::answering(sse_response(&format!(
        "{}data: {{\"error\": {{\"message\": \"engine dead\", \"code\": 500}}}}\n\ndata: [DONE]\n\n",
        openai_text("a")
    )));
    let row = failed_with(&server, &[]);
    assert_eq!(row["error_kind"], "error_event");
    assert!(
        row["error_detail"].contains("engine dead"),
        "{}",
        row["error_detail"]
    );
}

#[test]
fn truncated_without_a_terminal_event() {
    let server = Scripted::answering(sse_response(&openai_text("a")));
    assert_eq!(failed_with(&server, &[])["error_kind"], "truncated");
}

#[test]
fn truncated_inside_a_chunk() {
    let server = after_request(|peer| {
        peer.send(format!("{SSE_HEAD}ff\r\n{}", openai_text("a")));
        peer.close();
    });
    assert_eq!(failed_with(&server, &[])["error_kind"], "truncated");
}

#[test]
fn empty() {
    let role = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
    let server = Scripted::answering(sse_response(&format!("{role}\n\ndata: [DONE]\n\n")));
    assert_eq!(failed_with(&server, &[])["error_kind"], "empty");
}

#[test]
fn too_large() {
    let server = Scripted::answering(sse_response(&openai_text(&"x".repeat(4_000))));
    let row = failed_with(&server, &["--max-event-bytes", "1KiB"]);
    assert_eq!(row["error_kind"], "too_large");
}
