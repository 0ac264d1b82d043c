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

use super::buffers::ConnectionBuffers;
use super::probe::{Limit, Probe, Stage};
use crate::arrival::Receiver;
use crate::clock::Stamp;

/// The largest piece of output that is held back, in bytes: a request's head.
const MOST_HELD: usize = 2 * 1024;

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
    fn deadline(&self, began: Stamp, limit: NextTimeout, cause: Limit) -> (Stamp, Limit) {
        let (wait, cause) = match exact(limit) {
            Some(left) => (left, Limit::Connect),
            None => (self.timeout, cause),
        };
        self.probe.deadlines().earliest(began, wait, cause)
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

    /// Writes what has been held back.
    fn write_held(&mut self, limit: NextTimeout) -> Result<(), Error> {
        let began = self.probe.clock().now();
        let (deadline, cause) = self.deadline(began, limit, Limit::Send);
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
        let began = self.probe.clock().now();
        let (deadline, cause) = self.deadline(began, limit, Limit::Idle);
        let mut waited = false;
        let mut left = deadline.since(began);
        loop {
            if left.is_zero() {
                return Err(self.exceeded(cause, limit.reason));
            }
            self.arm_read(left, waited)?;
            let input = self.buffers.input_append_buf();
            if input.is_empty() {
                return Err(Error::LargeResponseHeader(
                    self.buffers.input().len(),
                    self.buffers.input().len(),
                ));
            }
            match self.receiver.read(&self.stream, input, self.probe.clock()) {
                Ok(received) => {
                    self.buffers.input_appended(received.bytes);
                    self.probe
                        .note(|notes| notes.take(&received, self.user_clock));
                    return Ok(received.bytes > 0);
                }
                // A signal or SIGCONT interrupts a read that has a timeout, whatever SA_RESTART
                // says: go on with the time that is left.
                Err(error) if error.kind() == io::ErrorKind::Interrupted || is_timeout(&error) => {
                    waited = true;
                    left = self.probe.clock().until(deadline);
                }
                Err(error) => {
                    let now = self.probe.clock().now();
                    self.probe.note(|notes| {
                        notes.last_read = now;
                        notes.reset = error.kind() == io::ErrorKind::ConnectionReset;
                    });
                    return Err(error.into());
                }
            }
        }
    }

    fn is_open(&mut self) -> bool {
        is_idle(&self.stream).unwrap_or(false)
    }
}

/// Whether a connection between requests is still good: open, and silent.
fn is_idle(stream: &TcpStream) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    let idle = matches!(
        stream.peek(&mut [0]),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock
    );
    stream.set_nonblocking(false)?;
    Ok(idle)
}
