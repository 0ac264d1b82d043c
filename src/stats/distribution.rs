//! The exact distribution of a per-request metric, four bytes a value.

use serde::{Deserialize, Serialize};

use super::percentile;

/// Values of one metric in whole thousandths of its unit (microseconds for milliseconds), all of
/// them kept.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    /// The values that fit into 32 bits: up to 71 minutes.
    small: Vec<u32>,
    /// The others.
    large: Vec<u64>,
    /// The exact sum.
    sum: u128,
}

/// The figures of a distribution, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// How many values there are, at least 1.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (divided by n − 1); `None` for a single value.
    pub std_dev: Option<f64>,
    /// The smallest value.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The largest value.
    pub max: f64,
}

impl Distribution {
    /// Adds a value, in thousandths of the unit.
    pub fn record(&mut self, thousandths: u64) {
        self.sum += u128::from(thousandths);
        match u32::try_from(thousandths) {
            Ok(small) => self.small.push(small),
            Err(_) => self.large.push(thousandths),
        }
    }

    /// All values, in thousandths of the unit.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        let small = self.small.iter().map(|value| u64::from(*value));
        small.chain(self.large.iter().copied())
    }

    /// The distribution in figures, in the unit; `None` without values. Percentiles are exact:
    /// linear interpolation between closest ranks, bit for bit like `numpy.percentile`.
    #[must_use]
    pub fn snapshot(&self) -> Option<Statistics> {
        let count = self.small.len() + self.large.len();
        let (mut small, mut large) = (self.small.clone(), self.large.clone());
        small.sort_unstable();
        large.sort_unstable();
        let value_at = |rank: usize| match small.get(rank) {
            Some(value) => f64::from(*value) / 1_000.0,
            None => large[rank - small.len()] as f64 / 1_000.0,
        };
        // A single division of the exact sum: rounded values are not added up.
        let mean = self.sum as f64 / (count as f64 * 1_000.0);
        let std_dev = (count > 1).then(|| {
            let squares = (0..count).map(|rank| (value_at(rank) - mean).powi(2));
            (squares.sum::<f64>() / (count - 1) as f64).sqrt()
        });
        Some(Statistics {
            count: count as u64,
            mean,
            std_dev,
            p50: percentile(50.0, count, value_at)?,
            p90: percentile(90.0, count, value_at)?,
            p95: percentile(95.0, count, value_at)?,
            p99: percentile(99.0, count, value_at)?,
            min: value_at(0),
            max: value_at(count - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::tests::{distribution, pseudo_random};

    #[test]
    fn without_values_there_are_no_figures() {
        assert_eq!(Distribution::default().snapshot(), None);
    }

    #[test]
    fn a_single_value_has_no_deviation() {
        let figures = distribution(&[1_234]).snapshot().unwrap();
        assert_eq!(figures.std_dev, None);
        let f = figures;
        let bits = [f.mean, f.min, f.p50, f.p99, f.max].map(f64::to_bits);
        assert_eq!(bits, [1.234_f64.to_bits(); 5]);
    }

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        let values = distribution(&[2_000, 4_000, 4_000, 6_000]);
        let figures = values.snapshot().unwrap();
        assert_eq!(figures.mean.to_bits(), 4.0_f64.to_bits());
        let expected = (8.0_f64 / 3.0).sqrt();
        assert!((figures.std_dev.unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn values_beyond_32_bits_keep_their_place_and_weight() {
        let hours = 3_600_000_000 * 3;
        let distribution = distribution(&[hours, 5, u64::from(u32::MAX), 7]);
        let figures = distribution.snapshot().unwrap();
        assert_eq!(distribution.values().count(), 4);
        let sum = u128::from(hours) + u128::from(u32::MAX) + 12;
        assert_eq!(distribution.sum, sum);
        assert_eq!(figures.min.to_bits(), 0.005_f64.to_bits());
        assert_eq!(figures.max.to_bits(), 10_800_000.0_f64.to_bits());
    }

    #[test]
    fn percentiles_are_those_of_numpy_to_the_last_bit() {
        // numpy.percentile([float("%d.%03d" % divmod(v, 1000)) for v in values], [50, 90, 95, 99]),
        // NumPy 2.4, as the bits of the results.
        #[rustfmt::skip]
        let table: [(usize, [u64; 4]); 7] = [
            (1,     [0x4070_9558_1062_4dd3, 0x4070_9558_1062_4dd3, 0x4070_9558_1062_4dd3, 0x4070_9558_1062_4dd3]),
            (2,     [0x40a1_5c5c_28f5_c28f, 0x40ad_9750_4816_f006, 0x40af_1eae_cbfb_15b5, 0x40b0_2be3_9abf_3387]),
            (3,     [0x4098_6e26_e978_d4fe, 0x40ac_8fdb_573e_ab36, 0x40ae_9af4_538e_f34d, 0x40b0_1eb7_5b81_3016]),
            (10,    [0x40a0_1dad_d2f1_a9fc, 0x40ad_c4e9_1d14_e3bd, 0x40af_357b_367a_0f90, 0x40b0_2e2b_3eff_1950]),
            (97,    [0x40a1_1073_b645_a1cb, 0x40b0_6c80_0000_0000, 0x40b1_07c2_7525_460a, 0x40b1_9acd_ff82_2bbb]),
            (1000,  [0x40a3_1d36_c8b4_3958, 0x40b1_7211_a36e_2eb2, 0x40b2_9075_6041_8938, 0x40b3_5380_902d_e00d]),
            (4321,  [0x40a3_06c1_8937_4bc7, 0x40b1_6726_a7ef_9db2, 0x40b2_8500_c49b_a5e3, 0x40b3_532b_295e_9e1b]),
        ];
        for (count, bits) in table {
            let values = pseudo_random(42).map(|x| (x >> 33) % 5_000_000);
            let values: Vec<_> = values.take(count).collect();
            let figures = distribution(&values).snapshot().unwrap();
            let computed = [figures.p50, figures.p90, figures.p95, figures.p99];
            assert_eq!(computed.map(f64::to_bits), bits, "of {count} values");
        }
    }
}
