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

/// The first CR or LF. In steps of a size that the compiler turns into vector instructions.
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    const STEP: usize = 32;
    let is_end = |byte: u8| byte == b'\n' || byte == b'\r';
    let (steps, _) = bytes.as_chunks::<STEP>();
    let skipped = steps
        .iter()
        .take_while(|step| !step.iter().fold(false, |found, &b| found | is_end(b)))
        .count()
        * STEP;
    let found = bytes[skipped..].iter().position(|&b| is_end(b))?;
    Some(skipped + found)
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
