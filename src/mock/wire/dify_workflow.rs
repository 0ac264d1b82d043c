//! Dify's workflow apps: nodes that start and finish around the text of a language model.

use std::fmt::Arguments;
use std::time::Duration;

use super::super::frames::{Frames, Quoted};
use super::super::rng::Rng;
use super::dify::error_body;
use super::dify_completion::inputs;
use super::{End, ON_PURPOSE, Piece, Reply, Wire};

/// `POST /v1/workflows/run`.
pub(super) struct Workflow;

/// A node: its id, type and title.
type Node = (&'static str, &'static str, &'static str);

const START: Node = ("1700000000001", "start", "开始");
const RETRIEVAL: Node = (
    "1700000000002",
    "knowledge-retrieval",
    "Knowledge retrieval",
);
const MODEL: Node = ("1700000000003", "llm", "LLM");
const LAST: Node = ("1700000000004", "end", "End");

impl Wire for Workflow {
    fn path(&self) -> &'static str {
        "/v1/workflows/run"
    }

    fn accept(&self, body: &[u8], created: i64, rng: &mut Rng) -> Result<Reply, String> {
        inputs(body, created, rng)
    }

    fn error_body(&self, status: u16, message: &str) -> String {
        error_body(status, message)
    }

    fn open(&self, reply: &Reply, frames: &mut Frames) {
        frames.name_only("ping");
        let (id, created) = (&reply.id, reply.created);
        event(
            "workflow_started",
            reply,
            format_args!(r#""id": "{id}", "workflow_id": "w", "created_at": {created}"#),
            frames,
        );
        started(START, reply, frames);
        finished(START, Duration::from_micros(2_500), reply, frames);
        started(RETRIEVAL, reply, frames);
    }

    fn prepares(&self) -> bool {
        true
    }

    fn prepared(&self, reply: &Reply, elapsed: Duration, frames: &mut Frames) {
        finished(RETRIEVAL, elapsed, reply, frames);
        started(MODEL, reply, frames);
    }

    fn text(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        let (text, node) = (Quoted::ascii(piece.text), MODEL.0);
        event(
            "text_chunk",
            reply,
            format_args!(r#""text": {text}, "from_variable_selector": ["{node}", "text"]"#),
            frames,
        );
    }

    fn reasons(&self) -> bool {
        true
    }

    fn reasoning(&self, reply: &Reply, piece: Piece<'_>, frames: &mut Frames) {
        thought(reply, piece.text, false, frames);
    }

    fn reasoned(&self, reply: &Reply, _reasoning: &str, frames: &mut Frames) {
        thought(reply, "", true, frames);
    }

    fn keep_alive(&self, frames: &mut Frames) {
        frames.name_only("ping");
    }

    fn end(&self, reply: &Reply, end: &End<'_>, frames: &mut Frames) {
        let elapsed = end.latency.saturating_sub(end.prepared);
        finished(MODEL, elapsed, reply, frames);
        if !end.terminal {
            return;
        }
        started(LAST, reply, frames);
        finished(LAST, Duration::from_micros(800), reply, frames);
        let (id, text) = (&reply.id, Quoted::ascii(end.text));
        let elapsed = end.latency.as_secs_f64();
        let total = reply.prompt_tokens + end.all_tokens();
        let usage = format!(r#", "total_tokens": {total}"#);
        let usage = if end.usage { usage.as_str() } else { "" };
        event(
            "workflow_finished",
            reply,
            format_args!(
                r#""id": "{id}", "workflow_id": "w", "status": "succeeded", "outputs": {{"text": {text}}}, "error": null, "elapsed_time": {elapsed:.6}, "total_steps": 4{usage}"#
            ),
            frames,
        );
    }

    fn error(&self, reply: &Reply, frames: &mut Frames) {
        let id = &reply.id;
        let members = node_members(MODEL, reply);
        event(
            "node_finished",
            reply,
            format_args!(r#"{members}, "status": "failed", "error": "{ON_PURPOSE}""#),
            frames,
        );
        event(
            "workflow_finished",
            reply,
            format_args!(
                r#""id": "{id}", "workflow_id": "w", "status": "failed", "outputs": {{}}, "error": "{ON_PURPOSE}", "total_tokens": 0, "total_steps": 3"#
            ),
            frames,
        );
    }
}

/// Adds a piece of the model's reasoning.
fn thought(reply: &Reply, text: &str, is_final: bool, frames: &mut Frames) {
    let (text, node) = (Quoted::ascii(text), MODEL.0);
    event(
        "reasoning_chunk",
        reply,
        format_args!(
            r#""message_id": "", "reasoning": {text}, "node_id": "{node}", "is_final": {is_final}"#
        ),
        frames,
    );
}

fn started(node: Node, reply: &Reply, frames: &mut Frames) {
    let members = node_members(node, reply);
    event("node_started", reply, format_args!("{members}"), frames);
}

fn finished(node: Node, elapsed: Duration, reply: &Reply, frames: &mut Frames) {
    let (members, elapsed) = (node_members(node, reply), elapsed.as_secs_f64());
    event(
        "node_finished",
        reply,
        format_args!(
            r#"{members}, "status": "succeeded", "error": null, "elapsed_time": {elapsed:.6}"#
        ),
        frames,
    );
}

fn node_members((id, kind, title): Node, reply: &Reply) -> String {
    let (run, title) = (&reply.id, Quoted::ascii(title));
    format!(r#""id": "{run}-{id}", "node_id": "{id}", "node_type": "{kind}", "title": {title}"#)
}

/// Adds an event with those members of its `data`.
fn event(name: &str, reply: &Reply, data: Arguments<'_>, frames: &mut Frames) {
    let Reply {
        id, task_id: task, ..
    } = reply;
    frames.data(format_args!(
        r#"{{"event": "{name}", "task_id": "{task}", "workflow_run_id": "{id}", "data": {{{data}}}}}"#
    ));
}

#[cfg(test)]
mod tests {
    use super::super::{reasoned, whole};
    use super::*;

    #[test]
    fn nodes_surround_the_text() {
        let frames = whole(&Workflow, true);
        let names: Vec<&str> = frames
            .iter()
            .map(|frame| frame.split('"').nth(3).unwrap_or("ping"))
            .collect();
        let expected = [
            "ping",
            "workflow_started",
            "node_started",
            "node_finished",
            "node_started",
            "node_finished",
            "node_started",
            "text_chunk",
            "text_chunk",
            "node_finished",
            "node_started",
            "node_finished",
            "workflow_finished",
        ];
        assert_eq!(names, expected);
        assert_eq!(
            frames[5],
            "data: {\"event\": \"node_finished\", \"task_id\": \"t1\", \"workflow_run_id\": \"i1\", \
             \"data\": {\"id\": \"i1-1700000000002\", \"node_id\": \"1700000000002\", \"node_type\": \
             \"knowledge-retrieval\", \"title\": \"Knowledge retrieval\", \"status\": \"succeeded\", \
             \"error\": null, \"elapsed_time\": 0.120000}}\n\n"
        );
        let thoughts = &reasoned(&Workflow)[7..9];
        assert!(thoughts[0].contains(r#""reasoning": "hm", "node_id": "1700000000003""#));
        assert!(thoughts[1].contains(r#""is_final": true"#), "{thoughts:?}");
        assert!(frames[12].contains(r#""status": "succeeded""#));
        assert!(frames[12].ends_with("\"total_steps\": 4, \"total_tokens\": 5}}\n\n"));
    }
}
