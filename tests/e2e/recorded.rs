//! The records of streams: some recorded from servers, others written by hand after the services'
//! documentation.

use std::thread;
use std::time::Duration;

use crate::support::{
    Directory, SSE_HEAD_CLOSE, Scripted, number, openai_text, run_against, run_alone,
};

/// A server that sends a fixture as the body of its response.
fn sending(fixture: &str) -> Scripted {
    let path = format!(
        "{}/tests/fixtures/{fixture}.sse",
        env!("CARGO_MANIFEST_DIR")
    );
    let body = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    Scripted::answering(format!("{SSE_HEAD_CLOSE}{body}"))
}

/// Protocol, fixture, kind of failure, and cells of the row (their first words).
#[rustfmt::skip]
const RECORDS: [(&str, &str, &str, &str); 39] = [
    // Recorded from servers.
    ("anthropic", "anthropic-llama-cpp", "", "chunks=3 output_tokens=3 prompt_tokens=21 cached_tokens=9 finish_reason=max_tokens"),
    ("openai-responses", "openai-responses-llama-cpp", "", "chunks=3 output_tokens=3 prompt_tokens=21 finish_reason=completed"),
    ("anthropic", "anthropic-aimock", "", "chunks=9 output_tokens=16 prompt_tokens= token_source=estimate answer_chars=19"),
    ("cohere", "cohere-aimock", "", "chunks=3 output_tokens=5 prompt_tokens= token_source=estimate finish_reason=COMPLETE"),
    ("gemini", "gemini-aimock", "", "chunks=9 output_tokens=16 prompt_tokens= token_source=estimate finish_reason=STOP"),
    ("dify-chat", "dify-agent", "", "chunks=2 output_tokens=97 answer_chars=6 conversation_id=c1 message_id=m1"),
    ("dify-chat", "dify-chatflow", "", "chunks=4 output_tokens=8 answer_chars=8 prompt_tokens=25"),
    (
        "dify-chat",
        "dify-chatflow-models",
        "",
        "chunks=4 output_tokens=40 token_source=usage prompt_tokens=120 finish_reason=partial-succeeded",
    ),
    ("dify-workflow", "dify-workflow-models", "", "chunks=3 output_tokens=5 token_source=usage prompt_tokens=120"),
    ("dify-chat", "dify-failed", "error_event", "chunks=1"),
    ("dify-completion", "dify-completion", "", "chunks=2 output_tokens=3 answer_chars=12"),
    ("dify-completion", "dify-completion-error", "error_event", "chunks=0"),
    ("dify-workflow", "dify-workflow", "", "chunks=3 output_tokens=4 token_source=estimate message_id=w1 finish_reason=succeeded"),
    ("dify-workflow", "dify-workflow-failed", "error_event", "chunks=0"),
    ("dify-workflow", "dify-workflow-silent", "", "chunks=0 output_tokens= ttft_ms="),
    ("openai-chat", "openai-tools", "", "chunks=2 empty_deltas=1 output_tokens=17 reasoning_tokens=5 answer_chars=0 ttfa_ms="),
    ("openai-chat", "openai-parallel", "", "chunks=5 empty_deltas=2 output_tokens=7 answer_chars=20 finish_reason=length"),
    ("openai-chat", "openai-parallel-cut", "truncated", "chunks=4 finish_reason=stop"),
    ("openai-completions", "openai-completions-parallel", "", "chunks=4 output_tokens=5 answer_chars=7 finish_reason=length"),
    ("openai-chat", "openai-vllm-killed", "error_event", "chunks=1"),
    ("openai-completions", "openai-completions", "", "chunks=2 output_tokens=3 finish_reason=length"),
    ("openai-responses", "openai-responses", "", "chunks=4 output_tokens=87 reasoning_tokens=64 cached_tokens=8"),
    ("openai-responses", "openai-responses-incomplete", "", "chunks=1 finish_reason=max_output_tokens"),
    ("openai-responses", "openai-responses-failed", "error_event", "chunks=1"),
    ("anthropic", "anthropic", "", "chunks=5 output_tokens=89 prompt_tokens=128 cached_tokens=100"),
    ("anthropic", "anthropic-proxied", "", "chunks=1 output_tokens=2 prompt_tokens=14"),
    ("anthropic", "anthropic-error", "error_event", "chunks=1 prompt_tokens=25"),
    ("gemini", "gemini", "", "chunks=3 output_tokens=39 reasoning_tokens=30 answer_chars=9"),
    ("gemini", "gemini-bare-error", "error_event", "chunks=1 error_detail=UNAVAILABLE:"),
    ("gemini", "gemini-bare-list", "error_event", "chunks=0 error_detail=INVALID_ARGUMENT:"),
    ("gemini", "gemini-blocked", "error_event", "chunks=0"),
    ("tgi", "tgi", "", "chunks=2 output_tokens=3 prompt_tokens=5 finish_reason=eos_token"),
    ("tgi", "tgi-plain", "", "chunks=2 output_tokens=2 token_source=estimate"),
    ("tgi", "tgi-error", "error_event", "chunks=1"),
    ("sglang", "sglang", "", "chunks=3 output_tokens=4 cached_tokens=2"),
    ("sglang", "sglang-parallel", "", "chunks=6 output_tokens=8 prompt_tokens=6 answer_chars=13"),
    ("sglang", "sglang-error", "error_event", "chunks=1"),
    ("cohere", "cohere", "", "chunks=5 output_tokens=12 finish_reason=COMPLETE"),
    ("cohere", "cohere-error", "error_event", "chunks=1"),
];

