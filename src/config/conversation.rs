//! Conversations of several turns, users that leave, and the protocol's parts for them.

use super::build::Builder;
use crate::load::Leaving;
use crate::protocol::Protocol;
use crate::text::Message;
use crate::workload::{BodyTemplate, Parts, StopCall};

impl Builder<'_> {
    /// Which users leave, and when; `None` if no user leaves.
    pub(super) fn leaving(&self) -> Result<Option<Leaving>, Message> {
        let (rate, after) = (self.raw.load.abandon_rate, self.raw.load.abandon_after);
        match self.typed("--abandon-after") {
            Some(text) if rate == 0.0 => Err(Message::about("usage.abandon_after", text)),
            _ => Ok((rate > 0.0).then_some(Leaving { rate, after })),
        }
    }
}

/// The user's and the service's part of a turn, where the protocol sends earlier turns again.
///
/// # Errors
///
/// If a part asks for an input that is not given.
pub(super) fn turn_parts(
    protocol: &Protocol,
    parts: Parts<'_>,
) -> Result<Option<[BodyTemplate; 2]>, Message> {
    let parts = Parts {
        history: None,
        answers: true,
        ..parts
    };
    let part = |document| BodyTemplate::new(document, parts);
    let history = protocol.history.as_ref();
    let both = history.map(|history| Ok([part(&history.user)?, part(&history.assistant)?]));
    both.transpose()
}

/// The request that stops an answer, where the protocol has one.
///
/// # Errors
///
/// If the request asks for an input that is not given.
pub(super) fn stop_call(
    protocol: &Protocol,
    parts: Parts<'_>,
) -> Result<Option<StopCall>, Message> {
    let parts = Parts {
        columns: &[],
        history: None,
        ..parts
    };
    let call = protocol.stop.as_ref().map(|stop| {
        let (path, body) = (stop.path.clone(), BodyTemplate::new(&stop.body, parts)?);
        Ok(StopCall { path, body })
    });
    call.transpose()
}

/// Checks that a conversation of several turns has a place in the body.
pub(super) fn check_turns(
    turns: u32,
    body: &BodyTemplate,
    protocol: &Protocol,
) -> Result<(), Message> {
    if turns == 1 || body.has_history() || body.uses("conversation_id") {
        return Ok(());
    }
    let message = match &protocol.history {
        Some(history) => Message::new("usage.turns_place").with("at", &history.at),
        None => Message::new("usage.turns_protocol"),
    };
    let message = message.with("turns", turns);
    Err(message.with("protocol", &protocol.name))
}
