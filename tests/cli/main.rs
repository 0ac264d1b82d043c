//! Exit codes, output streams and languages of commands that send no requests; the example files.

mod completions;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

/// The binary in a clean environment.
fn program(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse-perf"));
    command.args(flags).env_clear();
    command
}

fn output(flags: &[&str]) -> Output {
    program(flags).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn help_and_version_go_to_standard_output() {
    #[rustfmt::skip]
    let cases = [
        &["--help"][..], &["-h"], &["help"], &["help", "mock"], &["--version"],
        &["demo", "--help"], &["mock", "-h"],
        &["protocols"], &["protocols", "gemini"], &["protocols", "--schema"], &["protocols", "-h"],
        &["completions", "--help"], &["completions", "bash"],
    ];
    for flags in cases {
        let output = output(flags);
        assert_eq!(output.status.code(), Some(0), "{flags:?}");
        assert!(!output.stdout.is_empty(), "{flags:?}");
        assert_eq!(text(&output.stderr), "", "{flags:?}");
    }
}

#[test]
fn help_shows_topics_commands_and_what_words_of_results_mean() {
    let shown = |flags: &[&str]| text(&output(flags).stdout).to_owned();
    for (flags, parts) in [
        (&["-h"][..], &["; {n} is the user's"][..]),
        (&["help"][..], &["  metrics  ", "sse-perf help TOPIC"][..]),
        (&["help", "metrics"], &["Inter-token latency"]),
        (&["help", "metrics"], &["first_token"]),
        (&["help", "METRICS"], &["Inter-token latency"]),
        (&["help", "metrics", "--lang", "zh"], &["时间戳来源"]),
        (&["--lang", "zh", "help", "metrics"], &["时间戳来源"]),
        (&["help", "options"], &["--url <URL>", "--split-writes"]),
        (&["help", "failures"], &["timeout_token", "--token-timeout"]),
        (&["help", "truncated"], &["terminal event", "broke off"]),
        (&["help", "http_status"], &["401", "429"]),
        (&["help", "429"], &["Retry-After", "Hint: "]),
        (&["help", "404"], &["nothing at this path"]),
        (&["help", "ttft"], &["Time to first token"]),
        (&["help", "130"], &["SIGTERM", "Interrupted"]),
    ] {
        let text = shown(flags);
        for part in parts {
            assert!(text.contains(part), "{flags:?}: {part} lacks in {text}");
        }
        let unfilled = text.lines().any(|line| line.trim().starts_with('{'));
        assert!(!text.contains('\u{1b}') && !unfilled, "{flags:?}");
        let wide = text.lines().filter(|line| !line.starts_with("    "));
        let wide = wide.map(sse_perf::text::columns::width).max();
        assert!(wide <= Some(100), "{flags:?}: {wide:?}");
    }
    for command in ["demo", "mock", "help", "completions"] {
        let help = shown(&[command, "--help"]);
        assert!(shown(&["help", command]).starts_with(&help), "{command}");
    }
    assert!(shown(&["help", "mock"]).contains("no-response"));
}

/// `script`, of Debian's base system, gives the command a terminal.
#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_help_has_a_pager_and_colours() {
    let path = std::env::var("PATH").expect("a path");
    let shown = |variables: &[(&str, &str)]| {
        let output = Command::new("script")
            .args(["-qec", concat!(env!("CARGO_BIN_EXE_sse-perf"), " help 3")])
            .arg("/dev/null")
            .env_clear()
            .envs([("PATH", path.as_str()), ("TERM", "xterm")])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("script runs");
        assert_eq!(output.status.code(), Some(0), "{variables:?}");
        text(&output.stdout).to_owned()
    };
    let bold = "\u{1b}[1m3\u{1b}[22m";
    assert!(shown(&[("PAGER", "cat")]).starts_with(bold));
    assert!(shown(&[("PAGER", "sed s/^/paged:/")]).starts_with(&format!("paged:{bold}")));
    assert!(shown(&[("PAGER", "no-such-pager")]).contains(bold));
    let plain = shown(&[("PAGER", "cat"), ("NO_COLOR", "1")]);
    assert!(plain.starts_with('3'), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn usage_errors_go_to_standard_error() {
    for (flags, part) in [
        (&["--thread", "5"][..], "--threads"),
        (&["--threads", "0", "--api-key", "k"], "--threads 0"),
        (&[], "--api-key"),
        (&["--lang", "fr"], "--lang fr"),
        (&[], "sse-perf demo"),
        (&["help", "nothing"], "nothing"),
        (&["help", "metric"], "metrics?"),
        (&["mock", "--ttft", "soon"], "--ttft soon"),
        (&["mock", "--fail", "foo:1"], "'foo'"),
        (&["--threads", "5", "demo"], "--threads"),
        (&["probe", "-t", "5", "--quiet"], "-t --quiet: a probe"),
        (&["protocols", "dify"], "dify-chat"),
        (&["protocols", "tests/fixtures/dify-failed.sse"], "line 1"),
    ] {
        let output = output(flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert_eq!(text(&output.stdout), "", "{flags:?}");
        let said = text(&output.stderr);
        let is_told = said.starts_with("error: ") && said.contains(part);
        assert!(is_told, "{flags:?}: {said}");
    }
}

#[test]
fn the_language_comes_from_the_flag_or_the_environment() {
    let chinese = |command: &mut Command| {
        let output = command.output().expect("the binary runs");
        let all = [output.stdout, output.stderr].concat();
        text(&all).contains(['：', '用'])
    };
    assert!(!chinese(&mut program(&["--help"])));
    assert!(chinese(&mut program(&["--help", "--lang", "zh"])));
    assert!(chinese(&mut program(&["--lang=zh", "mock", "-h"])));
    assert!(chinese(program(&["--xyzzy"]).env("LANG", "zh_CN.UTF-8")));
    let mut english = program(&["--xyzzy", "--lang", "en"]);
    assert!(!chinese(english.env("LC_ALL", "zh_CN.UTF-8")));
}

fn assert_printed(protocol: &str, file: &str) {
    let printed = output(&["protocols", protocol]);
    let document = std::fs::read_to_string(file).expect("a document");
    assert_eq!(text(&printed.stdout), document);
}

#[test]
fn protocols_are_listed_and_printed_to_be_copied() {
    let list = output(&["protocols"]);
    let list = text(&list.stdout);
    for name in sse_perf::protocol::Protocol::builtin_names() {
        let begins = |line: &str| line.starts_with(&format!("{name} "));
        assert!(list.lines().any(begins), "{list}");
        assert_printed(name, &format!("data/protocols/{name}.json"));
    }
    assert!(list.contains("--api FILE"), "{list}");
    let own = "tests/fixtures/in-house.json";
    assert_printed(own, own);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child = program(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_simulated_service_prints_its_address() {
    let mut child = program(&["mock", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("UTF-8");
    let second = lines.next().expect("a line").expect("UTF-8");
    assert!(first.contains("http://127.0.0.1:"), "{first}");
    let flags = "/v1/chat-messages --api-key \"\"";
    assert!(second.contains(flags), "{second}");
    child.kill().expect("it was running");
    child.wait().expect("an end");
}

mod examples {
    //! The flags accept the files in `data/`.

    use sse_perf::cli::parse_run;
    use sse_perf::config::plan;
    use sse_perf::plan::Plan;
    use sse_perf::text::Language;

    fn config(flags: &[&str]) -> Plan {
        let raw = parse_run(flags.iter().copied(), Language::English).expect("flags");
        plan(&raw, Language::English, None).unwrap_or_else(|e| panic!("{flags:?}: {e}"))
    }

    #[test]
    fn example_queries_and_keys_are_read() {
        let flags = "--param-file data/queries.txt --api-key-file data/api-keys.txt";
        let config = config(&flags.split(' ').collect::<Vec<_>>());
        assert!(config.workload.queries.items.len() >= 20);
        let third = config.workload.assignment(3);
        let key = third.key.expose();
        assert!(key.starts_with("app-example"), "without its scheme");
    }

    #[test]
    fn example_bodies_are_templates_without_warnings() {
        for (file, api) in [
            ("data/bodies/dify-chat.json", "dify-chat"),
            ("data/bodies/dify-files.json", "dify-chat"),
            ("data/bodies/openai-chat.json", "openai-chat"),
        ] {
            let body = ["--api", api, "--request-body-file", file];
            let request = ["--api-key", "", "--query", "{\"q\"}", "--model-name", "m"];
            let config = config(&[&body[..], &request].concat());
            assert_eq!(config.warnings, [], "{file}");
            let body = config.workload.assignment(1).body();
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            let query = body
                .get("query")
                .or_else(|| body.pointer("/messages/1/content"));
            assert_eq!(query, Some(&"{\"q\"}".into()), "{file}");
        }
    }
}
