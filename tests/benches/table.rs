//! Prints tables, and picks the benchmarks that the arguments name.

use std::fmt::Write as _;

/// Prints cells under each other: the first to the left, the others to the right.
pub(crate) fn print_row(cells: &[&str]) {
    let mut line = String::new();
    for (place, cell) in cells.iter().enumerate() {
        if place == 0 {
            let _ = write!(line, "  {cell:<44}");
        } else {
            let _ = write!(line, " {cell:>17}");
        }
    }
    println!("{}", line.trim_end());
}

/// Whether a benchmark is wanted: all are, unless the arguments name parts of names.
pub(crate) fn is_wanted(name: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let mut any = false;
    words.any(|word| {
        any = true;
        name.contains(&word)
    }) || !any
}
