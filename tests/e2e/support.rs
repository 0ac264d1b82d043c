//! Servers that follow a script, and runs of the binary, each in a directory of its own. All
//! sockets are on loopback, on free ports, and are closed when the test ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use crate::directory::Directory;
use crate::sockets::tcp_sockets;

/// A connection of a [`Scripted`] server.
pub struct Peer {
    /// The socket.
    pub stream: TcpStream,
}

/// A server that runs a script for each connection, in a thread of its own.
pub struct Scripted {
    /// Where it listens.
    pub addr: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
}

impl Scripted {
    /// Starts a server that runs this script for each connection.
    pub fn start(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let stop = Arc::new(AtomicBool::new(false));
        let accepting = thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let script = Arc::new(script);
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let script = Arc::clone(&script);
                    thread::spawn(move || script(&mut Peer { stream }));
                }
            }
        });
        Self {
            addr,
            stop,
            accepting: Some(accepting),
        }
    }

    /// A server that answers every request on a connection with the same bytes; closes the connection
    /// afterwards unless they are chunked.
    pub fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::start(move |peer| {
            while peer.request().is_some() {
                peer.send(&response);
                if !String::from_utf8_lossy(&response).contains("chunked") {
                    peer.close();
                    return;
                }
            }
        })
    }

    /// Its URL with that path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Peer {
    /// Reads a whole request: its head and as much body as it announces; `None` if the client left.
    pub fn request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .to_ascii_lowercase()
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                    .unwrap_or(0);
                if body.len() >= length {
                    return Some(text);
                }
            }
            match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(n) => bytes.extend_from_slice(&buffer[..n]),
            }
        }
    }

    /// Sends bytes in one write; ignores that the client may have left.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
        let _ = self.stream.flush();
    }

    /// Waits until the client has read everything sent so far. The next bytes then come in a read of
    /// their own, and a reset cannot discard any.
    pub fn wait_until_read(&self) {
        let (Ok(own), Ok(client)) = (self.stream.local_addr(), self.stream.peer_addr()) else {
            return;
        };
        eventually("everything arrives", || {
            tcp_sockets().all(|socket| socket.of != (own, client) || socket.unsent == 0)
        });
        eventually("the client reads", || {
            tcp_sockets().all(|socket| socket.of != (client, own) || socket.unread == 0)
        });
    }

    /// Closes the connection in order.
    pub fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
        // Waits for the client's close: unread bytes would turn this close into a reset.
        let _ = self.stream.set_read_timeout(Some(PATIENCE));
        while matches!(self.stream.read(&mut [0; 256]), Ok(n) if n > 0) {}
    }

    /// Closes the connection with a reset.
    pub fn reset(&mut self) {
        use nix::sys::socket::{setsockopt, sockopt};
        let linger = nix::libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        setsockopt(&self.stream, sockopt::Linger, &linger).expect("a socket option");
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    /// Sends nothing until the client leaves.
    pub fn stay_silent(&mut self) {
        while matches!(self.stream.read(&mut [0; 256]), Ok(n) if n > 0) {}
    }
}

/// The path of `OpenAI`'s chat, where most tests send their requests.
pub const PATH: &str = "/v1/chat/completions";

/// A head that announces an event stream in chunks.
pub const SSE_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                            transfer-encoding: chunked\r\n\r\n";

