//! Command lines that are refused: flags, and parts of the message in every language.

use super::refused;
use crate::config::API_KEY_VARIABLE;

#[rustfmt::skip]
const REFUSED: &[(&[&str], &[&str])] = &[
    (&["--threads", "0"], &["--threads 0", "1000000", "--threads 10"]),
    (&["--threads", "many"], &["--threads many", "--threads 10"]),
    (&["--requests", "0"], &["--requests 0", "--requests 10"]),
    (&[], &["--api-key", "--api-key-file", API_KEY_VARIABLE]),
    (&[], &["sse-perf demo", "sse-perf --help"]),
    (&["--retries=-1"], &["--retries -1", "100"]),
    (&["--duration", "soon"], &["--duration soon", "1h30m"]),
    (&["--ramp-up", "1x"], &["--ramp-up 1x", "1h30m"]),
    (&["--timeout", "0"], &["--timeout 0", "--timeout 60"]),
    (&["--max-time", "0"], &["--max-time 0", "0"]),
    (&["--token-timeout", "0s"], &["--token-timeout 0s"]),
    (&["--connect-timeout", "x"], &["--connect-timeout x", "500ms"]),
    (&["--grace=-5"], &["--grace -5", "500ms"]),
    (&["--max-event-bytes", "big"], &["--max-event-bytes big", "8MiB"]),
    (&["--url", "localhost:8080"], &["--url localhost:8080", "http://localhost:8080"]),
    (&["--url", "http://h", "--host", "h"], &["--host h", "--url http://h"]),
    (&["--url", "http://h", "--port", "8"], &["--port 8", "--url http://h"]),
    (&["--url", "http://h", "--api-path", "/x"], &["--api-path /x", "--url http://h"]),
    (&["--url", "http://me:pw@h"], &["--url 'http://me:***@h'", "--header"]),
    (&["--host", "http://h"], &["--host http://h", "--url"]),
    (&["--host", "h:8080"], &["--host h:8080", "--port"]),
    (&["--host", ""], &["--host ''", "--url"]),
    (&["--port", "0"], &["--port 0", "65535"]),
    (&["--port", "http"], &["--port http", "8080"]),
    (&["--api-path", "http://h/x"], &["--api-path http://h/x", "--url"]),
    (&["--api-path", ""], &["--api-path ''", "/v1/chat-messages"]),
    (&["--api", "difi"], &["--api difi", "dify-chat, dify-completion, ", "openai-chat, "]),
    (&["--api", "./none.json"], &["--api ./none.json"]),
    (&["--api", "gemini", "--api-key", "k"], &["gemini", "--model-name", "--url"]),
    (&["--header", "X"], &["--header", "X-Tenant: blue"]),
    (&["--input", "x", "--api-key", "k"], &["--input x", "city=北京"]),
    (&["--api-key", "app x"], &["--api-key"]),
    (&["--api-key", "Bearer"], &["--api-key", "Bearer app-"]),
    (&["--query", " ", "--api-key", "k"], &["--query"]),
    (&["--param-file", "x", "--max-file-bytes", "5", "--api-key", "k"], &["--max-file-bytes 5", "8MiB"]),
    (&["--api-key", "k", "-H", "authorization: Bearer k"], &["--api-key", "--header 'Authorization"]),
    (&["--api-key-file", "/none", "--strict", "--api-key", "k"], &["--api-key-file /none"]),
    (&["--api-key-file", "/none"], &["--api-key-file /none", "--api-key", API_KEY_VARIABLE]),
    (&["--param-file", "/none", "--strict", "--api-key", "k"], &["--param-file /none"]),
    (&["--request-body-file", "/none", "--api-key", "k"], &["--request-body-file /none"]),
    (&["--ca-cert", "/none"], &["--ca-cert /none"]),
    (&["--proxy", "https://p"], &["--proxy https://p", "http://proxy:3128"]),
    (&["--proxy", "socks5://p"], &["--proxy socks5://p", "http://"]),
    (&["--proxy", "proxy:3128"], &["--proxy proxy:3128", "http://proxy:3128"]),
    (&["--csv", "-", "--json", "-"], &["--csv -", "--json -"]),
    (&["--csv", "x", "--no-csv"], &["--csv x", "--no-csv"]),
    (&["--json", ""], &["--json ''", "--no-json"]),
    (&["--csv", "x", "--events", "x"], &["--csv", "--events", "x"]),
    (&["--events", "-"], &["--events -", "--events events.csv"]),
    (&["--html-report", "-"], &["--html-report -", "report/"]),
    (&["--show-text", "--threads", "2"], &["--show-text", "--threads 1"]),
    (&["--label", " "], &["--label", "--label baseline"]),
    (&["--show-text", "--quiet"], &["--show-text", "--quiet"]),
    (&["--show-text", "--turns", "2"], &["--show-text", "--turns"]),
    (&["--turns", "0"], &["--turns 0", "1000"]),
    (&["--turns", "2", "--api", "tgi", "--api-key", "k"], &["--turns 2", "tgi", "--turns 1"]),
    (&["--think-time", "soon"], &["--think-time soon", "uniform:1s..3s"]),
    (&["--abandon-rate", "10%"], &["--abandon-rate 10%", "--abandon-rate 0.1"]),
    (&["--abandon-after", "2s"], &["--abandon-after 2s", "--abandon-rate 0.1"]),
    (&["--abandon-rate", "1", "--abandon-after", "0"], &["--abandon-after 0", "--abandon-rate"]),
    (&["--seed", "x"], &["--seed x"]),
    (&["--tokens", "words"], &["--tokens words", "usage, estimate"]),
    (&["--tokenizer", "t.json", "--tokens", "usage"], &["--tokenizer t.json", "--tokens usage"]),
    (&["--tokenizer", "t.json", "--csv", "-"], &["--tokenizer", "--csv -", "--csv FILE", "--no-csv"]),
    (&["--data-order", "up", "--api-key", "k"], &["--data-order up", "sequential, shuffle, random"]),
    (&["--show-text", "--duration", "5"], &["--show-text", "--duration"]),
];

#[test]
#[cfg(not(feature = "tokenizer"))]
fn a_build_without_tokenizers_says_how_to_get_one_with_them() {
    let remedy = "cargo install --path . --features tokenizer";
    refused(&["--tokenizer", "t.json"], &["--tokenizer t.json", remedy]);
}

#[test]
fn every_usage_error_names_the_flag_and_the_remedy() {
    for (flags, parts) in REFUSED {
        refused(flags, parts);
    }
}
