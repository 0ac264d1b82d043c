//! `sse-perf probe`: sends one request, shows the whole answer and says what is wrong.

use std::io;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{Ends, Exit, Stop, console};
use crate::cli::{ProbeArgs, Run};
use crate::clock::{Clock, Stamp};
use crate::output::console::{Console, ProbeRequest, Timeline};
use crate::plan::Plan;
use crate::probe::{Observed, SeenEvent, Sketch, diagnose};
use crate::protocol::Came;
use crate::record::{Outcome, RequestRecord, Sample};
use crate::text::Language;
use crate::transport::{Client, Response, Transport};
use crate::user::{Context, InFlight, Observer, User};
use crate::workload::Assignment;

/// A part of the answer, on its way from the user's thread to the thread that shows the answer: no
/// read waits for a slow terminal.
enum Part {
    /// The status, the request's start and the head's arrival, and the headers.
    Head(u16, [Stamp; 2], Vec<(String, String)>),
    Body(String),
    Event(Box<SeenEvent>),
    Stray(String),
}

impl Run for ProbeArgs {
    /// Sends the request and shows the answer.
    fn run(&self, language: Language) -> Ends {
        let plan = super::plan(&self.single(), language)?;
        let headers = &plan.protocol.headers;
        let transport = Transport::new(plan.transport.clone(), &plan.target, headers);
        let client = Client::new(&Arc::new(transport.map_err(Stop::not_done)?));
        let mut console = console(&plan.outputs, plan.console);
        // A terminal that has gone is no reason not to send the request.
        let _ = show_request(&plan, &mut console, self.raw);
        let (sender, parts) = unbounded();
        let mut user = User::new(1, &plan, client, Arc::new(InFlight::default()));
        user.observe(Box::new(Watcher {
            plan: Arc::clone(&plan),
            parts: sender,
        }));
        let (sender, samples) = unbounded();
        let context = Context::new(Arc::clone(&plan), Clock::start(), sender);
        let observed = thread::scope(|scope| {
            scope.spawn(move || user.run(&context));
            show(&parts, &mut console, self.raw)
        });
        let record = samples.try_iter().find_map(|sample| match sample {
            Sample::Finished(record) => Some(record),
            _ => None,
        });
        Ok(record.map_or(Exit::NotDone, |record| {
            conclude(&plan, console, &observed, &record)
        }))
    }
}

fn show_request(plan: &Plan, console: &mut Console, raw: bool) -> io::Result<()> {
    let assignment = plan.workload.assignment(1);
    let auth = plan.protocol.auth_header(&assignment.key.masked());
    let own = plan.protocol.headers.iter().cloned();
    let given = crate::config::shown_headers(&plan.transport);
    let headers: Vec<(String, String)> = auth.into_iter().chain(own).chain(given).collect();
    let body = assignment.body();
    let request = ProbeRequest {
        url: &plan.target.shown,
        protocol: &plan.protocol.name,
        headers: &headers,
        body: &String::from_utf8_lossy(&body),
        warnings: &plan.warnings,
    };
    console.probe_request(&request, raw)
}

/// Shows the parts of the answer until the user has ended, and keeps them for the diagnosis.
fn show(parts: &Receiver<Part>, console: &mut Console, raw: bool) -> Observed {
    let mut timeline = Timeline::new(raw);
    let mut observed = Observed::default();
    for part in parts {
        let _ = match part {
            Part::Head(status, [start, at], headers) => {
                (timeline.start, observed.headers) = (start, headers);
                console.probe_head(status, at.since(start), &observed.headers)
            }
            Part::Body(body) => {
                observed.body = body;
                console.probe_body(&observed.body, raw)
            }
            Part::Event(event) => {
                let shown = console.probe_event(&mut timeline, &event);
                observed.events.push(*event);
                shown
            }
            Part::Stray(json) => console.probe_body(observed.stray.insert(json), raw),
        };
    }
    observed
}

fn conclude(
    plan: &Plan,
    mut console: Console,
    observed: &Observed,
    record: &RequestRecord,
) -> Exit {
    let url = plan.target.shown.as_str();
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let sketch = Sketch {
        path: address.find('/').map_or("/", |at| &address[at..]),
        body: &plan.workload.document,
        protocol: &plan.protocol,
    };
    let diagnosis = diagnose(observed, record, &sketch);
    match console.probe_ends(record, &diagnosis) {
        Ok(()) if record.outcome == Outcome::Ok => Exit::Ok,
        Ok(()) => Exit::RequestFailed,
        Err(_) => Exit::Ok,
    }
}

/// Sends the parts of the answer to the thread that shows them, keys masked.
struct Watcher {
    plan: Arc<Plan>,
    parts: Sender<Part>,
}

impl Watcher {
    fn mask(&self, text: &str) -> String {
        self.plan.workload.assignment(1).mask_in(text)
    }

    fn send(&self, part: Part) {
        let _ = self.parts.send(part);
    }
}

impl Observer for Watcher {
    fn is_live(&self) -> bool {
        true
    }

    fn head(&mut self, response: &Response<'_>, record: &RequestRecord, _: &Assignment<'_>) {
        let mask = |(name, value): (&str, &str)| (name.to_owned(), self.mask(value));
        let headers = response.headers().map(mask).collect();
        let times = [record.instants.start, response.headers_at];
        self.send(Part::Head(response.status, times, headers));
    }

    fn body(&mut self, bytes: &[u8]) {
        self.send(Part::Body(self.mask(&String::from_utf8_lossy(bytes))));
    }

    fn event(&mut self, came: &Came<'_>, _record: &RequestRecord) {
        let mut event = SeenEvent::from(came);
        event.data = event.data.map(|data| self.mask(&data));
        event.malformed = event.malformed.map(|why| self.mask(&why));
        event.row.value = self.mask(&event.row.value);
        self.send(Part::Event(Box::new(event)));
    }

    fn stray(&mut self, json: &str) {
        self.send(Part::Stray(self.mask(json)));
    }
}
