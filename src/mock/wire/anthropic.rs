//! Anthropic's messages: named events around blocks of content; the prompt's tokens come first, the
//! answer's last.

use std::fmt;

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::rng::Rng;
use super::content::Message;
use super::{End, ON_PURPOSE, Piece, Reply, Wire, typed};

/// `POST /v1/messages`.
pub(super) struct Messages;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    max_tokens: Option<u64>,
    messages: Option<Vec<Message>>,
    #[serde(default)]
    stream: bool,
}

impl Wire for Messages {
    fn path(&self) -> &'static str {
        "/v1/messages"
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-api-key", "")
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let messages = body.messages.filter(|messages| !messages.is_empty());
        let messages = messages.ok_or("messages: Field required")?;
        body.max_tokens.ok_or("max_tokens: Field required")?;
        if !body.stream {
            return Err("stream: this simulated service knows true only".to_owned());
        }
        Ok(Reply {
            id: format!("msg_{}", rng.uuid().replace('-', "")),
            model: body.model.unwrap_or_else(|| "mock".to_owned()),
            prompt_tokens: messages.iter().map(|message| message.content.0).sum(),
            usage: true,
            created,
            ..Reply::default()
        })
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        let kind = match status {
            401 => "authentication_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let message = Quoted::utf8(message);
        format!(r#"{{"type":"error","error":{{"type":"{kind}","message":{message}}}}}"#)
    }

    fn open(&self, reply: &Reply, frames: &mut Frames) {
        let model = Quoted::utf8(&reply.model);
        let (id, prompt) = (&reply.id, reply.prompt_tokens);
        typed(
            "message_start",
            format_args!(
                r#""message":{{"id":"{id}","type":"message","role":"assistant","model":{model},"content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{prompt},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}}"#
            ),
            frames,
        );
        if reply.reasons {
            let block = r#"{"type":"thinking","thinking":"","signature":""}"#;
            block_starts(THINKING, block, frames);
        } else {
            block_starts(text_block(reply), TEXT, frames);
        }
        self.keep_alive(frames);
    }

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let text = Quoted::utf8(piece.text);
        block_delta(
            text_block(reply),
            format_args!(r#"{{"type":"text_delta","text":{text}}}"#),
            frames,
        );
    }

    fn reasons(&self) -> bool {
        true
    }

    fn reasoning(&self, _reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let text = Quoted::utf8(piece.text);
        block_delta(
            THINKING,
            format_args!(r#"{{"type":"thinking_delta","thinking":{text}}}"#),
            frames,
        );
    }

    fn reasoned(&self, reply: &Reply, _reasoning: &str, frames: &mut Frames) {
        block_delta(
            THINKING,
            format_args!(r#"{{"type":"signature_delta","signature":"c2ltdWxhdGVk"}}"#),
            frames,
        );
        block_stops(THINKING, frames);
        block_starts(text_block(reply), TEXT, frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.named("ping", format_args!(r#"{{"type": "ping"}}"#));
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        block_stops(text_block(reply), frames);
        let usage = format!(r#","usage":{{"output_tokens":{}}}"#, end.all_tokens());
        let usage = if end.usage { usage.as_str() } else { "" };
        typed(
            "message_delta",
            format_args!(r#""delta":{{"stop_reason":"end_turn","stop_sequence":null}}{usage}"#),
            frames,
        );
        if end.terminal {
            frames.named("message_stop", format_args!(r#"{{"type":"message_stop"}}"#));
        }
    }

    fn error(&self, _reply: &Reply, frames: &mut Frames) {
        typed(
            "error",
            format_args!(r#""error":{{"type":"overloaded_error","message":"{ON_PURPOSE}"}}"#),
            frames,
        );
    }
}

/// The number of the block of reasoning.
const THINKING: u32 = 0;

/// The block of the answer, when it starts.
const TEXT: &str = r#"{"type":"text","text":""}"#;

/// The number of the block of the answer, which that of the reasoning comes before if there is any.
fn text_block(reply: &Reply) -> u32 {
    u32::from(reply.reasons)
}

fn block_starts(index: u32, block: &str, frames: &mut Frames) {
    typed(
        "content_block_start",
        format_args!(r#""index":{index},"content_block":{block}"#),
        frames,
    );
}

fn block_delta(index: u32, delta: fmt::Arguments<'_>, frames: &mut Frames) {
    typed(
        "content_block_delta",
        format_args!(r#""index":{index},"delta":{delta}"#),
        frames,
    );
}

fn block_stops(index: u32, frames: &mut Frames) {
    typed(
        "content_block_stop",
        format_args!(r#""index":{index}"#),
        frames,
    );
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, reasoned, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        let body = r#"{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"你是谁"}]}],"stream":true}"#;
        assert_eq!(accepted(&Messages, body).unwrap().prompt_tokens, 3);
        let error = accepted(&Messages, &body.replace("max_tokens", "max")).unwrap_err();
        assert!(error.starts_with("max_tokens"), "{error}");
        let frames = whole(&Messages, true);
        assert_eq!(frames.len(), 8);
        assert_eq!(
            frames[3],
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{\"type\":\"text_delta\",\"text\":\"豆\"}}\n\n"
        );
        assert_eq!(
            frames[6],
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\
             \"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":2}}\n\n"
        );
    }

    #[test]
    fn thinking_is_a_block_of_its_own_before_the_text() {
        let frames = reasoned(&Messages);
        assert_eq!(frames.len(), 12);
        let parts = [
            (
                1,
                r#""index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            ),
            (
                3,
                r#""index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            ),
            (4, r#""index":0,"delta":{"type":"signature_delta","#),
            (5, r#"{"type":"content_block_stop","index":0}"#),
            (6, r#""index":1,"content_block":{"type":"text","text":""}}"#),
            (7, r#""index":1,"delta":{"type":"text_delta","text":"豆"}}"#),
            (9, r#"{"type":"content_block_stop","index":1}"#),
            (10, r#""usage":{"output_tokens":3}}"#),
        ];
        for (number, part) in parts {
            assert!(frames[number].contains(part), "{}", frames[number]);
        }
    }
}
