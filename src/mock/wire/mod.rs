//! The wire formats that the simulated service speaks, by path. Another one is a file here and a
//! line in [`WIRES`].

mod anthropic;
mod cohere;
mod content;
mod dify;
mod dify_completion;
mod dify_workflow;
mod gemini;
mod openai;
mod openai_completions;
mod openai_responses;
mod sglang;
mod tgi;

use std::fmt;
use std::time::Duration;

use super::frames::Frames;
use super::rng::Rng;

/// The formats.
const WIRES: &[&dyn Wire] = &[
    &dify::Chat,
    &dify_completion::Completion,
    &dify_workflow::Workflow,
    &openai::Chat,
    &openai_completions::Completions,
    &openai_responses::Responses,
    &anthropic::Messages,
    &gemini::Gemini,
    &tgi::GenerateStream,
    &sglang::Generate,
    &cohere::Chat,
];

/// The format that is spoken at a path; a prefix before the format's own path is fine.
pub(super) fn at(path: &str) -> Option<&'static dyn Wire> {
    WIRES
        .iter()
        .copied()
        .find(|wire| path.ends_with(wire.path()))
}

/// The paths at which something is spoken.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    WIRES.iter().map(|wire| wire.path())
}

/// What is known of an answer when its request has been accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// The answer's identifier: what a client records as `message_id`.
    pub(super) id: String,
    /// The conversation's identifier, as given or new; empty in formats that have none.
    pub(super) conversation_id: String,
    /// The identifier of the work on it; empty in formats that have none.
    pub(super) task_id: String,
    /// The model's name; empty in formats that have none.
    pub(super) model: String,
    /// Tokens of the prompt.
    pub(super) prompt_tokens: u64,
    /// Whether the request asks for usage, or the format always sends it.
    pub(super) usage: bool,
    /// When it began, in seconds of the Unix epoch.
    pub(super) created: i64,
    /// Whether reasoning comes before the answer.
    pub(super) reasons: bool,
}

/// A piece of an answer's text, or of its reasoning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    /// Its text.
    pub(super) text: &'a str,
    /// The text so far, this piece included.
    pub(super) so_far: &'a str,
    /// The answer's tokens so far, this piece's included.
    pub(super) tokens: u32,
    /// Those of the reasoning.
    pub(super) reasoning_tokens: u32,
}

/// What is known of an answer at its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End<'a> {
    /// The answer's whole text, without its reasoning.
    pub(super) text: &'a str,
    /// Tokens of the answer that were sent.
    pub(super) tokens: u32,
    /// Tokens of the reasoning that were sent.
    pub(super) reasoning_tokens: u32,
    /// Time since the request had been read.
    pub(super) latency: Duration,
    /// How much of that had passed when the work before the text was done.
    pub(super) prepared: Duration,
    /// Whether usage is sent.
    pub(super) usage: bool,
    /// Whether the event that ends the stream is sent.
    pub(super) terminal: bool,
}

impl End<'_> {
    /// All tokens that were sent.
    fn all_tokens(&self) -> u64 {
        u64::from(self.tokens) + u64::from(self.reasoning_tokens)
    }
}

/// One API's requests, events and errors.
pub(super) trait Wire: Sync {
    /// The end of the path at which it is spoken.
    fn path(&self) -> &'static str;

    /// The header in which it takes a key, and what stands before the key there.
    fn key_header(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer ")
    }

    /// Reads a request's body, and says what the answer will be; or else what is wrong with it, for
    /// a response of status 400.
    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String>;

    /// The body of an HTTP error.
    fn error_body(&self, status: u16, message: &str) -> String;

    /// What is sent with the response's head, before there is any text.
    fn open(&self, reply: &Reply, frames: &mut Frames);

    /// Whether it tells of work that comes before the text.
    fn prepares(&self) -> bool {
        false
    }

    /// What tells that this work is done, so long after the request.
    fn prepared(&self, _reply: &Reply, _elapsed: Duration, _frames: &mut Frames) {}

    /// A piece of text.
    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames);

    /// Whether it has a place for reasoning before the answer.
    fn reasons(&self) -> bool {
        false
    }

    /// A piece of reasoning.
    fn reasoning(&self, _reply: &Reply, _piece: Piece<'_>, _frames: &mut Frames) {}

    /// What follows the last piece of the reasoning, which is that text.
    fn reasoned(&self, _reply: &Reply, _reasoning: &str, _frames: &mut Frames) {}

    /// A sign of life while there is no text.
    fn keep_alive(&self, frames: &mut Frames);

    /// What follows the last text.
    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames);

    /// An error in the stream, and what follows it.
    fn error(&self, reply: &Reply, frames: &mut Frames);
}

