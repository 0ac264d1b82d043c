//! The listening socket and the threads that serve its connections.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
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

/// Pause after a failure to accept: by then connections may have closed and freed their sockets.
const PAUSE: Duration = Duration::from_millis(10);
/// Stack of a thread in bytes: small, since there may be thousands of threads.
const STACK: usize = 128 * 1024;
/// Number of threads that wait for connections. Many connections may come at once, and starting a
/// thread for each would delay them all.
const WAITING: usize = 128;

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
        if waiting < WAITING / 2 && !service.stopped() {
            // Without another thread, connections wait for this one.
            let _ = start(scope, service);
        }
        connected(stream, service);
        if service.waiting.fetch_add(1, Ordering::Relaxed) >= most {
            break;
        }
    }
    service.waiting.fetch_sub(1, Ordering::Relaxed);
}

/// Serves a connection to its end.
fn connected(stream: TcpStream, service: &Service) {
    // Events leave at once. If the option cannot be set, they leave a little later.
    let _ = stream.set_nodelay(true);
    let stream = Arc::new(stream);
    let reset = service.enter(&stream) && serve(&stream, service);
    service.leave();
    if reset {
        reset_on_close(&stream);
    }
}

/// Answers the requests of a connection, one by one. `true` if the connection must be reset.
fn serve(mut stream: &TcpStream, service: &Service) -> bool {
    let mut reader = RequestReader::default();
    let mut frames = Frames::new(service.options.crlf);
    let mut stamped = Stamped {
        stream,
        receiver: Receiver::new(stream, &service.clock),
        lag: None,
    };
    loop {
        let after = match reader.read(&mut stamped) {
            Ok(request) => {
                let read = service.clock.now();
                let late = stamped.lag;
                let delivery = Delivery::new(service, stream, &mut frames, &request, read, late);
                Answer::new(delivery).give(&request)
            }
            Err(ReadError::Refused(status)) => {
                let refusal = response(status, "text/plain", "", reason(status), false);
                // The connection closes next, even if the refusal does not arrive.
                let _ = stream.write_all(refusal.as_bytes());
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

/// A connection whose reads come with the kernel's arrival times.
struct Stamped<'a> {
    stream: &'a TcpStream,
    receiver: Receiver,
    /// Time from arrival to the last read.
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
    use nix::sys::socket::{Shutdown, shutdown};
    use std::os::fd::AsRawFd as _;

    let _ = shutdown(listener.as_raw_fd(), Shutdown::Both);
}

/// Other systems keep the standard library's limit, and wake one thread with each connection.
#[cfg(not(unix))]
fn widen_backlog(_listener: &TcpListener) {}

#[cfg(not(unix))]
fn stop_listening(_listener: &TcpListener) {}
