//! The own API of `SGLang`: each event repeats the whole answer so far, with its count of tokens.

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::passage;
use super::super::rng::Rng;
use super::{End, ON_PURPOSE, Piece, Reply, Wire};

/// `POST /generate`.
pub(super) struct Generate;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    text: Option<String>,
    #[serde(default)]
    stream: bool,
}

impl Wire for Generate {
    fn path(&self) -> &'static str {
        "/generate"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let text = body
            .text
            .ok_or("Either text or input_ids should be provided.")?;
        if !body.stream {
            return Err("stream: this simulated service knows true only".to_owned());
        }
        Ok(Reply {
            id: rng.uuid().replace('-', ""),
            prompt_tokens: passage::count(&text),
            usage: true,
            created,
            ..Reply::default()
        })
    }

    fn error_body(&self, _status: u16, message: &str) -> String {
        let message = Quoted::ascii(message);
        format!(r#"{{"error":{{"message":{message}}}}}"#)
    }

    fn open(&self, _reply: &Reply, _frames: &mut Frames) {}

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        state(reply, piece.so_far, "null", Some(piece.tokens), frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("keep-alive");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        let tokens = end.usage.then_some(end.tokens);
        state(
            reply,
            end.text,
            r#"{"type": "stop", "matched": 2}"#,
            tokens,
            frames,
        );
        if end.terminal {
            frames.data(format_args!("[DONE]"));
        }
    }

    fn error(&self, _reply: &Reply, frames: &mut Frames) {
        frames.data(format_args!(
            r#"{{"error": {{"message": "{ON_PURPOSE}"}}}}"#
        ));
        frames.data(format_args!("[DONE]"));
    }
}

/// Adds an event with the answer so far.
fn state(reply: &Reply, text: &str, finish: &str, tokens: Option<u32>, frames: &mut Frames) {
    let (id, text) = (&reply.id, Quoted::ascii(text));
    let usage = tokens.filter(|_| reply.usage).map(|tokens| {
        let prompt = reply.prompt_tokens;
        format!(r#", "prompt_tokens": {prompt}, "completion_tokens": {tokens}, "cached_tokens": 0"#)
    });
    let usage = usage.unwrap_or_default();
    frames.data(format_args!(
        r#"{{"text": {text}, "meta_info": {{"id": "{id}", "finish_reason": {finish}{usage}}}}}"#
    ));
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        let body = r#"{"text":"你是谁","sampling_params":{},"stream":true}"#;
        assert_eq!(accepted(&Generate, body).unwrap().prompt_tokens, 3);
        assert!(accepted(&Generate, r#"{"text":"x"}"#).is_err());
        let meta = |finish: &str, tokens: u32| {
            format!(
                r#""meta_info": {{"id": "i1", "finish_reason": {finish}, "prompt_tokens": 3, "completion_tokens": {tokens}, "cached_tokens": 0}}"#
            )
        };
        let stop = r#"{"type": "stop", "matched": 2}"#;
        let (first, second, last) = (meta("null", 1), meta("null", 2), meta(stop, 2));
        let expected = [
            format!("data: {{\"text\": \"\\u8c46\", {first}}}\n\n"),
            format!("data: {{\"text\": \"\\u8c46 \\\"b\\\"\", {second}}}\n\n"),
            format!("data: {{\"text\": \"\\u8c46 \\\"b\\\"\", {last}}}\n\n"),
            "data: [DONE]\n\n".to_owned(),
        ];
        assert_eq!(whole(&Generate, true), expected);
    }
}
