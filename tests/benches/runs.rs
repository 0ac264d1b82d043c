//! Whole runs against the simulated service in a process of its own, beside a bare loop of blocking
//! reads: one thread per stream, nothing parsed, nothing stamped, nothing counted. Compares
//! processor time per event and resident memory per user.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// The first argument that makes this program the bare loop.
const BARE: &str = "--bare-loop";
/// The stack of a bare loop's thread.
const STACK: usize = 64 * 1024;
/// What both send.
const BODY: &str = r#"{"inputs":{},"query":"hi","response_mode":"streaming","user":"bare"}"#;

/// What is run, by both.
#[derive(Clone, Copy)]
struct Load {
    users: u32,
    /// Requests of each user.
    requests: u32,
    tokens: u32,
    /// Milliseconds from a token to the next.
    itl: u32,
    /// Seconds in which the users start.
    ramp_up: u32,
    /// How often both are run.
    rounds: u32,
}

impl Load {
    /// Events that bring tokens, in all.
    fn events(&self) -> u32 {
        self.users * self.requests * self.tokens
    }
}

/// What a run took.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    /// Resident memory at its most, in KiB.
    memory: u64,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|arg| arg == BARE) {
        bare_loop(&args[2..]);
        return;
    }
    println!("\nWhole runs, tokens at fixed times; the bare loop only reads");
    row(&[
        "users",
        "events/s",
        "",
        "CPU/event",
        "bare",
        "ratio",
        "KiB/user",
        "bare",
    ]);
    for (users, requests, tokens, itl, ramp_up, rounds) in [
        (100, 2, 100, 50, 1, 3),
        (1_000, 2, 50, 100, 2, 3),
        (10_000, 1, 12, 500, 5, 2),
    ] {
        compare(Load {
            users,
            requests,
            tokens,
            itl,
            ramp_up,
            rounds,
        });
    }
}

fn row(cells: &[&str]) {
    let line: Vec<String> = cells.iter().map(|cell| format!("{cell:>10}")).collect();
    println!("{}", line.join(" "));
}

/// Runs both by turns and prints the best of each.
fn compare(load: Load) {
    let server = Server::start(&load);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..load.rounds {
        bare.push(cost(&mut bare_command(&load, server.addr)));
        ours.push(cost(&mut our_command(&load, server.addr)));
    }
    let cpu = |costs: &[Cost]| costs.iter().map(|cost| cost.cpu).min().unwrap_or_default();
    let memory = |costs: &[Cost]| {
        costs
            .iter()
            .map(|cost| cost.memory)
            .min()
            .unwrap_or_default()
    };
    let micros = |cpu: Duration| cpu.as_secs_f64() * 1e6 / f64::from(load.events());
    let per_user = |kib: u64| format!("{:.1}", kib as f64 / f64::from(load.users));
    row(&[
        &load.users.to_string(),
        &(load.users * 1_000 / load.itl).to_string(),
        "",
        &format!("{:.1} µs", micros(cpu(&ours))),
        &format!("{:.1} µs", micros(cpu(&bare))),
        &format!("{:.2}", micros(cpu(&ours)) / micros(cpu(&bare))),
        &per_user(memory(&ours)),
        &per_user(memory(&bare)),
    ]);
}

/// The simulated service, ended when it is dropped.
struct Server {
    process: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(load: &Load) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_sse-perf"))
            .args(["mock", "--lang", "en", "--port", "0", "--ttft", "200"])
            .args(["--tokens", &load.tokens.to_string()])
            .args(["--itl", &load.itl.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        // From here on it ends with this value.
        let mut server = Self {
            process,
            addr: ([127, 0, 0, 1], 0).into(),
        };
        let mut greeting = String::new();
        BufReader::new(server.process.stdout.take().expect("it is piped"))
            .read_line(&mut greeting)
            .expect("it greets");
        let mut words = greeting.split_whitespace();
        let url = words.find_map(|word| word.strip_prefix("http://"));
        server.addr = url.expect("its URL").parse().expect("an address");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A run with what it does by default: live lines, a row per request, the run JSON.
fn our_command(load: &Load, addr: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse-perf"));
    command
        .current_dir(scratch())
        .args(["--url", &format!("http://{addr}/v1/chat-messages")])
        .args(["--api-key", "", "--query", "hi", "--lang", "en"])
        .args(["--threads", &load.users.to_string()])
        .args(["--ramp-up", &format!("{}s", load.ramp_up)])
        .args(["--requests", &(load.users * load.requests).to_string()]);
    command
}

/// A directory for what runs write.
fn scratch() -> PathBuf {
    let path = std::env::temp_dir().join("sse-perf-benches");
    fs::create_dir_all(&path).expect("a temporary directory");
    path
}

fn bare_command(load: &Load, addr: SocketAddr) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg(BARE).arg(addr.to_string());
    for number in [load.users, load.requests, load.ramp_up] {
        command.arg(number.to_string());
    }
    command
}

/// Runs a command to its end and says what it took.
fn cost(command: &mut Command) -> Cost {
    let before = children_cpu();
    let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let exit = loop {
        memory = high_water(&status).unwrap_or(memory);
        if let Some(exit) = child.try_wait().expect("it is ours") {
            break exit;
        }
        thread::sleep(Duration::from_millis(100));
    };
    assert!(exit.success(), "{command:?}: {exit}");
    Cost {
        cpu: children_cpu().saturating_sub(before),
        memory,
    }
}

/// Processor time of all children that have been waited for.
fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it is told");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}

/// The most memory that was resident, in KiB; `None` where the process has ended.
fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The floor: address, users, requests of each, seconds of ramp-up.
fn bare_loop(args: &[String]) {
    let addr: SocketAddr = args[0].parse().expect("an address");
    let number = |place: usize| args[place].parse::<u32>().expect("a number");
    let (users, requests, ramp_up) = (number(1), number(2), number(3));
    let began = Instant::now();
    let threads: Vec<_> = (0..users)
        .map(|user| {
            let start = Duration::from_secs(ramp_up.into()) * user / users;
            thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || {
                    thread::sleep(start.saturating_sub(began.elapsed()));
                    bare_user(addr, requests);
                })
                .expect("a thread")
        })
        .collect();
    for thread in threads {
        thread.join().expect("no read fails");
    }
}

fn bare_user(addr: SocketAddr, requests: u32) {
    let request = format!(
        "POST /v1/chat-messages HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut stream = TcpStream::connect(addr).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let mut buffer = [0; 4096];
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).expect("it is sent");
        loop {
            let bytes = stream.read(&mut buffer).expect("a read");
            assert!(bytes > 0, "the service left");
            if buffer[..bytes].ends_with(b"0\r\n\r\n") {
                break;
            }
        }
    }
}
