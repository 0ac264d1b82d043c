//! Who looks at a request while it runs: the events file, a terminal that shows a single request,
//! `sse-perf probe`.

use crossbeam_channel::Sender;

use crate::protocol::Came;
use crate::record::{EventKind, EventRecord, RequestRecord, Sample};
use crate::transport::Response;
use crate::workload::{ApiKey, Assignment, mask_all};

/// Sees a request as it runs, on the user's thread between two reads: it has to be quick.
pub trait Observer: Send {
    /// Whether events are shown at once: then no read waits for another.
    fn is_live(&self) -> bool {
        false
    }

    /// The response's head has come. The assignment knows the secrets that texts may repeat.
    fn head(&mut self, _: &Response<'_>, _: &RequestRecord, _: &Assignment<'_>) {}

    /// A body that is no event stream has come, as far as it is read.
    fn body(&mut self, _bytes: &[u8]) {}

    /// An event has come; the record counts it.
    fn event(&mut self, _came: &Came<'_>, _record: &RequestRecord) {}

    /// The stream is over, and JSON came outside of any field.
    fn stray(&mut self, _json: &str) {}

    /// The request is over.
    fn end(&mut self, _record: &RequestRecord) {}
}

/// How many events of a request are sent at once: a flood must not wait in memory for its end.
const BATCH: usize = 1_024;

/// Collects the events of each request for `--events`.
pub(super) struct Events {
    sender: Sender<Sample>,
    /// What the events of the current request must not show.
    secrets: Vec<ApiKey>,
    /// Events of the current request that have been sent.
    sent: u64,
    /// Events that have not been sent.
    waiting: Vec<EventRecord>,
}

impl Events {
    pub(super) fn new(sender: Sender<Sample>) -> Self {
        Self {
            sender,
            secrets: Vec::new(),
            sent: 0,
            waiting: Vec::new(),
        }
    }

    fn send(&mut self, record: &RequestRecord) {
        let events = std::mem::take(&mut self.waiting);
        let first = self.sent + 1;
        self.sent += events.len() as u64;
        // The collector is gone only when the run is over and nobody counts any more.
        let _ = self.sender.send(Sample::Events {
            request: record.request,
            user: record.user,
            first,
            events,
        });
    }
}

impl Observer for Events {
    fn head(&mut self, _: &Response<'_>, _: &RequestRecord, assignment: &Assignment<'_>) {
        self.secrets.clear();
        self.secrets.extend(assignment.secrets().cloned());
    }

    fn event(&mut self, came: &Came<'_>, record: &RequestRecord) {
        let mut event = came.record();
        if event.kind == EventKind::Error {
            event.value = mask_all(&self.secrets, &event.value);
        }
        self.waiting.push(event);
        if self.waiting.len() == BATCH {
            self.send(record);
        }
    }

    fn end(&mut self, record: &RequestRecord) {
        self.send(record);
        self.sent = 0;
    }
}
