//! Dify's chat: JSON with spaces and `\uXXXX` escapes, a ping at once, usage in `message_end`.

use serde::Deserialize;

use super::super::frames::{Frames, Quoted};
use super::super::http::reason;
use super::super::passage;
use super::super::rng::Rng;
use super::{End, ON_PURPOSE, Piece, Reply, Wire};

/// `POST /v1/chat-messages`.
pub(super) struct Chat;

/// What matters in a request.
#[derive(Deserialize)]
struct Body {
    query: Option<String>,
    response_mode: Option<String>,
    conversation_id: Option<String>,
}

impl Wire for Chat {
    fn path(&self) -> &'static str {
        "/v1/chat-messages"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let query = body
            .query
            .ok_or("query: Missing required parameter in the JSON body")?;
        if body.response_mode.as_deref() != Some("streaming") {
            return Err("response_mode: this simulated service knows 'streaming' only".to_owned());
        }
        Ok(Reply {
            id: rng.uuid(),
            task_id: rng.uuid(),
            conversation_id: body
                .conversation_id
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| rng.uuid()),
            model: String::new(),
            prompt_tokens: passage::count(&query),
            usage: true,
            created,
            reasons: false,
        })
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        error_body(status, message)
    }

    fn open(&self, _reply: &Reply, frames: &mut Frames) {
        frames.name_only("ping");
    }

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        text(reply, piece.text, frames);
    }

    fn reasons(&self) -> bool {
        true
    }

    /// As chatflows have it whose model node keeps reasoning apart.
    fn reasoning(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let data = thought(&reply.id, piece.text, false);
        event("reasoning_chunk", reply, format_args!("{data}"), frames);
    }

    fn reasoned(&self, reply: &Reply, _reasoning: &str, frames: &mut Frames) {
        let data = thought(&reply.id, "", true);
        event("reasoning_chunk", reply, format_args!("{data}"), frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.name_only("ping");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        if !end.terminal {
            return;
        }
        // Dify sends an empty piece of text before the end.
        text(reply, "", frames);
        if !end.usage {
            event(
                "message_end",
                reply,
                format_args!(r#""metadata": {{}}, "files": []"#),
                frames,
            );
            return;
        }
        let (prompt, completion) = (reply.prompt_tokens, end.all_tokens());
        let total = prompt + completion;
        let latency = end.latency.as_secs_f64();
        event(
            "message_end",
            reply,
            format_args!(
                r#""metadata": {{"usage": {{"prompt_tokens": {prompt}, "completion_tokens": {completion}, "total_tokens": {total}, "total_price": "0", "currency": "USD", "latency": {latency:.6}}}}}, "files": []"#
            ),
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

/// The body of an HTTP error.
pub(super) fn error_body(status: u16, message: &str) -> String {
    let code = match status {
        400 => "invalid_param".to_owned(),
        other => reason(other).to_ascii_lowercase().replace(' ', "_"),
    };
    let message = Quoted::ascii(message);
    format!(r#"{{"code": "{code}", "message": {message}, "status": {status}}}"#)
}

/// The member with a piece of reasoning of a message.
pub(super) fn thought(message: &str, text: &str, is_final: bool) -> String {
    let text = Quoted::ascii(text);
    format!(
        r#""data": {{"message_id": "{message}", "reasoning": {text}, "node_id": "llm", "is_final": {is_final}}}"#
    )
}

/// Adds a piece of text.
fn text(reply: &Reply, text: &str, frames: &mut Frames) {
    let text = Quoted::ascii(text);
    event(
        "message",
        reply,
        format_args!(r#""answer": {text}, "from_variable_selector": null"#),
        frames,
    );
}

/// Adds an event with the members that all have, and the given ones.
fn event(name: &str, reply: &Reply, members: std::fmt::Arguments<'_>, frames: &mut Frames) {
    let conversation = Quoted::ascii(&reply.conversation_id);
    let Reply {
        id,
        task_id: task,
        created,
        ..
    } = reply;
    frames.data(format_args!(
        r#"{{"event": "{name}", "conversation_id": {conversation}, "message_id": "{id}", "created_at": {created}, "task_id": "{task}", "id": "{id}", {members}}}"#
    ));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::rng::Purpose;
    use super::super::{first_piece, reasoned, written};
    use super::*;

    fn accept(body: &str) -> Result<Reply, String> {
        let mut rng = Rng::new(0, 1, Purpose::Ids);
        Chat.accept(body.as_bytes(), 1_700_000_000, &mut rng)
    }

    fn reply() -> Reply {
        Reply {
            id: "m1".into(),
            conversation_id: "c\"1".into(),
            task_id: "t1".into(),
            prompt_tokens: 3,
            usage: true,
            created: 1_700_000_000,
            ..Reply::default()
        }
    }

    #[test]
    fn requests_are_read() {
        let reply = accept(r#"{"inputs":{"a":[1]},"query":"你是谁","response_mode":"streaming"}"#)
            .expect("a request");
        assert_eq!(reply.prompt_tokens, 3);
        assert_eq!(reply.id.len(), 36);
        assert_eq!(reply.conversation_id.len(), 36);
        let turn =
            r#"{"query":"q","response_mode":"streaming","conversation_id":"given","user":"u"}"#;
        assert_eq!(accept(turn).expect("a request").conversation_id, "given");
    }

    #[test]
    fn requests_that_lack_something_are_refused() {
        for (body, part) in [
            ("", "EOF"),
            ("[1", "line 1"),
            ("{}", "query: Missing required parameter"),
            (r#"{"query":1,"response_mode":"streaming"}"#, "invalid type"),
            (r#"{"query":"q"}"#, "response_mode"),
            (
                r#"{"query":"q","response_mode":"blocking"}"#,
                "'streaming' only",
            ),
        ] {
            let error = accept(body).expect_err(body);
            assert!(error.contains(part), "{body}: {error}");
        }
        assert_eq!(
            Chat.error_body(400, "no \"query\""),
            r#"{"code": "invalid_param", "message": "no \"query\"", "status": 400}"#
        );
        assert!(
            Chat.error_body(429, "")
                .contains(r#""code": "too_many_requests""#)
        );
    }

    #[test]
    fn events_look_like_those_of_dify() {
        let reply = reply();
        let end = End {
            tokens: 2,
            latency: Duration::from_millis(1_250),
            usage: true,
            terminal: true,
            ..End::default()
        };
        let frames = written(|frames| {
            Chat.open(&reply, frames);
            Chat.text(&reply, first_piece(" 豆 \""), frames);
            Chat.end(&reply, &end, frames);
            Chat.error(&reply, frames);
        });
        let common = r#""conversation_id": "c\"1", "message_id": "m1", "created_at": 1700000000, "task_id": "t1", "id": "m1""#;
        assert_eq!(
            frames,
            [
                "event: ping\n\n".to_owned(),
                format!(
                    "data: {{\"event\": \"message\", {common}, \"answer\": \" \\u8c46 \\\"\", \"from_variable_selector\": null}}\n\n"
                ),
                format!(
                    "data: {{\"event\": \"message\", {common}, \"answer\": \"\", \"from_variable_selector\": null}}\n\n"
                ),
                format!(
                    "data: {{\"event\": \"message_end\", {common}, \"metadata\": {{\"usage\": {{\"prompt_tokens\": 3, \"completion_tokens\": 2, \"total_tokens\": 5, \"total_price\": \"0\", \"currency\": \"USD\", \"latency\": 1.250000}}}}, \"files\": []}}\n\n"
                ),
                format!(
                    "data: {{\"event\": \"error\", {common}, \"code\": \"completion_request_error\", \"status\": 400, \"message\": \"this failure is simulated\"}}\n\n"
                ),
            ]
        );
    }

    #[test]
    fn reasoning_comes_in_events_of_its_own() {
        let frames = reasoned(&Chat);
        assert_eq!(frames.len(), 7);
        for (number, reasoning) in [
            (
                1,
                r#""reasoning": "hm", "node_id": "llm", "is_final": false}}"#,
            ),
            (
                2,
                r#""reasoning": "", "node_id": "llm", "is_final": true}}"#,
            ),
        ] {
            let frame = &frames[number];
            assert!(frame.starts_with(r#"data: {"event": "reasoning_chunk", "#));
            assert!(frame.contains(&format!(r#""data": {{"message_id": "i1", {reasoning}"#)));
        }
        assert!(frames[6].contains(r#""completion_tokens": 3, "total_tokens": 6"#));
    }

    #[test]
    fn the_end_can_lack_usage_or_be_missing() {
        let end = |usage, terminal| {
            let end = End {
                tokens: 2,
                usage,
                terminal,
                ..End::default()
            };
            written(|frames| Chat.end(&reply(), &end, frames)).concat()
        };
        assert!(end(false, true).contains(r#""metadata": {}, "files": []"#));
        assert_eq!(end(true, false), "");
    }
}
