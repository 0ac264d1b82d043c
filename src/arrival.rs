//! Reads a socket and stamps the arrival of bytes. On Linux the kernel stamps them: bytes do not
//! look late when a thread wakes late.
//!
//! The kernel stamps the newest byte of a read, in wall-clock time. The offset between the clocks
//! turns the stamp into the run's time. After a step of the wall clock, one read has no stamp, and
//! later reads use the new offset.

use std::io;
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use crate::clock::{Clock, Stamp, WallOffset};

/// A read's bytes and stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Number of bytes; 0 at the end of the stream.
    pub bytes: usize,
    /// When the read returned.
    pub returned: Stamp,
    /// When the newest byte arrived, by the kernel; `None` if the kernel gives no stamp.
    pub arrived: Option<Stamp>,
}

impl Received {
    /// When the newest byte arrived; without the kernel's stamp, when the read returned.
    #[must_use]
    pub fn at(&self) -> Stamp {
        self.arrived.unwrap_or(self.returned)
    }

    /// How late the client read: the read's return − the arrival; `None` without the kernel's stamp.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        self.arrived.map(|arrived| self.returned.since(arrived))
    }
}

/// Keeps the kernel stamping until this value is dropped. Linux begins some time after the first
/// socket has asked for stamps, and ends after the last such socket is closed. Without this value,
/// the first bytes of a run would have no stamp.
#[derive(Debug)]
pub struct Stamping {
    /// A socket that only asks for stamps; `None` if the system refused the socket.
    _socket: Option<UdpSocket>,
}

impl Stamping {
    /// Asks the kernel to begin.
    #[must_use]
    pub fn start() -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).ok();
        if let Some(socket) = &socket {
            ask_for_stamps(socket);
        }
        Self { _socket: socket }
    }
}

/// The largest difference between two readings of the clocks' offset that is no step of the wall
/// clock.
const TOLERANCE: Duration = Duration::from_micros(500);

/// Reads a socket with the kernel's stamps.
#[derive(Debug)]
pub struct Receiver {
    clock: Clock,
    offset: WallOffset,
}

impl Receiver {
    /// Asks the kernel to stamp what arrives at the socket from now on.
    #[must_use]
    pub fn new(stream: &TcpStream, clock: &Clock) -> Self {
        ask_for_stamps(stream);
        Self {
            clock: *clock,
            offset: clock.wall_offset(),
        }
    }

    /// Reads what is there, or waits for bytes as long as the socket's timeout allows.
    ///
    /// # Errors
    ///
    /// As `read` on the socket.
    pub fn read(&mut self, stream: &TcpStream, buffer: &mut [u8]) -> io::Result<Received> {
        let (bytes, stamp) = receive(stream, buffer)?;
        let (returned, offset) = self.clock.now_with_wall_offset();
        Ok(Received {
            bytes,
            returned,
            arrived: stamp.and_then(|stamp| self.arrival(stamp, returned, offset)),
        })
    }

    /// The kernel's stamp in the run's time; `None` if the wall clock was stepped since the last
    /// read, or if the stamp lies outside of the run.
    fn arrival(&mut self, stamp: i128, returned: Stamp, seen: WallOffset) -> Option<Stamp> {
        if seen.distance(self.offset) > TOLERANCE {
            let offset = self.clock.wall_offset();
            if offset.distance(self.offset) > TOLERANCE {
                self.offset = offset;
                return None;
            }
        }
        // The offset is exact to some microseconds: bytes that were read at once may seem to arrive
        // after the read.
        let arrived = self.offset.stamp_of(stamp)?;
        (arrived.since(returned) <= TOLERANCE).then(|| arrived.min(returned))
    }
}

