//! Limits of the system: exceeding one is reported before anything is sent.

use crate::noting::cells;
use crate::support::{Directory, Scripted, assert_contains, rows, sse_perf_after};

#[test]
fn more_users_than_the_system_carries_is_a_usage_error() {
    let server = Scripted::start(|_| panic!("nothing may be sent"));
    let directory = Directory::new();
    let url = server.url("/v1/chat-messages");
    let line = format!("--url {url} --api-key= --threads 200");
    for (limit, name, value, remedy) in [
        ("ulimit -n 100", "RLIMIT_NOFILE", "100", "nofile=264"),
        ("ulimit -v 120000", "RLIMIT_AS", "122880000", "--as="),
    ] {
        let ran = sse_perf_after(limit, &directory, &line);
        assert_eq!(ran.code, Some(2), "{limit}: {}", ran.stderr);
        for part in ["200 users", name, value, remedy, "--threads"] {
            assert_contains(&ran.stderr, part);
        }
    }
}

#[test]
fn a_soft_limit_is_raised_where_the_hard_one_allows_it() {
    let server = Scripted::start(|peer| while peer.request().is_some() {});
    let directory = Directory::new();
    let url = server.url("/v1/chat-messages");
    let flags = "--threads 20 --quiet --retries 0 --timeout 200ms --csv requests.csv";
    let line = format!("--url {url} --api-key= {flags}");
    let ran = sse_perf_after("ulimit -Sn 70", &directory, &line);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let rows = rows(&directory.file("requests.csv"));
    assert_eq!(cells(&rows, &["error_kind"]), [["timeout_response"]; 20]);
}
