//! Conversations of several turns, think time, users that leave, and the protocol's parts for them.

use std::time::Duration;

use super::build::Builder;
use super::parse;
use crate::load::{Leaving, ThinkTime};
use crate::protocol::Protocol;
use crate::text::Message;
use crate::values::{Dist, share};
use crate::workload::{BodyTemplate, Parts, StopCall};

/// The most turns of a conversation.
const MOST_TURNS: u32 = 1_000;
/// Time until a user leaves, without `--abandon-after`.
const LEAVE_AFTER: Duration = Duration::from_secs(2);

impl Builder<'_> {
    pub(super) fn turns(&self) -> Result<u32, Message> {
        parse::whole("--turns", &self.raw.load.turns, 1..=MOST_TURNS)
    }

    pub(super) fn think_time(&self) -> Result<Option<ThinkTime>, Message> {
        let raw = self.raw.load.think_time.as_deref();
        raw.map(think_time).transpose()
    }

    /// Which users leave, and when; `None` if no user leaves.
    pub(super) fn leaving(&self) -> Result<Option<Leaving>, Message> {
        let raw = &self.raw.load;
        let wrong = || Message::about("usage.abandon_rate", &raw.abandon_rate);
        let rate = share(&raw.abandon_rate).ok_or_else(wrong)?;
        let after = match &raw.abandon_after {
            None => LEAVE_AFTER,
            Some(text) => parse::positive_duration("--abandon-after", text, "usage.abandon_zero")?,
        };
        match &raw.abandon_after {
            Some(text) if rate == 0.0 => Err(Message::about("usage.abandon_after", text)),
            _ => Ok((rate > 0.0).then_some(Leaving { rate, after })),
        }
    }
}

/// Reads a time to think: `2s`, `uniform:1s..3s`, `exp:2s`.
fn think_time(raw: &str) -> Result<ThinkTime, Message> {
    match Dist::read(raw, |text| parse::duration("--think-time", text).ok()) {
        Some(Dist::Fixed(time)) => Ok(ThinkTime::Fixed(time)),
        Some(Dist::Uniform { low, high }) => Ok(ThinkTime::Uniform(low, high)),
        Some(Dist::Exponential { mean }) => Ok(ThinkTime::Exponential(mean)),
        _ => Err(Message::about("usage.think_time", raw)),
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
    let Some(history) = &protocol.history else {
        return Ok(None);
    };
    let parts = Parts {
        history: None,
        answers: true,
        ..parts
    };
    let part = |document| BodyTemplate::new(document, parts);
    Ok(Some([part(&history.user)?, part(&history.assistant)?]))
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
    let Some(stop) = &protocol.stop else {
        return Ok(None);
    };
    let parts = Parts {
        columns: &[],
        history: None,
        ..parts
    };
    let (path, body) = (stop.path.clone(), BodyTemplate::new(&stop.body, parts)?);
    Ok(Some(StopCall { path, body }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_think_have_three_forms() {
        let ms = Duration::from_millis;
        let table = [
            ("2", ThinkTime::Fixed(ms(2_000))),
            ("500ms", ThinkTime::Fixed(ms(500))),
            ("0", ThinkTime::Fixed(ms(0))),
            ("uniform:1s..3s", ThinkTime::Uniform(ms(1_000), ms(3_000))),
            ("uniform:0.5..0.5", ThinkTime::Uniform(ms(500), ms(500))),
            ("exp:2s", ThinkTime::Exponential(ms(2_000))),
        ];
        for (raw, expected) in table {
            assert_eq!(think_time(raw), Ok(expected), "{raw}");
        }
        #[rustfmt::skip]
        let cases = [
            "", "x", "exp", "exp:", "uniform:1s", "uniform:3s..1s", "normal:1s,2s", "uniform:1s..x",
        ];
        for raw in cases {
            let error = think_time(raw).unwrap_err();
            assert_eq!(error.id(), "usage.think_time", "{raw}");
        }
    }
}
