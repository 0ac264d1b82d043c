//! The load on the machine while a test runs.

use std::io;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::clock;
use crate::record::words;

words! {
    /// The load on the machine beside the test.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Condition {
        /// None.
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
    /// Starts the client under this condition, which lasts until `wait` returns.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or `wait` fails.
    pub(super) fn spawn(
        self,
        command: &mut Command,
        wait: impl FnOnce(&mut Child) -> io::Result<()>,
    ) -> io::Result<()> {
        let over = Arc::new(AtomicBool::new(false));
        let mut others = Vec::new();
        if self == Condition::Busy {
            let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
            others.extend((0..processors).map(|_| {
                let over = Arc::clone(&over);
                thread::spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                })
            }));
        }
        let child = if self == Condition::Pinned {
            platform::pinned(|| command.spawn())
        } else {
            command.spawn()
        };
        let result = child.and_then(|mut child| {
            if self == Condition::Throttled {
                let (over, id) = (Arc::clone(&over), child.id());
                others.push(thread::spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        platform::stop(id);
                        clock::sleep(STOPS);
                        platform::go_on(id);
                        clock::sleep(RUNS);
                    }
                }));
            }
            wait(&mut child)
        });
        over.store(true, Ordering::Relaxed);
        for other in others {
            let _ = other.join();
        }
        result
    }
}

/// Asks a process to end as Ctrl-C does.
pub(super) fn terminate(process: &Child) {
    platform::terminate(process.id());
}

#[cfg(target_os = "linux")]
mod platform {
    use std::io;

    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    fn send(id: u32, signal: Signal) {
        if let Ok(id) = i32::try_from(id) {
            // It may be over already.
            let _ = kill(Pid::from_raw(id), signal);
        }
    }

    pub(super) fn stop(id: u32) {
        send(id, Signal::SIGSTOP);
    }

    pub(super) fn go_on(id: u32) {
        send(id, Signal::SIGCONT);
    }

    pub(super) fn terminate(id: u32) {
        send(id, Signal::SIGTERM);
    }

    /// Does something that starts a process which inherits the first processor alone.
    pub(super) fn pinned<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let this = Pid::from_raw(0);
        let all = sched_getaffinity(this)?;
        let first = (0..CpuSet::count()).find(|cpu| all.is_set(*cpu).unwrap_or(false));
        let mut one = CpuSet::new();
        one.set(first.unwrap_or(0))?;
        sched_setaffinity(this, &one)?;
        let started = start();
        sched_setaffinity(this, &all)?;
        started
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::io;

    /// Elsewhere a process is not stopped: the client runs on.
    pub(super) fn stop(_id: u32) {}

    pub(super) fn go_on(_id: u32) {}

    pub(super) fn terminate(id: u32) {
        // The shell's `kill` asks as Ctrl-C does, where there is one.
        let _ = std::process::Command::new("kill")
            .arg(id.to_string())
            .status();
    }

    pub(super) fn pinned<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        start()
    }
}
