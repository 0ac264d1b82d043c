//! One attempt at a request: sends it, checks the response's head, reads the stream to its end.

use std::time::Duration;

use crate::clock::{Stamp, local_now};
use crate::monitor::run_queue_wait;
use crate::plan::Plan;
use crate::protocol::{Decoder, RAW_CHARACTERS, error_text, one_line};
use crate::record::{Failure, FailureKind, Outcome, RequestRecord, StopResult};
use crate::sse::Parser;
use crate::transport::{Attempt, Client, Response};
use crate::workload::Assignment;

use super::context::Context;
use super::conversation::{Generated, Kept};
use super::observer::Observer;
use super::progress::Reporter;
use super::retry;
use super::stream::{Gaps, Seen, StreamMeter, Uncertainty};

/// Bytes of the body read at a time.
const READ_BUFFER: usize = 8 * 1024;
/// How much of the body of an error is read.
const ERROR_BODY: usize = 16 * 1024;
/// How long the service may take to hear that a user has left.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What a user's thread uses again for each request.
pub(super) struct Scratch {
    pub(super) client: Client,
    pub(super) reading: Reading,
    /// When the user leaves, even inside an answer.
    pub(super) leave_at: Option<Stamp>,
}

/// What a user's thread reads streams with.
pub(super) struct Reading {
    parser: Parser,
    decoder: Decoder,
    gaps: Gaps,
    /// Each sees every event as it comes.
    pub(super) observers: Vec<Box<dyn Observer>>,
    /// Texts of the stream that the user needs later.
    pub(super) kept: Kept,
}

/// The request's outcome; or the failure before a stream began, after which another attempt may do
/// better, and how long the server wants us to wait.
pub(super) type Attempted = Result<Outcome, (Failure, Option<Duration>)>;

impl Scratch {
    pub(super) fn new(plan: &Plan, client: Client) -> Self {
        let stop = plan.leaving.and(plan.workload.stop.as_ref());
        Self {
            client,
            reading: Reading {
                parser: Parser::new(plan.transport.max_event_bytes),
                decoder: plan.protocol.decoder(),
                gaps: Gaps::default(),
                observers: Vec::new(),
                kept: Kept {
                    answer: plan.workload.history.is_some().then(String::new),
                    task: stop.map(|_| String::new()),
                    generated: plan.tokenizer.is_some().then(Generated::default),
                },
            },
            leave_at: None,
        }
    }

    /// Makes one attempt and notes its results in the record.
    pub(super) fn attempt(
        &mut self,
        context: &Context,
        assignment: &Assignment<'_>,
        body: &[u8],
        record: &mut RequestRecord,
    ) -> Attempted {
        let limit = context.plan.transport.max_time;
        let limit = limit.map(|limit| record.instants.start + limit);
        let end_by = limit.into_iter().chain(self.leave_at).min();
        let auth = context.plan.protocol.auth_header(assignment.key.expose());
        let stood_still = context.heartbeat.standstill(context.clock.now());
        (record.http_status, record.bytes) = (None, 0);
        let reading = &mut self.reading;
        reading.kept.clear();
        let mut response = match self.client.send(auth.as_ref(), body, end_by) {
            Ok(response) => response,
            Err(outcome) => {
                note_way(record, self.client.attempt());
                return match outcome {
                    Outcome::Failed(failure) => Err((failure, None)),
                    outcome => Ok(outcome),
                };
            }
        };
        note_way(record, response.client.attempt());
        record.http_status = Some(response.status);
        record.instants.headers = Some(response.headers_at);
        for observer in &mut reading.observers {
            observer.head(&response, record, assignment);
        }
        if let Some(ended) = refuse(&mut response, &mut reading.observers, &mut record.bytes) {
            return ended;
        }
        let waited = response.client.attempt().waited;
        let waited_before = waited.map(|waited| waited + stood_still);
        Ok(reading.stream(context, &mut response, waited_before, record))
    }

    /// Tells the service that nobody waits for the answer any more. `None` if the protocol has no
    /// request for that. The time of the service's reply is no part of the test.
    pub(super) fn stop(
        &mut self,
        context: &Context,
        assignment: &Assignment<'_>,
    ) -> Option<StopResult> {
        let call = context.plan.workload.stop.as_ref()?;
        let task = self.reading.kept.task.as_ref()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        if task.is_empty() || !task.chars().all(is_plain) {
            return Some(StopResult::NotPossible);
        }
        let path = call.path.replace("{task_id}", task);
        let body = call.body.render(&assignment.filling(""));
        let auth = context.plan.protocol.auth_header(assignment.key.expose());
        Some(self.client.tell(&path, auth.as_ref(), &body, STOP_WITHIN))
    }
}

