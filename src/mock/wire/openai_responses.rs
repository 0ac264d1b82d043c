//! `OpenAI`'s responses: named events, a sequence number in each, usage with the last.

use std::fmt;

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::passage;
use super::super::rng::Rng;
use super::content::Message;
use super::openai::error_body;
use super::{End, ON_PURPOSE, Piece, Reply, Wire, typed};

/// `POST /v1/responses`.
pub(super) struct Responses;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    input: Option<Input>,
    #[serde(default)]
    stream: bool,
}

/// A text, or messages.
#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Messages(Vec<Message>),
}

impl Wire for Responses {
    fn path(&self) -> &'static str {
        "/v1/responses"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let prompt_tokens = match body.input.ok_or("Missing required parameter: 'input'.")? {
            Input::Text(text) => passage::count(&text),
            Input::Messages(messages) => messages.iter().map(|message| message.content.0).sum(),
        };
        if !body.stream {
            return Err("'stream': this simulated service knows true only".to_owned());
        }
        Ok(Reply {
            id: format!("resp_{}", rng.uuid().replace('-', "")),
            model: body.model.unwrap_or_else(|| "mock".to_owned()),
            prompt_tokens,
            usage: true,
            created,
            ..Reply::default()
        })
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        error_body(status, message)
    }

    fn open(&self, reply: &Reply, frames: &mut Frames) {
        for name in ["response.created", "response.in_progress"] {
            response(name, reply, "in_progress", format_args!("null"), frames);
        }
        typed(
            "response.output_item.added",
            format_args!(
                r#""output_index":0,"item":{{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#
            ),
            frames,
        );
        typed(
            "response.content_part.added",
            format_args!(
                r#""item_id":"msg_1","output_index":0,"content_index":0,"part":{{"type":"output_text","text":"","annotations":[]}}"#
            ),
            frames,
        );
    }

    fn text(&self, _reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let text = Quoted::utf8(piece.text);
        typed(
            "response.output_text.delta",
            format_args!(
                r#""item_id":"msg_1","output_index":0,"content_index":0,"delta":{text},"logprobs":[]"#
            ),
            frames,
        );
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("keep-alive");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        let text = Quoted::utf8(end.text);
        typed(
            "response.output_text.done",
            format_args!(
                r#""item_id":"msg_1","output_index":0,"content_index":0,"text":{text},"logprobs":[]"#
            ),
            frames,
        );
        if !end.terminal {
            return;
        }
        let (input, output) = (reply.prompt_tokens, u64::from(end.tokens));
        let usage = format!(
            r#"{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{}}}"#,
            input + output
        );
        let usage = if end.usage { usage.as_str() } else { "null" };
        response(
            "response.completed",
            reply,
            "completed",
            format_args!("{usage}"),
            frames,
        );
    }

    fn error(&self, _reply: &Reply, frames: &mut Frames) {
        typed(
            "error",
            format_args!(r#""code":"server_error","message":"{ON_PURPOSE}","param":null"#),
            frames,
        );
    }
}

/// Adds an event about the whole response.
fn response(
    name: &str,
    reply: &Reply,
    status: &str,
    usage: fmt::Arguments<'_>,
    frames: &mut Frames,
) {
    let model = Quoted::utf8(&reply.model);
    let Reply { id, created, .. } = reply;
    typed(
        name,
        format_args!(
            r#""response":{{"id":"{id}","object":"response","created_at":{created},"status":"{status}","error":null,"incomplete_details":null,"model":{model},"output":[],"usage":{usage}}}"#
        ),
        frames,
    );
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        for input in [r#""你是谁""#, r#"[{"role":"user","content":"你是谁"}]"#] {
            let body = format!(r#"{{"input":{input},"stream":true}}"#);
            assert_eq!(accepted(&Responses, &body).unwrap().prompt_tokens, 3);
        }
        assert!(accepted(&Responses, r#"{"input":"x"}"#).is_err());
        let frames = whole(&Responses, true);
        assert_eq!(frames.len(), 8);
        assert_eq!(
            frames[4],
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\
             \"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"豆\",\
             \"logprobs\":[]}\n\n"
        );
        assert!(frames[7].starts_with("event: response.completed\n"));
        let usage = r#""usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"#;
        assert!(frames[7].contains(usage), "{}", frames[7]);
        assert!(whole(&Responses, false)[7].ends_with("\"usage\":null}}\n\n"));
    }
}
