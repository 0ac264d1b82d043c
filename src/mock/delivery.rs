//! Sends one answer: each event when it is due, keep-alives in between. Notes for the log each event
//! and its time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::frames::{Frames, LAST_CHUNK};
use super::http::{Request, response, response_head};
use super::log::{Ended, Entry};
use super::schedule::Due;
use super::script::Script;
use super::service::Service;
use super::wire::Moment;
use crate::clock::Stamp;

/// What happens to the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The connection waits for the next request.
    Keep,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
}

/// The answer cannot go on. The log has the reason.
pub(super) struct Gone(pub(super) Ended);

/// One answer on its way to the client.
pub(super) struct Delivery<'a> {
    pub(super) service: &'a Service,
    pub(super) frames: &'a mut Frames,
    /// When the request was read. All times of the answer count from here.
    pub(super) read: Stamp,
    /// Whether the stream is sent in the chunked transfer coding.
    pub(super) chunked: bool,
    pub(super) entry: Entry,
    stream: &'a TcpStream,
    keep_alive: bool,
    next_keep_alive: Option<Stamp>,
}

impl<'a> Delivery<'a> {
    /// The answer to a request that was read at `read`, `late` after it had arrived.
    pub(super) fn new(
        service: &'a Service,
        stream: &'a TcpStream,
        frames: &'a mut Frames,
        request: &Request<'_>,
        read: Stamp,
        late: Option<Duration>,
    ) -> Self {
        let chunked = service.options.chunked && request.takes_chunks;
        frames.restart(chunked);
        let every = service.options.keep_alive;
        let entry = Entry {
            path: request.path.clone(),
            read_wall_us: service.clock.wall(read).unix_timestamp_nanos() / 1_000,
            read,
            late,
            ..Entry::default()
        };
        Self {
            service,
            frames,
            read,
            chunked,
            entry,
            stream,
            keep_alive: request.keep_alive,
            next_keep_alive: (!every.is_zero()).then(|| read + every),
        }
    }

    /// Sends a response that is no stream. `fields` are further header lines.
    pub(super) fn respond(
        &mut self,
        status: u16,
        content_type: &str,
        fields: &str,
        body: &str,
    ) -> Result<After, Gone> {
        self.entry.status = Some(status);
        let response = response(status, content_type, fields, body, self.keep_alive);
        self.end_with(response.as_bytes())
    }

    /// Sends the head of a stream.
    pub(super) fn begin(&mut self) -> Result<(), Gone> {
        self.sleep(self.read + self.service.options.slow_headers)?;
        self.keep_alive &= self.chunked;
        let coding = self.chunked.then_some("Transfer-Encoding: chunked\r\n");
        let coding = coding.unwrap_or_default();
        let fields = format!("{coding}Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n");
        let content_type = "text/event-stream; charset=utf-8";
        let head = response_head(200, content_type, &fields, self.keep_alive);
        self.entry.status = Some(200);
        self.write(head.as_bytes())
    }

    /// Ends the body.
    pub(super) fn finish(&mut self) -> Result<After, Gone> {
        self.end_with(if self.chunked { LAST_CHUNK } else { b"" })
    }

    /// Writes the last bytes of a response.
    fn end_with(&mut self, bytes: &[u8]) -> Result<After, Gone> {
        self.stamp_end();
        self.write(bytes)?;
        Ok(if self.keep_alive {
            After::Keep
        } else {
            After::Close
        })
    }

    /// Waits until `at`, and sends keep-alives until then.
    pub(super) fn wait(&mut self, script: &Script, at: Stamp) -> Result<(), Gone> {
        self.keep_alive_until(script, at)?;
        self.sleep(at)
    }

    /// Sends each keep-alive that is due until `at`.
    pub(super) fn keep_alive_until(&mut self, script: &Script, at: Stamp) -> Result<(), Gone> {
        let every = self.service.options.keep_alive;
        while let Some(due) = self.next_keep_alive.filter(|due| *due <= at) {
            // A shorter period would never let this loop end.
            self.next_keep_alive = Some(due + every.max(Duration::from_micros(1)));
            self.sleep(due)?;
            self.send(script, Moment::KeepAlive)?;
        }
        Ok(())
    }

    /// Sends keep-alives only, until the client leaves or the server stops.
    pub(super) fn only_keep_alives(&mut self, script: &Script) -> Gone {
        while let Some(at) = self.next_keep_alive {
            if let Err(gone) = self.wait(script, at) {
                return gone;
            }
        }
        self.silence()
    }

    /// Sends nothing more, until the client leaves or the server stops.
    pub(super) fn silence(&mut self) -> Gone {
        let mut ignored = [0; 256];
        // A stop shuts the socket down, which ends the read.
        while !self.service.stopped() && matches!(self.stream.read(&mut ignored), Ok(1..)) {}
        self.gone()
    }

    /// Sleeps until `at`; does not sleep if `at` has passed.
    pub(super) fn sleep(&self, at: Stamp) -> Result<(), Gone> {
        let slept = self.service.clock.park_until(at, || self.service.stopped());
        slept.then_some(()).ok_or_else(|| self.gone())
    }

    /// Sends the frames of a moment.
    pub(super) fn send(&mut self, script: &Script, moment: Moment) -> Result<(), Gone> {
        self.frames.clear();
        script.put(moment, self.frames);
        self.write_frames()
    }

    /// Writes the frames of an event that carries tokens. The log gets the time before the write.
    pub(super) fn write_tokens(&mut self, due: Due) -> Result<(), Gone> {
        let now = self.since_read();
        self.write_frames()?;
        self.entry.tokens += due.tokens;
        if due.reasoning {
            self.entry.reasoning_tokens += due.tokens;
        }
        if self.service.log.is_some() {
            self.entry.token_times.push(now);
        }
        Ok(())
    }

    /// Writes the frames in the buffer, each with its own system call.
    pub(super) fn write_frames(&mut self) -> Result<(), Gone> {
        for frame in self.frames.iter() {
            self.write(frame)?;
            self.entry.events += 1;
        }
        Ok(())
    }

    /// Writes bytes with one system call, or in the pieces that the options ask for.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Gone> {
        let size = self.service.options.split_writes;
        let size = size.map_or(bytes.len(), |size| size as usize);
        let mut stream = self.stream;
        for piece in bytes.chunks(size.max(1)) {
            stream.write_all(piece).map_err(|_| self.gone())?;
        }
        Ok(())
    }

    /// The reason why nothing more can be sent.
    fn gone(&self) -> Gone {
        Gone(if self.service.stopped() {
            Ended::Shutdown
        } else {
            Ended::Client
        })
    }

    /// Time since the request was read.
    pub(super) fn since_read(&self) -> Duration {
        self.service.clock.now().since(self.read)
    }

    /// Notes that the answer ends here.
    pub(super) fn stamp_end(&mut self) {
        self.entry.end = self.since_read();
    }
}
