//! Sums as the run JSON has them.

use serde::{Deserialize, Serialize};

use crate::metrics::rounded;
use crate::stats::Sum;

/// A sum in its unit.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct SumJson {
    count: u64,
    sum: f64,
}

impl SumJson {
    /// `steps` of the sum make one of its unit.
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