/// Reads a socket. Returns the number of bytes and the kernel's stamp in nanoseconds of the wall
/// clock.
#[cfg(target_os = "linux")]
fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Option<i128>)> {
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, cmsg_space, recvmsg};
    use nix::sys::time::TimeSpec;

    // All memory of a read is on the stack: other memory is not in a processor's cache.
    let mut control = [0; cmsg_space::<TimeSpec>()];
    let mut slices = [io::IoSliceMut::new(buffer)];
    let (socket, flags) = (stream.as_raw_fd(), MsgFlags::empty());
    let message = recvmsg::<()>(socket, &mut slices, Some(&mut control), flags)?;
    let stamp = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(at) => {
            Some(i128::from(at.tv_sec()) * 1_000_000_000 + i128::from(at.tv_nsec()))
        }
        _ => None,
    });
    Ok((message.bytes, stamp))
}

#[cfg(not(target_os = "linux"))]
fn receive(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Option<i128>)> {
    Ok((io::Read::read(&mut stream, buffer)?, None))
}

#[cfg(target_os = "linux")]
fn ask_for_stamps(socket: &impl std::os::fd::AsFd) {
    use nix::sys::socket::{setsockopt, sockopt};
    // Where the kernel refuses, reads carry no stamp.
    let _ = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
}

#[cfg(not(target_os = "linux"))]
fn ask_for_stamps<Socket>(_socket: &Socket) {}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn bytes_that_waited_are_stamped_with_their_arrival() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let clock = Clock::start();
        let _stamping = Stamping::start();
        let mut receiver = Receiver::new(&stream, &clock);
        // The kernel begins after some time.
        let mut tries = 0..60_000;
        while tries.next().is_some() {
            sender.write_all(b"?").unwrap();
            if receiver.read(&stream, &mut [0]).unwrap().arrived.is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let before = clock.now();
        sender.write_all(b"hello").unwrap();
        assert_eq!(stream.peek(&mut [0; 16]).unwrap(), 5);
        let after = clock.now();
        thread::sleep(Duration::from_millis(50));
        let received = receiver.read(&stream, &mut [0; 16]).unwrap();
        assert_eq!(received.bytes, 5);
        let arrived = received.arrived.expect("a kernel stamp");
        let slack = Duration::from_micros(200);
        assert!(arrived + slack >= before, "{arrived:?} before {before:?}");
        assert!(arrived <= after + slack, "{arrived:?} after {after:?}");
        assert!(received.lag().unwrap() >= Duration::from_millis(45));
    }

    #[test]
    fn the_end_of_a_stream_carries_no_stamp() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let clock = Clock::start();
        let mut receiver = Receiver::new(&stream, &clock);
        drop(sender);
        let received = receiver.read(&stream, &mut [0; 16]).unwrap();
        assert_eq!((received.bytes, received.arrived), (0, None));
    }

    #[test]
    fn a_step_of_the_wall_clock_costs_one_stamp() {
        let clock = Clock::start();
        let true_offset = clock.wall_offset();
        let mut receiver = Receiver {
            clock,
            offset: true_offset,
        };
        let returned = clock.now();
        let stamp = |at: Stamp| true_offset.nanos_of(at);
        let arrival = receiver.arrival(stamp(returned), returned, true_offset);
        assert!(arrival.is_some());
        // An offset that is an hour off stands for a step of the wall clock.
        receiver.offset = WallOffset::between(
            true_offset.nanos_of(returned),
            returned + Duration::from_secs(3600),
        );
        let (_, seen) = clock.now_with_wall_offset();
        assert_eq!(receiver.arrival(stamp(returned), returned, seen), None);
        let (_, seen) = clock.now_with_wall_offset();
        let arrival = receiver.arrival(stamp(returned), returned, seen);
        assert!(arrival.is_some(), "the new offset is known");
    }

    #[test]
    fn a_stamp_of_the_future_is_ignored() {
        let clock = Clock::start();
        let offset = clock.wall_offset();
        let mut receiver = Receiver { clock, offset };
        let returned = clock.now();
        let later = offset.nanos_of(returned + Duration::from_secs(1));
        assert_eq!(receiver.arrival(later, returned, offset), None);
    }
}
