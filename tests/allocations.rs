//! Parsing and decoding an event allocates nothing in the steady state.

use std::sync::Arc;

use allocation_counter::measure;
use sse_perf::protocol::{Decoder, Protocol, estimate_tokens};
use sse_perf::sse::{Block, Parser};

/// Texts without escapes.
const PLAIN: [&str; 2] = [" plain", "你好，世界"];
/// Texts with escapes, some of them unnecessary.
const ESCAPED: [&str; 2] = [
    r#" a \"quoted\" word,\n\tand a path\\to \/ it"#,
    r"\u4f60\u597d \ud83d\ude00",
];

/// A stream's bytes: an event for each text.
fn stream(texts: &[&str], event: impl Fn(&str) -> String) -> Vec<u8> {
    texts
        .iter()
        .flat_map(|text| format!("data: {}\n\n", event(text)).into_bytes())
        .collect()
}

fn dify(text: &str) -> String {
    format!(
        r#"{{"event":"message","conversation_id":"c-1","message_id":"m-1","created_at":1770152706,"task_id":"t-1","answer":"{text}","metadata":{{"usage":{{"prompt_tokens":3,"completion_tokens":5}},"note":"x"}}}}"#
    )
}

fn openai(text: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{{"index":0,"delta":{{"content":"{text}","reasoning_content":"{text}"}},"finish_reason":null}}],"usage":{{"prompt_tokens":3,"completion_tokens":5}}}}"#
    )
}

/// Feeds the bytes in pieces of `piece` bytes; returns the number of tokens.
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

/// The number of allocations in a hundred streams after a first one, for the worst of three sizes of
/// pieces.
fn most_allocations(name: &str, think_tags: bool, bytes: &[u8]) -> u64 {
    let mut parser = Parser::new(1 << 20);
    let mut protocol = Protocol::builtin(name).expect("it is built in");
    Arc::make_mut(&mut protocol).think_tags = think_tags;
    let mut decoder = protocol.decoder();
    let pieces = [usize::MAX, 1_400, 7].map(|piece| piece.min(bytes.len()));
    let counts = pieces.map(|piece| {
        let expected = feed(&mut parser, &mut decoder, bytes, piece);
        assert!(expected > 0);
        let mut tokens = 0;
        let counted = measure(|| {
            for _ in 0..100 {
                tokens += feed(&mut parser, &mut decoder, bytes, piece);
            }
        });
        assert_eq!(tokens, 100 * expected);
        counted.count_total
    });
    counts.into_iter().max().unwrap_or_default()
}

#[test]
fn decoding_allocates_nothing_in_the_steady_state() {
    for texts in [PLAIN, ESCAPED] {
        for tags in [false, true] {
            assert_eq!(
                most_allocations("dify-chat", tags, &stream(&texts, dify)),
                0
            );
            assert_eq!(
                most_allocations("openai-chat", tags, &stream(&texts, openai)),
                0
            );
        }
    }
}
