//! Whether a request succeeded, by the rules of METRICS, once its stream is over.

use super::{Broken, Tally, quoted};
use crate::record::{Failure, FailureKind, Outcome};

impl Tally<'_> {
    /// What became of the request. `mid_block`: the body ended inside an event.
    pub(super) fn judge(
        self,
        broken: Option<Broken>,
        mid_block: bool,
        expects_text: bool,
    ) -> Outcome {
        // An error event says most, whatever came after it.
        if let Some(error) = self.error {
            return failed(FailureKind::ErrorEvent, error.to_string());
        }
        match broken {
            Some(Broken::Cut) => return Outcome::Cancelled,
            Some(Broken::Failed(mut failure)) => {
                if self.ended {
                    failure.detail.push_str(", after the terminal event");
                }
                return Outcome::Failed(failure);
            }
            None => {}
        }
        if let Some(detail) = self.malformed {
            return failed(FailureKind::Malformed, detail);
        }
        if self.blocks == 0 && self.record.bytes > 0 {
            return failed(FailureKind::NotSse, no_event(&self.opening));
        }
        if let Some(stray) = self.stray.as_deref().filter(|_| !self.ended) {
            let what = format!("JSON came that is no event: {stray}");
            return failed(FailureKind::NotSse, what);
        }
        if !self.ended {
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

/// What a body without any event holds.
fn no_event(opening: &[u8]) -> String {
    match std::str::from_utf8(opening) {
        // The last character may have been cut.
        Err(error) if error.error_len().is_some() => {
            "the body holds no event, and is no text: it may be compressed".to_owned()
        }
        _ => {
            let opening = quoted(String::from_utf8_lossy(opening).trim());
            if opening.is_empty() {
                "the body holds no event".to_owned()
            } else {
                format!("the body holds no event: {opening}")
            }
        }
    }
}

fn failed(kind: FailureKind, detail: impl Into<String>) -> Outcome {
    Outcome::Failed(Failure::new(kind, detail))
}
