//! How busy this process and this machine are: processor time, context switches, waits for a
//! processor, and standstills of the process.

use std::fs;
use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Stamp, micros};

/// The total time for which the calling thread was ready to run, but waited for a processor; `None`
/// if the system does not tell.
#[must_use]
pub fn run_queue_wait() -> Option<Duration> {
    // The file holds processor time and run-queue time in nanoseconds, and the number of slices
    // (Documentation/scheduler/sched-stats.rst of Linux). One read into a buffer on the stack is
    // cheap: users ask for each request.
    let mut buffer = [0; 64];
    let mut file = fs::File::open("/proc/thread-self/schedstat").ok()?;
    let length = file.read(&mut buffer).ok()?;
    let text = str::from_utf8(&buffer[..length]).ok()?;
    let nanos = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// The process's peak resident memory, in bytes.
fn peak_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Use of processors and memory in a period. A figure is `None` if the system does not tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuUse {
    /// Length of the period.
    pub elapsed: Duration,
    /// Processor time that this process used.
    pub process: Option<Duration>,
    /// Share of the machine's processor time that all processes used, 0 to 1.
    pub machine: Option<f64>,
    /// Context switches in which a thread of this process began to wait.
    pub voluntary_switches: Option<u64>,
    /// Context switches in which the system took the processor from a thread of this process.
    pub involuntary_switches: Option<u64>,
    /// How long the process stood still.
    pub standstill: Duration,
    /// The process's peak resident memory so far, in bytes.
    pub peak_memory: Option<u64>,
}

impl CpuUse {
    /// Mean number of processors that this process used.
    #[must_use]
    pub fn process_cores(&self) -> Option<f64> {
        let elapsed = self.elapsed.as_secs_f64();
        self.process
            .filter(|_| elapsed > 0.0)
            .map(|process| process.as_secs_f64() / elapsed)
    }
}

/// Totals since the process, or the machine, began.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    at: Stamp,
    /// Of this process: processor time in microseconds, voluntary and involuntary context switches.
    process: Option<[u64; 3]>,
    /// Of all processors, in the kernel's ticks: all time, and idle time.
    machine: Option<[u64; 2]>,
}

/// Tells the use of processors and memory between two of its readings.
#[derive(Debug, Default)]
pub struct Monitor(Totals);

impl Monitor {
    /// The use since the last call; at the first call, since the process began.
    pub fn read(&mut self, now: Stamp, heartbeat: &Heartbeat) -> CpuUse {
        let stat = fs::read_to_string("/proc/stat");
        let new = Totals {
            at: now,
            process: process_totals(),
            machine: stat.ok().and_then(|text| machine_totals(&text)),
        };
        let old = std::mem::replace(&mut self.0, new);
        let process = |index: usize| {
            let before = old.process.unwrap_or_default();
            Some(new.process?[index].saturating_sub(before[index]))
        };
        CpuUse {
            elapsed: now.since(old.at),
            process: process(0).map(Duration::from_micros),
            machine: new.machine.and_then(|new| busy_share(old.machine?, new)),
            voluntary_switches: process(1),
            involuntary_switches: process(2),
            standstill: heartbeat.take_late(),
            peak_memory: peak_memory(),
        }
    }
}

#[cfg(unix)]
fn process_totals() -> Option<[u64; 3]> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let time = usage.user_time() + usage.system_time();
    Some([
        u64::try_from(time.num_microseconds()).unwrap_or_default(),
        u64::try_from(usage.voluntary_context_switches()).unwrap_or_default(),
        u64::try_from(usage.involuntary_context_switches()).unwrap_or_default(),
    ])
}

#[cfg(not(unix))]
fn process_totals() -> Option<[u64; 3]> {
    None
}

/// The first line of Linux's `/proc/stat` (`proc_stat(5)`): user, nice, system, idle, iowait, …
fn machine_totals(text: &str) -> Option<[u64; 2]> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks = line.split_ascii_whitespace().take(8);
    let ticks: Vec<u64> = ticks.map_while(|number| number.parse().ok()).collect();
    Some([ticks.iter().sum(), ticks.get(3)? + ticks.get(4)?])
}

/// The share of the machine's time between two totals in which it was not idle.
fn busy_share(old: [u64; 2], new: [u64; 2]) -> Option<f64> {
    let all = new[0].checked_sub(old[0]).filter(|all| *all > 0)?;
    let idle = new[1].saturating_sub(old[1]).min(all);
    Some((all - idle) as f64 / all as f64)
}

