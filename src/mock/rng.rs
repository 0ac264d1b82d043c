//! Random numbers: the same seed gives the same numbers.

use crate::random;

/// The purpose of numbers. Each purpose has its own numbers, so that faults do not change when
/// tokens are due.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Identifiers of an answer.
    Ids,
    /// Fault of an answer and its place, and the start of the answer in the passage.
    Plan,
    /// When tokens are due.
    Schedule,
}

/// A `SplitMix64` generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
/// 2014). Not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    /// The generator of one request (numbered from 1) for one purpose.
    pub(super) fn new(seed: u64, request: u64, purpose: Purpose) -> Self {
        let mut outer = Rng(seed);
        let mut inner = Rng(outer.next() ^ request);
        Rng(inner.next() ^ purpose as u64)
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        let bits = random::step(self.0);
        self.0 = self.0.wrapping_add(random::INCREMENT);
        bits
    }

    /// Uniform in `0.0..1.0`, in steps of 2^-53.
    pub(super) fn unit(&mut self) -> f64 {
        random::fraction(self.next())
    }

    /// Uniform in `0..bound`; 0 if the bound is. The bias is below `bound` / 2^64.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u32::try_from(wide >> 64).unwrap_or_default()
    }

    /// A version 4 UUID, hyphenated.
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFF,
            0x8000 | ((low >> 48) & 0x3FFF),
            low & 0xFFFF_FFFF_FFFF,
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::values::{Dist, Quantity};

    #[test]
    fn a_seed_gives_the_published_numbers() {
        // The first outputs of SplitMix64 for seed 1234567, as other implementations print them.
        let mut rng = Rng(1_234_567);
        let first = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([rng.next(), rng.next()], first);
        assert_eq!(rng.next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn numbers_repeat_and_differ_by_seed_request_and_purpose() {
        let draw = |seed, request, purpose| Rng::new(seed, request, purpose).next();
        let one = draw(7, 1, Purpose::Schedule);
        assert_eq!(one, draw(7, 1, Purpose::Schedule));
        assert_ne!(one, draw(8, 1, Purpose::Schedule));
        assert_ne!(one, draw(7, 2, Purpose::Schedule));
        assert_ne!(one, draw(7, 1, Purpose::Plan));
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut rng = Rng::new(0, 1, Purpose::Plan);
        assert_eq!(rng.below(0), 0);
        for _ in 0..10_000 {
            assert!((0.0..1.0).contains(&rng.unit()));
            assert!(rng.below(3) < 3);
        }
    }

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let uuid = Rng::new(0, 1, Purpose::Ids).uuid();
        assert_eq!(uuid.len(), 36, "{uuid}");
        assert_eq!(&uuid[14..15], "4", "{uuid}");
        assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"), "{uuid}");
    }

    #[test]
    fn draws_have_the_mean_and_the_deviation_of_their_distribution() {
        for (text, expected) in [
            ("200", 0.0),
            ("uniform:100..300", 0.2 / 12_f64.sqrt()),
            ("normal:200,20", 0.02),
            ("lognormal:200,80", 0.08),
            ("exp:200", 0.2),
        ] {
            let dist = Dist::read(text, Duration::read).expect(text);
            let mut rng = Rng::new(1, 1, Purpose::Schedule);
            let draw = |_| dist.draw(|| rng.unit()).as_secs_f64();
            let drawn: Vec<f64> = (0..100_000).map(draw).collect();
            let mean = drawn.iter().sum::<f64>() / 1e5;
            assert!((mean - 0.2).abs() < 0.002, "{text}: {mean}");
            let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
            let deviation = variance.sqrt();
            assert!((deviation - expected).abs() < 0.002, "{text}: {deviation}");
        }
    }

    #[test]
    fn draws_are_never_negative() {
        let dist = Dist::read("normal:1,100", Duration::read).expect("valid");
        let counts = Dist::read("normal:1,100", u32::read).expect("valid");
        let mut rng = Rng::new(1, 1, Purpose::Schedule);
        let drawn: Vec<_> = (0..100).map(|_| dist.draw(|| rng.unit())).collect();
        assert!(drawn.contains(&Duration::ZERO));
        assert!((0..100).any(|_| counts.draw(|| rng.unit()) == 0));
    }
}
