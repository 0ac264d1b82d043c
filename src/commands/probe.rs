//! `sse-perf probe`: sends one request, shows the whole answer and says what is wrong.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::Value;

use super::{Ends, Exit, Stop, console};
use crate::cli::{ProbeArgs, Run};
use crate::clock::{Clock, Stamp};
use crate::output::console::{Console, ProbeRequest, Timeline};
use crate::plan::Plan;
use crate::probe::{Observed, SeenEvent, Sketch, diagnose};
use crate::protocol::Came;
use crate::record::{Outcome, RequestRecord, Sample};
use crate::text::{Language, Message};
use crate::transport::{Client, Response, Transport};
use crate::user::{Context, InFlight, Observer, User};

/// A part of the answer to show. A second thread shows it, so that no read waits for a slow terminal.
enum Shown {
    Begin(Stamp),
    Head(u16, Stamp, Vec<(String, String)>),
    Body(String),
    Event(Box<SeenEvent>),
}

impl Run for ProbeArgs {
    /// Sends the request and shows the answer.
    fn run(&self, language: Language) -> Ends {
        let plan = super::plan(&self.single(), language)?;
        let probe = SingleRequest::new(&plan, self.raw).map_err(Stop::not_done)?;
        Ok(probe.run())
    }
}

/// A probe that is ready to be sent.
struct SingleRequest<'a> {
    plan: &'a Arc<Plan>,
    raw: bool,
    transport: Arc<Transport>,
    console: Console,
}

impl<'a> SingleRequest<'a> {
    fn new(plan: &'a Arc<Plan>, raw: bool) -> Result<Self, Message> {
        let headers = &plan.protocol.headers;
        let transport = Transport::new(plan.transport.clone(), &plan.target, headers)?;
        Ok(Self {
            plan,
            raw,
            transport: Arc::new(transport),
            console: console(&plan.outputs, plan.console, plan.is_watched()),
        })
    }

    fn run(mut self) -> Exit {
        // A terminal that has gone is no reason not to send the request.
        let _ = self.show_request();
        let observed = Arc::new(Mutex::new(Observed::default()));
        let (shown, to_show) = unbounded();
        let client = Client::new(&self.transport);
        let mut user = User::new(1, self.plan, client, Arc::new(InFlight::default()));
        user.observe(Box::new(Watcher {
            plan: Arc::clone(self.plan),
            observed: Arc::clone(&observed),
            to_show: shown,
        }));
        let clock = Clock::start();
        let (sender, samples) = unbounded();
        let context = Context::new(Arc::clone(self.plan), clock, sender);
        let mut timeline = Timeline::new(self.raw);
        thread::scope(|scope| {
            scope.spawn(move || user.run(&context));
            self.show(&to_show, &mut timeline);
        });
        let record = samples.try_iter().find_map(|sample| match sample {
            Sample::Finished(record) => Some(record),
            _ => None,
        });
        let Some(record) = record else {
            return Exit::NotDone;
        };
        let observed = mem::take(&mut *observed.lock().unwrap_or_else(PoisonError::into_inner));
        self.conclude(&observed, &record)
    }

    fn show_request(&mut self) -> std::io::Result<()> {
        let assignment = self.plan.workload.assignment(1);
        let auth = self.plan.protocol.auth_header(&assignment.key.masked());
        let own = self.plan.protocol.headers.iter().cloned();
        let given = crate::config::shown_headers(&self.plan.transport);
        let headers: Vec<(String, String)> = auth.into_iter().chain(own).chain(given).collect();
        let body = String::from_utf8_lossy(&assignment.body()).into_owned();
        let request = ProbeRequest {
            url: &self.plan.target.shown,
            protocol: &self.plan.protocol.name,
            headers: &headers,
            body: &body,
            warnings: &self.plan.warnings,
        };
        self.console.probe_request(&request, self.raw)
    }

    /// Shows the parts of the answer until the user has ended.
    fn show(&mut self, to_show: &Receiver<Shown>, timeline: &mut Timeline) {
        for shown in to_show {
            let _ = match shown {
                Shown::Begin(at) => {
                    timeline.start = at;
                    Ok(())
                }
                Shown::Head(status, at, headers) => {
                    let after = at.since(timeline.start);
                    self.console.probe_head(status, after, &headers)
                }
                Shown::Body(body) => self.console.probe_body(&body, self.raw),
                Shown::Event(event) => self.console.probe_event(timeline, &event),
            };
        }
    }

    fn conclude(mut self, observed: &Observed, record: &RequestRecord) -> Exit {
        let url = self.plan.target.shown.as_str();
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        let sketch = Sketch {
            path: address.find('/').map_or("/", |at| &address[at..]),
            body: &body_template(self.plan),
            protocol: &self.plan.protocol,
        };
        let diagnosis = diagnose(observed, record, &sketch);
        match self.console.probe_ends(record, &diagnosis) {
            Ok(()) if record.outcome == Outcome::Ok => Exit::Ok,
            Ok(()) => Exit::RequestFailed,
            Err(_) => Exit::Ok,
        }
    }
}

/// Keeps the answer and sends its parts to the thread that shows them, keys masked.
struct Watcher {
    plan: Arc<Plan>,
    observed: Arc<Mutex<Observed>>,
    to_show: Sender<Shown>,
}

impl Watcher {
    fn mask(&self, text: &str) -> String {
        self.plan.workload.assignment(1).mask_in(text)
    }

    fn observed(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, shown: Shown) {
        let _ = self.to_show.send(shown);
    }
}

impl Observer for Watcher {
    fn is_live(&self) -> bool {
        true
    }

    fn begin(&mut self, record: &RequestRecord) {
        self.show(Shown::Begin(record.instants.start));
    }

    fn head(&mut self, response: &Response<'_>, _record: &RequestRecord) {
        let mask = |(name, value): (&str, &str)| (name.to_owned(), self.mask(value));
        let headers: Vec<_> = response.headers().map(mask).collect();
        self.observed().headers.clone_from(&headers);
        self.show(Shown::Head(response.status, response.headers_at, headers));
    }

    fn body(&mut self, bytes: &[u8]) {
        self.show(Shown::Body(self.mask(&String::from_utf8_lossy(bytes))));
    }

    fn event(&mut self, came: &Came<'_>, _record: &RequestRecord) {
        let mut event = SeenEvent::from(came);
        event.data = event.data.map(|data| self.mask(&data));
        event.malformed = event.malformed.map(|why| self.mask(&why));
        event.row.value = self.mask(&event.row.value);
        self.observed().events.push(event.clone());
        self.show(Shown::Event(Box::new(event)));
    }

    fn stray(&mut self, json: &str) {
        let json = self.mask(json);
        self.observed().stray = Some(json.clone());
        self.show(Shown::Body(json));
    }
}

/// The template of the body: of a file, or the protocol's.
fn body_template(plan: &Plan) -> Value {
    let file = plan.workload.body_file.as_ref();
    let bytes = file.and_then(|file| std::fs::read(file).ok());
    let own = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    own.unwrap_or_else(|| plan.protocol.body.clone())
}
