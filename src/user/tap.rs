//! What somebody who watches a request closely is told, as it comes: see `sse-perf probe`.

use crate::clock::Stamp;
use crate::sse::Block;
use crate::transport::Arrival;

/// Something that came.
#[derive(Debug)]
pub enum Seen<'a> {
    /// The request begins.
    Begin(Stamp),
    /// The head of the response.
    Head {
        /// HTTP status.
        status: u16,
        /// Its headers, names in lower case; values that are no text are left out.
        headers: Vec<(&'a str, &'a str)>,
        /// When it was complete.
        at: Stamp,
    },
    /// The body of a response that is not read as a stream, as far as it is read.
    Body(&'a [u8]),
    /// A block of the stream.
    Block {
        /// The block.
        block: &'a Block<'a>,
        /// The arrival of the bytes that completed it.
        arrival: Arrival,
    },
    /// What came outside of any field and looks like JSON, told at the end.
    Stray(&'a str),
}

/// Is called on the user's thread, between one read and the next: it had better be quick.
pub type Tap = Box<dyn FnMut(Seen<'_>) + Send>;