impl Reading {
    /// Reads a stream to its end and notes its results in the record. `waited_before`: how long the
    /// thread could not run in all until the request was sent.
    fn stream(
        &mut self,
        context: &Context,
        response: &mut Response<'_>,
        waited_before: Option<Duration>,
        record: &mut RequestRecord,
    ) -> Outcome {
        let settings = &context.plan.transport;
        let token_timeout = settings.token_timeout;
        // A token that is awaited may be in a read that waits. The user's clock is there to show a
        // client that does nothing about its lateness.
        let is_watched = self.observers.iter().any(|observer| observer.is_live());
        if token_timeout.is_none() && !settings.user_clock && !is_watched {
            response.let_reads_wait();
        }
        let mut waited = |at| Some(run_queue_wait()? + context.heartbeat.standstill(at));
        let mut meter = StreamMeter {
            record,
            gaps: &mut self.gaps,
            observers: &mut self.observers,
            kept: &mut self.kept,
            reporter: Reporter::new(&context.sender),
            uncertainty: Uncertainty::new(waited_before, &mut waited),
            seen: Seen::after(response.client.attempt().first_read),
        };
        meter.gaps.clear();
        self.parser.reset();
        self.decoder.restart();
        let (parser, decoder) = (&mut self.parser, &mut self.decoder);
        let read = read_stream(response, parser, decoder, &mut meter, token_timeout);
        let end = read.as_ref().ok().copied();
        if let Some(stray) = self.parser.stray() {
            meter.stray(&stray, &mut self.decoder);
        }
        let mid_block = self.parser.is_mid_block();
        let outcome = meter.finish(read.err(), mid_block, context.plan.protocol.expects_text);
        note_way(record, response.client.attempt());
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

/// Ends an attempt whose response is no event stream; `None` where it may be an event stream.
/// `bytes` becomes the number of the body's bytes that were read.
fn refuse(
    response: &mut Response<'_>,
    observers: &mut [Box<dyn Observer>],
    bytes: &mut u64,
) -> Option<Attempted> {
    let (kind, what) = refusal(response)?;
    let is_readable = encoding(response).is_none();
    let retry_after = response
        .header("retry-after")
        .and_then(|value| retry::parse_retry_after(value, local_now()));
    let Some(body) = read_error_body(response) else {
        return Some(Ok(Outcome::Cancelled));
    };
    *bytes = body.len() as u64;
    for observer in observers {
        observer.body(&body);
    }
    let text = error_text(&body);
    // Some services repeat the status as their own code.
    let repeated = format!("{}: ", response.status);
    let text = text.strip_prefix(&repeated).unwrap_or(&text);
    let detail = if text.is_empty() || !is_readable {
        what
    } else {
        format!("{what}: {text}")
    };
    Some(Err((Failure::new(kind, detail), retry_after)))
}

/// Why a response is no event stream, by its head; `None` where it may be an event stream.
fn refusal(response: &Response<'_>) -> Option<(FailureKind, String)> {
    let status = response.status;
    if !(200..300).contains(&status) {
        let location = response.header("location");
        let location = location.filter(|_| (300..400).contains(&status));
        let to = location.map(|location| format!(" to {}", one_line(location, RAW_CHARACTERS)));
        let what = format!("HTTP {status}{}", to.unwrap_or_default());
        return Some((FailureKind::HttpStatus, what));
    }
    if let Some(encoding) = encoding(response) {
        let what = format!("the response is compressed ({encoding}) though this was not asked for");
        return Some((FailureKind::NotSse, what));
    }
    // Some servers send events under another type: the body decides then.
    let content_type = response.header("content-type")?.to_ascii_lowercase();
    let others = ["application/json", "text/html"];
    let is_other = others.iter().any(|other| content_type.starts_with(other));
    is_other.then(|| (FailureKind::NotSse, format!("content-type {content_type}")))
}

fn encoding<'r>(response: &'r Response<'_>) -> Option<&'r str> {
    let encoding = response.header("content-encoding")?;
    (!encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

/// Reads the first [`ERROR_BODY`] bytes of an error's body, or as much as comes. After the end of a
/// short body the connection can be used again. `None` if the request was cut.
fn read_error_body(response: &mut Response<'_>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut buffer = [0; 2048];
    while body.len() < ERROR_BODY {
        match response.read(&mut buffer, false) {
            Ok(Some(arrival)) if arrival.bytes > 0 => body.extend(&buffer[..arrival.bytes]),
            Err(Outcome::Cancelled) => return None,
            _ => break,
        }
    }
    Some(body)
}

/// Reads a stream until it ends, fails or is cut. Returns the stamp of its end.
///
/// The buffer reuses stack pages that sending already touched. Not inlined: then the buffer would
/// lie below those pages.
#[inline(never)]
fn read_stream(
    response: &mut Response<'_>,
    parser: &mut Parser,
    decoder: &mut Decoder,
    meter: &mut StreamMeter<'_>,
    token_timeout: Option<Duration>,
) -> Result<Stamp, Outcome> {
    let mut buffer = [0; READ_BUFFER];
    loop {
        let chunks_wait = meter.reporter.pending.chunks > 0;
        let Some(arrival) = response.read(&mut buffer, chunks_wait)? else {
            meter.reporter.flush();
            continue;
        };
        if arrival.bytes == 0 {
            return Ok(arrival.at);
        }
        meter
            .feed(parser, decoder, &buffer[..arrival.bytes], arrival)
            .map_err(|error| Failure::new(FailureKind::TooLarge, error.to_string()))
            .map_err(Outcome::Failed)?;
        if let Some(wait) = token_timeout {
            match meter.record.instants.last_token {
                _ if meter.seen.ended => response.set_token_deadline(None),
                Some(at) => response.set_token_deadline(Some(at + wait)),
                None => {}
            }
        }
    }
}
