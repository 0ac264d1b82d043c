//! Whole command lines: their plans, and their errors.

mod data;
mod refusals;
mod shown;

use std::time::Duration;

use crate::cli::{Reply, parse_run};
use crate::output::Destination;
use crate::output::tests::Directory;
use crate::plan::Plan;
use crate::text::{Language, Message};

/// A file of a directory of its own.
struct TempFile {
    _directory: Directory,
    path: String,
}

impl TempFile {
    fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let directory = Directory::new();
        let path = directory.file(name);
        std::fs::write(&path, content).unwrap();
        Self {
            path: path.to_string_lossy().into_owned(),
            _directory: directory,
        }
    }
}

fn with_key(flags: &[&str], key: Option<&str>) -> Result<Plan, Message> {
    let raw = parse_run(flags, Language::English).unwrap_or_else(|stop| panic!("{stop:?}"));
    super::plan(&raw, Language::English, key)
}

fn config(flags: &[&str]) -> Plan {
    with_key(flags, Some("app-0123456789abcdef")).unwrap_or_else(|e| panic!("{flags:?}: {e}"))
}

/// Asserts that a command line is refused with a message that has these parts.
fn refused(flags: &[&str], parts: &[&str]) {
    let raw = parse_run(flags, Language::English);
    for language in [Language::English, Language::Chinese] {
        let message = match &raw {
            Ok(raw) => super::plan(raw, language, None).expect_err(&flags.join(" ")),
            Err(Reply::Usage(message)) => message.clone(),
            Err(stop) => panic!("{stop:?}"),
        };
        let text = language.texts().render(&message);
        for part in parts {
            assert!(text.contains(part), "{flags:?}: {part} lacks in: {text}");
        }
    }
}

fn warnings(config: &Plan) -> Vec<&'static str> {
    config.warnings.iter().map(Message::id).collect()
}

#[test]
fn the_defaults_are_the_predecessor_s() {
    let config = config(&[]);
    assert_eq!(config.target.url, "http://localhost/v1/chat-messages");
    assert_eq!(config.protocol.name, "dify-chat");
    assert!(config.load.is_single(1));
    assert_eq!(config.transport.timeout, Duration::from_secs(60));
    assert_eq!(config.transport.connect_timeout, Duration::from_secs(60));
    assert_eq!(config.grace, Duration::from_secs(60));
    let transport = &config.transport;
    assert_eq!((transport.max_time, transport.token_timeout), (None, None));
    assert_eq!(config.transport.max_event_bytes, 8 << 20);
    assert!(config.transport.keepalive && !config.transport.insecure);
    assert_eq!(config.retries, 3);
    let wanted = config.outputs.wanted();
    let wanted: Vec<_> = wanted.map(|(kind, place)| (kind.flag, place)).collect();
    let default = &Destination::Default("report".into());
    let flags = ["--csv", "--json", "--html-report"];
    assert_eq!(wanted, flags.map(|flag| (flag, default)));
    assert_eq!(config.command_line, "sse-perf");
    assert_eq!(warnings(&config), Vec::<&str>::new());
    let assignment = config.workload.assignment(1);
    assert_eq!(&*assignment.sent.query, "你是谁");
    assert_eq!(assignment.key.expose(), "app-0123456789abcdef");
    let body: serde_json::Value = serde_json::from_slice(&assignment.body()).unwrap();
    assert_eq!([&body["user"], &body["query"]], ["gaolou", "你是谁"]);
}

