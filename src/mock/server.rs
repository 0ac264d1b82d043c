//! The listening socket and the threads of its connections.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle, Thread};
use std::time::Duration;

use super::answer::{After, Answer};
use super::frames::Frames;
use super::http::{ReadError, RequestReader};
use super::log::{Log, Row};
use super::options::Options;
use super::workers::Workers;
use crate::arrival::{Receiver, Stamping};
use crate::clock::Clock;

/// How long accepting pauses when the system has no more sockets, until some may have been closed.
const PAUSE: Duration = Duration::from_millis(10);

/// A simulated service that listens until it is shut down or dropped.
///
/// ```
/// use sse_perf::mock::{Options, Server};
///
/// let server = Server::start(([127, 0, 0, 1], 0).into(), Options::default())?;
/// println!("http://{}/v1/chat-messages", server.addr());
/// server.shutdown()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<Workers>>,
    log: Option<Log>,
    /// Held, so that all requests are stamped.
    _stamping: Stamping,
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) options: Options,
    /// Whether to stop.
    pub(super) stop: AtomicBool,
    /// Requests that have been read.
    pub(super) requests: AtomicU64,
    /// Requests that are being answered.
    pub(super) active: AtomicU32,
    /// Where rows of the log go, if there is one.
    pub(super) rows: Option<Sender<Option<Row>>>,
    /// The open connections by number; `None` once the server has been stopped.
    connections: Mutex<Option<HashMap<u64, Connection>>>,
}

/// What it takes to end a connection from outside.
#[derive(Debug)]
struct Connection {
    stream: Arc<TcpStream>,
    thread: Thread,
}

impl Server {
    /// Listens at the address (port 0 lets the system choose one) and begins to serve.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened at, the log cannot be created (its path is in the error's
    /// text), or no thread can be started.
    pub fn start(addr: SocketAddr, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        widen_backlog(&listener);
        let addr = listener.local_addr()?;
        let log = options.log.as_deref().map(Log::create).transpose()?;
        let shared = Arc::new(Shared {
            clock: Clock::start(),
            options,
            stop: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            active: AtomicU32::new(0),
            rows: log.as_ref().map(Log::sender),
            connections: Mutex::new(Some(HashMap::new())),
        });
        let mut workers = Workers::new({
            let shared = Arc::clone(&shared);
            move |number, stream| attend(number, stream, &shared)
        });
        workers.prepare();
        let acceptor = Builder::new().name("mock-accept".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, workers, &shared)
        })?;
        Ok(Self {
            addr,
            shared,
            acceptor: Some(acceptor),
            log,
            _stamping: Stamping::start(),
        })
    }

    /// The address that is listened at, with the port that was chosen.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many requests have been read so far, whatever became of them.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Stops accepting, cuts the open connections, waits for their threads and for the log.
    /// Dropping the server does the same and forgets the error.
    ///
    /// # Errors
    ///
    /// If the log could not be written completely.
    pub fn shutdown(mut self) -> io::Result<()> {
        self.stop()
    }

    fn stop(&mut self) -> io::Result<()> {
        self.shared.stop.store(true, Ordering::SeqCst);
        // First, so that there are sockets left for what wakes the acceptor.
        let connections = self.shared.connections().take().unwrap_or_default();
        for connection in connections.values() {
            // Fails where the client has closed already.
            let _ = connection.stream.shutdown(Shutdown::Both);
            connection.thread.unpark();
        }
        drop(connections);
        if let Some(acceptor) = self.acceptor.take() {
            while !acceptor.is_finished() {
                let _ = TcpStream::connect_timeout(&reachable(self.addr), PAUSE);
                std::thread::yield_now();
            }
            // A panic has been printed where it happened.
            if let Ok(workers) = acceptor.join() {
                workers.dismiss();
            }
        }
        self.log.take().map_or(Ok(()), Log::finish)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever wants to know calls `shutdown`.
        let _ = self.stop();
    }
}

