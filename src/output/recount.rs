//! Results that are made anew when a run is over and its tokens have been counted. Until then the
//! CSV has its rows with the numbers that are known, so that a killed run loses none.

use super::html::Charts;
use super::spool::Spool;
use super::{Outputs, WriteError};

impl Outputs {
    /// Whether requests are kept until they are counted.
    #[must_use]
    pub fn keeps_requests(&self) -> bool {
        self.files.keeps()
    }

    /// Hands out the requests that were kept; `None` where they were not, or not all of them.
    pub fn kept_requests(&mut self) -> Option<Spool> {
        self.files.kept()
    }

    /// Forgets charts and rows, to make them anew by [`Outputs::add`]. The old rows stay in their
    /// place until [`Outputs::settle`].
    ///
    /// # Errors
    ///
    /// If new rows cannot be written; none are made then, but charts are.
    pub fn start_over(&mut self) -> Result<(), WriteError> {
        self.charts = self.charts.take().map(|_| Charts::default());
        self.files.start_over(&self.header)
    }

    /// Puts the new rows in the place of the old ones.
    ///
    /// # Errors
    ///
    /// If that cannot be done; the old rows stay.
    pub fn settle(&mut self) -> Result<(), WriteError> {
        self.files.settle()
    }
}
