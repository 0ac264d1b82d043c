//! `OpenAI`'s text completions.

use std::fmt;

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::rng::Rng;
use super::content::Tokens;
use super::openai::{StreamOptions, error, error_body, usage};
use super::{End, Piece, Reply, Wire};

/// `POST /v1/completions`.
pub(super) struct Completions;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    prompt: Option<Tokens>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
}

impl Wire for Completions {
    fn path(&self) -> &'static str {
        "/v1/completions"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let prompt = body.prompt.ok_or("Missing required parameter: 'prompt'.")?;
        if !body.stream {
            return Err("'stream': this simulated service knows true only".to_owned());
        }
        Ok(Reply {
            id: format!("cmpl-{}", rng.uuid().replace('-', "")),
            model: body.model.unwrap_or_else(|| "mock".to_owned()),
            prompt_tokens: prompt.0,
            usage: body
                .stream_options
                .is_some_and(|options| options.include_usage),
            created,
            ..Reply::default()
        })
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        error_body(status, message)
    }

    fn open(&self, _reply: &Reply, _frames: &mut Frames) {}

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        choice(reply, piece.text, "null", frames);
    }

    fn reasons(&self) -> bool {
        true
    }

    /// As `OpenRouter` has it: beside a text that is empty.
    fn reasoning(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let text = Quoted::utf8(piece.text);
        chunk(
            reply,
            format_args!(
                r#"[{{"index":0,"text":"","reasoning":{text},"logprobs":null,"finish_reason":null}}]"#
            ),
            frames,
        );
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("keep-alive");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        choice(reply, "", r#""stop""#, frames);
        if end.usage {
            let usage = usage(reply, end);
            chunk(reply, format_args!(r#"[],"usage":{usage}"#), frames);
        }
        if end.terminal {
            frames.data(format_args!("[DONE]"));
        }
    }

    fn error(&self, _reply: &Reply, frames: &mut Frames) {
        error(frames);
    }
}

/// Adds a chunk with one choice.
fn choice(reply: &Reply, text: &str, finish: &str, frames: &mut Frames) {
    let text = Quoted::utf8(text);
    chunk(
        reply,
        format_args!(r#"[{{"index":0,"text":{text},"logprobs":null,"finish_reason":{finish}}}]"#),
        frames,
    );
}

/// Adds a chunk with those choices, and whatever follows them.
fn chunk(reply: &Reply, choices: fmt::Arguments<'_>, frames: &mut Frames) {
    let model = Quoted::utf8(&reply.model);
    let Reply { id, created, .. } = reply;
    frames.data(format_args!(
        r#"{{"id":"{id}","object":"text_completion","created":{created},"model":{model},"choices":{choices}}}"#
    ));
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, reasoned, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        let body = r#"{"prompt":"你是谁","stream":true,"stream_options":{"include_usage":true}}"#;
        let reply = accepted(&Completions, body).unwrap();
        assert!(reply.usage && reply.prompt_tokens == 3 && reply.id.starts_with("cmpl-"));
        assert!(accepted(&Completions, r#"{"stream":true}"#).is_err());
        let head = r#"data: {"id":"i1","object":"text_completion","created":1700000000,"model":"m","choices":"#;
        let tails = [
            r#"[{"index":0,"text":"豆","logprobs":null,"finish_reason":null}]}"#,
            r#"[{"index":0,"text":" \"b\"","logprobs":null,"finish_reason":null}]}"#,
            r#"[{"index":0,"text":"","logprobs":null,"finish_reason":"stop"}]}"#,
            r#"[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#,
        ];
        let mut expected = tails.map(|tail| format!("{head}{tail}\n\n")).to_vec();
        expected.push("data: [DONE]\n\n".to_owned());
        assert_eq!(whole(&Completions, true), expected);
        let reasoning =
            r#"[{"index":0,"text":"","reasoning":"hm","logprobs":null,"finish_reason":null}]}"#;
        assert_eq!(reasoned(&Completions)[0], format!("{head}{reasoning}\n\n"));
    }
}
