//! Whether a request succeeded, by the rules of METRICS, once its stream is over.

use super::StreamMeter;
use crate::protocol::{RAW_CHARACTERS, one_line};
use crate::record::{Failure, FailureKind, Outcome};

impl StreamMeter<'_> {
    /// The request's outcome. `mid_block`: the body ended inside an event.
    pub(super) fn judge(
        self,
        broken: Option<Outcome>,
        mid_block: bool,
        expects_text: bool,
    ) -> Outcome {
        // An error event says most, whatever came after it.
        if let Some(error) = self.seen.error {
            return failed(FailureKind::ErrorEvent, error.to_string());
        }
        if let Some(broken) = broken {
            let Outcome::Failed(mut failure) = broken else {
                return broken;
            };
            if self.seen.ended {
                failure.detail.push_str(", after the terminal event");
            }
            return Outcome::Failed(failure);
        }
        if let Some(detail) = self.seen.malformed {
            return failed(FailureKind::Malformed, detail);
        }
        if self.seen.blocks == 0 && self.record.bytes > 0 {
            return failed(FailureKind::NotSse, no_event(&self.seen.opening));
        }
        if let Some(stray) = self.seen.stray.as_deref().filter(|_| !self.seen.ended) {
            let what = format!("JSON came that is no event: {stray}");
            return failed(FailureKind::NotSse, what);
        }
        if !self.seen.ended {
            return failed(FailureKind::Truncated, self.cut_short(mid_block));
        }
        if expects_text && self.record.chunks == 0 {
            return failed(FailureKind::Empty, "the stream ended without any token");
        }
        Outcome::Ok
    }

    /// How a stream ended that lacks its terminal event.
    fn cut_short(&self, mid_block: bool) -> String {
        match self.record.http_status {
            Some(status) if self.record.bytes == 0 => {
                format!("the response has no body (HTTP {status})")
            }
            _ if mid_block => "the stream ended inside an event".to_owned(),
            _ => "the stream ended without its terminal event".to_owned(),
        }
    }
}

/// The fault of a body without any event.
fn no_event(opening: &[u8]) -> String {
    let is_text = match std::str::from_utf8(opening) {
        Ok(_) => true,
        // The last character may have been cut.
        Err(error) => error.error_len().is_none(),
    };
    let opening = one_line(&String::from_utf8_lossy(opening), RAW_CHARACTERS);
    match opening.as_str() {
        _ if !is_text => "the body holds no event, and is no text: it may be compressed".to_owned(),
        "" => "the body holds no event".to_owned(),
        opening => format!("the body holds no event: {opening}"),
    }
}

fn failed(kind: FailureKind, detail: impl Into<String>) -> Outcome {
    Outcome::Failed(Failure::new(kind, detail))
}
