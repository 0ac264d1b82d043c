//! Gemini's stream: JSON with spaces after commas only, no terminal event but a finish reason, usage
//! in every event.

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::http::reason;
use super::super::rng::Rng;
use super::content::Tokens;
use super::{End, ON_PURPOSE, Piece, Reply, Wire};

/// `POST /v1beta/models/MODEL:streamGenerateContent`.
pub(super) struct Gemini;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    contents: Option<Vec<Content>>,
}

/// One message of the conversation so far.
#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Tokens,
}

impl Wire for Gemini {
    fn path(&self) -> &'static str {
        ":streamGenerateContent"
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-goog-api-key", "")
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let contents = body.contents.filter(|contents| !contents.is_empty());
        let contents = contents.ok_or("contents is not specified")?;
        Ok(Reply {
            id: rng.uuid().replace('-', ""),
            prompt_tokens: contents.iter().map(|content| content.parts.0).sum(),
            usage: true,
            created,
            ..Reply::default()
        })
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        let name = reason(status).to_ascii_uppercase().replace(' ', "_");
        let message = Quoted::utf8(message);
        format!(
            "{{\n  \"error\": {{\n    \"code\": {status},\n    \"message\": {message},\n    \
             \"status\": \"{name}\"\n  }}\n}}\n"
        )
    }

    fn open(&self, _reply: &Reply, _frames: &mut Frames) {}

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let usage = usage(reply, piece.tokens, piece.reasoning_tokens);
        candidate(reply, piece.text, ANSWER, "", &usage, frames);
    }

    fn reasons(&self) -> bool {
        true
    }

    fn reasoning(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let usage = usage(reply, piece.tokens, piece.reasoning_tokens);
        candidate(reply, piece.text, THOUGHT, "", &usage, frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("keep-alive");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        let usage = usage(reply, end.tokens, end.reasoning_tokens);
        let usage = if end.usage { usage.as_str() } else { "" };
        let finish = if end.terminal {
            r#""finishReason": "STOP","#
        } else {
            ""
        };
        candidate(reply, "", ANSWER, finish, usage, frames);
    }

    fn error(&self, _reply: &Reply, frames: &mut Frames) {
        // Not in an event.
        let body = self.error_body(503, ON_PURPOSE);
        frames.piece(format_args!("{body}"));
    }
}

/// What marks a part of the answer: nothing.
const ANSWER: &str = "";

/// What marks a part of the reasoning.
const THOUGHT: &str = r#","thought": true"#;

/// The counts so far; that of thoughts, which is not in that of candidates, where there are any.
fn usage(reply: &Reply, tokens: u32, thoughts: u32) -> String {
    let (prompt, answer) = (reply.prompt_tokens, u64::from(tokens));
    let total = prompt + answer + u64::from(thoughts);
    let thoughts = match thoughts {
        0 => String::new(),
        count => format!(r#","thoughtsTokenCount": {count}"#),
    };
    format!(
        r#""usageMetadata": {{"promptTokenCount": {prompt},"candidatesTokenCount": {answer},"totalTokenCount": {total}{thoughts}}},"#
    )
}

fn candidate(
    reply: &Reply,
    text: &str,
    mark: &str,
    finish: &str,
    usage: &str,
    frames: &mut Frames,
) {
    let (id, text) = (&reply.id, Quoted::utf8(text));
    let usage = if reply.usage { usage } else { "" };
    frames.data(format_args!(
        r#"{{"candidates": [{{"content": {{"parts": [{{"text": {text}{mark}}}],"role": "model"}},{finish}"index": 0}}],{usage}"modelVersion": "mock","responseId": "{id}"}}"#
    ));
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, reasoned, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        let body = r#"{"contents":[{"parts":[{"text":"你是"},{"text":"谁"}]}]}"#;
        assert_eq!(accepted(&Gemini, body).unwrap().prompt_tokens, 3);
        assert!(accepted(&Gemini, "{}").is_err());
        let frames = whole(&Gemini, true);
        assert_eq!(
            frames[0],
            "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"豆\"}],\"role\": \
             \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 3,\
             \"candidatesTokenCount\": 1,\"totalTokenCount\": 4},\"modelVersion\": \"mock\",\
             \"responseId\": \"i1\"}\n\n"
        );
        assert!(frames[2].contains(r#""finishReason": "STOP","#));
        assert!(!whole(&Gemini, false).concat().contains("usage"));
        let frames = reasoned(&Gemini);
        assert!(frames[0].contains(r#""parts": [{"text": "hm","thought": true}]"#));
        assert!(frames[1].contains(r#""parts": [{"text": "豆"}]"#));
        let usage = r#""candidatesTokenCount": 2,"totalTokenCount": 6,"thoughtsTokenCount": 1}"#;
        assert!(frames[3].contains(usage), "{}", frames[3]);
    }
}
