//! Every figure of a request, listed once as data.
//!
//! A row of `table.rs` says what a figure is of a [`crate::record::RequestRecord`], in which unit,
//! and where it appears. CSV, run JSON, statistics, console and report are loops over these rows.
//! The words for people are the texts `metric.<id>` and `glossary.<id>`, and a short
//! `console.metric.<id>` where the console's table has no room for the first.

mod measured;
mod metric;
mod per;
mod table;
mod unit;

pub use measured::Measured;
pub use metric::*;
pub use per::PerMetric;
pub use table::{Row, TABLE};
pub use unit::{Columns, Flag, Unit, in_thousandths, rounded};
