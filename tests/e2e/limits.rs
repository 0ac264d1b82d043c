//! What the system does not permit is said before anything is sent.

use std::process::Command;

use crate::support::{Directory, Scripted};

#[test]
fn more_users_than_open_files_are_a_usage_error_with_the_remedy() {
    let server = Scripted::start(|_| panic!("nothing may be sent"));
    let directory = Directory::new();
    let line = format!(
        "ulimit -n 100; exec {} --url {} --api-key '' --threads 200",
        env!("CARGO_BIN_EXE_sse-perf"),
        server.url("/v1/chat-messages")
    );
    let output = Command::new("sh")
        .args(["-c", &line])
        .current_dir(&directory.0)
        .env("LANG", "C")
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in [
        "200 users",
        "RLIMIT_NOFILE",
        "100",
        "nofile=264",
        "--threads",
    ] {
        assert!(text.contains(part), "{part} lacks in: {text}");
    }
}

#[test]
fn a_soft_limit_is_raised_where_the_hard_one_allows_it() {
    let server = Scripted::start(|peer| while peer.request().is_some() {});
    let directory = Directory::new();
    let line = format!(
        "ulimit -Sn 70; exec {} --url {} --api-key '' --threads 20 --retries 0 --timeout 200ms \
         --csv requests.csv --quiet",
        env!("CARGO_BIN_EXE_sse-perf"),
        server.url("/v1/chat-messages")
    );
    let status = Command::new("sh")
        .args(["-c", &line])
        .current_dir(&directory.0)
        .output()
        .expect("a shell")
        .status;
    assert_eq!(status.code(), Some(1));
    let rows = crate::support::rows(&directory.file("requests.csv"));
    assert!(
        rows.iter()
            .all(|row| row["error_kind"] == "timeout_response")
    );
    assert_eq!(rows.len(), 20);
}
