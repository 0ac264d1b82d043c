//! How long the calling thread has been ready to run, but waited for a processor.

use std::time::Duration;

/// The thread's whole wait so far; `None` where the system does not tell.
pub(super) fn waited() -> Option<Duration> {
    // Processor time, time on a run queue, both in nanoseconds, and the number of slices
    // (Documentation/scheduler/sched-stats.rst of Linux).
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn it_only_grows() {
        let before = waited().expect("Linux tells");
        std::thread::yield_now();
        assert!(waited().expect("Linux tells") >= before);
    }
}