/// The message of errors that are made on purpose.
pub(super) const ON_PURPOSE: &str = "this failure is simulated";

/// Adds an event of that name with those members, beside one that tells its type once more: as several
/// services have it.
fn typed(name: &str, members: fmt::Arguments<'_>, frames: &mut Frames) {
    frames.named(name, format_args!(r#"{{"type":"{name}",{members}}}"#));
}

/// The first piece of an answer, for tests.
#[cfg(test)]
fn first_piece(text: &str) -> Piece<'_> {
    Piece {
        text,
        so_far: text,
        tokens: 1,
        reasoning_tokens: 0,
    }
}

/// The frames of an answer with an id and a text of two tokens, in two pieces, for tests.
#[cfg(test)]
fn whole(wire: &dyn Wire, usage: bool) -> Vec<String> {
    answer(wire, usage, 0)
}

/// The same after one token of reasoning, for tests.
#[cfg(test)]
fn reasoned(wire: &dyn Wire) -> Vec<String> {
    assert!(wire.reasons());
    answer(wire, true, 1)
}

#[cfg(test)]
fn answer(wire: &dyn Wire, usage: bool, reasoning_tokens: u32) -> Vec<String> {
    let reply = Reply {
        id: "i1".into(),
        conversation_id: "c1".into(),
        task_id: "t1".into(),
        model: "m".into(),
        prompt_tokens: 3,
        usage,
        created: 1_700_000_000,
        reasons: reasoning_tokens > 0,
    };
    let end = End {
        text: "豆 \"b\"",
        tokens: 2,
        reasoning_tokens,
        latency: Duration::from_millis(1_250),
        prepared: Duration::from_millis(120),
        usage,
        terminal: true,
    };
    let piece = |text, so_far, tokens| Piece {
        text,
        so_far,
        tokens,
        reasoning_tokens,
    };
    let second = piece(" \"b\"", end.text, 2);
    written(|frames| {
        wire.open(&reply, frames);
        wire.prepared(&reply, end.prepared, frames);
        if reply.reasons {
            wire.reasoning(&reply, piece("hm", "hm", 0), frames);
            wire.reasoned(&reply, "hm", frames);
        }
        wire.text(&reply, piece("豆", "豆", 1), frames);
        wire.text(&reply, second, frames);
        wire.end(&reply, &end, frames);
    })
}

/// What a format makes of a request's body, for tests.
#[cfg(test)]
fn accepted(wire: &dyn Wire, body: &str) -> Result<Reply, String> {
    let mut rng = Rng::new(0, 1, super::rng::Purpose::Ids);
    wire.accept(body.as_bytes(), 1_700_000_000, &mut rng)
}

/// Frames as text, not chunked, for comparison with what a format should look like.
#[cfg(test)]
fn written(fill: impl FnOnce(&mut Frames)) -> Vec<String> {
    let mut frames = Frames::new(super::frames::LineEnd::Lf);
    frames.restart(false);
    fill(&mut frames);
    let text = |frame: &[u8]| String::from_utf8(frame.to_vec()).expect("text");
    frames.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_formats_but_two_have_a_place_for_reasoning() {
        let without = WIRES.iter().filter(|wire| !wire.reasons());
        let without: Vec<_> = without.map(|wire| wire.path()).collect();
        assert_eq!(without, ["/generate_stream", "/generate"]);
    }

    #[test]
    fn a_prefix_before_the_path_is_fine() {
        for (path, expected) in [
            ("/v1/chat-messages", Some("/v1/chat-messages")),
            ("/api/dify/v1/chat-messages", Some("/v1/chat-messages")),
            ("/v1/chat/completions", Some("/v1/chat/completions")),
            ("/v1/completions", Some("/v1/completions")),
            ("/generate_stream", Some("/generate_stream")),
            ("/sglang/generate", Some("/generate")),
            (
                "/v1beta/models/m:streamGenerateContent",
                Some(":streamGenerateContent"),
            ),
            ("/chat-messages", None),
            ("/v1/chat-messages/", None),
            ("/", None),
        ] {
            assert_eq!(at(path).map(Wire::path), expected, "{path}");
        }
    }
}
