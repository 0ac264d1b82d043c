//! Cohere's chat, version 2: named events, usage with the last.

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::rng::Rng;
use super::content::Message;
use super::{End, ON_PURPOSE, Piece, Reply, Wire, typed};

/// `POST /v2/chat`.
pub(super) struct Chat;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    messages: Option<Vec<Message>>,
    #[serde(default)]
    stream: bool,
}

impl Wire for Chat {
    fn path(&self) -> &'static str {
        "/v2/chat"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let messages = body.messages.filter(|messages| !messages.is_empty());
        let messages = messages.ok_or("invalid request: messages must not be empty")?;
        if !body.stream {
            return Err("stream: this simulated service knows true only".to_owned());
        }
        Ok(Reply {
            id: rng.uuid(),
            prompt_tokens: messages.iter().map(|message| message.content.0).sum(),
            usage: true,
            created,
            ..Reply::default()
        })
    }

    fn error_body(&self, _status: u16, message: &str) -> String {
        let message = Quoted::utf8(message);
        format!(r#"{{"message":{message}}}"#)
    }

    fn open(&self, reply: &Reply, frames: &mut Frames) {
        let id = &reply.id;
        frames.named(
            "message-start",
            format_args!(
                r#"{{"id":"{id}","type":"message-start","delta":{{"message":{{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}}}}"#
            ),
        );
        if reply.reasons {
            content_starts(THINKING, "thinking", frames);
        } else {
            content_starts(text_content(reply), "text", frames);
        }
    }

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        content_delta(text_content(reply), "text", piece.text, frames);
    }

    fn reasons(&self) -> bool {
        true
    }

    fn reasoning(&self, _reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        content_delta(THINKING, "thinking", piece.text, frames);
    }

    fn reasoned(&self, reply: &Reply, _reasoning: &str, frames: &mut Frames) {
        content_ends(THINKING, frames);
        content_starts(text_content(reply), "text", frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("keep-alive");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        content_ends(text_content(reply), frames);
        if !end.terminal {
            return;
        }
        let (input, output) = (reply.prompt_tokens, end.all_tokens());
        let usage = format!(
            r#","usage":{{"billed_units":{{"input_tokens":{input},"output_tokens":{output}}},"tokens":{{"input_tokens":{input},"output_tokens":{output}}}}}"#
        );
        let usage = if end.usage { usage.as_str() } else { "" };
        typed(
            "message-end",
            format_args!(r#""delta":{{"finish_reason":"COMPLETE"{usage}}}"#),
            frames,
        );
    }

    fn error(&self, _reply: &Reply, frames: &mut Frames) {
        typed(
            "message-end",
            format_args!(r#""delta":{{"error":"{ON_PURPOSE}","finish_reason":"ERROR"}}"#),
            frames,
        );
    }
}

/// The number of the content that is reasoning.
const THINKING: u32 = 0;

/// The number of the content that is the answer, which the reasoning comes before if there is any.
fn text_content(reply: &Reply) -> u32 {
    u32::from(reply.reasons)
}

fn content_starts(index: u32, kind: &str, frames: &mut Frames) {
    typed(
        "content-start",
        format_args!(
            r#""index":{index},"delta":{{"message":{{"content":{{"type":"{kind}","{kind}":""}}}}}}"#
        ),
        frames,
    );
}

fn content_delta(index: u32, kind: &str, text: &str, frames: &mut Frames) {
    let text = Quoted::utf8(text);
    typed(
        "content-delta",
        format_args!(r#""index":{index},"delta":{{"message":{{"content":{{"{kind}":{text}}}}}}}"#),
        frames,
    );
}

fn content_ends(index: u32, frames: &mut Frames) {
    typed("content-end", format_args!(r#""index":{index}"#), frames);
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, reasoned, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        let body = r#"{"messages":[{"role":"user","content":"你是谁"}],"stream":true}"#;
        assert_eq!(accepted(&Chat, body).unwrap().prompt_tokens, 3);
        assert!(accepted(&Chat, r#"{"messages":[],"stream":true}"#).is_err());
        let frames = whole(&Chat, true);
        assert_eq!(frames.len(), 6);
        assert_eq!(
            frames[2],
            "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":\
             {\"message\":{\"content\":{\"text\":\"豆\"}}}}\n\n"
        );
        assert_eq!(
            frames[5],
            "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\
             \"COMPLETE\",\"usage\":{\"billed_units\":{\"input_tokens\":3,\"output_tokens\":2},\
             \"tokens\":{\"input_tokens\":3,\"output_tokens\":2}}}}\n\n"
        );
    }

    #[test]
    fn thinking_is_a_content_of_its_own_before_the_text() {
        let frames = reasoned(&Chat);
        assert_eq!(frames.len(), 9);
        for (number, part) in [
            (
                1,
                r#""index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}"#,
            ),
            (
                2,
                r#""index":0,"delta":{"message":{"content":{"thinking":"hm"}}}"#,
            ),
            (3, r#"{"type":"content-end","index":0}"#),
            (
                4,
                r#""index":1,"delta":{"message":{"content":{"type":"text","text":""}}}"#,
            ),
            (
                5,
                r#""index":1,"delta":{"message":{"content":{"text":"豆"}}}"#,
            ),
            (8, r#""output_tokens":3}}}"#),
        ] {
            assert!(frames[number].contains(part), "{}", frames[number]);
        }
    }
}
