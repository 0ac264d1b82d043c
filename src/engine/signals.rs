//! Ctrl-C, SIGTERM and SIGHUP: told to the engine, which decides what they mean; the third ends the
//! process at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Sender;

use crate::stop::Control;

/// The exit code of an interrupted run.
const INTERRUPTED: i32 = 130;

/// Where signals are told; none between runs.
static LISTENER: Mutex<Option<Sender<Control>>> = Mutex::new(None);
static SIGNALS: AtomicU32 = AtomicU32::new(0);

/// Tells signals to `listener` from now on. The handler is set once a process.
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
        ctrlc::try_set_handler(on_signal)?;
    }
    Ok(())
}

fn on_signal() {
    let count = SIGNALS.fetch_add(1, Ordering::SeqCst) + 1;
    if count >= 3 {
        std::process::exit(INTERRUPTED);
    }
    if let Some(listener) = &*LISTENER.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = listener.send(Control::Signal(count));
    }
}
