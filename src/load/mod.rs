//! When requests are sent: pure functions from the number of a user or of an arrival to its time
//! and phase, tested by table. Idle users claim the next number.
//!
//! A load shape is one file here and a line in this one. Now: [`ClosedLoop`]. How users behave beside
//! it: [`ThinkTime`], [`Leaving`].

mod closed;
mod think;

pub use closed::{ClosedLoop, Limit};
pub use think::{Leaving, ThinkTime};
