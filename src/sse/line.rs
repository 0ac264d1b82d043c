//! The lines of an event stream: where they end and what they say.

/// A line that is not blank.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Comment,
    Data(&'a [u8]),
    Event(&'a [u8]),
    Id(&'a [u8]),
    /// `retry`, which is for clients that reconnect, and an id with a NUL.
    Ignored,
    /// A name unknown to the standard, which is ignored too.
    Unknown,
}

impl<'a> Field<'a> {
    /// Reads a line, its end taken off.
    pub(super) fn of(line: &'a [u8]) -> Self {
        if let Some(value) = line.strip_prefix(b"data:") {
            return Field::Data(value.strip_prefix(b" ").unwrap_or(value));
        }
        let (name, value) = match line.iter().position(|&byte| byte == b':') {
            Some(0) => return Field::Comment,
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => Field::Data(value),
            b"event" => Field::Event(value),
            b"id" if !value.contains(&0) => Field::Id(value),
            b"id" | b"retry" => Field::Ignored,
            _ => Field::Unknown,
        }
    }
}

fn is_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// The first CR or LF. In steps of a size that the compiler turns into vector instructions.
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    const STEP: usize = 32;
    let (steps, _) = bytes.as_chunks::<STEP>();
    let skipped = steps
        .iter()
        .take_while(|step| !step.iter().fold(false, |found, &b| found | is_end(b)))
        .count()
        * STEP;
    let found = bytes[skipped..].iter().position(|&b| is_end(b))?;
    Some(skipped + found)
}

/// Whether some bytes of a stream may complete more than one block, whatever came before them. That
/// they cannot is certain where this is false, and found out at a fraction of what parsing costs.
#[must_use]
pub fn may_complete_several(bytes: &[u8]) -> bool {
    // Line ends behind the last content complete one block at most.
    let Some(last) = bytes.iter().rposition(|&b| !is_end(b)) else {
        return false;
    };
    let mut rest = &bytes[..=last];
    if is_end(rest[0]) {
        return true;
    }
    while let Some(end) = line_end(rest) {
        // Content follows somewhere.
        let (ended_by, next) = (rest[end], rest[end + 1]);
        if is_end(next) && (ended_by, next) != (b'\r', b'\n') {
            return true;
        }
        rest = &rest[end + 1..];
    }
    false
}

/// Appends bytes as text, each maximal invalid sequence as one U+FFFD: as a decoder of the whole
/// stream would, since no sequence continues over a line's end.
pub(super) fn push_lossy(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_line_before_the_last_content_may_complete_a_block_more() {
        for one in [
            "",
            "x",
            "data: a",
            "data: a\n\n",
            "event: a\r\ndata: b\r\n\r\n",
            "a\rb\r\r",
            "\n\r\n",
            "x\n\n\n",
        ] {
            assert!(!may_complete_several(one.as_bytes()), "{one:?}");
        }
        for several in [
            "\nx",
            "a\n\nb",
            "a\r\n\r\nb\n",
            "a\r\rb",
            "a\n\r\nb",
            "a\r\n\nb",
            "\r\nb\n\n",
        ] {
            assert!(may_complete_several(several.as_bytes()), "{several:?}");
        }
    }

    #[test]
    fn line_ends_are_found_at_any_place() {
        for length in 0..100 {
            for at in 0..length {
                let mut bytes = vec![b'x'; length];
                assert_eq!(line_end(&bytes), None);
                bytes[length - 1] = b'\n';
                bytes[at] = b'\r';
                assert_eq!(line_end(&bytes), Some(at));
            }
        }
    }
}
