//! Users that hold conversations, think between requests, or leave.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::noting::{Seen, bodies, cells, note, noting, openai, summary};
use crate::support::{
    Directory, PATH, Peer, Row, SSE_HEAD, Scripted, assert_contains, chunk, number, openai_text,
    run_against, run_alone, sse_perf, sse_response,
};

const DIFY: &str = "/v1/chat-messages";

fn dify(number: usize) -> Vec<u8> {
    let message =
        json!({"event": "message", "answer": "a", "conversation_id": format!("conv-{number}")});
    let end = json!({"event": "message_end", "conversation_id": format!("conv-{number}")});
    sse_response(&format!("data: {message}\n\ndata: {end}\n\n"))
}

#[test]
fn the_history_of_a_conversation_is_sent_again() {
    let (server, seen) = noting(openai);
    let directory = Directory::new();
    let queries = directory.write("q.txt", "one\ntwo\nthree\nfour\n");
    let flags = ["--turns", "2", "--requests", "4", "--param-file", &queries];
    let (ran, rows) = run_against(&directory, &server.url(PATH), &flags);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let contents: Vec<Vec<String>> = bodies(&seen)
        .iter()
        .map(|body| {
            let messages = body["messages"].as_array().unwrap().iter();
            let texts = messages.map(|m| ["role", "content"].map(|part| m[part].as_str().unwrap()));
            texts.map(|texts| texts.join(": ")).collect()
        })
        .collect();
    let expected = [
        vec!["user: one"],
        vec!["user: one", "assistant: answer 1", "user: two"],
        vec!["user: three"],
        vec!["user: three", "assistant: answer 3", "user: four"],
    ];
    assert_eq!(contents, expected);
    let turns = cells(&rows, &["conversation", "turn", "query_index"]);
    #[rustfmt::skip]
    assert_eq!(turns, [["1", "1", "1"], ["1", "2", "2"], ["2", "1", "3"], ["2", "2", "4"]]);
    let turns = &summary(&directory)["turns"];
    for place in [0, 1] {
        let turn = &turns[place];
        let counts = ["/turn", "/ok", "/failed", "/ttft_ms/count"].map(|at| turn.pointer(at));
        assert_eq!(json!(counts), json!([place + 1, 2, 0, 2]));
    }
    assert!(ran.stdout.contains("Turns\n"), "{}", ran.stdout);
}

#[test]
fn an_answer_of_tool_calls_alone_is_not_sent_again_as_empty_text() {
    let calls = json!({"choices": [{"index": 0, "delta": {"tool_calls": [
        {"index": 0, "function": {"arguments": "{}"}}
    ]}}]});
    let (server, seen) = noting(move |number| match number {
        1 => sse_response(&format!("data: {calls}\n\ndata: [DONE]\n\n")),
        _ => openai(number),
    });
    let flags = ["--turns", "3", "--requests", "3", "--query", "go"];
    let (ran, _) = run_alone(&server.url(PATH), &flags);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let [question, answer] = [("user", "go"), ("assistant", "answer 2")]
        .map(|(role, content)| json!({"role": role, "content": content}));
    let all = [&question, &question, &answer, &question];
    let [_, second, third] = &bodies(&seen)[..] else {
        panic!("three requests")
    };
    assert_eq!(second["messages"], json!(all[..2]));
    assert_eq!(third["messages"], json!(all));
}

#[test]
fn a_conversation_keeps_its_id_and_its_key() {
    let (server, seen) = noting(dify);
    let directory = Directory::new();
    let keys = directory.write("keys.txt", "app-key-000001\napp-key-000002\n");
    let url = server.url(DIFY);
    #[rustfmt::skip]
    let all = ["--url", &url, "--csv", "requests.csv", "--turns", "2", "-n", "4"];
    let all = [&all[..], &["--api-key-file", &keys]].concat();
    let ran = crate::support::sse_perf(&directory.0, &all);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let seen = seen.lock().unwrap();
    let sent = seen.iter().map(|(head, body)| {
        let mut lines = head.lines();
        let key = lines.find_map(|line| line.strip_prefix("authorization: Bearer "));
        (body["conversation_id"].as_str(), key)
    });
    let expected = [
        ("", "app-key-000001"),
        ("conv-1", "app-key-000001"),
        ("", "app-key-000002"),
        ("conv-3", "app-key-000002"),
    ];
    let expected = expected.map(|(id, key)| (Some(id), Some(key)));
    assert!(sent.eq(expected), "{seen:?}");
}

#[test]
fn a_failed_turn_ends_the_conversation() {
    let failing = |number| match number {
        2 => sse_response("data: {\"error\":\"x\"}\n\n"),
        number => openai(number),
    };
    let (server, seen) = noting(failing);
    let (ran, rows) = run_alone(&server.url(PATH), &["--turns", "3", "-n", "4"]);
    assert_eq!(ran.code, Some(1));
    let turns = cells(&rows, &["conversation", "turn", "outcome"]);
    #[rustfmt::skip]
    assert_eq!(turns, [["1", "1", "ok"], ["1", "2", "failed"], ["2", "1", "ok"], ["2", "2", "ok"]]);
    let lengths: Vec<usize> = bodies(&seen)
        .iter()
        .map(|body| body["messages"].as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [1, 3, 1, 3]);
}

