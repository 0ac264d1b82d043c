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

use super::backlog::{Backlog, Broken};
use super::buffers::ConnectionBuffers;
use super::probe::{Deadlines, Limit, Probe, Stage};
use crate::arrival::{Received, Receiver};
use crate::clock::Stamp;

/// The largest piece of output that is held back, in bytes: a request's head.
const MOST_HELD: usize = 2 * 1024;

/// Reads that wait are told after a silence that is no longer than this, nor shorter than half of
/// it.
const SILENCE: Duration = Duration::from_millis(500);

/// Opens TCP connections that note what happens to them in the user's [`Probe`].
#[derive(Debug)]
pub(super) struct TcpLeaf {
    pub(super) probe: Arc<Probe>,
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
            probe: Arc::clone(&self.probe),
            buffers: ConnectionBuffers::new(),
            backlog: Backlog::default(),
            silent_since: None,
            receiver: Receiver::new(&stream, self.probe.clock()),
            stream,
            user_clock: self.user_clock,
            timeout: self.timeout,
            read_timeout: None,
            write_timeout: None,
        })))
    }
}

impl TcpLeaf {
    /// Connects to the first address that answers. The time left is shared evenly by those not
    /// tried yet, so that a black hole does not starve them.
    fn open(&self, details: &ConnectionDetails) -> Result<TcpStream, Error> {
        let probe = &self.probe;
        let began = probe.clock().now();
        let budget = exact(details.timeout).unwrap_or(self.timeout);
        let (deadline, cause) = probe.deadlines().earliest(began, budget, Limit::Connect);
        probe.note(|notes| {
            notes.stage = Stage::Connecting;
            notes.connected = true;
        });
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let addresses: &[SocketAddr] = &details.addrs;
        for (index, address) in addresses.iter().enumerate() {
            let untried = u32::try_from(addresses.len() - index).unwrap_or(1);
            let left = probe.clock().until(deadline) / untried;
            if left.is_zero() {
                last = io::ErrorKind::TimedOut.into();
                break;
            }
            match TcpStream::connect_timeout(address, left) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    let took = probe.clock().now().since(began);
                    probe.note(|notes| {
                        notes.stage = Stage::Tunnelling;
                        notes.connect = Some(took);
                        notes.server_addr = Some(*address);
                    });
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        if last.kind() == io::ErrorKind::TimedOut && probe.clock().until(deadline).is_zero() {
            probe.note(|notes| notes.exceeded = Some(cause));
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
    probe: Arc<Probe>,
    buffers: ConnectionBuffers,
    backlog: Backlog,
    /// The last read, where those that waited have been told because nothing came after it.
    silent_since: Option<Stamp>,
    receiver: Receiver,
    user_clock: bool,
    timeout: Duration,
    /// The socket's timeouts as last set, so that setting them costs a system call only when they
    /// change.
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl TcpTransport {
    /// When a wait that begins now has to end, and why. A limit of ureq's is that of the connect
    /// phase, the only one that it is given.
    fn deadline(
        &self,
        deadlines: Deadlines,
        began: Stamp,
        limit: NextTimeout,
        cause: Limit,
    ) -> (Stamp, Limit) {
        let (wait, cause) = match exact(limit) {
            Some(left) => (left, Limit::Connect),
            None => (self.timeout, cause),
        };
        deadlines.earliest(began, wait, cause)
    }

    /// Sets the socket's read timeout so that a read wakes by the deadline, without a system call
    /// for each read where a deadline draws near: a timeout that would overshoot is replaced by
    /// half of what is left, and by all of it once that has been waited for.
    fn arm_read(&mut self, left: Duration, waited: bool) -> io::Result<()> {
        let current = self.read_timeout.unwrap_or(Duration::MAX);
        let wanted = if waited || left >= self.timeout {
            left
        } else if current > left {
            left / 2
        } else {
            return Ok(());
        };
        let wanted = wanted.max(Duration::from_micros(100));
        if wanted != current {
            self.stream.set_read_timeout(Some(wanted))?;
            self.read_timeout = Some(wanted);
        }
        Ok(())
    }

    /// Reads until what has come may wait no longer.
    fn gather(&mut self, limit: NextTimeout) -> Result<(), Error> {
        let is_patient = self.probe.is_patient();
        let deadlines = self.probe.deadlines();
        let mut now = self.probe.clock().now();
        let silent_since = self.silent_since.take().filter(|_| is_patient);
        let mut since = silent_since.unwrap_or(now);
        loop {
            let received = match self.receive(deadlines, since, now, limit)? {
                Some(Ok(received)) => received,
                Some(Err(broken)) => {
                    self.backlog.fail(broken);
                    return Ok(());
                }
                None => {
                    self.silent_since = Some(since);
                    return Ok(());
                }
            };
            self.buffers.fill(received.bytes);
            self.backlog.push(received);
            let (bytes, room) = (self.buffers.newest(received.bytes), self.buffers.room());
            if !(is_patient && self.backlog.may_wait(bytes, room)) {
                return Ok(());
            }
            (since, now) = (received.returned, received.returned);
        }
    }

    /// Reads once, as long after `since` as the limits allow; `None` where there has been a silence
    /// and others wait.
    fn receive(
        &mut self,
        deadlines: Deadlines,
        since: Stamp,
        now: Stamp,
        limit: NextTimeout,
    ) -> Result<Option<Result<Received, Broken>>, Error> {
        let (deadline, cause) = self.deadline(deadlines, since, limit, Limit::Idle);
        let others_wait = !self.backlog.is_empty();
        let mut waited = false;
        let mut left = deadline.since(now);
        loop {
            if left.is_zero() && others_wait {
                return Ok(None);
            }
            if left.is_zero() {
                return Err(self.exceeded(cause, limit.reason));
            }
            self.arm_read(if others_wait { left.min(SILENCE) } else { left }, waited)?;
            let input = self.buffers.input_append_buf();
            if input.is_empty() {
                return Err(Error::LargeResponseHeader(
                    self.buffers.input().len(),
                    self.buffers.input().len(),
                ));
            }
            match self.receiver.read(&self.stream, input) {
                Ok(received) => return Ok(Some(Ok(received))),
                Err(error) if is_timeout(&error) && others_wait => return Ok(None),
                // A signal or SIGCONT interrupts a read that has a timeout, whatever SA_RESTART
                // says: go on with the time that is left.
                Err(error) if error.kind() == io::ErrorKind::Interrupted || is_timeout(&error) => {
                    waited = true;
                    left = self.probe.clock().until(deadline);
                }
                Err(error) => {
                    let at = self.probe.clock().now();
                    return Ok(Some(Err(Broken { error, at })));
                }
            }
        }
    }

    /// Writes what has been held back.
    fn write_held(&mut self, limit: NextTimeout) -> Result<(), Error> {
        let began = self.probe.clock().now();
        let (deadline, cause) = self.deadline(self.probe.deadlines(), began, limit, Limit::Send);
        let left = deadline.since(began);
        if left.is_zero() {
            return Err(self.exceeded(cause, limit.reason));
        }
        let wanted = if cause == Limit::Send {
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
            Err(error) if is_timeout(&error) => Err(self.exceeded(cause, limit.reason)),
            Err(error) => Err(error.into()),
        }
    }

    fn exceeded(&self, cause: Limit, timeout: Timeout) -> Error {
        self.probe.note(|notes| notes.exceeded = Some(cause));
        Error::Timeout(timeout)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
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
        if self.backlog.is_empty() {
            self.gather(limit)?;
        }
        match self.backlog.pop() {
            Some(Ok(received)) => {
                self.buffers.tell(received.bytes);
                let more = !self.backlog.is_empty();
                self.probe
                    .note(|notes| notes.take(&received, self.user_clock, more));
                Ok(received.bytes > 0)
            }
            Some(Err(Broken { error, at })) => {
                self.probe.note(|notes| {
                    notes.last_read = at;
                    notes.reset = error.kind() == io::ErrorKind::ConnectionReset;
                });
                Err(error.into())
            }
            None => Ok(false),
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