#[test]
fn the_target_is_put_together() {
    #[rustfmt::skip]
    let table: [(&[&str], &str, &str); 18] = [
        (&["--host", "h", "--port", "80"], "http://h:80/v1/chat-messages", "dify-chat"),
        (&["--host", "::1", "--port", "8080"], "http://[::1]:8080/v1/chat-messages", "dify-chat"),
        (&["--host", "[::1]"], "http://[::1]/v1/chat-messages", "dify-chat"),
        (&["--api", "openai-chat"], "http://localhost/v1/chat/completions", "openai-chat"),
        (&["--api-path", "v1/chat/completions"], "http://localhost/v1/chat/completions", "openai-chat"),
        (&["--api-path", "/v1/chat-messages?a=b c"], "http://localhost/v1/chat-messages?a=b%20c",
         "dify-chat"),
        (&["--url", "https://h/", "--api", "openai-chat"], "https://h/v1/chat/completions", "openai-chat"),
        (&["--url", "https://h/x/v1/chat/completions"], "https://h/x/v1/chat/completions", "openai-chat"),
        (&["--url", "http://h?x=1", "--api", "dify-chat"], "http://h/v1/chat-messages?x=1", "dify-chat"),
        (&["--url", "http://h/v1", "--api", "openai-chat"], "http://h/v1/chat/completions", "openai-chat"),
        (&["--url", "http://h/a/v1/", "--api", "openai-responses"], "http://h/a/v1/responses", "openai-responses"),
        (&["--url", "http://h/v1?x=1", "--api", "anthropic"], "http://h/v1/messages?x=1", "anthropic"),
        (&["--url", "http://h/v1", "--api", "tgi"], "http://h/v1", "tgi"),
        (&["--url", "http://h/v1beta", "--api", "gemini", "--model-name", "m"],
         "http://h/v1beta/models/m:streamGenerateContent?alt=sse", "gemini"),
        (&["--url", "http://h/own", "--api", "openai-chat"], "http://h/own", "openai-chat"),
        (&["--url", "http://h", "--api", "gemini", "--model-name", "a/b c?"],
         "http://h/v1beta/models/a/b%20c%3F:streamGenerateContent?alt=sse", "gemini"),
        (&["--url", "http://h/v1/completions"], "http://h/v1/completions", "openai-completions"),
        (&["-u", "http://[::1]:9/v1/chat-messages"], "http://[::1]:9/v1/chat-messages", "dify-chat"),
    ];
    for (flags, url, protocol) in table {
        let config = config(flags);
        assert_eq!(config.target.url, url, "{flags:?}");
        assert_eq!(config.protocol.name, protocol, "{flags:?}");
        assert_eq!(warnings(&config), Vec::<&str>::new(), "{flags:?}");
    }
    for (given, url) in [
        ("http://h", "http://h/v1/chat-messages"),
        ("http://h/v1", "http://h/v1/chat-messages"),
        ("http://h/own", "http://h/own"),
    ] {
        let config = config(&["--url", given]);
        assert_eq!(config.target.url, url);
        assert_eq!(config.protocol.name, "dify-chat", "{given}");
        assert_eq!(warnings(&config), ["warning.api_unknown_path"], "{given}");
    }
}

#[test]
fn only_a_key_that_is_one_can_be_useless() {
    let api = "tests/fixtures/in-house.json";
    for (key, expected) in [("", &[][..]), ("app-1", &["warning.key_unused"][..])] {
        let config = config(&["--api", api, "--api-key", key]);
        assert_eq!(warnings(&config), expected, "{key}");
    }
}

#[test]
fn the_plan_follows_from_users_duration_and_requests() {
    let hold = Some(Duration::from_secs(90));
    #[rustfmt::skip]
    let table: [(&[&str], Option<Duration>, Option<u64>); 4] = [
        (&["--threads", "5"], None, Some(5)),
        (&["--threads", "5", "-n", "7"], None, Some(7)),
        (&["--users", "5", "--duration", "1m30s"], hold, None),
        (&["-t", "5", "--execution-time", "90", "--requests", "7"], hold, Some(7)),
    ];
    for (flags, hold, requests) in table {
        let load = config(flags).load;
        let planned = (load.users(), load.hold(), load.requests(1));
        assert_eq!(planned, (5, hold, requests), "{flags:?}");
    }
    let ramp_up = config(&["--ramp-up", "1.5"]).load.ramp_up();
    assert_eq!(ramp_up, Duration::from_millis(1_500));
    let grace = |flags: &[&str]| config(flags).grace.as_secs_f64().to_bits();
    assert_eq!(grace(&["--timeout", "5", "--grace", "0"]), 0_f64.to_bits());
    assert_eq!(grace(&["--timeout", "5"]), 5_f64.to_bits());
    let few = config(&["--threads", "5", "--requests", "4"]);
    assert_eq!(warnings(&few), ["warning.idle_users"]);
}

#[test]
fn keys_come_from_the_file_the_flag_or_the_environment() {
    let file = TempFile::new("keys", "\u{feff}Bearer app-1111\r\n\r\napp-2222\n");
    let keys = |flags: &[&str], environment| -> Vec<String> {
        let config = with_key(flags, environment).unwrap_or_else(|e| panic!("{flags:?}: {e}"));
        let keys = config.workload.keys.items.iter();
        keys.map(|key| key.expose().to_owned()).collect()
    };
    let both = ["--api-key-file", &*file.path, "--api-key", "app-3"];
    #[rustfmt::skip]
    let table: [(&[_], _, &[&str]); 6] = [
        (&both,                                  Some("app-4"),        &["app-1111", "app-2222"]),
        (&both[2..],                             Some("app-4"),        &["app-3"]),
        (&[],                                    Some("Bearer app-4"), &["app-4"]),
        (&["--api-key", ""],                     Some("app-4"),        &[""]),
        (&["-H", "Authorization: Bearer app-5"], Some("app-4"),        &[""]),
        (&["-H", "AUTHORIZATION: x", "--api-key", ""], None,           &[""]),
    ];
    for (flags, environment, expected) in table {
        assert_eq!(keys(flags, environment), expected, "{flags:?}");
    }
}