#[test]
fn without_a_limit_each_user_holds_one_conversation() {
    let (server, seen) = noting(openai);
    #[rustfmt::skip]
    let flags = [
        "--turns", "3", "--threads", "2", "--think-time", "uniform:30ms..60ms",
        "--user", "load-{n}!", "--body", "user={user}", "--body", "max_tokens=100",
    ];
    let (ran, rows) = run_alone(&server.url(PATH), &flags);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let said = "0.03 s to 0.06 s (uniform)";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    for user in ["1", "2"] {
        let mut own: Vec<&Row> = rows.iter().filter(|row| row["user"] == user).collect();
        own.sort_by_key(|row| row["turn"].clone());
        assert_eq!(own.len(), 3);
        for pair in own.windows(2) {
            let pause = number(pair[1], "start_s") - number(pair[0], "end_s");
            assert!(pause >= 0.0299, "{pause}");
            assert_eq!(pair[0]["conversation"], pair[1]["conversation"]);
        }
        let own = format!("load-{user}!");
        let is_own = |body: &&Value| body["user"] == own && body["max_tokens"] == 100;
        assert_eq!(bodies(&seen).iter().filter(is_own).count(), 3);
    }
}

#[test]
fn requests_without_turns_have_no_conversation() {
    let (server, _) = noting(openai);
    let directory = Directory::new();
    let (ran, rows) = run_against(&directory, &server.url(PATH), &["-n", "2"]);
    assert_eq!(cells(&rows, &["conversation", "turn"]), [["", ""]; 2]);
    assert!(summary(&directory)["turns"].as_array().unwrap().is_empty());
    assert!(!ran.stdout.contains("Turns\n"));
}

#[test]
fn a_user_who_leaves_abandons_the_request_and_stops_the_answer() {
    let seen = Seen::default();
    let server = Scripted::start({
        let seen = Arc::clone(&seen);
        move |peer: &mut Peer| {
            while let Some(request) = peer.request() {
                let number = note(&seen, &request);
                if request.contains("/stop ") {
                    let status = if number == 2 { 200 } else { 404 };
                    peer.send(format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}"
                    ));
                    continue;
                }
                let first = json!({"event": "message", "answer": "a", "task_id": "task-7"});
                peer.send(SSE_HEAD);
                if number < 5 {
                    peer.send(chunk(format!("data: {first}\n\n")));
                }
                peer.stay_silent();
                return;
            }
        }
    });
    let directory = Directory::new();
    #[rustfmt::skip]
    let flags = ["-n", "3", "--abandon-rate", "1", "--abandon-after", "2s", "--user", "load-{n}"];
    let (ran, rows) = run_against(&directory, &server.url("/api/v1/chat-messages"), &flags);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let said = "in 100% of the requests, the user leaves 2 s after the start";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    assert_eq!(cells(&rows, &["chunks"]), [["1"], ["1"], ["0"]]);
    for row in &rows {
        assert_eq!(row["outcome"], "abandoned");
        assert_eq!((&*row["error_kind"], &*row["response_ms"]), ("", ""));
        assert!(number(row, "end_s") - number(row, "start_s") >= 1.999);
        assert_eq!(row["connection"], "new");
    }
    let summary = summary(&directory);
    assert_eq!(summary["abandoned"], 3);
    let stops = ["sent", "accepted", "not_possible"].map(|n| &summary[format!("stops_{n}")]);
    assert_eq!(stops, [2, 1, 1]);
    assert_contains(&ran.stdout, "2 sent, 1 accepted, 1 not possible\n");
    assert_contains(&ran.stdout, "Some users left before");
    assert_eq!((&summary["ok"], &summary["failed"]), (&0.into(), &0.into()));
    assert!(summary["success_rate"].is_null());
    let seen = seen.lock().unwrap();
    let is_stop = |(head, body): &&(String, Value)| {
        head.starts_with("POST /api/v1/chat-messages/task-7/stop HTTP/1.1\r\n")
            && head.contains("authorization: Bearer app-test-0123456789")
            && *body == json!({"user": "load-1"})
    };
    assert_eq!(seen.iter().filter(is_stop).count(), 2, "{seen:?}");
}

#[test]
fn max_time_before_the_user_leaves_is_a_timeout() {
    let server = Scripted::start(|peer| {
        peer.request();
        peer.send(SSE_HEAD);
        peer.stay_silent();
    });
    #[rustfmt::skip]
    let flags = ["--abandon-rate", "1", "--abandon-after", "20s", "--max-time", "100ms"];
    let (_, rows) = run_alone(&server.url(PATH), &flags);
    assert_eq!(rows[0]["error_kind"], "timeout_total");
}

#[test]
fn a_body_that_stays_open_after_its_last_event_is_told() {
    let server = Scripted::start(|peer| {
        while peer.request().is_some() {
            peer.send(SSE_HEAD);
            peer.send(chunk(openai_text("a") + "data: [DONE]\n\n"));
            sleep(Duration::from_millis(200));
            peer.send(chunk(""));
        }
    });
    let directory = Directory::new();
    let (ran, rows) = run_against(&directory, &server.url(PATH), &["-n", "2", "-t", "2"]);
    for row in &rows {
        assert!(number(row, "trailing_ms") >= 199.9, "{row:?}");
    }
    assert_eq!(summary(&directory)["trailing_ms"]["count"], 2);
    assert_contains(&ran.stdout, "The body stayed open for ");
    let probe = ["probe", "--url", &server.url(PATH), "--api-key", ""];
    let probed = sse_perf(&directory.0, &probe);
    assert_contains(&probed.stdout, "The body stayed open for ");
}