/// Detects a stopped process: one thread beats, and a missing beat means that the process was
/// stopped, throttled, or had no processor. [`run_queue_wait`] does not tell this: a thread that is
/// stopped while it waits for bytes is on no run queue.
#[derive(Debug, Default)]
pub struct Heartbeat {
    /// Two halves, in milliseconds, to be read without a lock: the total standstill of the process,
    /// and the time of the last beat.
    pauses: AtomicU64,
    /// The sum of late wakes since the last [`Monitor::read`], in nanoseconds.
    late: AtomicU64,
}

impl Heartbeat {
    /// A wake that is later than this is a standstill for the run's verdict. Threads that take turns
    /// on a processor wake less late.
    const LATE: Duration = Duration::from_millis(20);
    /// A pause between two beats of so many milliseconds is a standstill for a request. In a shorter
    /// pause, the beating thread may just have waited for a processor, a disk or a terminal.
    const PAUSE: u64 = 100;

    /// Records when the beating thread was due to wake, and when it woke.
    pub fn woke(&self, due: Stamp, now: Stamp) {
        let late = now.since(due);
        if late > Self::LATE {
            let nanos = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
            self.late.fetch_add(nanos, Ordering::Relaxed);
        }
    }

    fn take_late(&self) -> Duration {
        Duration::from_nanos(self.late.swap(0, Ordering::Relaxed))
    }

    /// Records that the process runs. One thread calls this, much more often than every 100 ms.
    pub fn beat(&self, now: Stamp) {
        let now = millis(now);
        let (still, pause) = self.read(now);
        self.pauses
            .store((still + pause) << 32 | now.max(1), Ordering::Relaxed);
    }

    /// An upper bound on the total standstill of the process until `now`; zero if no thread beats.
    /// A pause since the last beat counts: the caller may be the first thread that runs again.
    #[must_use]
    pub fn standstill(&self, now: Stamp) -> Duration {
        let (still, pause) = self.read(millis(now));
        // Rounding has shortened the pause by less than a millisecond.
        Duration::from_millis(still + pause + u64::from(pause > 0))
    }

    /// The standstill until the last beat, and since the last beat, in milliseconds.
    fn read(&self, now: u64) -> (u64, u64) {
        let both = self.pauses.load(Ordering::Relaxed);
        let last = both & u64::from(u32::MAX);
        let since = now.saturating_sub(last);
        let is_pause = last > 0 && since >= Self::PAUSE;
        (both >> 32, if is_pause { since } else { 0 })
    }
}

/// Whole milliseconds since the run's start; 49 days fit into 32 bits.
fn millis(at: Stamp) -> u64 {
    (micros(at.since(Stamp::ZERO)) / 1_000).min(u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::ms;

    #[test]
    fn a_late_wake_is_a_standstill_only_if_it_is_long() {
        let (mut monitor, heart) = (Monitor::default(), Heartbeat::default());
        for (due, now) in [(10, 10), (20, 40), (50, 130), (140, 200), (210, 209)] {
            heart.woke(ms(due), ms(now));
        }
        let used = monitor.read(ms(250), &heart);
        assert_eq!(used.standstill, Duration::from_millis(140));
        assert_eq!(used.elapsed, Duration::from_millis(250));
        assert_eq!(monitor.read(ms(260), &heart).standstill, Duration::ZERO);
    }

    #[test]
    fn a_stopped_process_does_not_beat() {
        let heart = Heartbeat::default();
        let still = |at| u64::try_from(heart.standstill(ms(at)).as_millis()).expect("small");
        assert_eq!(still(5_000), 0, "no thread beats");
        for at in [0, 10, 20, 110] {
            heart.beat(ms(at));
            assert_eq!(still(at + 99), 0, "late, not stopped");
        }
        // Stopped from 115 to 2115 ms: the standstill is told before and after the next beat.
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
        let used = monitor.read(Stamp::from_micros(1), &Heartbeat::default());
        assert!(used.process.is_some());
        assert_eq!(used.machine, None, "there is nothing to compare with yet");
    }

    #[test]
    fn the_machine_is_busy_where_it_is_not_idle() {
        let before = machine_totals("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 …").unwrap();
        let after = machine_totals("cpu  150 0 75 820 55 0 0 0 0 0\n").unwrap();
        assert_eq!(busy_share(before, after), Some(0.75));
        assert_eq!(busy_share(before, before), None);
        assert!(machine_totals("intr 1 2 3").is_none());
    }
}
