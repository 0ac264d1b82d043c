//! The system's list of TCP sockets, and a listener that does not answer.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A listener whose backlog is full: the system does not answer connects to it.
pub struct FullBacklog {
    /// Where it listens.
    pub addr: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl FullBacklog {
    /// A new one.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let none = nix::sys::socket::Backlog::new(0).expect("a backlog of none");
        nix::sys::socket::listen(&listener, none).expect("it listens");
        let connect = || TcpStream::connect_timeout(&addr, Duration::from_millis(200));
        let queued = std::iter::from_fn(|| connect().ok()).collect();
        Self {
            addr,
            _listener: listener,
            _queued: queued,
        }
    }

    /// How many sockets are connecting to it.
    pub fn connecting(&self) -> usize {
        let waits = |socket: &TcpSocket| socket.connecting && socket.of.1 == self.addr;
        tcp_sockets().filter(waits).count()
    }
}

/// What Linux tells of a TCP socket; see `proc(5)`.
pub struct TcpSocket {
    /// Its own address and its peer's.
    pub of: (SocketAddr, SocketAddr),
    /// Whether its connect waits for an answer.
    pub connecting: bool,
    /// Bytes that the peer has not acknowledged.
    pub unsent: u64,
    /// Bytes that have arrived and were not read.
    pub unread: u64,
}

impl TcpSocket {
    /// The socket of a line of `/proc/net/tcp`, such as
    /// `1: 0100007F:B641 0100007F:1F90 01 00000000:0000002A …`.
    fn parse(line: &str) -> Option<Self> {
        let number = |text| u64::from_str_radix(text, 16).ok();
        let address = |text: &str| {
            let (ip, port) = text.split_once(':')?;
            // The bytes of the IP address are in the machine's order.
            let ip = u32::from_str_radix(ip, 16).ok()?.to_ne_bytes();
            Some(SocketAddr::from((ip, u16::from_str_radix(port, 16).ok()?)))
        };
        let mut fields = line.split_whitespace().skip(1);
        let of = (address(fields.next()?)?, address(fields.next()?)?);
        let connecting = fields.next()? == "02";
        let (unsent, unread) = fields.next()?.split_once(':')?;
        Some(Self {
            of,
            connecting,
            unsent: number(unsent)?,
            unread: number(unread)?,
        })
    }
}

/// All TCP sockets over IPv4; none where the system has no `/proc/net/tcp`.
pub fn tcp_sockets() -> impl Iterator<Item = TcpSocket> {
    let text = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let sockets: Vec<_> = text.lines().filter_map(TcpSocket::parse).collect();
    sockets.into_iter()
}
