//! Faults that strike in the middle of the text.

use super::delivery::{After, Delivery, Gone};
use super::faults::{Fault, ON_PURPOSE};
use super::script::Script;
use super::wire::Moment;

/// Size of the oversize event in bytes: more than most clients accept.
const OVERSIZE: usize = 9 * 1024 * 1024;

/// Carries out a fault. `None` if the stream goes on after it.
pub(super) fn strike(
    fault: Fault,
    delivery: &mut Delivery<'_>,
    script: &mut Script,
) -> Result<Option<After>, Gone> {
    match fault {
        Fault::Malformed => {
            delivery.frames.clear();
            let unfinished = format_args!(r#"data: {{"unfinished": "#);
            delivery.frames.event(None, unfinished);
            return delivery.write_frames().map(|()| None);
        }
        Fault::Oversize => return write_oversize(delivery).map(|()| None),
        Fault::ErrorEvent => {
            ON_PURPOSE.clone_into(&mut script.reply.message);
            delivery.send(script, Moment::Error)?;
        }
        Fault::Cut => {
            // The chunk is announced longer than what follows.
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
        // `truncate`. The remaining faults never get here.
        _ => {}
    }
    delivery.finish().map(Some)
}

/// Sends one event of `OVERSIZE` bytes in pieces of 64 KiB.
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
