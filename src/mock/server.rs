//! The listening socket and the threads that serve its connections.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, Builder, JoinHandle, Scope};
use std::time::Duration;

use super::answer::Answer;
use super::delivery::{After, Delivery};
use super::frames::Frames;
use super::http::{ReadError, RequestReader, reason, response};
use super::log;
use super::options::Options;
use super::service::Service;
use crate::arrival::{Receiver, Stamping};
use crate::clock::Stamp;

/// Pause after a failure to accept: by then connections may have closed and freed their sockets.
const PAUSE: Duration = Duration::from_millis(10);
/// Stack of a thread in bytes: small, since there may be thousands of threads.
const STACK: usize = 128 * 1024;
/// Number of threads that wait for connections. Many connections may come at once, and starting a
/// thread for each would delay them all.
const WAITING: usize = 128;
/// Most connections beyond the limit that are told of the limit. Any more are closed at once.
const TOLD: usize = 64;
/// Longest time until a client that is refused has closed its connection. Closing before the client
/// has sent its request would reset the connection, and the client would not see the reason.
const LINGER: Duration = Duration::from_secs(1);

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
    service: Arc<Service>,
    threads: Option<JoinHandle<()>>,
    log: Option<JoinHandle<io::Result<()>>>,
    /// Keeps the kernel's arrival times switched on.
    _stamping: Stamping,
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
        let (rows, log) = options.log.as_deref().map(log::create).transpose()?.unzip();
        let service = Arc::new(Service::new(listener, options, rows));
        let threads = Builder::new().name("mock".to_owned()).stack_size(STACK);
        let threads = threads.spawn({
            let service = Arc::clone(&service);
            move || serve_all(&service)
        })?;
        Ok(Self {
            addr,
            service,
            threads: Some(threads),
            log,
            _stamping: Stamping::start(),
        })
    }

    /// The address of the server, with its real port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Number of requests read so far, refused ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.service.requests.load(Ordering::Relaxed)
    }

    /// Stops accepting, cuts the open connections, and waits for their threads and the log.
    /// Dropping the server does the same, but hides the error.
    ///
    /// # Errors
    ///
    /// If the log could not be written completely.
    pub fn shutdown(mut self) -> io::Result<()> {
        self.stop()
    }

    fn stop(&mut self) -> io::Result<()> {
        self.service.stop();
        if let Some(threads) = self.threads.take() {
            stop_listening(&self.service.listener);
            while !threads.is_finished() {
                // Wakes a thread that waits for a connection.
                let _ = TcpStream::connect_timeout(&self.addr, PAUSE);
                thread::yield_now();
            }
            // A panic has been printed where it happened.
            let _ = threads.join();
        }
        if let Some(rows) = &self.service.log {
            // Sending fails if the log's thread has ended with an error, which `join` returns.
            let _ = rows.send(None);
        }
        let panicked = |_| Err(io::Error::other("the log's writer panicked"));
        let log = self.log.take().map(JoinHandle::join);
        log.map_or(Ok(()), |written| written.unwrap_or_else(panicked))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `shutdown` returns the error to those who want it.
        let _ = self.stop();
    }
}

/// Serves until the server stops.
fn serve_all(service: &Service) {
    thread::scope(|scope| {
        while service.waiting.load(Ordering::Relaxed) < WAITING && start(scope, service).is_ok() {}
        // The system may permit no further thread.
        service.waiting.fetch_add(1, Ordering::Relaxed);
        attend(scope, service, usize::MAX);
    });
}

/// Starts a thread that serves connections.
fn start<'scope>(scope: &'scope Scope<'scope, '_>, service: &'scope Service) -> io::Result<()> {
    let thread = Builder::new().name("mock".to_owned()).stack_size(STACK);
    service.waiting.fetch_add(1, Ordering::Relaxed);
    let started = thread.spawn_scoped(scope, move || attend(scope, service, WAITING));
    if started.is_err() {
        service.waiting.fetch_sub(1, Ordering::Relaxed);
    }
    started.map(drop)
}

/// Waits for connections and serves them, one after the other, until the server stops or `most`
/// other threads wait.
fn attend<'scope>(scope: &'scope Scope<'scope, '_>, service: &'scope Service, most: usize) {
    while !service.stopped() {
        let Ok((stream, _)) = service.listener.accept() else {
            // The client left before its turn, or the system has no more sockets.
            let later = service.clock.now() + PAUSE;
            service.clock.park_until(later, || service.stopped());
            continue;
        };
        let waiting = service.waiting.fetch_sub(1, Ordering::Relaxed) - 1;
        let wants_more = waiting < WAITING / 2 && !service.stopped();
        let is_last = wants_more && start(scope, service).is_err() && waiting == 0;
        connected(stream, service, is_last);
        if service.waiting.fetch_add(1, Ordering::Relaxed) >= most {
            break;
        }
    }
    service.waiting.fetch_sub(1, Ordering::Relaxed);
}

