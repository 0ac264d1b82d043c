//! One attempt at a request: sends it, checks the response's head, reads the stream to its end.

use std::time::Duration;

use crate::clock::{Clock, Stamp, local_now};
use crate::monitor::run_queue_wait;
use crate::plan::Plan;
use crate::protocol::Decoder;
use crate::record::{Failure, FailureKind, Outcome, RequestRecord};
use crate::sse::Parser;
use crate::transport::{Attempt, Client, Interruption, Response};
use crate::workload::{Assignment, Filling};

use super::context::Context;
use super::conversation::{Generated, Kept};
use super::observer::Observer;
use super::progress::Reporter;
use super::retry;
use super::stream::{Broken, StreamMeter, Uncertainty, quoted};

/// Bytes of the body read at a time.
const READ_BUFFER: usize = 8 * 1024;
/// How much of the body of an error is read.
const ERROR_BODY: usize = 16 * 1024;
/// How long the service may take to hear that a user has left.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What one user's thread uses for request after request.
pub(super) struct Scratch {
    client: Client,
    /// What reads streams.
    pub(super) reading: Reading,
    /// When the user leaves, whatever has come by then.
    pub(super) leave_at: Option<Stamp>,
}

/// What one user's thread reads streams with.
pub(super) struct Reading {
    parser: Parser,
    decoder: Decoder,
    gaps: Vec<u64>,
    /// Who is told what comes, as it comes.
    pub(super) observers: Vec<Box<dyn Observer>>,
    /// What is kept of the stream beside its record.
    pub(super) kept: Kept,
}

/// How an attempt ended.
pub(super) enum Ended {
    /// With the request's outcome.
    Over(Outcome),
    /// With a failure before a stream began: another attempt may do better.
    BeforeStream {
        failure: Failure,
        /// How long the server wants us to wait.
        retry_after: Option<Duration>,
    },
}

impl Scratch {
    pub(super) fn new(plan: &Plan, client: Client) -> Self {
        let reading = Reading {
            parser: Parser::new(plan.transport.max_event_bytes),
            decoder: plan.protocol.decoder(),
            gaps: Vec::new(),
            observers: Vec::new(),
            kept: Kept {
                answer: plan.workload.history.is_some().then(String::new),
                task: plan
                    .leaving
                    .and(plan.workload.stop.as_ref())
                    .map(|_| String::new()),
                generated: plan.tokenizer.is_some().then(Generated::default),
            },
        };
        Self {
            client,
            reading,
            leave_at: None,
        }
    }

    /// Sets the clock of a run that begins.
    pub(super) fn begin_run(&self, clock: Clock) {
        self.client.begin_run(clock);
    }

    /// What is known of the last attempt's way.
    pub(super) fn last_attempt(&self) -> Attempt {
        self.client.attempt()
    }

    /// Makes one attempt and notes in the record all that came of it.
    pub(super) fn attempt(
        &mut self,
        context: &Context,
        assignment: &Assignment<'_>,
        body: &[u8],
        record: &mut RequestRecord,
    ) -> Ended {
        let end_by = self.end_by(context.plan.transport.max_time, record);
        let auth = context.plan.protocol.auth_header(assignment.key.expose());
        let stood_still = context.heartbeat.standstill(context.clock.now());
        record.http_status = None;
        let reading = &mut self.reading;
        reading.kept.clear();
        for observer in &mut reading.observers {
            observer.begin(record);
        }
        let mut response = match self.client.send(auth.as_ref(), body, end_by) {
            Ok(response) => response,
            Err(interruption) => {
                note_way(record, self.client.attempt());
                return before_stream(interruption);
            }
        };
        note_way(record, response.attempt());
        record.http_status = Some(response.status);
        record.instants.headers = Some(response.headers_at);
        for observer in &mut reading.observers {
            observer.head(&response, record);
        }
        if let Some(ended) = refuse(context, &mut response, &mut reading.observers) {
            return ended;
        }
        let waited_before = response.attempt().waited.map(|waited| waited + stood_still);
        Ended::Over(reading.stream(context, &mut response, waited_before, record))
    }

