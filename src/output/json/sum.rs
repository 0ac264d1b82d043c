//! Sums in the run JSON.

use serde::{Deserialize, Serialize};

use crate::metrics::rounded;
use crate::stats::Sum;

/// A sum, in the unit of its metric.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct SumJson {
    count: u64,
    sum: f64,
}

impl SumJson {
    /// One unit is `steps` of the sum's own units.
    pub(super) fn of(sum: Sum, steps: u64) -> Self {
        Self {
            count: sum.count,
            sum: sum.sum as f64 / steps as f64,
        }
    }

    pub(super) fn sum(self, steps: u64) -> Sum {
        Sum {
            count: self.count,
            sum: rounded(self.sum * steps as f64),
        }
    }
}
