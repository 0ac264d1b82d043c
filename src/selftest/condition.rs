//! The load on the machine while a test runs.

use std::io;
use std::num::NonZero;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::record::words;

words! {
    /// The load on the machine beside the test.
    pub enum Condition {
        /// No load.
        Idle: "idle",
        /// Another program keeps every processor busy.
        Busy: "busy",
        /// The client may use one processor only.
        Pinned: "pinned",
        /// The client is stopped for four fifths of the time, in turns of a tenth of a second.
        Throttled: "throttled",
    }
}

/// The client's turns when it is throttled.
const RUNS: Duration = Duration::from_millis(20);
const STOPS: Duration = Duration::from_millis(80);

impl Condition {
    /// Runs the client to its end under this condition.
    ///
    /// # Errors
    ///
    /// If the client cannot be started.
    pub(super) fn run(self, client: &mut Command) -> io::Result<()> {
        let over = AtomicBool::new(false);
        let until_over = |action: &dyn Fn()| {
            while !over.load(Ordering::Relaxed) {
                action();
            }
        };
        thread::scope(|scope| {
            if self == Condition::Busy {
                let processors = thread::available_parallelism().map_or(1, NonZero::get);
                for _ in 0..processors {
                    scope.spawn(|| until_over(&std::hint::spin_loop));
                }
            }
            let started = match self {
                Condition::Pinned => platform::pinned(client),
                _ => client.spawn(),
            };
            let ended = started.and_then(|mut client| {
                let id = client.id();
                if self == Condition::Throttled {
                    scope.spawn(move || until_over(&|| platform::interrupt(id)));
                }
                client.wait()
            });
            over.store(true, Ordering::Relaxed);
            ended.map(drop)
        })
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use std::io;
    use std::process::{Child, Command};

    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::{RUNS, STOPS};
    use crate::clock;

    /// Stops a process for one turn and lets it run for the next.
    pub(super) fn interrupt(id: u32) {
        for (signal, turn) in [(Signal::SIGSTOP, STOPS), (Signal::SIGCONT, RUNS)] {
            if let Ok(id) = i32::try_from(id) {
                // This fails if the process has ended.
                let _ = kill(Pid::from_raw(id), signal);
            }
            clock::sleep(turn);
        }
    }

    /// Starts a process that inherits the first processor alone.
    pub(super) fn pinned(command: &mut Command) -> io::Result<Child> {
        let this = Pid::from_raw(0);
        let all = sched_getaffinity(this)?;
        let first = (0..CpuSet::count()).find(|cpu| all.is_set(*cpu).unwrap_or(false));
        let mut one = CpuSet::new();
        one.set(first.unwrap_or(0))?;
        sched_setaffinity(this, &one)?;
        let started = command.spawn();
        sched_setaffinity(this, &all)?;
        started
    }
}

/// Other systems neither stop nor pin the client.
#[cfg(not(target_os = "linux"))]
mod platform {
    use std::io;
    use std::process::{Child, Command};

    pub(super) fn interrupt(_id: u32) {
        crate::clock::sleep(super::STOPS);
    }

    pub(super) fn pinned(command: &mut Command) -> io::Result<Child> {
        command.spawn()
    }
}
