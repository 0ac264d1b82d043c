//! Runs through an HTTP proxy: tunnels, credentials, refusals.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use crate::noting::cells;
use crate::support::{
    Directory, PATH, Peer, Scripted, assert_contains, openai_answer, run_against, run_alone,
};

const PASSWORD: &str = "s3cr/t pw";

fn service() -> Scripted {
    Scripted::answering(openai_answer(&["a"]))
}

/// Copies one direction of a tunnel until it ends.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 || to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// A proxy for clients with these credentials (in Base64), or for any client.
fn proxy(credentials: Option<&'static str>) -> Scripted {
    Scripted::start(move |peer: &mut Peer| {
        let Some(request) = peer.request() else {
            return;
        };
        let head = request.to_ascii_lowercase();
        let known = credentials.is_none_or(|known| {
            request.contains(known) && head.contains("proxy-authorization: basic ")
        });
        if !known {
            peer.send("HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n");
            return peer.close();
        }
        let target = request.split(' ').nth(1).expect("CONNECT and a target");
        let Ok(service) = TcpStream::connect(target) else {
            peer.send("HTTP/1.1 502 Nobody there\r\ncontent-length: 0\r\n\r\n");
            return peer.close();
        };
        peer.send("HTTP/1.1 200 Connected\r\n\r\n");
        let client = peer.stream.try_clone().expect("a socket");
        let upstream = service.try_clone().expect("a socket");
        thread::spawn(move || copy(upstream, client));
        copy(peer.stream.try_clone().expect("a socket"), service);
    })
}

#[test]
fn a_tunnel_is_reused_and_its_response_is_not_the_service_s() {
    let (service, proxy) = (service(), proxy(None));
    let args = ["--proxy", &proxy.url(""), "--requests", "2"];
    let (ran, rows) = run_alone(&service.url(PATH), &args);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(cells(&rows, &["connection"]), [["new"], ["reused"]]);
    assert_eq!(rows[0]["server_addr"], proxy.addr.to_string());
}

#[test]
fn credentials_reach_the_proxy_and_nobody_else() {
    let service = service();
    // Base64 of `me:s3cr/t pw`.
    let proxy = proxy(Some("bWU6czNjci90IHB3"));
    let address = proxy.addr;
    for (password, code) in [("s3cr%2Ft pw", 0), ("wr0ng", 1)] {
        let directory = Directory::new();
        let url = format!("http://me:{password}@{address}");
        let args = ["--proxy", &url, "--retries", "3"];
        let (ran, rows) = run_against(&directory, &service.url(PATH), &args);
        assert_eq!(ran.code, Some(code), "{}{}", ran.stdout, ran.stderr);
        if code == 1 {
            assert_eq!(rows[0]["error_kind"], "connect");
            assert_eq!(rows[0]["attempts"], "1", "credentials get no better");
            for part in ["HTTP 407", &address.to_string()] {
                assert_contains(&rows[0]["error_detail"], part);
            }
            assert_contains(&ran.stdout, "http://USER:PASSWORD@HOST:PORT");
        }
        let files = ["requests.csv", "run.json"].map(|name| directory.file(name));
        let files = files.map(|file| fs::read_to_string(file).expect("a file"));
        for text in [&ran.stdout, &ran.stderr].into_iter().chain(&files) {
            for secret in [PASSWORD, password, "bWU6"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

#[test]
fn a_service_the_proxy_cannot_reach_is_a_connect_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = listener.local_addr().expect("it is bound");
    drop(listener);
    let proxy = proxy(None);
    let args = ["--proxy", &proxy.url(""), "--retries", "1"];
    let (_, rows) = run_alone(&format!("http://{nobody}{PATH}"), &args);
    assert_eq!(rows[0]["error_kind"], "connect");
    assert_eq!(rows[0]["attempts"], "2", "a 502 may pass");
    let detail = &rows[0]["error_detail"];
    assert!(detail.starts_with("proxy "), "{detail}");
}

#[test]
fn a_proxy_that_hangs_up_is_a_connect_failure() {
    let proxy = Scripted::start(|peer| {
        peer.request();
        peer.close();
    });
    let args = ["--proxy", &proxy.url(""), "--retries", "0"];
    let (_, rows) = run_alone(&format!("http://127.0.0.1:1{PATH}"), &args);
    assert_eq!(rows[0]["error_kind"], "connect");
    let detail = &rows[0]["error_detail"];
    assert!(detail.starts_with("proxy 127.0.0.1:"), "{detail}");
}
