//! How wide a terminal is.

/// Columns of a terminal; `None` for another file, or a terminal that does not tell.
#[cfg(unix)]
#[must_use]
pub fn width(terminal: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Not known on this system.
#[cfg(not(unix))]
#[must_use]
pub fn width<T>(_terminal: T) -> Option<usize> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_terminal_has_no_width() {
        let file = std::fs::File::open(env!("CARGO_MANIFEST_DIR")).expect("a directory");
        assert_eq!(width(file), None);
    }
}
