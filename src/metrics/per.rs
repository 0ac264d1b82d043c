//! A value for each metric.

use std::ops::{Index, IndexMut};

use super::metric::{Metric, all};
use super::table::TABLE;

/// A `T` for each metric.
#[derive(Clone, Debug, PartialEq)]
pub struct PerMetric<T>([T; TABLE.len()]);

impl<T> PerMetric<T> {
    /// The value of `of` for each metric.
    pub fn of(mut of: impl FnMut(Metric) -> T) -> Self {
        Self(std::array::from_fn(|place| of(Metric(place))))
    }

    /// Each metric with its value.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, &T)> {
        all().zip(&self.0)
    }
}

impl<T: Default> Default for PerMetric<T> {
    fn default() -> Self {
        Self::of(|_| T::default())
    }
}

impl<T> Index<Metric> for PerMetric<T> {
    type Output = T;

    fn index(&self, metric: Metric) -> &T {
        &self.0[metric.0]
    }
}

impl<T> IndexMut<Metric> for PerMetric<T> {
    fn index_mut(&mut self, metric: Metric) -> &mut T {
        &mut self.0[metric.0]
    }
}
