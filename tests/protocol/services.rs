//! The meaning of whole streams written by hand after the services' documentation, at least one for
//! each built-in protocol.

use sse_perf::record::EventKind;

use super::Told;
use super::streams::{joined, read_all_ways};

/// The meaning of a stream.
#[derive(Debug, Default, PartialEq)]
struct Came {
    /// Kinds of its events, by first letters: `t` text, `r` reasoning, `c` tool call, `p` ping,
    /// `s` span, `!` error, `e` end, `.` other.
    kinds: String,
    text: String,
    reasoning: String,
    tool: String,
    /// Prompt, completion, cached, reasoning, total.
    usage: [Option<u64>; 5],
    message: Option<String>,
    finish: Option<String>,
    error: Option<String>,
    ended: bool,
}

fn came(protocol: &str, fixture: &str) -> (Came, Vec<Told>) {
    let path = format!(
        "{}/tests/fixtures/{fixture}.sse",
        env!("CARGO_MANIFEST_DIR")
    );
    let stream = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let (told, kinds) = read_all_ways(protocol, &stream);
    for event in &told {
        assert_eq!(event.malformed, None, "{fixture}");
    }
    let letter = |kind: &EventKind| match kind {
        EventKind::Text => 't',
        EventKind::Reasoning => 'r',
        EventKind::Tool => 'c',
        EventKind::Ping => 'p',
        EventKind::Span => 's',
        EventKind::Error => '!',
        EventKind::End => 'e',
        EventKind::Other => '.',
    };
    let last = |part: fn(&Told) -> Option<String>| told.iter().rev().find_map(part);
    let count = |number: usize| {
        let of = |t: &Told| t.usage.get(number).copied().unwrap_or(t.total);
        told.iter().rev().find_map(of)
    };
    let came = Came {
        kinds: kinds.iter().map(letter).collect(),
        text: joined(&told, |t| &t.text),
        reasoning: joined(&told, |t| &t.reasoning),
        tool: joined(&told, |t| &t.tool),
        usage: [0, 1, 2, 3, 4].map(count),
        message: last(|t| t.ids[1].clone()),
        finish: last(|t| t.finish.clone()),
        error: told.iter().find_map(|t| t.error.clone()),
        ended: told.iter().any(|t| t.end),
    };
    (came, told)
}

