//! Finds the ends of an event stream's lines, and reads the fields of lines.

/// A line that is not blank.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Comment,
    Data(&'a [u8]),
    Event(&'a [u8]),
    Id(&'a [u8]),
    /// `retry`, which is for clients that reconnect, and an id with a NUL.
    Ignored,
    /// A name that the standard does not know, and ignores.
    Unknown,
}

impl<'a> Field<'a> {
    /// Reads a line without its line end.
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

/// The place of the first CR or LF. The compiler turns each step into vector instructions.
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

/// Whether a read of a chunked body ends exactly one chunk and, with the chunk's last bytes, exactly
/// one block. False if this is not certain, as for bytes of TLS.
#[must_use]
pub fn completes_one_block(read: &[u8]) -> bool {
    let block = read.strip_suffix(b"\n\n\r\n");
    let block = block.or_else(|| read.strip_suffix(b"\r\n\r\n\r\n"));
    // An earlier blank line, or a line end at the start of the read, may complete another block.
    block.is_some_and(|block| {
        block.split(|&byte| byte == b'\n').all(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            !line.is_empty() && !line.contains(&b'\r')
        })
    })
}

/// Makes the text that of these bytes, with one U+FFFD for each maximal invalid sequence. A decoder of the whole
/// stream gives the same text, since no sequence spans a line end.
pub(super) fn set_lossy(text: &mut String, bytes: &[u8]) {
    text.clear();
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
    fn one_block_is_certain_only_for_the_rest_of_a_chunk_with_one_blank_line() {
        for (read, expected) in [
            ("9\r\ndata: a\n\n\r\n", true),
            ("b\r\ndata: a\r\n\r\n\r\n", true),
            ("e\r\n: still there\n\n\r\n", true),
            ("12\r\nid: 1\r\ndata: a\r\n\r\n\r\n", true),
            ("ta: a\n\n\r\n", true),
            // Without the end of the chunk the next read begins with a line end.
            ("9\r\ndata: a\n\n", false),
            ("b\r\ndata: a\r\n\r\n", false),
            ("8\r\ndata: a\n\r\n", false),
            // Ends of bodies.
            ("", false),
            ("0\r\n\r\n", false),
            ("0;last\r\nx-took: 1\r\n\r\n", false),
            ("9\r\ndata: a\n\n\r\n0\r\n\r\n", false),
            ("\r\n", false),
            ("\n\r\n", false),
            ("\r\n\r\n", false),
            // Several blocks, or possibly several.
            ("9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n", false),
            ("12\r\ndata: a\n\ndata: b\n\n\r\n", false),
            ("a\r\n\r\nb\n\n\r\n", false),
            ("a\r\rb\n\n\r\n", false),
            ("a\n\r\nb\n\n\r\n", false),
            ("a\r\n\nb\n\n\r\n", false),
            ("\ndata: b\n\n\r\n", false),
            ("\r\ndata: b\r\n\r\n\r\n", false),
            ("\n\n\r\n", false),
        ] {
            assert_eq!(completes_one_block(read.as_bytes()), expected, "{read:?}");
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
