//! In the steady state an event costs no allocation, from the bytes of the body to what it means.

use allocation_counter::measure;
use sse_perf::protocol::{Decoder, Protocol, estimate_tokens};
use sse_perf::sse::{Block, Parser};

/// Text with what JSON escapes, with what it does not need to, and with none of that.
const TEXTS: [&str; 4] = [
    r" plain",
    r#" a \"quoted\" word,\n\tand a path\\to \/ it"#,
    r"\u4f60\u597d \ud83d\ude00",
    "你好，世界",
];

/// A stream's bytes: a chunk of each text.
fn stream(event: impl Fn(&str) -> String) -> Vec<u8> {
    TEXTS
        .iter()
        .flat_map(|text| format!("data: {}\n\n", event(text)).into_bytes())
        .collect()
}

fn dify(text: &str) -> String {
    format!(
        r#"{{"event":"message","conversation_id":"c-1","message_id":"m-1","created_at":1770152706,"task_id":"t-\"1\"","answer":"{text}","metadata":{{"usage":{{"prompt_tokens":3,"completion_tokens":5}},"note":"\\ \u00e9"}}}}"#
    )
}

fn openai(text: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","model":"\"m\"","choices":[{{"index":0,"delta":{{"content":"{text}","reasoning_content":"{text}"}},"finish_reason":null}}],"usage":{{"prompt_tokens":3,"completion_tokens":5}}}}"#
    )
}

/// Feeds the bytes in pieces of that size and returns the tokens that came.
fn feed(parser: &mut Parser, decoder: &mut Decoder, bytes: &[u8], piece: usize) -> u64 {
    let mut tokens = 0;
    for piece in bytes.chunks(piece) {
        let fed = parser.feed(piece, |block| {
            if let Block::Event(event) = block {
                let meaning = decoder.decode(&event).expect("it is JSON");
                tokens += estimate_tokens(meaning.text);
            }
        });
        fed.expect("it is not too large");
    }
    tokens
}

#[test]
fn an_event_costs_no_allocation_once_the_first_ones_have_come() {
    for (name, bytes) in [("dify-chat", stream(dify)), ("openai-chat", stream(openai))] {
        let mut parser = Parser::new(1 << 20);
        let mut decoder = Protocol::builtin(name).expect("it is built in").decoder();
        for piece in [usize::MAX, 1_400, 7] {
            let piece = piece.min(bytes.len());
            let expected = feed(&mut parser, &mut decoder, &bytes, piece);
            assert!(expected > 0);
            let mut tokens = 0;
            let counted = measure(|| {
                for _ in 0..100 {
                    tokens += feed(&mut parser, &mut decoder, &bytes, piece);
                }
            });
            assert_eq!(tokens, 100 * expected);
            assert_eq!(counted.count_total, 0, "{name} in pieces of {piece} bytes");
        }
    }
}