#[test]
fn streams_written_by_hand_yield_their_records() {
    for (api, fixture, outcome, cells) in RECORDS {
        let server = sending(fixture);
        let flags = ["--api", api, "--model-name", "m"];
        let (ran, rows) = run_alone(&server.url("/any"), &flags);
        let row = rows
            .first()
            .unwrap_or_else(|| panic!("{fixture}: {}", ran.stderr));
        let detail = &row["error_detail"];
        assert_eq!(row["error_kind"], outcome, "{fixture}: {detail}");
        for cell in cells.split(' ') {
            let (name, value) = cell.split_once('=').expect("a cell");
            let found = row[name].split(' ').next().unwrap_or_default();
            assert_eq!(found, value, "{fixture}: {name}");
        }
    }
}

#[test]
fn an_in_house_service_needs_a_file_and_no_program() {
    let server = sending("in-house");
    let directory = Directory::new();
    let file = directory.write("in-house.json", include_str!("../fixtures/in-house.json"));
    let (ran, rows) = run_against(&directory, &server.url("/api/ask"), &["--api", &file]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    #[rustfmt::skip]
    let told = ["outcome", "chunks", "output_tokens", "token_source", "answer_chars"];
    let told = told.map(|column| rows[0][column].as_str());
    assert_eq!(told, ["ok", "3", "12", "usage", "11"]);
}

#[test]
fn the_text_between_think_tags_is_reasoning_where_the_user_says_so() {
    let server = Scripted::start(|peer| {
        if peer.request().is_some() {
            peer.send(SSE_HEAD_CLOSE);
            for text in ["<thi", "nk>hm", "m</think", ">42", " <"] {
                peer.send(openai_text(text));
                thread::sleep(Duration::from_millis(20));
            }
            peer.send("data: [DONE]\n\n");
            peer.close();
        }
    });
    for (flags, expected) in [
        (
            &["--api", "openai-chat", "--model-name", "m"][..],
            ["5", "22"],
        ),
        (
            &["--api", "openai-chat", "--model-name", "m", "--think-tags"],
            ["5", "4"],
        ),
    ] {
        let (ran, rows) = run_alone(&server.url("/any"), flags);
        let row = rows.first().unwrap_or_else(|| panic!("{}", ran.stderr));
        assert_eq!(
            ["chunks", "answer_chars"].map(|column| row[column].as_str()),
            expected
        );
        let thinking = number(row, "ttfa_ms") - number(row, "ttft_ms");
        assert_eq!(thinking > 30.0, flags.len() == 5, "{row:?}");
    }
}
