//! Ctrl-C, SIGTERM and SIGHUP: told to the engine, which decides what they mean; the third ends the
//! process at once.

use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Sender;

use crate::stop::{self, Control};

/// The exit code of an interrupted run.
const INTERRUPTED: i32 = 130;

/// The engine that signals are sent to.
static LISTENER: Mutex<Option<Sender<Control>>> = Mutex::new(None);

/// Keeps signals ignored that the process was started to ignore: SIGHUP under `nohup`, SIGINT in the
/// background of a script. A handler would end that, and cannot be limited to some signals: the
/// ignored signals are blocked in all later threads. Call this while there is one thread.
pub fn keep_ignored() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut ignored: SigSet = ignored(&status).into_iter().collect();
        // A file that may not grow is an error of the write, and told; it ends no process.
        ignored.add(Signal::SIGXFSZ);
        // It fails only for an operation that does not exist.
        let _ = ignored.thread_block();
    }
}

/// The handled signals that a process with this `/proc/…/status` ignores.
#[cfg(unix)]
fn ignored(status: &str) -> Vec<nix::sys::signal::Signal> {
    use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM};
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    [SIGHUP, SIGINT, SIGTERM]
        .into_iter()
        .filter(|signal| mask >> (*signal as i32 - 1) & 1 == 1)
        .collect()
}

/// Sends signals to `listener` from now on. The handler is set once a process, in place of any
/// other: see [`keep_ignored`].
///
/// # Errors
///
/// If the system refuses the handler.
pub(super) fn listen(listener: Sender<Control>) -> Result<(), ctrlc::Error> {
    let first = LISTENER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .replace(listener)
        .is_none();
    if first {
        ctrlc::set_handler(on_signal)?;
    }
    Ok(())
}

fn on_signal() {
    let count = stop::count_signal();
    if count >= 3 {
        std::process::exit(INTERRUPTED);
    }
    if let Some(listener) = &*LISTENER.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = listener.send(Control::Signal(count));
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use nix::sys::signal::Signal;

    use super::ignored;

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        let table = [
            ("SigIgn:\t0000000000000000\n", vec![]),
            ("SigIgn:\t0000000000000001\n", vec![Signal::SIGHUP]),
            (
                "SigBlk:\tffff\nSigIgn:\t0000000000001006\n",
                vec![Signal::SIGINT],
            ),
            ("SigIgn:\t0000000000004000\n", vec![Signal::SIGTERM]),
            ("SigIgn:\tnone", vec![]),
            ("", vec![]),
        ];
        for (status, signals) in table {
            assert_eq!(ignored(status), signals, "{status}");
        }
    }
}