/// A head that announces an event stream that ends with its connection.
pub const SSE_HEAD_CLOSE: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A chunk of a chunked body; an empty one ends it.
pub fn chunk(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let mut chunk = format!("{:x}\r\n", text.len()).into_bytes();
    chunk.extend_from_slice(text);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// A whole chunked response with that body.
pub fn sse_response(body: &str) -> Vec<u8> {
    [SSE_HEAD.as_bytes(), &chunk(body), &chunk("")].concat()
}

/// A whole chunked answer of `OpenAI`'s chat with these texts, an event each.
pub fn openai_answer(texts: &[&str]) -> Vec<u8> {
    let events: String = texts.iter().map(|text| openai_text(text)).collect();
    sse_response(&format!("{events}data: [DONE]\n\n"))
}

/// An event of `OpenAI`'s chat stream that carries text.
pub fn openai_text(text: &str) -> String {
    let text = serde_json::to_string(text).expect("a string");
    format!(
        "data: {{\"id\":\"c1\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}}}}]}}\n\n"
    )
}

/// The head of a chunked event stream and its first token.
pub fn head_and_token() -> Vec<u8> {
    [SSE_HEAD.as_bytes(), &chunk(openai_text("a"))].concat()
}

impl Directory {
    /// Writes a file in the directory and returns its path as text.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.file(name);
        fs::write(&path, content).expect("a file");
        path.to_string_lossy().into_owned()
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_sse-perf");

/// A program, to be run in `directory` in English.
fn program(name: &str, directory: &Path) -> Command {
    let mut program = Command::new(name);
    program
        .current_dir(directory)
        .env_clear()
        .env("LANG", "C")
        .stdin(Stdio::null());
    program
}

/// The binary, to be run against `url` with the words of a line; its output is piped.
pub fn command(directory: &Directory, url: &str, line: &str) -> Command {
    let mut command = program(BINARY, &directory.0);
    command
        .args(["--url", url, "--api-key", "k-0123456789"])
        .args(line.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The binary, to be run by a shell after the shell commands `before`, which set limits or ignore
/// signals. Its arguments are the words of a line.
pub fn command_after(before: &str, directory: &Directory, line: &str) -> Command {
    let mut command = program("/bin/sh", &directory.0);
    command
        .args(["-c", &format!("{before}; exec \"$@\""), "sh", BINARY])
        .args(line.split_whitespace());
    command
}

/// Runs the binary as [`command_after`] has it.
pub fn sse_perf_after(before: &str, directory: &Directory, line: &str) -> Ran {
    let mut command = command_after(before, directory, line);
    command.output().expect("a shell").into()
}

/// Shell commands after which no file can grow beyond this size: writes fail as on a full disk.
pub fn full_disk_after(kibibytes: u32) -> String {
    // Blocks of 512 bytes.
    format!("ulimit -f {}", 2 * kibibytes)
}

/// Exit code and output of a finished run.
pub struct Ran {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
        }
    }
}

/// Runs the binary with these arguments.
pub fn sse_perf<S: AsRef<std::ffi::OsStr>>(directory: &Path, args: &[S]) -> Ran {
    let mut command = program(BINARY, directory);
    command.args(args).output().expect("the binary runs").into()
}

/// Runs the binary with the words of a line.
pub fn sse_perf_line(directory: &Directory, line: &str) -> Ran {
    sse_perf(&directory.0, &line.split(' ').collect::<Vec<_>>())
}

/// Runs a test against `url` that writes `requests.csv` and `run.json`, and returns it with its
/// rows.
pub fn run_against(directory: &Directory, url: &str, args: &[&str]) -> (Ran, Vec<Row>) {
    let given = ["--url", url, "--api-key", "app-test-0123456789"];
    let files = ["--csv", "requests.csv", "--json", "run.json"];
    let all: Vec<&str> = given
        .into_iter()
        .chain(files)
        .chain(args.iter().copied())
        .collect();
    let ran = sse_perf(&directory.0, &all);
    let rows = rows(&directory.file("requests.csv"));
    (ran, rows)
}

/// As [`run_against`], in a directory that is removed afterwards.
pub fn run_alone(url: &str, args: &[&str]) -> (Ran, Vec<Row>) {
    run_against(&Directory::new(), url, args)
}

/// Asserts that a text has this part.
#[track_caller]
pub fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} lacks in: {text}");
}

/// A row of a CSV file: its cells by column.
pub type Row = std::collections::BTreeMap<String, String>;

/// The rows of a CSV file; none if there is no file.
pub fn rows(path: &Path) -> Vec<Row> {
    let Ok(text) = fs::read(path) else {
        return Vec::new();
    };
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    csv::Reader::from_reader(text)
        .deserialize()
        .map(|row| row.expect("a row with all columns"))
        .collect()
}

/// A number in a cell.
pub fn number(row: &Row, column: &str) -> f64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column} is {:?}", row[column]))
}

/// How long helpers wait for an event before the test fails: long enough for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a condition holds; panics if it does not within [`PATIENCE`].
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A started process that is killed when the test ends.
pub struct Running(pub Child);

impl Running {
    /// Starts the binary.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the binary starts"))
    }

    /// The lines of the standard output as they come. The output has to be piped.
    pub fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let stdout = self.0.stdout.take().expect("a pipe");
        let lines = BufReader::new(stdout).lines();
        lines.map(|line| line.expect("UTF-8"))
    }

    /// Waits for its end; returns its exit code.
    pub fn exit_code(mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = i32::try_from(self.0.id()).expect("a process number");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("it is running");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
