//! Dify's completion apps: as its chat, without conversations; what is asked is an input.

use serde::Deserialize;
use serde_json::Value;

use super::super::frames::{Frames, Quoted};
use super::super::passage;
use super::super::rng::Rng;
use super::dify::{error_body, thought};
use super::{End, ON_PURPOSE, Piece, Reply, Wire};

/// `POST /v1/completion-messages`.
pub(super) struct Completion;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    inputs: Option<serde_json::Map<String, Value>>,
    response_mode: Option<String>,
}

/// Reads a request of which the inputs are what is asked.
pub(super) fn inputs(body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
    let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let inputs = body
        .inputs
        .ok_or("inputs: Missing required parameter in the JSON body")?;
    if body.response_mode.as_deref() != Some("streaming") {
        return Err("response_mode: this simulated service knows 'streaming' only".to_owned());
    }
    let texts = inputs.values().filter_map(Value::as_str);
    Ok(Reply {
        id: rng.uuid(),
        task_id: rng.uuid(),
        prompt_tokens: texts.map(passage::count).sum(),
        usage: true,
        created,
        ..Reply::default()
    })
}

impl Wire for Completion {
    fn path(&self) -> &'static str {
        "/v1/completion-messages"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        inputs(body, created, rng)
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        error_body(status, message)
    }

    fn open(&self, _reply: &Reply, frames: &mut Frames) {
        frames.name_only("ping");
    }

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let text = Quoted::ascii(piece.text);
        event(
            "message",
            reply,
            format_args!(r#""answer": {text}"#),
            frames,
        );
    }

    fn reasons(&self) -> bool {
        true
    }

    fn reasoning(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let data = thought(&reply.id, piece.text, false);
        event("reasoning_chunk", reply, format_args!("{data}"), frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.name_only("ping");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        if !end.terminal {
            return;
        }
        let (prompt, completion) = (reply.prompt_tokens, end.all_tokens());
        let total = prompt + completion;
        let usage = format!(
            r#""usage": {{"prompt_tokens": {prompt}, "completion_tokens": {completion}, "total_tokens": {total}}}"#
        );
        let usage = if end.usage { usage.as_str() } else { "" };
        event(
            "message_end",
            reply,
            format_args!(r#""metadata": {{{usage}}}"#),
            frames,
        );
    }

    fn error(&self, reply: &Reply, frames: &mut Frames) {
        event(
            "error",
            reply,
            format_args!(
                r#""code": "completion_request_error", "status": 400, "message": "{ON_PURPOSE}""#
            ),
            frames,
        );
    }
}

/// Adds an event with the members that all have, and the given ones.
fn event(name: &str, reply: &Reply, members: std::fmt::Arguments<'_>, frames: &mut Frames) {
    let Reply {
        id,
        task_id: task,
        created,
        ..
    } = reply;
    frames.data(format_args!(
        r#"{{"event": "{name}", "message_id": "{id}", "created_at": {created}, "task_id": "{task}", "id": "{id}", {members}}}"#
    ));
}

#[cfg(test)]
mod tests {
    use super::super::{accepted, reasoned, whole};
    use super::*;

    #[test]
    fn requests_and_events() {
        let body = r#"{"inputs":{"query":"你是谁","n":1},"response_mode":"streaming"}"#;
        assert_eq!(accepted(&Completion, body).unwrap().prompt_tokens, 3);
        let error = accepted(&Completion, r#"{"query":"q"}"#).unwrap_err();
        assert!(error.starts_with("inputs: Missing"), "{error}");
        let frames = whole(&Completion, true);
        assert_eq!(
            frames[3],
            "data: {\"event\": \"message_end\", \"message_id\": \"i1\", \"created_at\": 1700000000, \
             \"task_id\": \"t1\", \"id\": \"i1\", \"metadata\": {\"usage\": {\"prompt_tokens\": 3, \
             \"completion_tokens\": 2, \"total_tokens\": 5}}}\n\n"
        );
        assert!(whole(&Completion, false)[3].contains(r#""metadata": {}"#));
        let frame = &reasoned(&Completion)[1];
        assert!(frame.contains(r#""event": "reasoning_chunk""#), "{frame}");
        assert!(frame.contains(r#""reasoning": "hm""#), "{frame}");
    }
}
