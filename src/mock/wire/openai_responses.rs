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
        if reply.reasons {
            item(REASONING, frames);
        } else {
            item(message(reply), frames);
        }
    }

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let (text, at) = (Quoted::utf8(piece.text), message(reply).at());
        typed(
            "response.output_text.delta",
            format_args!(r#"{at},"delta":{text},"logprobs":[]"#),
            frames,
        );
    }

    fn reasons(&self) -> bool {
        true
    }

    /// As servers of open models have it; `OpenAI`'s own sends summaries.
    fn reasoning(&self, _reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let (text, at) = (Quoted::utf8(piece.text), REASONING.at());
        typed(
            "response.reasoning_text.delta",
            format_args!(r#"{at},"delta":{text}"#),
            frames,
        );
    }

    fn reasoned(&self, reply: &Reply, reasoning: &str, frames: &mut Frames) {
        let (text, at) = (Quoted::utf8(reasoning), REASONING.at());
        typed(
            "response.reasoning_text.done",
            format_args!(r#"{at},"text":{text}"#),
            frames,
        );
        typed(
            "response.output_item.done",
            format_args!(
                r#""output_index":0,"item":{{"id":"rs_1","type":"reasoning","summary":[],"content":[{{"type":"reasoning_text","text":{text}}}]}}"#
            ),
            frames,
        );
        item(message(reply), frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.comment("keep-alive");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        let (text, at) = (Quoted::utf8(end.text), message(reply).at());
        typed(
            "response.output_text.done",
            format_args!(r#"{at},"text":{text},"logprobs":[]"#),
            frames,
        );
        if !end.terminal {
            return;
        }
        let (input, output) = (reply.prompt_tokens, end.all_tokens());
        let usage = format!(
            r#"{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":{}}},"total_tokens":{}}}"#,
            end.reasoning_tokens,
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

/// An item of the output.
#[derive(Clone, Copy)]
struct Item {
    index: u32,
    id: &'static str,
    /// Its members, but for the id.
    members: &'static str,
    part: &'static str,
}

const REASONING: Item = Item {
    index: 0,
    id: "rs_1",
    members: r#""type":"reasoning","summary":[],"content":[]"#,
    part: r#"{"type":"reasoning_text","text":""}"#,
};

/// The answer, which the reasoning comes before if there is any.
fn message(reply: &Reply) -> Item {
    Item {
        index: u32::from(reply.reasons),
        id: "msg_1",
        members: r#""type":"message","status":"in_progress","role":"assistant","content":[]"#,
        part: r#"{"type":"output_text","text":"","annotations":[]}"#,
    }
}

impl Item {
    /// The members by which events name it.
    fn at(self) -> String {
        let Self { index, id, .. } = self;
        format!(r#""item_id":"{id}","output_index":{index},"content_index":0"#)
    }
}

/// Begins an item.
fn item(item: Item, frames: &mut Frames) {
    let (at, part) = (item.at(), item.part);
    let Item {
        index, id, members, ..
    } = item;
    typed(
        "response.output_item.added",
        format_args!(r#""output_index":{index},"item":{{"id":"{id}",{members}}}"#),
        frames,
    );
    typed(
        "response.content_part.added",
        format_args!(r#"{at},"part":{part}"#),
        frames,
    );
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
    use super::super::{accepted, reasoned, whole};
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

    #[test]
    fn reasoning_is_an_item_of_its_own_before_the_message() {
        let frames = reasoned(&Responses);
        let names: Vec<_> = frames
            .iter()
            .map(|frame| frame.lines().next().unwrap_or_default())
            .collect();
        let expected = [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "reasoning_text.delta",
            "reasoning_text.done",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "completed",
        ]
        .map(|name| format!("event: response.{name}"));
        assert_eq!(names, expected);
        assert_eq!(
            frames[4],
            "event: response.reasoning_text.delta\ndata: {\"type\":\"response.reasoning_text.delta\",\
             \"item_id\":\"rs_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"hm\"}\n\n"
        );
        assert!(frames[9].contains(r#""item_id":"msg_1","output_index":1,"#));
        let usage =
            r#""output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":6}"#;
        assert!(frames[12].contains(usage), "{}", frames[12]);
    }
}
