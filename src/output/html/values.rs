//! The form of values on the page.

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::metrics::{in_thousandths, rounded};
use crate::stats::Sum;

/// The most characters of a text from outside; the page shows fewer.
const LONGEST: usize = 4_000;

/// The first characters of a text.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// A part of the page's data, as text: a tree of values takes a third of the page's time.
pub(super) fn raw(part: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(part).expect("every part has a form in JSON")
}

/// A value in whole thousandths of its unit, written in the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thousandths(pub(super) u64);

impl Thousandths {
    /// A whole number.
    pub(super) fn whole(number: u64) -> Self {
        Self(number.saturating_mul(1_000))
    }

    /// A value, not negative, to thousandths.
    pub(super) fn of(value: f64) -> Self {
        Self(in_thousandths(value))
    }

    /// The mean of a sum whose values are in parts of the unit: `steps` parts are one unit.
    pub(super) fn mean(sum: Sum, steps: u64) -> Option<Self> {
        let mean = sum.mean()?;
        Some(Self(rounded(mean * (1_000 / steps) as f64)))
    }
}

impl Serialize for Thousandths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1_000) {
            serializer.serialize_u64(self.0 / 1_000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        }
    }
}