    /// When the request is over at the latest: when it has taken too long, or its user leaves.
    fn end_by(&self, limit: Option<Duration>, record: &RequestRecord) -> Option<Stamp> {
        let limit = limit.map(|limit| record.instants.start + limit);
        limit.into_iter().chain(self.leave_at).min()
    }

    /// Tells the service, where its protocol has a request for it, that nobody waits for the answer
    /// any more. Whether it heard is no part of the test.
    pub(super) fn stop(&mut self, context: &Context, assignment: &Assignment<'_>) {
        let (Some(call), Some(task)) = (&context.plan.workload.stop, &self.reading.kept.task)
        else {
            return;
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        if task.is_empty() || !task.chars().all(is_plain) {
            return;
        }
        let path = call.path.replace("{task_id}", task);
        let body = call.body.render(&Filling::default());
        let auth = context.plan.protocol.auth_header(assignment.key.expose());
        self.client.tell(&path, auth.as_ref(), &body, STOP_WITHIN);
    }
}

impl Reading {
    /// Reads a stream to its end and notes in the record all that came. `waited_before`: how long
    /// the thread could not run in all until the request was sent.
    fn stream(
        &mut self,
        context: &Context,
        response: &mut Response<'_>,
        waited_before: Option<Duration>,
        record: &mut RequestRecord,
    ) -> Outcome {
        let token_timeout = context.plan.transport.token_timeout;
        // A token that is awaited may be in a read that waits.
        if token_timeout.is_none() && !self.observers.iter().any(|observer| observer.is_live()) {
            response.let_reads_wait();
        }
        let mut waited = |at| Some(run_queue_wait()? + context.heartbeat.standstill(at));
        let mut meter = StreamMeter::new(
            record,
            &mut self.decoder,
            &mut self.gaps,
            &mut self.observers,
            Reporter::new(&context.sender),
            Uncertainty::new(waited_before, &mut waited),
        );
        meter.keep(&mut self.kept);
        self.parser.reset();
        let (broken, end) = read_stream(response, &mut self.parser, &mut meter, token_timeout);
        if let Some(stray) = self.parser.stray() {
            meter.stray(&stray);
        }
        let mid_block = self.parser.is_mid_block();
        let outcome = meter.finish(broken, mid_block, context.plan.protocol.expects_text());
        note_way(record, response.attempt());
        record.instants.end = end.unwrap_or_else(|| context.clock.now());
        outcome
    }
}

/// Notes in the record how the attempt travelled.
fn note_way(record: &mut RequestRecord, attempt: Attempt) {
    record.connection = attempt.connection;
    record.instants.sent = attempt.sent;
    record.instants.first_byte = attempt.first_byte;
    record.client_lag = record.client_lag.max(attempt.most_lag);
    record.clock = attempt.clock;
}

fn before_stream(interruption: Interruption) -> Ended {
    match interruption {
        Interruption::Cut => Ended::Over(Outcome::Cancelled),
        Interruption::Failed(failure) => Ended::BeforeStream {
            failure,
            retry_after: None,
        },
    }
}

/// The end of an attempt whose response is no event stream; `None` where it may be one.
fn refuse(
    context: &Context,
    response: &mut Response<'_>,
    observers: &mut [Box<dyn Observer>],
) -> Option<Ended> {
    let Refusal {
        kind,
        what,
        is_readable,
    } = refusal(response)?;
    let retry_after = response
        .header("retry-after")
        .and_then(|value| retry::parse_retry_after(value, local_now()));
    let Some(body) = read_error_body(response) else {
        return Some(Ended::Over(Outcome::Cancelled));
    };
    for observer in observers {
        observer.body(&body);
    }
    let text = context.plan.protocol.error_text(&body);
    // Some services repeat the status as their own code.
    let repeated = format!("{}: ", response.status);
    let text = text.strip_prefix(&repeated).unwrap_or(&text);
    let detail = if text.is_empty() || !is_readable {
        what
    } else {
        format!("{what}: {text}")
    };
    Some(Ended::BeforeStream {
        failure: Failure::new(kind, detail),
        retry_after,
    })
}

/// Why a response is no event stream, by its head.
struct Refusal {
    kind: FailureKind,
    what: String,
    /// Whether its body is a text that may say more.
    is_readable: bool,
}

/// `None` where it may be one.
fn refusal(response: &Response<'_>) -> Option<Refusal> {
    let content_type = response
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let encoding = response
        .header("content-encoding")
        .filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
        .map(str::to_owned);
    if !(200..300).contains(&response.status) {
        return Some(Refusal {
            kind: FailureKind::HttpStatus,
            what: http_status(response),
            is_readable: encoding.is_none(),
        });
    }
    let kind = FailureKind::NotSse;
    if let Some(encoding) = encoding {
        return Some(Refusal {
            kind,
            what: format!("the response is compressed ({encoding}) though this was not asked for"),
            is_readable: false,
        });
    }
    // Some servers send events without saying so: what comes decides then.
    let others = ["application/json", "text/html"];
    let is_other = others.iter().any(|other| content_type.starts_with(other));
    is_other.then(|| Refusal {
        kind,
        what: format!("content-type {content_type}"),
        is_readable: true,
    })
}

fn http_status(response: &Response<'_>) -> String {
    match response.header("location") {
        Some(location) if (300..400).contains(&response.status) => {
            format!("HTTP {} to {}", response.status, quoted(location))
        }
        _ => format!("HTTP {}", response.status),
    }
}

/// Reads the body of an error, as far as it is worth quoting and as it comes; to its end where it
/// is short, so that the connection can be used again. `None` if the request was cut.
fn read_error_body(response: &mut Response<'_>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut buffer = [0; 2048];
    while body.len() < ERROR_BODY {
        match response.read(&mut buffer) {
            Ok(arrival) if arrival.bytes > 0 => body.extend_from_slice(&buffer[..arrival.bytes]),
            Ok(_) | Err(Interruption::Failed(_)) => break,
            Err(Interruption::Cut) => return None,
        }
    }
    Some(body)
}

/// Reads a stream until it ends, fails or is cut. Returns what broke it, and the stamp of its end
/// where the body was read that far.
///
/// The buffer reuses stack pages that sending already touched. Not inlined: then the buffer would
/// lie below those pages.
#[inline(never)]
fn read_stream(
    response: &mut Response<'_>,
    parser: &mut Parser,
    meter: &mut StreamMeter<'_>,
    token_timeout: Option<Duration>,
) -> (Option<Broken>, Option<Stamp>) {
    let mut buffer = [0; READ_BUFFER];
    loop {
        let arrival = match response.read(&mut buffer) {
            Ok(arrival) if arrival.bytes == 0 => return (None, Some(arrival.at)),
            Ok(arrival) => arrival,
            Err(Interruption::Cut) => return (Some(Broken::Cut), None),
            Err(Interruption::Failed(failure)) => return (Some(Broken::Failed(failure)), None),
        };
        meter.bytes(arrival);
        let before = meter.last_token();
        let fed = parser.feed(&buffer[..arrival.bytes], |block| {
            meter.block(&block, arrival);
        });
        meter.keep_opening(&buffer[..arrival.bytes]);
        if let Err(too_large) = fed {
            let failure = Failure::new(FailureKind::TooLarge, too_large.to_string());
            return (Some(Broken::Failed(failure)), None);
        }
        if let Some(wait) = token_timeout {
            if meter.has_ended() {
                response.set_token_deadline(None);
            } else if meter.last_token() != before {
                response.set_token_deadline(meter.last_token().map(|at| at + wait));
            }
        }
    }
}
