//! The floor of whole runs: a thread per stream with blocking reads, and nothing else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The stack of a thread.
const STACK: usize = 64 * 1024;
/// The body of a request.
const BODY: &str = r#"{"inputs":{},"query":"hi","response_mode":"streaming","user":"bare"}"#;

/// How streams are read.
#[derive(Clone, Copy)]
pub(crate) enum Reads {
    /// `read` alone.
    Plain,
    /// With a timeout and the kernel's arrival stamp, which a measurement needs.
    Stamped,
}

impl Reads {
    /// The argument that starts this program as a bare loop of this kind.
    fn flag(self) -> &'static str {
        match self {
            Reads::Plain => "--bare-loop",
            Reads::Stamped => "--stamped-loop",
        }
    }
}

/// The work of a bare loop.
#[derive(Clone, Copy)]
pub(crate) struct BareLoop {
    pub(crate) reads: Reads,
    pub(crate) addr: SocketAddr,
    pub(crate) users: u32,
    /// Requests of each user.
    pub(crate) requests: u32,
    /// Seconds in which the users start.
    pub(crate) ramp_up: u32,
}

impl BareLoop {
    /// A command that starts this program as the loop.
    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args([self.reads.flag(), &self.addr.to_string()]);
        for number in [self.users, self.requests, self.ramp_up] {
            command.arg(number.to_string());
        }
        command
    }

    /// The loop that this program was started as, if any.
    pub(crate) fn of_this_program() -> Option<Self> {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let reads = [Reads::Plain, Reads::Stamped];
        let flag = args.first()?;
        let reads = reads.into_iter().find(|reads| reads.flag() == flag)?;
        let number = |place: usize| args[place].parse().expect("a number");
        Some(Self {
            reads,
            addr: args[1].parse().expect("an address"),
            users: number(2),
            requests: number(3),
            ramp_up: number(4),
        })
    }

    /// Reads all streams to their ends.
    pub(crate) fn run(self) {
        let began = Instant::now();
        let threads: Vec<_> = (0..self.users)
            .map(|user| {
                let start = Duration::from_secs(self.ramp_up.into()) * user / self.users;
                thread::Builder::new()
                    .stack_size(STACK)
                    .spawn(move || {
                        thread::sleep(start.saturating_sub(began.elapsed()));
                        self.user();
                    })
                    .expect("a thread")
            })
            .collect();
        for thread in threads {
            thread.join().expect("no read fails");
        }
    }

    fn user(self) {
        let request = format!(
            "POST /v1/chat-messages HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{BODY}",
            self.addr,
            BODY.len()
        );
        let mut stream = TcpStream::connect(self.addr).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        if let Reads::Stamped = self.reads {
            stamped::prepare(&stream);
        }
        let mut buffer = [0; 4096];
        for _ in 0..self.requests {
            stream.write_all(request.as_bytes()).expect("it is sent");
            loop {
                let bytes = match self.reads {
                    Reads::Plain => stream.read(&mut buffer).expect("a read"),
                    Reads::Stamped => stamped::read(&stream, &mut buffer),
                };
                assert!(bytes > 0, "the service left");
                if buffer[..bytes].ends_with(b"0\r\n\r\n") {
                    break;
                }
            }
        }
    }
}

mod stamped {
    use std::hint::black_box;
    use std::io::IoSliceMut;
    use std::net::TcpStream;
    use std::os::fd::AsRawFd as _;
    use std::time::Duration;

    use nix::sys::socket::{
        ControlMessageOwned, MsgFlags, cmsg_space, recvmsg, setsockopt, sockopt,
    };
    use nix::sys::time::TimeSpec;

    /// Longer than any read takes.
    const TIMEOUT: Duration = Duration::from_secs(60);

    pub(super) fn prepare(stream: &TcpStream) {
        stream.set_read_timeout(Some(TIMEOUT)).expect("an option");
        setsockopt(stream, sockopt::ReceiveTimestampns, &true).expect("an option");
    }

    /// Reads bytes with their arrival stamp and discards it.
    pub(super) fn read(stream: &TcpStream, buffer: &mut [u8]) -> usize {
        let mut control = [0; cmsg_space::<TimeSpec>()];
        let mut slices = [IoSliceMut::new(buffer)];
        let (socket, flags) = (stream.as_raw_fd(), MsgFlags::empty());
        let message =
            recvmsg::<()>(socket, &mut slices, Some(&mut control), flags).expect("a read");
        let arrived = message.cmsgs().expect("whole").find_map(|it| match it {
            ControlMessageOwned::ScmTimestampns(at) => Some(at),
            _ => None,
        });
        black_box(arrived);
        message.bytes
    }
}
