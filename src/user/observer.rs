//! Who looks at a request while it runs: the events file, a terminal that shows a single request,
//! `sse-perf probe`.

use crossbeam_channel::Sender;

use crate::protocol::Came;
use crate::record::{EventKind, EventRecord, RequestRecord, Sample};
use crate::transport::Response;
use crate::workload::Assignment;

/// Sees a request as it runs, on the user's thread between two reads: it has to be quick.
pub trait Observer: Send {
    /// Whether events are shown at once: then no read waits for another.
    fn is_live(&self) -> bool {
        false
    }

    /// The response's head has come.
    fn head(&mut self, _response: &Response<'_>, _record: &RequestRecord) {}

    /// A body that is no event stream has come, as far as it is read.
    fn body(&mut self, _bytes: &[u8]) {}

    /// An event has come; the record counts it.
    fn event(&mut self, _came: &Came<'_>, _record: &RequestRecord) {}

    /// The stream is over, and JSON came outside of any field.
    fn stray(&mut self, _json: &str) {}

    /// The request is over. The assignment masks the key in texts.
    fn end(&mut self, _record: &RequestRecord, _assignment: &Assignment<'_>) {}
}

/// Collects the events of each request for `--events`.
pub(super) struct Events {
    pub(super) sender: Sender<Sample>,
    pub(super) events: Vec<EventRecord>,
}

impl Observer for Events {
    fn event(&mut self, came: &Came<'_>, _record: &RequestRecord) {
        self.events.push(came.record());
    }

    fn end(&mut self, record: &RequestRecord, assignment: &Assignment<'_>) {
        let mut events = std::mem::take(&mut self.events);
        for event in events.iter_mut().filter(|e| e.kind == EventKind::Error) {
            event.value = assignment.mask_in(&event.value);
        }
        let (request, user) = (record.request, record.user);
        // The collector is gone only when the run is over and nobody counts any more.
        let _ = self.sender.send(Sample::Events {
            request,
            user,
            events,
        });
    }
}
