//! Generated request records.

use std::time::Duration;

use sse_perf::clock::Stamp;
use sse_perf::record::{ClockSource, ItlSummary, Outcome, Phase, RequestRecord, Sent};

/// The course of a request, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Course {
    pub(crate) start: u64,
    pub(crate) ttft: u64,
    /// The time from a chunk to the next.
    pub(crate) gap: u64,
    /// Number of chunks, at least 1. Each has one token.
    pub(crate) chunks: u64,
}

/// A request with a chunk every 100 ms.
pub(crate) const PLAIN: Course = Course {
    start: 1_000,
    ttft: 200_234,
    gap: 100_006,
    chunks: 50,
};

impl Course {
    /// When the last token came, in microseconds.
    pub(crate) fn last_token(self) -> u64 {
        self.start + self.ttft + self.gap * (self.chunks - 1)
    }

    /// The record of a successful request with this course.
    pub(crate) fn record(self, number: u64, user: u32) -> RequestRecord {
        let at = Stamp::from_micros;
        let sent = Sent {
            query_index: Some(1),
            query: "Who are you?".into(),
            key_index: None,
            masked_key: "app-***cdef".into(),
        };
        let mut request = RequestRecord::begin(number, user, Phase::Hold, sent, at(self.start));
        request.outcome = Outcome::Ok;
        request.http_status = Some(200);
        let instants = &mut request.instants;
        instants.sent = Some(at(self.start + 100));
        for instant in [
            &mut instants.first_byte,
            &mut instants.headers,
            &mut instants.first_body,
            &mut instants.first_event,
        ] {
            *instant = Some(at(self.start + 300));
        }
        for instant in [&mut instants.first_token, &mut instants.first_answer] {
            *instant = Some(at(self.start + self.ttft));
        }
        for instant in [&mut instants.last_token, &mut instants.last_event] {
            *instant = Some(at(self.last_token()));
        }
        instants.end = at(self.last_token() + 33);
        request.chunks = self.chunks;
        request.bytes = 16_384;
        request.answer_chars = 133;
        request.estimated_tokens = self.chunks;
        request.usage.prompt = Some(3);
        request.usage.completion = Some(self.chunks);
        request.itl = Some(ItlSummary {
            mean: self.gap as f64,
            p50: self.gap as f64,
            p99: self.gap as f64 + 900.0,
            max: self.gap + 1_234,
            max_from: at(self.start + self.ttft),
        });
        request.conversation_id = Some("7d7bf720-3f31-4e5d-b42c-bc7f105151d7".into());
        request.message_id = Some("44e5b981-00c6-4fb0-a738-22ac2ea54ab1".into());
        request.clock = ClockSource::Kernel;
        request.client_lag = Some(Duration::from_micros(87));
        request
    }
}