#[test]
fn a_conversation_keeps_its_key() {
    let file = TempFile::new("conversation-keys", b"app-1111\napp-2222\n");
    let config = config(&["--api-key-file", &*file.path, "--conversation-id", "c-1"]);
    assert_eq!(warnings(&config), ["warning.conversation_key"]);
    let second = config.workload.assignment(2);
    assert_eq!(second.key.expose(), "app-1111");
    let body = String::from_utf8(second.body()).unwrap();
    assert!(body.contains(r#""c-1""#), "{body}");
}

#[test]
fn files_without_use_are_replaced_with_a_warning() {
    let empty = TempFile::new("empty", b"\n \n");
    for file in ["/none", &*empty.path] {
        let queries = ["--param-file", file, "--query", "q"];
        let keys = ["--api-key-file", file, "--api-key", "k"];
        let config = config(&[queries, keys].concat());
        let ids = ["warning.key_instead", "warning.query_instead"];
        assert_eq!(warnings(&config), ids);
        let flags = ["--api-key-file", "--param-file"];
        for (warning, flag) in config.warnings.iter().zip(flags) {
            let text = warning.to_string();
            assert!(text.contains(flag) && text.contains(file), "{text}");
        }
        assert_eq!(config.workload.queries.file, None);
        assert_eq!(&*config.workload.assignment(1).sent.query, "q");
    }
    let large = [b'q'; 1025];
    #[rustfmt::skip]
    let table: [(_, &[u8], &[&str]); 3] = [
        ("--param-file",   b"ok\n\xc4\xe3\xba\xc3\n", &["--param-file", "2", "UTF-8"]),
        ("--param-file",   &large,                   &["--param-file", "--max-file-bytes"]),
        ("--api-key-file", b"app-1\napp 22222222\n", &["--api-key-file", "2"]),
    ];
    for (flag, content, parts) in table {
        let file = TempFile::new("wrong", content);
        let flags = [flag, &*file.path, "--max-file-bytes", "1KiB"];
        refused(&[&flags[..], &["--api-key", "k"]].concat(), parts);
    }
    let endless = "--api-key-file /dev/zero";
    refused(&["--api-key-file", "/dev/zero"], &[endless, "64 MiB"]);
}

#[test]
fn a_key_that_is_refused_is_not_shown() {
    let message = with_key(&["--api-key", "app-钥匙-0123456789"], None).unwrap_err();
    assert!(!message.to_string().contains("0123456789"), "{message}");
}

#[test]
fn an_own_body_replaces_the_protocol_s() {
    let template = r#"{"q": "{query}", "city": "{inputs.city}", "m": "{model}"}"#;
    let body = TempFile::new("body", template);
    let flags = ["--request-body-file", &body.path, "--input", "city=x"];
    let config = config(&[&flags[..], &["--query", "a\"b"]].concat());
    let sent = String::from_utf8(config.workload.assignment(1).body()).unwrap();
    assert_eq!(sent, r#"{"q":"a\"b","city":"x"}"#);
    #[rustfmt::skip]
    let table: [(_, &[&str]); 4] = [
        (template,                      &["{inputs.city}", "--input city="]),
        ("{\n  \"q\": {query}\n}",      &["--request-body-file", "2", "9", "\"{query}\""]),
        ("[1]",                         &["--request-body-file", "1", "JSON", "{ … }"]),
        ("",                            &["--request-body-file", "1", "0", "JSON"]),
    ];
    for (content, parts) in table {
        let file = TempFile::new("bad-body", content);
        let flags = ["--request-body-file", &*file.path, "--api-key", "k"];
        refused(&flags, parts);
    }
}

#[test]
fn values_that_are_not_sent_and_an_echo_are_told() {
    let fixed = TempFile::new("fixed-body", br#"{"q": "fixed", "echo": true}"#);
    let body = ["--request-body-file", &*fixed.path, "--input", "a=1"];
    let config = config(&[&body[..], &["--conversation-id", "c"]].concat());
    let ids = [
        "query_unused",
        "conversation_unused",
        "inputs_unused",
        "echo",
    ];
    assert_eq!(warnings(&config), ids.map(|id| format!("warning.{id}")));
}

#[test]
fn certificates_are_read_and_insecure_is_said() {
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let (good, bad) = (TempFile::new("ca", pem), TempFile::new("no-ca", "hello"));
    let config = config(&["--ca-cert", &*good.path, "--insecure"]);
    assert_eq!(config.transport.ca_cert.as_deref(), Some(pem.as_bytes()));
    assert_eq!(warnings(&config), ["warning.insecure"]);
    refused(&["--ca-cert", &*bad.path], &["--ca-cert", "PEM"]);
}