fn owned(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Protocol, fixture, kinds, texts (answer, reasoning, tool), usage (`-` for none), message and finish
/// reason.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    [&'static str; 3],
    &'static str,
    [&'static str; 2],
);

#[rustfmt::skip]
const ANSWERS: [Row; 20] = [
    ("dify-chat",          "dify-agent",                  "p.tt..p...e.",     ["I'll look it up.", "", ""], "305 97 - - 402", ["m1", ""]),
    ("dify-completion",    "dify-completion",             "ptt.e",            ["Hello world。", "", ""], "1033 3 - - 1036", ["5e52ce04", ""]),
    ("dify-workflow",      "dify-workflow",               "p.ssssssr.t.tse",  ["豆腐!", "hmm", ""], "- - - - 42", ["w1", "succeeded"]),
    ("dify-workflow",      "dify-workflow-silent",        ".e",               ["", "", ""], "- - - - 7", ["w1", "partial-succeeded"]),
    ("openai-chat",        "openai-tools",                "..cce.e",          ["", "", r#"{"city":"x"}"#], "11 17 - 5 -", ["chatcmpl-1", "tool_calls"]),
    ("openai-chat",        "openai-vllm",                 ".rt.te.e",         ["Hello world", "Hm", ""], "12 5 - - -", ["chatcmpl-8a7c", "stop"]),
    ("openai-completions", "openai-completions",          ".tt.e",            [" tofu is", "", ""], "4 3 - - -", ["cmpl-1", "length"]),
    ("openai-chat",        "openai-parallel",             "..ttt.tte.",       ["HelGoodlo day to you", "", ""], "6 7 - - -", ["chatcmpl-2", "length"]),
    ("openai-completions", "openai-completions-parallel", "tttt.e",           ["AB b a.", "", ""], "2 5 - - -", ["cmpl-2", "length"]),
    ("openai-responses",   "openai-responses",            "...r.c..tt.e",     ["Hello world", "hmm", "{}"], "36 87 8 64 -", ["resp_1", "completed"]),
    ("openai-responses",   "openai-responses-incomplete", "te.",              ["Hello", "", ""], "3 1 - - -", ["resp_1", "max_output_tokens"]),
    ("anthropic",          "anthropic",                   "..pr...tt..cc..e", ["Hello world", "hmm", r#"{"city": "x"}"#], "128 89 100 - -", ["msg_1", "tool_use"]),
    ("anthropic",          "anthropic-proxied",           "pt.e",             ["Hello", "", ""], "14 2 - - -", ["", "end_turn"]),
    ("gemini",             "gemini",                      "rtce",             ["Hello wor", "hmm", "get_weather"], "4 39 2 30 43", ["r1", "STOP"]),
    ("tgi",                "tgi",                         "ptte",             [" tofu", "", ""], "5 3 - - -", ["", "eos_token"]),
    ("tgi",                "tgi-plain",                   "tt",               [" tofu", "", ""], "- - - - -", ["", ""]),
    ("sglang",             "sglang",                      ".ttt.e",           ["Hello \u{FFFD}豆", "", ""], "6 4 2 - -", ["s1", "stop"]),
    ("sglang",             "sglang-parallel",             "tttt.tte",         ["HelGood \u{FFFD}lo豆腐", "", ""], "6 8 2 - -", ["s2", "stop"]),
    ("cohere",             "cohere",                      "..r..ttr.ce",      ["Hello world", "hmm I will", "{}"], "69 12 - - -", ["29f14a5a", "COMPLETE"]),
    ("openai-chat",        "openai-llama-cpp",            "pp.tte.e",         [" tofu €", "", ""], "14 2 3 - -", ["chatcmpl-Zx", "length"]),
];

#[test]
fn answers() {
    for (protocol, fixture, kinds, [text, reasoning, tool], usage, [message, finish]) in ANSWERS {
        let counts: Vec<&str> = usage.split(' ').collect();
        let counts: [&str; 5] = counts.try_into().expect("five counts");
        let expected = Came {
            kinds: kinds.to_owned(),
            text: text.to_owned(),
            reasoning: reasoning.to_owned(),
            tool: tool.to_owned(),
            usage: counts.map(|number| number.parse().ok()),
            message: owned(message),
            finish: owned(finish),
            error: None,
            ended: true,
        };
        let (came, _) = came(protocol, fixture);
        assert_eq!(came, expected, "{fixture}");
    }
}

#[test]
fn errors_amid_the_stream() {
    #[rustfmt::skip]
    let cases = [
        ("dify-completion", "dify-completion-error", "p!", "invalid_param: query is required"),
        ("dify-workflow", "dify-workflow-failed", ".ss!", "failed: Reached maximum retries"),
        ("openai-completions", "openai-completions-error", "t!e", "500: EngineCore encountered an issue."),
        ("openai-responses", "openai-responses-failed", ".t!", "server_error: The model failed to generate a response."),
        ("openai-responses", "openai-responses-error", "!", "ERR_SOMETHING: Something went wrong"),
        ("anthropic", "anthropic-error", ".t!", "overloaded_error: Overloaded"),
        ("gemini", "gemini-blocked", "!", "PROHIBITED_CONTENT: "),
        ("tgi", "tgi-error", "t!", "generation: Request failed during generation: Server error: CUDA out of memory"),
        ("sglang", "sglang-error", "t!e", "Input is too long"),
        ("cohere", "cohere-error", "t!", "ERROR: internal error, this has been reported"),
    ];
    for (protocol, fixture, kinds, error) in cases {
        let (came, _) = came(protocol, fixture);
        assert_eq!(came.kinds, kinds, "{fixture}");
        let said = came.error.unwrap_or_default();
        assert!(said.starts_with(error), "{fixture}: {said}");
    }
}

#[test]
fn a_moderator_s_words_replace_the_answer() {
    let (_, told) = came("dify-chat", "dify-agent");
    let replaced = told.iter().filter_map(|t| t.replacement.as_deref());
    assert_eq!(replaced.collect::<Vec<_>>(), ["Sorry."]);
    let event = told.iter().find(|t| t.replacement.is_some()).unwrap();
    assert_eq!(event.kind, Some(EventKind::Other), "not generated");
}

#[test]
fn nodes_are_spans() {
    let (_, told) = came("dify-workflow", "dify-workflow");
    let spans: Vec<_> = told.iter().filter_map(|t| t.span.as_deref()).collect();
    assert_eq!(spans.len(), 7);
    assert!(spans[3].contains("retries: true"), "{spans:?}");
    #[rustfmt::skip]
    let expected = [
        r#"SpanMark { starts: true, retries: false, id: "1712", instance: "e2", kind: "knowledge-retrieval", title: "知识检索", tokens: None, elapsed: None, failed: false, model: false }"#,
        r#"SpanMark { starts: false, retries: false, id: "1713", instance: "e3", kind: "llm", title: "LLM", tokens: None, elapsed: Some(1.5s), failed: false, model: true }"#,
    ];
    assert_eq!([spans[2], spans[6]], expected);
    let (_, told) = came("dify-workflow", "dify-workflow-failed");
    let last = told.iter().rev().find_map(|t| t.span.as_deref()).unwrap();
    assert!(last.contains("failed: true"), "{last}");
}
