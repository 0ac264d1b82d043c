//! The TCP leaf of the connector: connects, writes and reads, stamping each where it happens, and
//! keeps the request's deadlines.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, ShutdownHandle, Transport,
};
use ureq::{Error, Timeout};

use super::buffers::ConnectionBuffers;
use super::exchange::{Exchange, Notes, Reached};
use super::timed::Timed;
use super::waiting::{WaitingReads, may_wait};
use crate::arrival::{Received, Receiver};
use crate::clock::Stamp;
use crate::record::FailureKind;
use crate::sse::completes_one_block;

/// The largest piece of output that is held back, in bytes: a request's head.
const MOST_HELD: usize = 2 * 1024;

/// After a silence of this length reads wait no longer, and a reader that heeds silences is told.
const SILENCE: Duration = Duration::from_millis(500);

/// Opens TCP connections that note what happens to them in the user's [`Exchange`].
#[derive(Debug)]
pub(super) struct TcpLeaf {
    pub(super) exchange: Arc<Exchange>,
    /// Longest wait for a read, and for the whole request to be written.
    pub(super) timeout: Duration,
    /// Whether arrivals are stamped when `read` returns, not by the kernel.
    pub(super) user_clock: bool,
}

impl<In: Transport> Connector<In> for TcpLeaf {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        // A proxy's tunnel comes with its own connection, which was made here before.
        if let Some(tunnel) = chained {
            return Ok(Some(Either::A(tunnel)));
        }
        let stream = Arc::new(self.open(details)?);
        let handle = Arc::downgrade(&stream) as Weak<dyn ShutdownHandle>;
        (details.register_shutdown)(handle)?;
        Ok(Some(Either::B(TcpTransport {
            exchange: Arc::clone(&self.exchange),
            buffers: ConnectionBuffers::default(),
            waiting: WaitingReads::default(),
            last: None,
            silent_since: None,
            receiver: Receiver::new(&stream, self.exchange.clock()),
            stream,
            user_clock: self.user_clock,
            timeout: self.timeout,
            reads: Timed::default(),
            writes: Timed::default(),
            is_answered: false,
        })))
    }
}

impl TcpLeaf {
    /// Connects to the first address that answers. The time left is shared evenly by those not
    /// tried yet, so that a black hole does not starve them.
    fn open(&self, details: &ConnectionDetails) -> Result<TcpStream, Error> {
        let exchange = &self.exchange;
        let began = exchange.clock().now();
        let budget = exact(details.timeout).unwrap_or(self.timeout);
        let (deadline, kind) = exchange.deadline(began, budget, FailureKind::TimeoutConnect);
        exchange.note(|notes| notes.reached = Reached::Connecting);
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let addresses: &[SocketAddr] = &details.addrs;
        for (index, address) in addresses.iter().enumerate() {
            let untried = u32::try_from(addresses.len() - index).unwrap_or(1);
            let left = exchange.clock().until(deadline) / untried;
            if left.is_zero() {
                last = io::ErrorKind::TimedOut.into();
                break;
            }
            exchange.connects.store(true, Ordering::Release);
            let connected = TcpStream::connect_timeout(address, left);
            exchange.connects.store(false, Ordering::Release);
            match connected {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    let took = exchange.clock().now().since(began);
                    exchange.note(|notes| {
                        notes.reached = Reached::Tunnelling;
                        notes.server_addr = Some(*address);
                        let connection = &mut notes.attempt.connection;
                        connection.reused = Some(false);
                        connection.server_addr = Some(*address);
                        connection.connect = Some(took);
                    });
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        if last.kind() == io::ErrorKind::TimedOut && exchange.clock().until(deadline).is_zero() {
            exchange.note(|notes| notes.exceeded = Some(kind));
            return Err(Error::Timeout(Timeout::Connect));
        }
        Err(last.into())
    }
}

/// The time that ureq allows, where it sets a limit.
fn exact(timeout: NextTimeout) -> Option<Duration> {
    (!timeout.after.is_not_happening()).then(|| *timeout.after)
}

/// A connection whose reads and writes are stamped.
#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: Arc<TcpStream>,
    exchange: Arc<Exchange>,
    buffers: ConnectionBuffers,
    waiting: WaitingReads,
    last: Option<Received>,
    /// When the silence began, where one has ended the last wait early.
    silent_since: Option<Stamp>,
    receiver: Receiver,
    reads: Timed,
    writes: Timed,
    user_clock: bool,
    timeout: Duration,
    /// The server has answered before it had the whole request, and takes no more.
    is_answered: bool,
}

impl TcpTransport {
    /// When a wait that began at `since` is over, and the failure that this means: `kind`, or that of
    /// an earlier deadline. A limit of ureq's is the connect timeout: ureq is given no other.
    fn deadline(
        &self,
        since: Stamp,
        limit: NextTimeout,
        kind: FailureKind,
    ) -> (Stamp, FailureKind) {
        let (longest, kind) = match exact(limit) {
            Some(left) => (left, FailureKind::TimeoutConnect),
            None => (self.timeout, kind),
        };
        self.exchange.deadline(since, longest, kind)
    }

