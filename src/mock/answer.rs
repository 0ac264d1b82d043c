//! What is done for one request: refusals, the stream on its schedule, and the faults.

mod plain;
mod strike;
mod words;

use std::io::Write;
use std::net::TcpStream;
use std::num::NonZero;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::faults::Fault;
use super::frames::{Frames, LAST_CHUNK};
use super::http::{Body, Request, ResponseHead};
use super::log::{Ended, Row};
use super::rng::{Purpose, Rng};
use super::schedule::{Due, Schedule};
use super::server::Shared;
use super::slot::Slot;
use super::wire::{self, End, ON_PURPOSE, Reply, Wire};
use crate::clock::Stamp;
pub(super) use plain::refuse;
use words::Words;

/// Most token times for which room is made beforehand.
const MAX_RESERVE: usize = 4096;

/// The part of the time to the first token in which the work is done that comes before a model's.
const PREPARING: f64 = 0.6;

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It waits for the next request.
    Keep,
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
}

/// Why an answer cannot go on: in a result, for `?`.
struct Gone(Ended);

/// One answer in the making.
pub(super) struct Answer<'a> {
    shared: &'a Shared,
    stream: &'a TcpStream,
    frames: &'a mut Frames,
    /// When the request had been read; all else is counted from here.
    read: Stamp,
    /// The request's number, from 1.
    number: u64,
    keep_alive: bool,
    chunked: bool,
    next_keep_alive: Option<Stamp>,
    /// When the work before the text was done, since `read`.
    prepared: Duration,
    row: Row,
}

impl<'a> Answer<'a> {
    /// The answer to a request that had been read at that moment, so late after its arrival.
    pub(super) fn new(
        shared: &'a Shared,
        stream: &'a TcpStream,
        frames: &'a mut Frames,
        request: &Request<'_>,
        read: Stamp,
        late: Option<Duration>,
    ) -> Self {
        let chunked = shared.options.chunked && request.takes_chunks;
        frames.restart(chunked);
        let row = Row {
            path: request.path.to_owned(),
            read_wall_us: shared.clock.wall(read).unix_timestamp_nanos() / 1_000,
            read,
            late,
            ..Row::default()
        };
        Self {
            shared,
            stream,
            frames,
            read,
            number: shared.requests.fetch_add(1, Ordering::Relaxed) + 1,
            keep_alive: request.keep_alive,
            chunked,
            next_keep_alive: shared.options.keep_alive.map(|every| read + every),
            prepared: Duration::ZERO,
            row,
        }
    }

    /// Gives the answer, and sends its row to the log.
    pub(super) fn give(mut self, request: &Request<'_>) -> After {
        let after = self.respond(request).unwrap_or_else(|Gone(ended)| {
            self.row.ended = ended;
            self.stamp_end();
            After::Close
        });
        if let Some(rows) = &self.shared.rows {
            // The log's writer leaves early only by an error, which `Server::shutdown` tells.
            let _ = rows.send(Some(self.row));
        }
        after
    }

