//! `OpenAI`'s chat completions: compact JSON, a role-only delta at once, usage in a chunk of its own
//! where the request asks for it, `[DONE]`.

use std::fmt;

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::rng::Rng;
use super::content::Message;
use super::{End, ON_PURPOSE, Piece, Reply, Wire};

/// `POST /v1/chat/completions`.
pub(super) struct Chat;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
}

/// What is said about the stream.
#[derive(Deserialize)]
pub(super) struct StreamOptions {
    #[serde(default)]
    pub(super) include_usage: bool,
}

impl Wire for Chat {
    fn path(&self) -> &'static str {
        "/v1/chat/completions"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let messages = body.messages.filter(|messages| !messages.is_empty());
        let messages = messages.ok_or("Missing required parameter: 'messages'.")?;
        if !body.stream {
            return Err("'stream': this simulated service knows true only".to_owned());
        }
        Ok(Reply {
            id: format!("chatcmpl-{}", rng.uuid().replace('-', "")),
            conversation_id: String::new(),
            task_id: String::new(),
            model: body.model.unwrap_or_else(|| "mock".to_owned()),
            prompt_tokens: messages.iter().map(|message| message.content.0).sum(),
            usage: body
                .stream_options
                .is_some_and(|options| options.include_usage),
            created,
            reasons: false,
        })
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        error_body(status, message)
    }

    fn open(&self, reply: &Reply, frames: &mut Frames) {
        choice(
            reply,
            format_args!(r#"{{"role":"assistant","content":""}}"#),
            "null",
            frames,
        );
    }

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        delta(reply, "content", piece.text, frames);
    }

    fn reasons(&self) -> bool {
        true
    }

    /// As vLLM and `DeepSeek` name it.
    fn reasoning(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        delta(reply, "reasoning_content", piece.text, frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("keep-alive");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        choice(reply, format_args!("{{}}"), r#""stop""#, frames);
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

/// The token counts; what of them is reasoning, only where there is any.
pub(super) fn usage(reply: &Reply, end: &End<'_>) -> String {
    let (prompt, completion) = (reply.prompt_tokens, end.all_tokens());
    let total = prompt + completion;
    let details = match end.reasoning_tokens {
        0 => String::new(),
        reasoning => {
            format!(r#","completion_tokens_details":{{"reasoning_tokens":{reasoning}}}"#)
        }
    };
    format!(
        r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total}{details}}}"#
    )
}

/// The body of an HTTP error.
pub(super) fn error_body(status: u16, message: &str) -> String {
    let (kind, code) = match status {
        401 => ("invalid_request_error", r#""invalid_api_key""#),
        429 => ("requests", r#""rate_limit_exceeded""#),
        500.. => ("server_error", "null"),
        _ => ("invalid_request_error", "null"),
    };
    let message = Quoted::utf8(message);
    format!(r#"{{"error":{{"message":{message},"type":"{kind}","param":null,"code":{code}}}}}"#)
}

/// An error in the stream, as vLLM sends it when its engine dies: `[DONE]` comes all the same.
pub(super) fn error(frames: &mut Frames) {
    frames.data(format_args!(
        r#"{{"error":{{"message":"{ON_PURPOSE}","type":"InternalServerError","param":null,"code":500}}}}"#
    ));
    frames.data(format_args!("[DONE]"));
}

/// Adds a chunk whose delta is a piece of text under that name.
fn delta(reply: &Reply, name: &str, text: &str, frames: &mut Frames) {
    let text = Quoted::utf8(text);
    choice(
        reply,
        format_args!(r#"{{"{name}":{text}}}"#),
        "null",
        frames,
    );
}

/// Adds a chunk with one choice.
fn choice(reply: &Reply, delta: fmt::Arguments<'_>, finish: &str, frames: &mut Frames) {
    chunk(
        reply,
        format_args!(r#"[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]"#),
        frames,
    );
}

/// Adds a chunk with those choices, and whatever follows them.
fn chunk(reply: &Reply, choices: fmt::Arguments<'_>, frames: &mut Frames) {
    let model = Quoted::utf8(&reply.model);
    let Reply { id, created, .. } = reply;
    frames.data(format_args!(
        r#"{{"id":"{id}","object":"chat.completion.chunk","created":{created},"model":{model},"choices":{choices}}}"#
    ));
}

#[cfg(test)]
mod tests {
    use super::super::super::rng::Purpose;
    use super::super::{first_piece, reasoned, written};
    use super::*;

    fn accept(body: &str) -> Result<Reply, String> {
        let mut rng = Rng::new(0, 1, Purpose::Ids);
        Chat.accept(body.as_bytes(), 1_700_000_000, &mut rng)
    }

    #[test]
    fn requests_are_read() {
        let reply = accept(
            r#"{"model":"m","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":[{"type":"text","text":"你是谁"},{"type":"image_url","image_url":{"url":"x"}}]},{"role":"assistant","content":null}],"stream":true,"stream_options":{"include_usage":true}}"#,
        )
        .expect("a request");
        assert_eq!(reply.prompt_tokens, 5);
        assert_eq!(reply.model, "m");
        assert!(reply.usage);
        assert_eq!(reply.id.len(), 41, "{}", reply.id);
        let plain = accept(r#"{"messages":[{"content":"x"}],"stream":true}"#).expect("a request");
        assert!(!plain.usage);
    }

    #[test]
    fn requests_that_lack_something_are_refused() {
        for (body, part) in [
            ("{", "EOF"),
            ("{}", "'messages'"),
            (r#"{"messages":[],"stream":true}"#, "'messages'"),
            (
                r#"{"messages":[{"content":1}],"stream":true}"#,
                "a text or a list",
            ),
            (r#"{"messages":[{"content":"x"}]}"#, "'stream'"),
        ] {
            let error = accept(body).expect_err(body);
            assert!(error.contains(part), "{body}: {error}");
        }
        assert_eq!(
            Chat.error_body(401, "no"),
            r#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#
        );
    }

    #[test]
    fn chunks_look_like_those_of_openai() {
        let reply = Reply {
            id: "chatcmpl-1".into(),
            model: "m".into(),
            prompt_tokens: 3,
            created: 1_700_000_000,
            ..Reply::default()
        };
        let end = End {
            tokens: 2,
            usage: true,
            terminal: true,
            ..End::default()
        };
        let head = r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":"#;
        let expected = [
            r#"[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"[{"index":0,"delta":{"content":" 豆 \""},"finish_reason":null}]}"#,
            r#"[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            r#"[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#,
        ];
        let mut expected: Vec<_> = expected.map(|tail| format!("{head}{tail}\n\n")).to_vec();
        expected.push("data: [DONE]\n\n".to_owned());
        let frames = written(|frames| {
            Chat.open(&reply, frames);
            Chat.text(&reply, first_piece(" 豆 \""), frames);
            Chat.end(&reply, &end, frames);
        });
        assert_eq!(frames, expected);
    }

    #[test]
    fn reasoning_comes_in_deltas_of_its_own_and_is_counted() {
        let frames = reasoned(&Chat);
        assert_eq!(frames.len(), 7);
        assert!(frames[1].contains(r#""delta":{"reasoning_content":"hm"},"finish_reason":null"#));
        assert!(frames[2].contains(r#""delta":{"content":"豆"}"#));
        let usage = r#""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":3,"total_tokens":6,"completion_tokens_details":{"reasoning_tokens":1}}}"#;
        assert!(frames[5].contains(usage), "{}", frames[5]);
    }

    #[test]
    fn usage_and_done_can_be_left_out_and_done_follows_an_error() {
        let end = End {
            tokens: 2,
            ..End::default()
        };
        let reply = Reply::default();
        let frames = written(|frames| Chat.end(&reply, &end, frames));
        assert_eq!(frames.len(), 1, "{frames:?}");
        let frames = written(|frames| Chat.error(&reply, frames));
        assert!(frames[0].starts_with(r#"data: {"error":{"#), "{frames:?}");
        assert_eq!(frames[1], "data: [DONE]\n\n");
    }
}
