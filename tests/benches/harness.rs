//! Times a piece of work and its floor, the least work that the same result needs. Both run by turns:
//! a busy machine slows both alike. Prints a table.

use std::time::{Duration, Instant};

use crate::table::print_row;

/// The shortest duration of a sample.
const SAMPLE: Duration = Duration::from_millis(10);
/// Samples of the work and of its floor.
const SAMPLES: usize = 15;

/// The amount of a piece of work and its unit.
#[derive(Clone, Copy)]
pub(crate) enum Amount {
    /// Bytes, shown as MB/s.
    Bytes(usize),
    /// A number of things and their name, shown in thousands a second.
    Things(usize, &'static str),
}

impl Amount {
    fn rate(self, time: Duration) -> String {
        let (amount, unit, scale) = match self {
            Amount::Bytes(bytes) => (bytes, "MB/s", 1e6),
            Amount::Things(things, name) => (things, name, 1e3),
        };
        let rate = amount as f64 / time.as_secs_f64() / scale;
        match self {
            Amount::Bytes(_) => format!("{rate:.0} {unit}"),
            Amount::Things(..) => format!("{rate:.0} k {unit}/s"),
        }
    }
}

/// Times `work` and `floor` by turns and prints a row: the rate of the best sample and of the median
/// one, the floor's best, and how many times the floor's time the work takes.
pub(crate) fn compare(name: &str, amount: Amount, floor: &mut dyn FnMut(), work: &mut dyn FnMut()) {
    let rounds = (rounds_for(floor), rounds_for(work));
    let (mut floors, mut works) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        floors.push(sample(floor, rounds.0));
        works.push(sample(work, rounds.1));
    }
    floors.sort();
    works.sort();
    print_row(&[
        name,
        &amount.rate(works[0]),
        &amount.rate(works[SAMPLES / 2]),
        &amount.rate(floors[0]),
        &format!("{:.2}", works[0].as_secs_f64() / floors[0].as_secs_f64()),
    ]);
}

/// Rounds of the work that a sample needs, estimated after a warm-up round.
fn rounds_for(work: &mut dyn FnMut()) -> u32 {
    let mut rounds = 1;
    while sample(work, rounds) * rounds < SAMPLE {
        rounds *= 2;
    }
    rounds
}

/// The time of a round, averaged over `rounds`.
fn sample(work: &mut dyn FnMut(), rounds: u32) -> Duration {
    let began = Instant::now();
    for _ in 0..rounds {
        work();
    }
    began.elapsed() / rounds
}

/// Prints the header of [`compare`]'s rows.
pub(crate) fn heading(title: &str) {
    println!("\n{title}");
    print_row(&["", "best", "median", "floor", "times the floor"]);
}
