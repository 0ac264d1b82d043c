//! The listening socket and the threads of its connections.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::answer::Answer;
use super::connections::Connections;
use super::delivery::{After, Delivery};
use super::frames::Frames;
use super::http::{ReadError, RequestReader, reason, response};
use super::log::Log;
use super::options::Options;
use super::service::Service;
use super::workers::Workers;
use crate::arrival::{Receiver, Stamping};

/// Pause after a failure to accept: by then connections may have closed and freed their sockets.
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
    service: Arc<Service>,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<Workers>>,
    log: Option<Log>,
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
        let log = options.log.as_deref().map(Log::create).transpose()?;
        let service = Arc::new(Service::new(options, log.as_ref().map(Log::sender)));
        let connections = Arc::new(Connections::new());
        let mut workers = Workers::new({
            let (service, connections) = (Arc::clone(&service), Arc::clone(&connections));
            move |number, stream| attend(number, stream, &service, &connections)
        });
        workers.prepare();
        let acceptor = Builder::new().name("mock-accept".to_owned()).spawn({
            let service = Arc::clone(&service);
            move || accept(&listener, workers, &service)
        })?;
        Ok(Self {
            addr,
            service,
            connections,
            acceptor: Some(acceptor),
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
        // This frees sockets, one of which is needed to wake the acceptor.
        self.connections.end();
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
        // `shutdown` returns the error to those who want it.
        let _ = self.stop();
    }
}

/// Accepts connections until the server stops.
fn accept(listener: &TcpListener, mut workers: Workers, service: &Service) -> Workers {
    let mut number = 0;
    while !service.stopped() {
        match listener.accept() {
            Ok((stream, _)) => {
                number += 1;
                // Without a thread to serve it, the connection is closed.
                let _ = workers.hand_over(number, stream);
            }
            // The client left before its turn.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // The system has no more sockets.
            Err(_) => {
                let later = service.clock.now() + PAUSE;
                service.clock.park_until(later, || service.stopped());
            }
        }
    }
    workers
}

/// Serves a connection to its end. Meanwhile it is in the list, so that a stop can end it.
fn attend(number: u64, stream: TcpStream, service: &Service, connections: &Connections) {
    // Events leave at once. If the option cannot be set, they leave a little later.
    let _ = stream.set_nodelay(true);
    let stream = Arc::new(stream);
    if !connections.enter(number, &stream) {
        return;
    }
    let reset = serve(&stream, service);
    connections.leave(number);
    if reset {
        reset_on_close(&stream);
    }
}

/// Answers the requests of a connection, one by one. `true` if the connection must be reset.
fn serve(mut stream: &TcpStream, service: &Service) -> bool {
    let mut reader = RequestReader::default();
    let mut frames = Frames::new(service.options.line_end);
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

/// Other systems keep the standard library's limit.
#[cfg(not(unix))]
fn widen_backlog(_listener: &TcpListener) {}

/// The address at which this machine reaches a listener at `addr`.
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
