//! Text Generation Inference: events without the space after `data:`, the whole text with the last
//! token, which is special.

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::passage;
use super::super::rng::Rng;
use super::{End, ON_PURPOSE, Piece, Reply, Wire};

/// `POST /generate_stream`.
pub(super) struct GenerateStream;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    inputs: Option<String>,
}

impl Wire for GenerateStream {
    fn path(&self) -> &'static str {
        "/generate_stream"
    }

    fn accept(&self, body: &[u8], created: i64, _rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let inputs = body.inputs.ok_or("missing field `inputs`")?;
        Ok(Reply {
            prompt_tokens: passage::count(&inputs),
            usage: true,
            created,
            ..Reply::default()
        })
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        let kind = match status {
            429 => "overloaded",
            500.. => "generation",
            _ => "validation",
        };
        let message = Quoted::utf8(message);
        format!(r#"{{"error":{message},"error_type":"{kind}"}}"#)
    }

    fn open(&self, _reply: &Reply, _frames: &mut Frames) {}

    fn text(&self, _reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let (text, index) = (Quoted::utf8(piece.text), piece.tokens);
        frames.compact(format_args!(
            r#"{{"index":{index},"token":{{"id":{index},"text":{text},"logprob":-0.5,"special":false}},"generated_text":null,"details":null}}"#
        ));
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        if !end.terminal {
            return;
        }
        let (text, tokens, prompt) = (Quoted::utf8(end.text), end.tokens, reply.prompt_tokens);
        let details = format!(
            r#"{{"finish_reason":"eos_token","generated_tokens":{tokens},"seed":null,"input_length":{prompt}}}"#
        );
        let details = if end.usage { details.as_str() } else { "null" };
        frames.compact(format_args!(
            r#"{{"index":{tokens},"token":{{"id":2,"text":"</s>","logprob":-0.5,"special":true}},"generated_text":{text},"details":{details}}}"#
        ));
    }

    fn error(&self, _reply: &Reply, frames: &mut Frames) {
        frames.compact(format_args!(
            r#"{{"error":"Request failed during generation: {ON_PURPOSE}","error_type":"generation"}}"#
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        let body = r#"{"inputs":"你是谁","parameters":{"max_new_tokens":20}}"#;
        assert_eq!(accepted(&GenerateStream, body).unwrap().prompt_tokens, 3);
        assert!(accepted(&GenerateStream, "{}").is_err());
        let frames = whole(&GenerateStream, true);
        assert_eq!(
            frames[0],
            "data:{\"index\":1,\"token\":{\"id\":1,\"text\":\"豆\",\"logprob\":-0.5,\"special\":false},\
             \"generated_text\":null,\"details\":null}\n\n"
        );
        assert!(frames[2].contains(r#""special":true},"generated_text":"豆 \"b\"","#));
        assert!(frames[2].contains(r#""generated_tokens":2,"seed":null,"input_length":3"#));
        assert!(whole(&GenerateStream, false)[2].ends_with("\"details\":null}\n\n"));
    }
}
