//! The TCP leaf of the connector: connects, writes and reads, stamping each where it happens, and
//! keeps the request's deadlines.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Weak};
use std::time::Duration;

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, ShutdownHandle, Transport,
};
use ureq::{Error, Timeout};

use super::backlog::Backlog;
use super::buffers::ConnectionBuffers;
use super::exchange::{Exchange, Reached};
use super::reads::{FailedRead, Read, Reads, Wait, is_timeout};
use crate::clock::Stamp;
use crate::record::FailureKind;

/// The largest piece of output that is held back, in bytes: a request's head.
const MOST_HELD: usize = 2 * 1024;

/// Reads that wait are told after a silence that is no longer than this, nor shorter than half of
/// it.
const SILENCE: Duration = Duration::from_millis(500);

/// Opens TCP connections that note what happens to them in the user's [`Exchange`].
#[derive(Debug)]
pub(super) struct TcpLeaf {
    pub(super) exchange: Arc<Exchange>,
    /// Longest wait for a write or a read.
    pub(super) timeout: Duration,
    /// Whether arrivals are stamped when `read` returns, whatever the kernel tells.
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
            buffers: ConnectionBuffers::new(),
            backlog: Backlog::default(),
            silent_since: None,
            reads: Reads::new(&stream, self.exchange.clock(), self.timeout),
            stream,
            user_clock: self.user_clock,
            timeout: self.timeout,
            write_timeout: None,
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
            match TcpStream::connect_timeout(address, left) {
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
    backlog: Backlog,
    /// The last read, where those that waited have been told because nothing came after it.
    silent_since: Option<Stamp>,
    reads: Reads,
    user_clock: bool,
    timeout: Duration,
    /// The socket's timeout as last set, so that setting it costs a system call only when it
    /// changes.
    write_timeout: Option<Duration>,
}

impl TcpTransport {
    /// How long a wait may last, and the failure where it lasts longer. A limit of ureq's is that of
    /// the connect phase, the only limit that ureq is given.
    fn longest(&self, limit: NextTimeout, kind: FailureKind) -> (Duration, FailureKind) {
        match exact(limit) {
            Some(left) => (left, FailureKind::TimeoutConnect),
            None => (self.timeout, kind),
        }
    }

    /// Reads until what has come may wait no longer: that is once, where reads do not wait.
    fn gather(&mut self, limit: NextTimeout) -> Result<(), Error> {
        let is_patient = self.exchange.is_patient();
        let (longest, kind) = self.longest(limit, FailureKind::TimeoutIdle);
        let mut now = self.exchange.clock().now();
        let silent_since = self.silent_since.take().filter(|_| is_patient);
        let mut since = silent_since.unwrap_or(now);
        let (deadline, kind) = self.exchange.deadline(since, longest, kind);
        loop {
            let others_wait = !self.backlog.is_empty();
            let input = self.buffers.input_append_buf();
            if input.is_empty() {
                let size = self.buffers.input().len();
                return Err(Error::LargeResponseHeader(size, size));
            }
            let wait = Wait {
                now,
                deadline,
                silence: others_wait.then_some(SILENCE),
            };
            match self.reads.read(&self.stream, input, wait)? {
                Read::Received(received) => {
                    self.buffers.fill(received.bytes);
                    self.backlog.push(received);
                    let newest = self.buffers.newest(received.bytes);
                    let may_wait = is_patient && self.backlog.may_wait(newest);
                    if !may_wait || !self.buffers.has_room_beside(received.bytes) {
                        return Ok(());
                    }
                    (since, now) = (received.returned, received.returned);
                }
                Read::Failed(failed) => {
                    self.backlog.fail(failed);
                    return Ok(());
                }
                Read::Late if others_wait => {
                    self.silent_since = Some(since);
                    return Ok(());
                }
                Read::Late => return Err(self.exceeded(kind, limit.reason)),
            }
        }
    }

    /// Writes what has been held back.
    fn write_held(&mut self, limit: NextTimeout) -> Result<(), Error> {
        let began = self.exchange.clock().now();
        let (longest, kind) = self.longest(limit, FailureKind::TimeoutSend);
        let (deadline, kind) = self.exchange.deadline(began, longest, kind);
        let left = deadline.since(began);
        if left.is_zero() {
            return Err(self.exceeded(kind, limit.reason));
        }
        let wanted = if kind == FailureKind::TimeoutSend {
            self.timeout
        } else {
            left
        };
        if self.write_timeout != Some(wanted) {
            self.stream.set_write_timeout(Some(wanted))?;
            self.write_timeout = Some(wanted);
        }
        let written = (&*self.stream).write_all(self.buffers.held());
        self.buffers.drop_held();
        match written {
            Ok(()) => Ok(()),
            Err(error) if is_timeout(&error) => Err(self.exceeded(kind, limit.reason)),
            Err(error) => Err(error.into()),
        }
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
        let is_first = self.buffers.held().is_empty();
        self.buffers.hold(amount);
        if is_first && amount <= MOST_HELD {
            return Ok(());
        }
        self.write_held(limit)
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        if !self.buffers.held().is_empty() {
            self.write_held(limit)?;
        }
        self.buffers.release_output();
        let told = loop {
            match self.backlog.pop() {
                Some(told) => break told,
                None => self.gather(limit)?,
            }
        };
        match told {
            Ok(received) => {
                self.buffers.tell(received.bytes);
                let more = !self.backlog.is_empty();
                self.exchange
                    .note(|notes| notes.take(&received, self.user_clock, more));
                Ok(received.bytes > 0)
            }
            Err(FailedRead { error, at }) => {
                self.exchange.note(|notes| {
                    notes.last.at = at;
                    notes.reset = error.kind() == io::ErrorKind::ConnectionReset;
                });
                Err(error.into())
            }
        }
    }

    fn is_open(&mut self) -> bool {
        is_idle(&self.stream)
    }
}

/// Whether a connection between requests is still good: open, and silent.
#[cfg(unix)]
fn is_idle(stream: &TcpStream) -> bool {
    use nix::errno::Errno;
    use nix::sys::socket::{MsgFlags, recv};
    use std::os::fd::AsRawFd as _;

    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    recv(stream.as_raw_fd(), &mut [0], flags) == Err(Errno::EAGAIN)
}

/// Whether a connection between requests is still good: open, and silent.
#[cfg(not(unix))]
fn is_idle(stream: &TcpStream) -> bool {
    let peek = || {
        stream.set_nonblocking(true)?;
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        peeked
    };
    peek().is_err_and(|error: io::Error| error.kind() == io::ErrorKind::WouldBlock)
}