impl Shared {
    /// Whether to stop.
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn connections(&self) -> MutexGuard<'_, Option<HashMap<u64, Connection>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections until the server stops.
fn accept(listener: &TcpListener, mut workers: Workers, shared: &Shared) -> Workers {
    let mut number = 0;
    while !shared.stopped() {
        match listener.accept() {
            Ok((stream, _)) => {
                number += 1;
                // Where no thread can be had, the connection is closed.
                let _ = workers.hand_over(number, stream);
            }
            // The client has left before it was its turn, or the system has no more sockets.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => {
                let later = shared.clock.now() + PAUSE;
                shared.clock.park_until(later, || shared.stopped());
            }
        }
    }
    workers
}

/// Serves a connection to its end, in the list of those that can be ended from outside.
fn attend(number: u64, stream: TcpStream, shared: &Shared) {
    // Each event is to leave at once. A socket that cannot do that is still of use.
    let _ = stream.set_nodelay(true);
    let stream = Arc::new(stream);
    match shared.connections().as_mut() {
        None => return,
        Some(connections) => connections.insert(
            number,
            Connection {
                stream: Arc::clone(&stream),
                thread: std::thread::current(),
            },
        ),
    };
    let reset = serve(&stream, shared);
    // Only the last owner's leaving closes the socket.
    if let Some(connections) = shared.connections().as_mut() {
        connections.remove(&number);
    }
    if reset {
        reset_on_close(&stream);
    }
}

/// Answers the requests of a connection, one after the other. Says whether it is to be reset.
fn serve(stream: &TcpStream, shared: &Shared) -> bool {
    let mut reader = RequestReader::default();
    let mut frames = Frames::new(shared.options.line_end);
    let mut stamped = Stamped {
        stream,
        receiver: Receiver::new(stream, &shared.clock),
        lag: None,
    };
    loop {
        let after = match reader.read(&mut stamped) {
            Ok(request) => {
                let read = shared.clock.now();
                let late = stamped.lag;
                Answer::new(shared, stream, &mut frames, &request, read, late).give(&request)
            }
            Err(ReadError::Refused(status)) => {
                super::answer::refuse(stream, status);
                After::Close
            }
            Err(ReadError::Gone) => After::Close,
        };
        match after {
            After::Keep => {}
            After::Close => return false,
            After::Reset => return true,
        }
    }
}

/// A connection that is read with the kernel's arrival times.
struct Stamped<'a> {
    stream: &'a TcpStream,
    receiver: Receiver,
    /// How late the last read was.
    lag: Option<Duration>,
}

impl Read for Stamped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let received = self.receiver.read(self.stream, buffer)?;
        self.lag = received.lag();
        Ok(received.bytes)
    }
}

impl Write for Stamped<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Makes the close of a socket a reset.
#[cfg(unix)]
fn reset_on_close(stream: &TcpStream) {
    use nix::libc::linger;
    use nix::sys::socket::{setsockopt, sockopt::Linger};

    let at_once = linger {
        l_onoff: 1,
        l_linger: 0,
    };
    // It fails where the client has reset the connection first.
    let _ = setsockopt(stream, Linger, &at_once);
}

/// Elsewhere there is no safe call for it, and the connection is closed in the middle of the body.
#[cfg(not(unix))]
fn reset_on_close(_stream: &TcpStream) {}

/// Lets as many connections wait to be accepted as the system allows: the standard library asks for
/// 128, and when 1,000 users arrive at once the others would try again only a second later.
#[cfg(unix)]
fn widen_backlog(listener: &TcpListener) {
    use nix::sys::socket::{Backlog, listen};

    // The socket listens already; without more room it still does.
    let _ = listen(listener, Backlog::MAXCONN);
}

/// Elsewhere the standard library's number stays.
#[cfg(not(unix))]
fn widen_backlog(_listener: &TcpListener) {}

/// An address at which a listener at `addr` can be reached from this machine.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_on_loopback() {
        for (addr, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.2:80", "127.0.0.2:80"),
        ] {
            let addr = addr.parse().expect("an address");
            assert_eq!(reachable(addr).to_string(), expected);
        }
    }
}
