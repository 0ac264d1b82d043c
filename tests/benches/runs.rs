//! Whole runs against the simulated service in a process of its own, beside a bare loop of blocking
//! reads: one thread per stream, nothing parsed, nothing stamped, nothing counted. Compares
//! processor time per event and resident memory per user. For Linux.
//!
//! A third program is the bare loop with the kernel's stamps and a timeout. Its cost beyond the bare
//! loop's is the price of measuring arrivals. The rest of sse-perf's cost is its own.

mod bare;
#[path = "../shared/directory.rs"]
#[expect(dead_code, reason = "no file in it is named")]
mod directory;
mod table;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike as _;

use bare::{BareLoop, Reads};
use directory::Directory;
use table::{is_wanted, print_row};

/// The load of each program.
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
    /// Number of runs of each program.
    rounds: u32,
}

impl Load {
    /// The number of events with tokens.
    fn events(&self) -> u32 {
        self.users * self.requests * self.tokens
    }
}

/// The cost of a run.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    /// Peak resident memory, in KiB.
    memory: u64,
}

impl Cost {
    /// The smaller of each figure.
    fn min(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.min(other.cpu),
            memory: self.memory.min(other.memory),
        }
    }
}

fn main() {
    if let Some(bare_loop) = BareLoop::of_this_program() {
        bare_loop.run();
        return;
    }
    if !is_wanted("runs") {
        return;
    }
    open_files();
    println!("\nWhole runs, tokens at fixed times; floor: a thread per stream that only reads");
    for (users, requests, tokens, itl, ramp_up, rounds) in [
        (100, 2, 100, 50, 1, 2),
        (1_000, 4, 50, 100, 2, 2),
        (10_000, 1, 12, 500, 5, 2),
    ] {
        compare(&Load {
            users,
            requests,
            tokens,
            itl,
            ramp_up,
            rounds,
        });
    }
}

/// Raises the limit of open files as far as the system allows: each user needs one.
fn open_files() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("it is told");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("it is allowed");
}

/// Runs all programs by turns and prints the best of each.
fn compare(load: &Load) {
    let (server, directory) = (Server::start(load), Directory::new());
    let bare_loop = |reads| {
        let bare_loop = BareLoop {
            reads,
            addr: server.addr,
            users: load.users,
            requests: load.requests,
            ramp_up: load.ramp_up,
        };
        bare_loop.command()
    };
    let mut programs = [
        ("blocking reads", bare_loop(Reads::Plain)),
        (
            "with timeout and kernel's stamps",
            bare_loop(Reads::Stamped),
        ),
        ("sse-perf", our_command(load, server.addr, &directory)),
    ];
    let mut costs = programs.each_mut().map(|(_, command)| cost(command));
    for _ in 1..load.rounds {
        for ((_, command), best) in programs.iter_mut().zip(&mut costs) {
            *best = best.min(cost(command));
        }
    }
    let events = load.users * 1_000 / load.itl;
    let name = format!("{} users, {events} events/s", load.users);
    print_row(&[&name, "CPU/event", "times the floor", "KiB/user"]);
    for ((name, _), cost) in programs.iter().zip(costs) {
        let micros = cost.cpu.as_secs_f64() * 1e6 / f64::from(load.events());
        let ratio = cost.cpu.as_secs_f64() / costs[0].cpu.as_secs_f64();
        let per_user = cost.memory as f64 / f64::from(load.users);
        print_row(&[
            &format!("  {name}"),
            &format!("{micros:.1} µs"),
            &format!("{ratio:.2}"),
            &format!("{per_user:.1}"),
        ]);
    }
}

/// The simulated service; dropping it ends the process.
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

/// A run with its default output: live lines, requests CSV, run JSON, report.
fn our_command(load: &Load, addr: SocketAddr, directory: &Directory) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse-perf"));
    command
        .current_dir(&directory.0)
        .args(["--url", &format!("http://{addr}/v1/chat-messages")])
        .args(["--api-key", "", "--query", "hi", "--lang", "en"])
        .args(["--threads", &load.users.to_string()])
        .args(["--ramp-up", &format!("{}s", load.ramp_up)])
        .args(["--requests", &(load.users * load.requests).to_string()]);
    command
}

/// Runs a command to its end and returns its cost.
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

/// Peak resident memory of a process, in KiB; `None` if it has ended.
fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
