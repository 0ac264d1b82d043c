//! Draws random numbers. A seed always gives the same numbers, in any order of calls.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

/// A number that no other run has: the random seed of the standard library's hash maps.
#[must_use]
pub fn fresh() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The purpose of a number. Each purpose has its own numbers: draws for one purpose do not change
/// those of another.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The order of a data file's rows.
    Order,
    /// How long a user thinks.
    Think,
    /// Which users leave.
    Leave,
    /// The prefixes that make queries unique.
    Prefix,
}

/// The `number`th 64 bits of a seed for a purpose, by steps of `SplitMix64` (Steele, Lea, Flood,
/// 2014): different numbers have different bits. Not for secrets.
#[must_use]
pub fn bits(seed: u64, purpose: Purpose, number: u64) -> u64 {
    step(step(step(seed) ^ purpose as u64) ^ number)
}

/// The `number`th number of a seed for a purpose, uniform in `0.0..1.0`.
#[must_use]
pub fn unit(seed: u64, purpose: Purpose, number: u64) -> f64 {
    fraction(bits(seed, purpose, number))
}

/// The `number`th number of a seed for a purpose, uniform in `0..bound`; 0 if `bound` is 0.
#[must_use]
pub fn below(seed: u64, purpose: Purpose, number: u64, bound: usize) -> usize {
    let wide = u128::from(bits(seed, purpose, number)) * bound as u128;
    usize::try_from(wide >> 64).unwrap_or(0)
}

/// 64 bits as a number in `0.0..1.0`, in steps of 2^-53.
#[must_use]
pub fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The increment of a `SplitMix64` generator's state at each step: the odd number nearest to 2^64
/// divided by the golden ratio.
pub const INCREMENT: u64 = 0x9E37_79B9_7F4A_7C15;

/// The next number of a `SplitMix64` generator in a state. The function is a bijection, and results
/// of neighbouring states look unrelated.
#[must_use]
pub fn step(state: u64) -> u64 {
    let mut z = state.wrapping_add(INCREMENT);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_repeat_and_differ_by_seed_purpose_and_place() {
        let one = bits(7, Purpose::Think, 1);
        assert_eq!(one, bits(7, Purpose::Think, 1));
        for other in [
            bits(8, Purpose::Think, 1),
            bits(7, Purpose::Leave, 1),
            bits(7, Purpose::Think, 2),
        ] {
            assert_ne!(one, other);
        }
        let drawn: BTreeSet<u64> = (0..10_000).map(|n| bits(7, Purpose::Prefix, n)).collect();
        assert_eq!(drawn.len(), 10_000);
    }

    #[test]
    fn numbers_stay_in_their_bounds_and_fill_them() {
        let units: Vec<f64> = (0..10_000).map(|n| unit(1, Purpose::Leave, n)).collect();
        assert!(units.iter().all(|unit| (0.0..1.0).contains(unit)));
        let mean = units.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        let seen: BTreeSet<usize> = (0..100).map(|n| below(1, Purpose::Order, n, 3)).collect();
        assert!(seen.into_iter().eq(0..3));
        assert_eq!(below(1, Purpose::Order, 1, 0), 0);
    }
}
