//! What the simulated service draws of distributions.

use super::rng::Rng;
use crate::values::{Dist, Quantity};

impl<T: Quantity> Dist<T> {
    /// Draws a value.
    pub(super) fn draw(&self, rng: &mut Rng) -> T {
        match *self {
            Dist::Fixed(value) => value,
            Dist::Uniform { low, high } => {
                T::from_f64(low.to_f64() + (high.to_f64() - low.to_f64()) * rng.unit())
            }
            Dist::Normal { mean, deviation } => {
                T::from_f64(mean.to_f64() + deviation.to_f64() * rng.normal())
            }
            Dist::LogNormal { mean, deviation } => {
                // The parameters of the logarithm's normal distribution, from those of the value.
                let spread = (deviation.to_f64() / mean.to_f64()).powi(2).ln_1p();
                let location = mean.to_f64().ln() - spread / 2.0;
                T::from_f64((location + spread.sqrt() * rng.normal()).exp())
            }
            // The logarithm's argument lies in 0.0 < x <= 1.0.
            Dist::Exponential { mean } => T::from_f64(mean.to_f64() * -(1.0 - rng.unit()).ln()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::rng::Purpose;
    use super::*;

    #[test]
    fn draws_have_the_mean_that_was_asked_for() {
        for text in [
            "200",
            "uniform:100..300",
            "normal:200,20",
            "lognormal:200,80",
            "exp:200",
        ] {
            let dist: Dist<Duration> = text.parse().expect(text);
            let mut rng = Rng::new(1, 1, Purpose::Schedule);
            let sum: f64 = (0..50_000).map(|_| dist.draw(&mut rng).as_secs_f64()).sum();
            let mean = sum / 50_000.0;
            assert!((mean - 0.2).abs() < 0.002, "{text}: {mean}");
        }
    }

    #[test]
    fn draws_are_never_negative() {
        let dist: Dist<Duration> = "normal:1,100".parse().expect("valid");
        let counts: Dist<u32> = "normal:1,100".parse().expect("valid");
        let mut rng = Rng::new(1, 1, Purpose::Schedule);
        let drawn: Vec<_> = (0..100).map(|_| dist.draw(&mut rng)).collect();
        assert!(drawn.contains(&Duration::ZERO));
        assert!((0..100).any(|_| counts.draw(&mut rng) == 0));
    }
}
