//! How busy this process and this machine are, as far as results depend on it: processor time,
//! changes of threads, waits for a processor, and standstills in which the process did not run at
//! all.

use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Stamp, micros};

/// How long the calling thread has been ready to run in all, but waited for a processor; `None`
/// where the system does not tell.
#[must_use]
pub fn run_queue_wait() -> Option<Duration> {
    // Processor time, time on a run queue, both in nanoseconds, and the number of slices
    // (Documentation/scheduler/sched-stats.rst of Linux).
    // One read brings them all: the users ask for each request.
    let mut buffer = [0; 64];
    let mut file = std::fs::File::open("/proc/thread-self/schedstat").ok()?;
    let length = file.read(&mut buffer).ok()?;
    let text = str::from_utf8(&buffer[..length]).ok()?;
    let nanos = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// Most memory that the process has had resident, in bytes; `None` where the system does not tell.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// What was seen in a stretch of time. Missing where the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuUse {
    /// How long the stretch was.
    pub elapsed: Duration,
    /// Processor time that this process used.
    pub process: Option<Duration>,
    /// Share of the machine's processors that was used by anybody, 0 to 1.
    pub machine: Option<f64>,
    /// How often threads of this process gave up their processor to wait.
    pub voluntary_switches: Option<u64>,
    /// How often they were made to.
    pub involuntary_switches: Option<u64>,
    /// How long the process stood still in all.
    pub standstill: Duration,
    /// Most memory that it has had so far, in bytes.
    pub peak_memory: Option<u64>,
}

impl CpuUse {
    /// Processors in use by this process, on average.
    #[must_use]
    pub fn process_cores(&self) -> Option<f64> {
        let elapsed = self.elapsed.as_secs_f64();
        self.process
            .filter(|_| elapsed > 0.0)
            .map(|process| process.as_secs_f64() / elapsed)
    }
}

/// What this process has used since it began.
#[derive(Clone, Copy, Debug, Default)]
struct Process {
    time: Duration,
    voluntary: u64,
    involuntary: u64,
}

impl Process {
    fn since(self, before: Option<Process>) -> Process {
        let before = before.unwrap_or_default();
        Process {
            time: self.time.saturating_sub(before.time),
            voluntary: self.voluntary.saturating_sub(before.voluntary),
            involuntary: self.involuntary.saturating_sub(before.involuntary),
        }
    }
}

/// Totals since the process, or the machine, began.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    at: Stamp,
    process: Option<Process>,
    machine: Option<platform::Machine>,
}

/// Reads what the system tells, now and then.
#[derive(Debug, Default)]
pub struct Monitor {
    last: Totals,
}

impl Monitor {
    /// What was seen since it was last asked, or since the process began.
    pub fn read(&mut self, now: Stamp, heartbeat: &Heartbeat) -> CpuUse {
        let totals = Totals {
            at: now,
            process: platform::process(),
            machine: platform::machine(),
        };
        let last = std::mem::replace(&mut self.last, totals);
        let process = totals.process.map(|new| new.since(last.process));
        CpuUse {
            elapsed: now.since(last.at),
            process: process.map(|process| process.time),
            machine: totals
                .machine
                .zip(last.machine)
                .and_then(|(new, old)| new.busy_since(old)),
            voluntary_switches: process.map(|process| process.voluntary),
            involuntary_switches: process.map(|process| process.involuntary),
            standstill: heartbeat.take_late(),
            peak_memory: peak_memory(),
        }
    }
}

/// Detects that the process stands still: one thread beats all the time, and lacks beats while the
/// process is stopped or throttled, or gets no processor. The system does not tell: a thread that is
/// stopped while it waits for bytes waits on no run queue.
#[derive(Debug, Default)]
pub struct Heartbeat {
    /// Read without a lock: for how long the process has stood still in all, and when the last beat
    /// was, both in milliseconds.
    pauses: AtomicU64,
    /// How late the beating thread has woken since that was last asked, in nanoseconds.
    late: AtomicU64,
}

impl Heartbeat {
    /// What the verdict on a run counts: a wake that is later than this. Threads that take turns are
    /// less late.
    const LATE: Duration = Duration::from_millis(20);
    /// What a request counts, in milliseconds: a pause of the beat that is as long as this. The thread
    /// that beats may be late itself, and may have to wait for a disk or a terminal.
    const PAUSE: u64 = 100;

    /// Says when the beating thread was to wake, and when it has woken.
    pub fn woke(&self, due: Stamp, now: Stamp) {
        let late = now.since(due);
        if late > Self::LATE {
            let nanos = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
            self.late.fetch_add(nanos, Ordering::Relaxed);
        }
    }

    /// How late the beating thread has woken in all since this was last asked.
    fn take_late(&self) -> Duration {
        Duration::from_nanos(self.late.swap(0, Ordering::Relaxed))
    }

    /// Says that the process runs. By one thread only, much more often than the shortest pause.
    pub fn beat(&self, now: Stamp) {
        let now = millis(now);
        let (still, last) = self.read();
        let pause = now.saturating_sub(last);
        let still = if last > 0 && pause >= Self::PAUSE {
            still + pause
        } else {
            still
        };
        self.pauses
            .store(still << 32 | now.max(1), Ordering::Relaxed);
    }

