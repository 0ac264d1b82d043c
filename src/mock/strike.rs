//! Faults amid the text.

use super::delivery::{After, Delivery, Gone};
use super::faults::{Fault, ON_PURPOSE};
use super::script::Script;
use super::wire::Moment;

/// Size of the event that is too large for most clients, in bytes.
const OVERSIZE: usize = 9 * 1024 * 1024;

/// Does what the fault says. `None`: the stream goes on.
pub(super) fn strike(
    fault: Fault,
    delivery: &mut Delivery<'_>,
    script: &mut Script,
) -> Result<Option<After>, Gone> {
    match fault {
        Fault::Malformed => {
            delivery.frames.clear();
            delivery
                .frames
                .block(format_args!(r#"data: {{"unfinished": "#));
            delivery.write_frames()?;
            return Ok(None);
        }
        Fault::Oversize => {
            write_oversize(delivery)?;
            return Ok(None);
        }
        Fault::ErrorEvent => {
            ON_PURPOSE.clone_into(&mut script.reply.message);
            delivery.send(script, Moment::Error)?;
        }
        Fault::Cut => {
            // The beginning of an event and, where there are chunks, of a longer chunk.
            let size = if delivery.chunked { "1000\r\n" } else { "" };
            delivery.stamp_end();
            delivery.write(format!("{size}data: {{\"event").as_bytes())?;
            return Ok(Some(After::Close));
        }
        Fault::Reset => {
            delivery.stamp_end();
            return Ok(Some(After::Reset));
        }
        Fault::Stall => return Err(delivery.silence()),
        Fault::Pings => return Err(delivery.only_keep_alives(script)),
        // `truncate`; the others do not strike amid the text.
        _ => {}
    }
    delivery.finish().map(Some)
}

/// Sends an event that is too large, in pieces that are not.
fn write_oversize(delivery: &mut Delivery<'_>) -> Result<(), Gone> {
    let middle = "x".repeat(64 * 1024);
    for (piece, times) in [
        ("data: \"", 1),
        (&middle, OVERSIZE / middle.len()),
        ("\"\n\n", 1),
    ] {
        delivery.frames.clear();
        delivery.frames.piece(format_args!("{piece}"));
        for _ in 0..times {
            delivery.write_frames()?;
        }
    }
    Ok(())
}