    /// Reads until the newest read may not wait, or until the stream falls silent.
    fn gather(&mut self, limit: NextTimeout) -> Result<(), Error> {
        let mut now = self.exchange.clock().now();
        let mut since = self.silent_since.take().unwrap_or(now);
        let (deadline, kind) = self.deadline(since, limit, FailureKind::TimeoutIdle);
        let flags = |notes: &mut Notes| (notes.is_patient, notes.heeds_silence);
        let (is_patient, heeds_silence) = self.exchange.note(flags);
        loop {
            let input = self.buffers.input_append_buf();
            if input.is_empty() {
                let size = self.buffers.input().len();
                return Err(Error::LargeResponseHeader(size, size));
            }
            let others_wait = !self.waiting.is_empty();
            let ends_early = others_wait || heeds_silence;
            let silent_at = ends_early.then(|| now + SILENCE);
            let until = silent_at.map_or(deadline, |at| at.min(deadline));
            let set = |wait| self.stream.set_read_timeout(wait);
            let read = || self.receiver.read(&self.stream, input);
            let clock = self.exchange.clock();
            let received = match self.reads.once(clock, (now, until), set, read) {
                Ok(Some(received)) => received,
                Ok(None) if others_wait || until < deadline => {
                    self.silent_since = Some(since);
                    return Ok(());
                }
                Ok(None) => return Err(self.exceeded(kind, limit.reason)),
                Err(error) => {
                    self.waiting.push_back(Err(error));
                    return Ok(());
                }
            };
            let is_one_block = is_patient && completes_one_block(&input[..received.bytes]);
            self.buffers.fill(received.bytes);
            self.waiting.push_back(Ok(received));
            let before = self.last.replace(received);
            let may_wait = is_one_block && may_wait(&self.waiting, before);
            if !may_wait || !self.buffers.has_room_beside(received.bytes) {
                return Ok(());
            }
            (now, since) = (received.returned, received.returned);
        }
    }

    /// Writes what has been held back.
    fn write_held(&mut self, limit: NextTimeout) -> Result<(), Error> {
        self.silent_since = None;
        let written = if self.is_answered {
            Ok(())
        } else {
            self.write(limit)
        };
        self.buffers.held = 0;
        if written.is_err() {
            self.exchange.note(|notes| notes.unsent = true);
        }
        // A server that has answered early, and takes no more, says why in its answer.
        let is_closed = matches!(&written, Err(Error::Io(error)) if is_closed(error.kind()));
        self.is_answered |= is_closed && peek(&self.stream).is_ok_and(|bytes| bytes > 0);
        if self.is_answered { Ok(()) } else { written }
    }

    /// Writes the held output within the time for the whole request.
    fn write(&mut self, limit: NextTimeout) -> Result<(), Error> {
        let clock = self.exchange.clock();
        let began = self.exchange.note(|notes| notes.attempt.send_began);
        let began = began.unwrap_or_else(|| clock.now());
        let (deadline, kind) = self.deadline(began, limit, FailureKind::TimeoutSend);
        let mut rest = self.buffers.held();
        while !rest.is_empty() {
            let set = |wait| self.stream.set_write_timeout(wait);
            let write = || (&*self.stream).write(rest);
            let times = (clock.now(), deadline);
            let Some(written) = self.writes.once(clock, times, set, write)? else {
                return Err(self.exceeded(kind, limit.reason));
            };
            rest = &rest[written..];
        }
        Ok(())
    }

    fn exceeded(&self, kind: FailureKind, timeout: Timeout) -> Error {
        self.exchange.note(|notes| notes.exceeded = Some(kind));
        Error::Timeout(timeout)
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    /// A small piece is held back until the next one, or until input is awaited: ureq writes a
    /// request's head and its body apart, which would wake the server twice.
    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), Error> {
        let is_first = self.buffers.held == 0;
        self.buffers.held += amount;
        if is_first && amount <= MOST_HELD {
            return Ok(());
        }
        self.write_held(limit)
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        if self.buffers.held > 0 {
            self.write_held(limit)?;
        }
        self.buffers.release_output();
        if self.waiting.is_empty() {
            self.gather(limit)?;
        }
        let Some(read) = self.waiting.pop_front() else {
            return Err(Error::Io(io::ErrorKind::WouldBlock.into()));
        };
        let more = !self.waiting.is_empty();
        self.exchange.note(|notes| match &read {
            Ok(received) => notes.take(received, self.user_clock, more),
            Err(error) => {
                notes.last.at = self.exchange.clock().now();
                notes.reset = error.kind() == io::ErrorKind::ConnectionReset;
            }
        });
        let received = read?;
        self.buffers.told += received.bytes;
        Ok(received.bytes > 0)
    }

    fn is_open(&mut self) -> bool {
        // Open, and silent.
        peek(&self.stream).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// Whether an error says that the other side has closed the connection.
fn is_closed(error: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error, BrokenPipe | ConnectionAborted | ConnectionReset)
}

/// Whether bytes have come, without a wait: 0 at the end, `WouldBlock` where none have.
#[cfg(unix)]
fn peek(stream: &TcpStream) -> io::Result<usize> {
    use nix::sys::socket::{MsgFlags, recv};
    use std::os::fd::AsRawFd as _;

    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    Ok(recv(stream.as_raw_fd(), &mut [0], flags)?)
}

/// Whether bytes have come, without a wait: 0 at the end, `WouldBlock` where none have.
#[cfg(not(unix))]
fn peek(stream: &TcpStream) -> io::Result<usize> {
    stream.set_nonblocking(true)?;
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false)?;
    peeked
}