    /// For how long the process has stood still until then, in all and at most; none where nobody
    /// beats. What has passed since the last beat counts, too, if it is a pause: whoever asks may
    /// be the first to run again.
    #[must_use]
    pub fn standstill(&self, now: Stamp) -> Duration {
        let (still, last) = self.read();
        let pause = millis(now).saturating_sub(last);
        let pause = if last > 0 && pause >= Self::PAUSE {
            // The milliseconds that both have lost.
            pause + 1
        } else {
            0
        };
        Duration::from_millis(still + pause)
    }

    fn read(&self) -> (u64, u64) {
        let both = self.pauses.load(Ordering::Relaxed);
        (both >> 32, both & u64::from(u32::MAX))
    }
}

/// Whole milliseconds; 49 days fit into the half of a number.
fn millis(at: Stamp) -> u64 {
    (micros(at.since(Stamp::ZERO)) / 1_000).min(u64::from(u32::MAX))
}

#[cfg(unix)]
mod platform {
    use std::time::Duration;

    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    use super::Process;

    pub(super) fn process() -> Option<Process> {
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        let count = |number| u64::try_from(number).unwrap_or_default();
        Some(Process {
            time: duration(usage.user_time()) + duration(usage.system_time()),
            voluntary: count(usage.voluntary_context_switches()),
            involuntary: count(usage.involuntary_context_switches()),
        })
    }

    fn duration(value: TimeVal) -> Duration {
        let number = |number: i64| u64::try_from(number).unwrap_or_default();
        #[expect(
            clippy::useless_conversion,
            reason = "the types differ between systems"
        )]
        let (seconds, micros) = (i64::from(value.tv_sec()), i64::from(value.tv_usec()));
        Duration::from_secs(number(seconds)) + Duration::from_micros(number(micros))
    }

    /// Time of all processors, in the kernel's ticks.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Machine {
        pub(super) all: u64,
        pub(super) idle: u64,
    }

    impl Machine {
        pub(super) fn busy_since(self, before: Machine) -> Option<f64> {
            let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
            let idle = self.idle.saturating_sub(before.idle).min(all);
            Some((all - idle) as f64 / all as f64)
        }
    }

    pub(super) fn machine() -> Option<Machine> {
        parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line of Linux's `/proc/stat` (`proc_stat(5)`): user, nice, system, idle, iowait, …
    pub(super) fn parse(text: &str) -> Option<Machine> {
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line
            .split_ascii_whitespace()
            .take(8)
            .map_while(|number| number.parse().ok())
            .collect();
        Some(Machine {
            all: ticks.iter().sum(),
            idle: ticks.get(3)? + ticks.get(4)?,
        })
    }
}

#[cfg(not(unix))]
mod platform {
    use super::Process;

    pub(super) fn process() -> Option<Process> {
        None
    }

    #[derive(Clone, Copy, Debug)]
    pub(super) struct Machine;

    impl Machine {
        pub(super) fn busy_since(self, _before: Machine) -> Option<f64> {
            None
        }
    }

    pub(super) fn machine() -> Option<Machine> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_wake_is_a_standstill_only_if_it_is_long() {
        let ms = |millis: u64| Stamp::from_micros(millis * 1_000);
        let (mut monitor, heart) = (Monitor::default(), Heartbeat::default());
        for (due, now) in [(10, 10), (20, 40), (50, 130), (140, 200), (210, 209)] {
            heart.woke(ms(due), ms(now));
        }
        let load = monitor.read(ms(250), &heart);
        assert_eq!(load.standstill, Duration::from_millis(140));
        assert_eq!(load.elapsed, Duration::from_millis(250));
        assert_eq!(monitor.read(ms(260), &heart).standstill, Duration::ZERO);
    }

    #[test]
    fn a_stopped_process_does_not_beat() {
        let ms = |millis: u64| Stamp::from_micros(millis * 1_000);
        let heart = Heartbeat::default();
        let still = |at| u64::try_from(heart.standstill(ms(at)).as_millis()).expect("small");
        assert_eq!(still(5_000), 0, "nobody beats");
        for at in [0, 10, 20, 110] {
            heart.beat(ms(at));
            assert_eq!(still(at + 99), 0, "late, not stopped");
        }
        // Stopped from 115 to 2115 ms: who asks before the beat knows it, and who asks after it.
        assert_eq!(still(2_116), 2_007);
        heart.beat(ms(2_117));
        assert_eq!(still(2_118), 2_007);
        assert_eq!(still(2_216), 2_007);
        heart.beat(ms(2_127));
        heart.beat(ms(2_500));
        assert_eq!(still(2_500), 2_380);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_s_wait_only_grows() {
        let before = run_queue_wait().expect("Linux tells");
        std::thread::yield_now();
        assert!(run_queue_wait().expect("Linux tells") >= before);
    }

    #[test]
    #[cfg(unix)]
    fn the_process_uses_time() {
        let mut monitor = Monitor::default();
        let load = monitor.read(Stamp::from_micros(1), &Heartbeat::default());
        assert!(load.process.is_some());
        assert_eq!(load.machine, None, "there is nothing to compare with yet");
    }

    #[test]
    #[cfg(unix)]
    fn the_machine_is_busy_where_it_is_not_idle() {
        let before = platform::parse("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 …").unwrap();
        let after = platform::parse("cpu  150 0 75 820 55 0 0 0 0 0\n").unwrap();
        assert_eq!(after.busy_since(before), Some(0.75));
        assert_eq!(before.busy_since(before), None);
        assert!(platform::parse("intr 1 2 3").is_none());
    }
}
