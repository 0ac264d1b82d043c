//! Faults amid the text, and silence.

use std::io::Read;

use super::super::faults::Fault;
use super::super::wire::{Reply, Wire};
use super::{After, Answer, Gone};

/// Size of the event that is too large for most clients, in bytes.
const OVERSIZE: usize = 9 * 1024 * 1024;
impl Answer<'_> {
    /// Does what the fault says. `None`: the stream goes on.
    pub(super) fn strike(
        &mut self,
        wire: &dyn Wire,
        reply: &Reply,
        fault: Fault,
    ) -> Result<Option<After>, Gone> {
        self.frames.clear();
        match fault {
            Fault::Malformed => {
                self.frames.data(format_args!(r#"{{"unfinished": "#));
                self.write_frames()?;
                return Ok(None);
            }
            Fault::Oversize => {
                self.write_oversize()?;
                return Ok(None);
            }
            Fault::ErrorEvent => {
                wire.error(reply, self.frames);
                self.write_frames()?;
            }
            Fault::Cut => {
                // The beginning of an event and, where there are chunks, of a longer chunk.
                let size = if self.chunked { "1000\r\n" } else { "" };
                self.stamp_end();
                self.write(format!("{size}data: {{\"event").as_bytes())?;
                return Ok(Some(After::Close));
            }
            Fault::Reset => {
                self.stamp_end();
                return Ok(Some(After::Reset));
            }
            Fault::Stall => return Err(self.silence()),
            Fault::Pings => return Err(self.pings(wire)),
            // `truncate`; the others do not strike amid the text.
            _ => {}
        }
        self.finish().map(Some)
    }

    /// Sends nothing more, until the client leaves or the server stops.
    pub(super) fn silence(&mut self) -> Gone {
        let mut ignored = [0; 256];
        // A stop shuts the socket down, which ends the read.
        while !self.shared.stopped() && matches!(self.stream.read(&mut ignored), Ok(1..)) {}
        self.gone()
    }

    /// Sends keep-alives only, until the client leaves or the server stops.
    fn pings(&mut self, wire: &dyn Wire) -> Gone {
        while let Some(at) = self.next_keep_alive {
            if let Err(gone) = self.wait(wire, at) {
                return gone;
            }
        }
        self.silence()
    }

    /// An event that is too large, in pieces that are not.
    fn write_oversize(&mut self) -> Result<(), Gone> {
        let piece = "x".repeat(64 * 1024);
        self.frames.piece(format_args!("data: \""));
        self.write_frames()?;
        self.frames.clear();
        self.frames.piece(format_args!("{piece}"));
        for _ in 0..OVERSIZE / piece.len() {
            self.write_frames()?;
        }
        self.frames.clear();
        self.frames.piece(format_args!("\"\n\n"));
        self.write_frames()
    }
}