    fn respond(&mut self, request: &Request<'_>) -> Result<After, Gone> {
        let Some(wire) = wire::at(request.path) else {
            let known: Vec<_> = wire::paths().collect();
            let message = format!("nothing here; try {}", known.join(", "));
            let body = format!(r#"{{"code": "not_found", "message": "{message}", "status": 404}}"#);
            return self.plain(404, "application/json", "", &body);
        };
        if request.method != "POST" {
            return self.error(wire, 405, "this path takes POST");
        }
        if !self.has_key(wire, request) {
            return self.error(wire, 401, "Access token is invalid");
        }
        let created = self.shared.clock.wall(self.read).unix_timestamp();
        let reply = match wire.accept(request.body, created, &mut self.rng(Purpose::Ids)) {
            Ok(reply) => reply,
            Err(message) => return self.error(wire, 400, &message),
        };
        self.row.id.clone_from(&reply.id);
        self.row.conversation_id.clone_from(&reply.conversation_id);
        let Some(_slot) = Slot::take(&self.shared.active, self.shared.options.max_concurrent)
        else {
            return self.error(wire, 429, "Too many requests. Please try again later.");
        };
        let mut plan = self.rng(Purpose::Plan);
        self.row.fault = self.shared.options.faults.draw(&mut plan);
        match self.row.fault {
            Some(Fault::Close) => {
                self.stamp_end();
                Ok(After::Close)
            }
            Some(Fault::NoResponse) => Err(self.silence()),
            Some(Fault::Status(status)) => self.error(wire, status, ON_PURPOSE),
            Some(Fault::Html) => {
                let page = "<!DOCTYPE html><title>Simulated</title><p>this failure is simulated";
                self.plain(200, "text/html; charset=utf-8", "", page)
            }
            Some(Fault::ErrorJson) => {
                let body = wire.error_body(500, ON_PURPOSE);
                self.plain(200, "application/json", "", &body)
            }
            _ => {
                let schedule = self.schedule(wire.reasons());
                let reasons = schedule.is_reasoning();
                self.run(wire, &Reply { reasons, ..reply }, schedule, plan)
            }
        }
    }

    /// Whether a request has the key that is asked for, if one is.
    fn has_key(&self, wire: &dyn Wire, request: &Request<'_>) -> bool {
        let Some(key) = &self.shared.options.require_key else {
            return true;
        };
        let (header, scheme) = wire.key_header();
        let given = request
            .key
            .filter(|(name, _)| name.eq_ignore_ascii_case(header))
            .and_then(|(_, value)| value.strip_prefix(scheme));
        given.map(str::trim) == Some(key)
    }

    /// Streams an answer.
    fn run(
        &mut self,
        wire: &dyn Wire,
        reply: &Reply,
        mut schedule: Schedule,
        mut plan: Rng,
    ) -> Result<After, Gone> {
        let mut words = Words::new(plan.below(u32::MAX));
        let fault = self.row.fault.filter(|fault| fault.is_mid_stream());
        // After one event at least, and before the last one if there are several.
        let strikes = fault.map(|_| 1 + plan.below(schedule.events().saturating_sub(1)));

        if self.shared.rows.is_some() {
            let events = schedule.events() as usize;
            self.row.token_times.reserve(events.min(MAX_RESERVE));
        }
        self.open(wire, reply)?;
        self.prepare(wire, reply, schedule.next_token())?;
        for written in 0.. {
            if let Some(fault) = fault.filter(|_| strikes == Some(written)) {
                self.wait(wire, self.read + schedule.next_token())?;
                if let Some(after) = self.strike(wire, reply, fault)? {
                    return Ok(after);
                }
            }
            let Some(due) = schedule.next() else { break };
            let at = self.read + due.at;
            self.keep_alive_until(wire, at)?;
            // All is ready before the wait: what follows it is the write alone.
            self.frames.clear();
            words.say(due, wire, reply, self.frames);
            self.sleep(at)?;
            self.write_tokens(due)?;
            if due.reasoning && !schedule.is_reasoning() {
                self.frames.clear();
                wire.reasoned(reply, words.reasoning(), self.frames);
                self.write_frames()?;
            }
        }
        if self.row.fault == Some(Fault::Empty) {
            self.wait(wire, self.read + schedule.next_token())?;
        }
        let usage = reply.usage && self.shared.options.usage;
        let terminal = self.row.fault != Some(Fault::NoEnd);
        self.frames.clear();
        let end = End {
            prepared: self.prepared,
            ..words.end(self.since_read(), usage, terminal)
        };
        wire.end(reply, &end, self.frames);
        self.write_frames()?;
        self.finish()
    }

    /// When the events of this answer are due, in a format that has a place for reasoning or none.
    fn schedule(&self, reasons: bool) -> Schedule {
        let options = &self.shared.options;
        let mut rng = self.rng(Purpose::Schedule);
        let ttft = options.ttft.draw(&mut rng);
        let tokens = options.tokens.draw(&mut rng).max(1);
        let reasoning = options.reasoning_tokens.draw(&mut rng);
        let (reasoning, tokens) = match self.row.fault {
            Some(Fault::Empty) => (0, 0),
            _ if reasons => (reasoning, tokens),
            _ => (0, tokens),
        };
        Schedule::new(
            ttft,
            reasoning,
            tokens,
            options.itl,
            options.jitter,
            options.per_event,
            rng,
        )
    }

    /// Sends the head, and what the API sends at once.
    fn open(&mut self, wire: &dyn Wire, reply: &Reply) -> Result<(), Gone> {
        self.sleep(self.read + self.shared.options.slow_headers)?;
        self.keep_alive &= self.chunked;
        let mut head = Vec::with_capacity(256);
        ResponseHead {
            status: 200,
            content_type: "text/event-stream; charset=utf-8",
            body: if self.chunked {
                Body::Chunked
            } else {
                Body::UntilClose
            },
            keep_alive: self.keep_alive,
            extra: "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n",
        }
        .put(&mut head);
        self.row.status = Some(200);
        self.write(&head)?;
        if self.shared.options.opening {
            self.frames.clear();
            wire.open(reply, self.frames);
            self.write_frames()?;
        }
        Ok(())
    }

    /// Sends what an API that works before its text sends on the way to that.
    fn prepare(&mut self, wire: &dyn Wire, reply: &Reply, ttft: Duration) -> Result<(), Gone> {
        if !self.shared.options.opening || !wire.prepares() {
            return Ok(());
        }
        self.prepared = ttft.mul_f64(PREPARING);
        self.wait(wire, self.read + self.prepared)?;
        self.frames.clear();
        wire.prepared(reply, self.prepared, self.frames);
        self.write_frames()
    }

    /// Ends the body.
    fn finish(&mut self) -> Result<After, Gone> {
        self.stamp_end();
        if self.chunked {
            self.write(LAST_CHUNK)?;
        }
        Ok(if self.keep_alive {
            After::Keep
        } else {
            After::Close
        })
    }

    /// Waits until `at`, and sends keep-alives until then.
    fn wait(&mut self, wire: &dyn Wire, at: Stamp) -> Result<(), Gone> {
        self.keep_alive_until(wire, at)?;
        self.sleep(at)
    }

    /// Sends the keep-alives that are due until `at`, each at its moment.
    fn keep_alive_until(&mut self, wire: &dyn Wire, at: Stamp) -> Result<(), Gone> {
        let Some(every) = self.shared.options.keep_alive else {
            return Ok(());
        };
        while let Some(due) = self.next_keep_alive.filter(|due| *due <= at) {
            // Less than a microsecond apart they would never let anything else happen.
            self.next_keep_alive = Some(due + every.max(Duration::from_micros(1)));
            self.frames.clear();
            wire.keep_alive(self.frames);
            self.sleep(due)?;
            self.write_frames()?;
        }
        Ok(())
    }

    /// Sleeps until `at`, not at all if it has passed.
    fn sleep(&self, at: Stamp) -> Result<(), Gone> {
        if self.shared.clock.park_until(at, || self.shared.stopped()) {
            Ok(())
        } else {
            Err(self.gone())
        }
    }

    /// Writes an event that carries tokens, and notes the moment before.
    fn write_tokens(&mut self, due: Due) -> Result<(), Gone> {
        let now = self.since_read();
        self.write_frames()?;
        self.row.tokens += due.tokens;
        if due.reasoning {
            self.row.reasoning_tokens += due.tokens;
        }
        if self.shared.rows.is_some() {
            self.row.token_times.push(now);
        }
        Ok(())
    }

    /// Writes the events that are ready, each with a system call of its own.
    fn write_frames(&mut self) -> Result<(), Gone> {
        for frame in self.frames.iter() {
            self.write(frame)?;
            self.row.events += 1;
        }
        Ok(())
    }

    /// Writes bytes with one system call, or in pieces if so asked.
    fn write(&self, bytes: &[u8]) -> Result<(), Gone> {
        let size = self.shared.options.split.map_or(bytes.len(), NonZero::get);
        let mut stream = self.stream;
        for piece in bytes.chunks(size.max(1)) {
            stream.write_all(piece).map_err(|_| self.gone())?;
        }
        Ok(())
    }

    /// Why nothing can be sent any more.
    fn gone(&self) -> Gone {
        Gone(if self.shared.stopped() {
            Ended::Shutdown
        } else {
            Ended::Client
        })
    }

    fn since_read(&self) -> Duration {
        self.shared.clock.now().since(self.read)
    }

    fn stamp_end(&mut self) {
        self.row.end = self.since_read();
    }

    fn rng(&self, purpose: Purpose) -> Rng {
        Rng::new(self.shared.options.seed, self.number, purpose)
    }
}
