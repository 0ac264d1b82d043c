//! Whole command lines: what they are understood as, and what is wrong with them.

mod data;
mod refusals;
mod shown;

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{Reply, parse_run};
use crate::output::Destination;
use crate::plan::Plan;
use crate::text::{Language, Message};

/// A file of that content, gone with the value.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, content: &[u8]) -> Self {
        let file = format!("sse-perf-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn with_key(flags: &[&str], key: Option<&str>) -> Result<Plan, Message> {
    let raw = parse_run(flags, Language::English).unwrap_or_else(|stop| panic!("{stop:?}"));
    super::plan(&raw, Language::English, key)
}

fn config(flags: &[&str]) -> Plan {
    with_key(flags, Some("app-0123456789abcdef")).unwrap_or_else(|e| panic!("{flags:?}: {e}"))
}

/// The error of a command line, which has to contain these parts.
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
    assert_eq!(
        (config.transport.max_time, config.transport.token_timeout),
        (None, None)
    );
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
    assert_eq!(
        (&body["user"], &body["query"]),
        (&"gaolou".into(), &"你是谁".into())
    );
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
    assert_eq!(
        config(&["--ramp-up", "1.5"]).load.ramp_up(),
        Duration::from_millis(1_500)
    );
    assert_eq!(
        config(&["--timeout", "5", "--grace", "0"]).grace,
        Duration::ZERO
    );
    assert_eq!(config(&["--timeout", "5"]).grace, Duration::from_secs(5));
    let few = config(&["--threads", "5", "--requests", "4"]);
    assert_eq!(warnings(&few), ["warning.idle_users"]);
}

#[test]
fn keys_come_from_the_file_the_flag_or_the_environment() {
    let file = TempFile::new(
        "keys",
        "\u{feff}Bearer app-1111\r\n\r\napp-2222\n".as_bytes(),
    );
    let keys = |flags: &[&str], environment| -> Vec<String> {
        let config = with_key(flags, environment).unwrap_or_else(|e| panic!("{flags:?}: {e}"));
        let keys = config.workload.keys.items.iter();
        keys.map(|key| key.expose().to_owned()).collect()
    };
    let both = ["--api-key-file", file.path(), "--api-key", "app-3"];
    assert_eq!(keys(&both, Some("app-4")), ["app-1111", "app-2222"]);
    assert_eq!(keys(&both[2..], Some("app-4")), ["app-3"]);
    assert_eq!(keys(&[], Some("Bearer app-4")), ["app-4"]);
    assert_eq!(keys(&["--api-key", ""], Some("app-4")), [""]);
    assert_eq!(
        keys(&["-H", "Authorization: Bearer app-5"], Some("app-4")),
        [""]
    );
    assert_eq!(
        keys(&["-H", "AUTHORIZATION: x", "--api-key", ""], None),
        [""]
    );
}

#[test]
fn a_conversation_keeps_its_key() {
    let file = TempFile::new("conversation-keys", b"app-1111\napp-2222\n");
    let config = config(&["--api-key-file", file.path(), "--conversation-id", "c-1"]);
    assert_eq!(warnings(&config), ["warning.conversation_key"]);
    let second = config.workload.assignment(2);
    assert_eq!(second.key.expose(), "app-1111");
    assert!(
        String::from_utf8(second.body())
            .unwrap()
            .contains(r#""c-1""#)
    );
}

#[test]
fn files_without_use_are_replaced_with_a_warning() {
    let empty = TempFile::new("empty", b"\n \n");
    for file in ["/none", empty.path()] {
        let config = config(&[
            "--param-file",
            file,
            "--query",
            "q",
            "--api-key-file",
            file,
            "--api-key",
            "k",
        ]);
        assert_eq!(
            warnings(&config),
            ["warning.key_instead", "warning.query_instead"]
        );
        for (warning, flag) in config
            .warnings
            .iter()
            .zip(["--api-key-file", "--param-file"])
        {
            let text = warning.to_string();
            assert!(text.contains(flag) && text.contains(file), "{text}");
        }
        assert_eq!(config.workload.queries.file, None);
        assert_eq!(&*config.workload.assignment(1).sent.query, "q");
    }
    let gbk = TempFile::new("gbk", b"ok\n\xc4\xe3\xba\xc3\n");
    refused(
        &["--param-file", gbk.path(), "--api-key", "k"],
        &["--param-file", "2", "UTF-8"],
    );
    let large = TempFile::new("large", &[b'q'; 1025]);
    refused(
        &[
            "--param-file",
            large.path(),
            "--max-file-bytes",
            "1KiB",
            "--api-key",
            "k",
        ],
        &["--param-file", "--max-file-bytes"],
    );
    refused(
        &["--api-key-file", "/dev/zero"],
        &["--api-key-file /dev/zero", "64 MiB"],
    );
    let key = TempFile::new("bad-key", "app-1\napp 22222222\n".as_bytes());
    refused(
        &["--api-key-file", key.path(), "--api-key", "k"],
        &["--api-key-file", "2"],
    );
}

#[test]
fn a_key_that_is_refused_is_not_shown() {
    let message = with_key(&["--api-key", "app-钥匙-0123456789"], None).unwrap_err();
    assert!(!message.to_string().contains("0123456789"), "{message}");
}

#[test]
fn an_own_body_replaces_the_protocol_s() {
    let body = TempFile::new(
        "body",
        br#"{"q": "{query}", "city": "{inputs.city}", "m": "{model}"}"#,
    );
    #[rustfmt::skip]
    let flags = [
        "--request-body-file", body.path(), "--input", "city=x", "--query", "a\"b",
    ];
    let config = config(&flags);
    let sent = config.workload.assignment(1).body();
    assert_eq!(
        String::from_utf8(sent).unwrap(),
        r#"{"q":"a\"b","city":"x"}"#
    );
    refused(
        &["--request-body-file", body.path(), "--api-key", "k"],
        &["{inputs.city}", "--input city="],
    );
    for (content, parts) in [
        ("{\n  \"q\": {query}\n}", ["2", "9", "\"{query}\""]),
        ("[1]", ["1", "JSON", "{ … }"]),
        ("", ["1", "0", "JSON"]),
    ] {
        let file = TempFile::new("bad-body", content.as_bytes());
        refused(
            &["--request-body-file", file.path(), "--api-key", "k"],
            &[&["--request-body-file"], &parts[..]].concat(),
        );
    }
}

#[test]
fn what_is_given_and_not_sent_is_said() {
    let fixed = TempFile::new("fixed-body", br#"{"q": "fixed"}"#);
    let config = config(&[
        "--request-body-file",
        fixed.path(),
        "--input",
        "a=1",
        "--conversation-id",
        "c",
    ]);
    assert_eq!(
        warnings(&config),
        [
            "warning.query_unused",
            "warning.conversation_unused",
            "warning.inputs_unused"
        ]
    );
}

#[test]
fn certificates_are_read_and_insecure_is_said() {
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let (good, bad) = (
        TempFile::new("ca", pem.as_bytes()),
        TempFile::new("no-ca", b"hello"),
    );
    let config = config(&["--ca-cert", good.path(), "--insecure"]);
    assert_eq!(config.transport.ca_cert.as_deref(), Some(pem.as_bytes()));
    assert_eq!(warnings(&config), ["warning.insecure"]);
    refused(&["--ca-cert", bad.path()], &["--ca-cert", "PEM"]);
}
