//! Recorded streams have the same meaning whole, byte by byte and with other line ends.

use sse_perf::protocol::Protocol;
use sse_perf::record::EventKind::{self, End, Error, Other, Ping, Reasoning, Span, Text};
use sse_perf::sse::{Block, Parser};

use super::{Told, tell};

const DIFY_CHATFLOW: &str = include_str!("../fixtures/dify-chatflow.sse");
const DIFY_FAILED: &str = include_str!("../fixtures/dify-failed.sse");
const OPENAI_KILLED: &str = include_str!("../fixtures/openai-vllm-killed.sse");

fn read(protocol: &str, stream: &str, piece: usize) -> Vec<Told> {
    let protocol = Protocol::builtin(protocol).unwrap();
    let (mut parser, mut decoder) = (Parser::new(1 << 20), protocol.decoder());
    let mut told = Vec::new();
    for bytes in stream.as_bytes().chunks(piece) {
        let fed = parser.feed(bytes, |block| {
            told.push(match block {
                Block::Event(event) => tell(&mut decoder, &event),
                Block::KeepAlive { event } => Told {
                    name: event.to_owned(),
                    kind: Some(Ping),
                    ..Told::default()
                },
            });
        });
        fed.unwrap();
    }
    assert!(!parser.is_mid_block());
    told
}

/// The stream's events and their kinds; asserts that they do not depend on pieces and line ends.
pub(crate) fn read_all_ways(protocol: &str, stream: &str) -> (Vec<Told>, Vec<EventKind>) {
    let told = read(protocol, stream, stream.len());
    for end in ["\n", "\r\n", "\r"] {
        let stream = stream.replace('\n', end);
        for piece in [1, 2, 7, 1400, stream.len()] {
            assert_eq!(read(protocol, &stream, piece), told, "{end:?} by {piece}");
        }
    }
    let kinds = told.iter().filter_map(|t| t.kind).collect();
    (told, kinds)
}

pub(crate) fn joined(told: &[Told], part: impl Fn(&Told) -> &str) -> String {
    told.iter().map(part).collect()
}

#[test]
fn dify_chatflow() {
    let (told, kinds) = read_all_ways("dify-chat", DIFY_CHATFLOW);
    #[rustfmt::skip]
    let expected = [Ping, Other, Span, Span, Reasoning, Text, Text, Text, Other, Span, End, End, Other];
    assert_eq!(kinds, expected);
    assert_eq!(joined(&told, |t| &t.text), "豆腐是\"好\"东西");
    assert_eq!(joined(&told, |t| &t.reasoning), "想一想");
    assert_eq!(told[10].usage, [Some(25), Some(8), None, None]);
    #[rustfmt::skip]
    let ids = ["45701982-8118-4bc5-8e9b-64562b4555f2", "9da23599-e713-473b-982c-4328d4f5c78a"];
    assert_eq!(told[5].ids, ids.map(|id| Some(id.to_owned())));
}

#[test]
fn dify_failed_after_partial_text() {
    let (told, kinds) = read_all_ways("dify-chat", DIFY_FAILED);
    assert_eq!(kinds, [Ping, Text, Error, Error]);
    let error = told[3].error.as_deref().unwrap();
    let begin = "completion_request_error: [openai] Rate";
    assert!(error.starts_with(begin), "{error}");
}

#[test]
fn openai_with_its_engine_killed() {
    let (told, kinds) = read_all_ways("openai-chat", OPENAI_KILLED);
    assert_eq!(kinds, [Other, Text, Error, End]);
    let expected = "500: EngineCore encountered an issue.";
    assert_eq!(told[2].error.as_deref(), Some(expected));
}
