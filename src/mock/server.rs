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
    service: Arc<Service>,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<Workers>>,
    log: Option<Log>,
    /// Held, so that all requests are stamped.
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

    /// The address that is listened at, with the port that was chosen.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many requests have been read so far, whatever became of them.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.service.requests.load(Ordering::Relaxed)
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
        self.service.stop();
        // First, so that there are sockets left to wake the acceptor.
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
        // Whoever wants to know calls `shutdown`.
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
                // Where no thread can be had, the connection is closed.
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

/// Serves a connection to its end, in the list of those that a stop ends.
fn attend(number: u64, stream: TcpStream, service: &Service, connections: &Connections) {
    // Each event is to leave at once. A socket that cannot do that is still of use.
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

/// Answers the requests of a connection, one after the other. Says whether it is to be reset.
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
                // The connection is closed next, whether the refusal arrives or not.
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
