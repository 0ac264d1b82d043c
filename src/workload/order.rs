//! The order in which requests use the rows of a data file: a pure function of the request's number.

use crate::random::{self, Purpose};

/// The order of a file's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The order of the file, again and again.
    Sequential,
    /// One random order, again and again: the places of the rows, from 0.
    Shuffle(Vec<usize>),
    /// A random row each time, by this seed.
    Random(u64),
}

impl Order {
    /// The names of the orders on the command line.
    pub const NAMES: [&str; 3] = ["sequential", "shuffle", "random"];

    /// One random order of `rows` rows (Fisher and Yates).
    #[must_use]
    pub fn shuffled(seed: u64, rows: usize) -> Self {
        let mut places: Vec<usize> = (0..rows).collect();
        for last in (1..rows).rev() {
            let other = random::below(seed, Purpose::Order, last as u64, last + 1);
            places.swap(last, other);
        }
        Self::Shuffle(places)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Order::Sequential => Self::NAMES[0],
            Order::Shuffle(_) => Self::NAMES[1],
            Order::Random(_) => Self::NAMES[2],
        }
    }

    /// The place (from 0) of the row that the `number`th request (from 1) uses, of `rows` rows.
    pub(super) fn place(&self, number: u64, rows: usize) -> usize {
        let turn = number.saturating_sub(1) % (rows as u64).max(1);
        let turn = usize::try_from(turn).unwrap_or(0);
        match self {
            Order::Sequential => turn,
            Order::Shuffle(places) => places.get(turn).copied().unwrap_or(turn),
            Order::Random(seed) => random::below(*seed, Purpose::Order, number, rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(order: &Order, rows: usize, numbers: std::ops::RangeInclusive<u64>) -> Vec<usize> {
        numbers.map(|n| order.place(n, rows)).collect()
    }

    #[test]
    fn rows_go_round_as_they_stand() {
        assert_eq!(places(&Order::Sequential, 3, 1..=5), [0, 1, 2, 0, 1]);
        assert_eq!(Order::Sequential.place(3_000_000_000_002, 3), 1);
    }

    #[test]
    fn a_shuffled_round_has_every_row_once_and_is_repeated() {
        let order = Order::shuffled(5, 50);
        let round = places(&order, 50, 1..=50);
        let mut sorted = round.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..50));
        assert_ne!(round, places(&Order::Sequential, 50, 1..=50));
        assert_eq!(round, places(&order, 50, 51..=100));
        assert_eq!(order, Order::shuffled(5, 50));
        assert_ne!(order, Order::shuffled(6, 50));
    }

    #[test]
    fn random_rows_come_at_any_time() {
        let drawn = places(&Order::Random(1), 4, 1..=200);
        assert!((0..4).all(|row| drawn.contains(&row)));
        assert!(drawn.windows(2).any(|pair| pair[0] == pair[1]));
        assert_eq!(drawn, places(&Order::Random(1), 4, 1..=200));
    }
}