/// Serves a connection to its end, or refuses it: the last thread has to stay free.
fn connected(stream: TcpStream, service: &Service, is_last: bool) {
    // Events leave at once. If the option cannot be set, they leave a little later.
    let _ = stream.set_nodelay(true);
    let stream = Arc::new(stream);
    let mut incoming = Incoming {
        stream: &stream,
        receiver: Receiver::new(&stream, &service.clock),
        service,
        lag: None,
        deadline: Some(service.clock.now() + service.options.request_timeout),
    };
    let most = service.most_connections;
    let reset = match service.enter(&stream) {
        Some(others) if others < most && !is_last => serve(&mut incoming),
        Some(others) if others < most + TOLD => {
            let message = format!(
                "the simulated service has {} connections: --max-connections, its open files \
                 (ulimit -n) or its threads (ulimit -u) permit no more",
                others.min(most)
            );
            incoming.refuse(503, &message);
            false
        }
        _ => false,
    };
    service.leave();
    if reset {
        reset_on_close(&stream);
    }
}

/// Answers the requests of a connection, one by one. `true` if the connection must be reset.
fn serve(incoming: &mut Incoming<'_>) -> bool {
    let (stream, service) = (incoming.stream, incoming.service);
    let mut reader = RequestReader::default();
    let mut frames = Frames::new(service.options.crlf);
    loop {
        let after = match reader.read(&mut *incoming, stream) {
            Ok(request) => {
                let read = service.clock.now();
                let late = incoming.lag;
                // The next request may begin at any time. This fails if the client has closed.
                incoming.deadline = None;
                let _ = stream.set_read_timeout(None);
                let delivery = Delivery::new(service, stream, &mut frames, &request, read, late);
                Answer::new(delivery).give(&request)
            }
            Err(ReadError::Refused(status)) => {
                incoming.refuse(status, reason(status));
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

/// The requests of a connection: they come with the kernel's arrival times, each within its time.
struct Incoming<'a> {
    stream: &'a TcpStream,
    receiver: Receiver,
    service: &'a Service,
    /// Time from arrival to the last read.
    lag: Option<Duration>,
    /// When the request must have arrived; `None` before its first byte.
    deadline: Option<Stamp>,
}

impl Incoming<'_> {
    /// Sends an error as plain text, the last response of the connection, and waits for the client.
    fn refuse(&mut self, status: u16, message: &str) {
        let refusal = response(status, "text/plain", "", message, false);
        // Writing fails if the client has closed already.
        let mut stream = self.stream;
        let _ = stream.write_all(refusal.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        self.deadline = Some(self.service.clock.now() + LINGER);
        while matches!(self.read(&mut [0; 4096]), Ok(1..)) {}
    }
}

impl Read for Incoming<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let clock = &self.service.clock;
        if let Some(deadline) = self.deadline {
            let left = deadline.since(clock.now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
        }
        let received = self.receiver.read(self.stream, buffer)?;
        self.lag = received.lag();
        let limit = self.service.options.request_timeout;
        self.deadline.get_or_insert(received.returned + limit);
        Ok(received.bytes)
    }
}

/// Lets the close of a socket send a reset.
#[cfg(unix)]
fn reset_on_close(stream: &TcpStream) {
    use nix::libc::linger;
    use nix::sys::socket::{setsockopt, sockopt::Linger};

    let at_once = linger {
        l_onoff: 1,
        l_linger: 0,
    };
    // This fails if the client has reset the connection already.
    let _ = setsockopt(stream, Linger, &at_once);
}

/// Other systems have no safe call for a reset: the connection closes in the middle of the body.
#[cfg(not(unix))]
fn reset_on_close(_stream: &TcpStream) {}

/// Lets as many connections wait to be accepted as the system allows. The standard library allows
/// 128; of 1,000 users that arrive at once, the others would try again only a second later.
#[cfg(unix)]
fn widen_backlog(listener: &TcpListener) {
    use nix::sys::socket::{Backlog, listen};

    // If this fails, the socket listens with the old limit.
    let _ = listen(listener, Backlog::MAXCONN);
}

/// Ends the waiting for connections, on Linux in all threads at once.
#[cfg(unix)]
fn stop_listening(listener: &TcpListener) {
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{Shutdown, shutdown};

    // If this fails, each connection wakes one thread.
    let _ = shutdown(listener.as_raw_fd(), Shutdown::Both);
}

/// Other systems keep the standard library's limit, and wake one thread with each connection.
#[cfg(not(unix))]
fn widen_backlog(_listener: &TcpListener) {}

#[cfg(not(unix))]
fn stop_listening(_listener: &TcpListener) {}
