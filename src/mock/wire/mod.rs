//! The wire formats that the simulated service speaks, by path. Another one is a file here and a
//! line in [`WIRES`].

mod dify;
mod openai;

use std::time::Duration;

use super::frames::Frames;
use super::rng::Rng;

/// The formats.
const WIRES: &[&dyn Wire] = &[&dify::Chat, &openai::Chat];

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
}

/// What is known of an answer at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// Tokens that were sent.
    pub(super) tokens: u32,
    /// Time since the request had been read.
    pub(super) latency: Duration,
    /// Whether usage is sent.
    pub(super) usage: bool,
    /// Whether the event that ends the stream is sent.
    pub(super) terminal: bool,
}

/// One API's requests, events and errors.
pub(super) trait Wire: Sync {
    /// The end of the path at which it is spoken.
    fn path(&self) -> &'static str;

    /// Reads a request's body, and says what the answer will be; or else what is wrong with it, for
    /// a response of status 400.
    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String>;

    /// The body of an HTTP error.
    fn error_body(&self, status: u16, message: &str) -> String;

    /// What is sent with the response's head, before there is any text.
    fn open(&self, reply: &Reply, frames: &mut Frames);

    /// A piece of text.
    fn text(&self, reply: &Reply, text: &str, frames: &mut Frames);

    /// A sign of life while there is no text.
    fn keep_alive(&self, frames: &mut Frames);

    /// What follows the last text.
    fn end(&self, reply: &Reply, end: &End, frames: &mut Frames);

    /// An error in the stream, and what follows it.
    fn error(&self, reply: &Reply, frames: &mut Frames);
}

/// The message of errors that are made on purpose.
pub(super) const ON_PURPOSE: &str = "this failure is simulated";

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
    fn a_prefix_before_the_path_is_fine() {
        for (path, expected) in [
            ("/v1/chat-messages", Some("/v1/chat-messages")),
            ("/api/dify/v1/chat-messages", Some("/v1/chat-messages")),
            ("/v1/chat/completions", Some("/v1/chat/completions")),
            ("/chat-messages", None),
            ("/v1/chat-messages/", None),
            ("/", None),
        ] {
            assert_eq!(at(path).map(Wire::path), expected, "{path}");
        }
    }
}
