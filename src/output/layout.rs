//! The layout of our JSON documents: a line for each member of the two outer levels, the rest
//! compact.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// Down to this depth, every member has a line of its own.
const LEVELS: usize = 2;

/// A formatter of `serde_json`.
#[derive(Debug, Default)]
pub(super) struct Layout {
    depth: usize,
    /// Whether the array or object that was opened last has members.
    filled: bool,
}

impl Layout {
    fn open<W: Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(bracket)
    }

    fn member<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.filled = true;
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }

    fn line<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth <= LEVELS {
            writer.write_all(b"\n")?;
            for _ in 0..self.depth {
                writer.write_all(b" ")?;
            }
        }
        Ok(())
    }

    fn close<W: Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        let on_lines = self.filled && self.depth <= LEVELS;
        self.depth -= 1;
        self.filled = true;
        if on_lines {
            self.line(writer)?;
        }
        writer.write_all(bracket)
    }
}

impl Formatter for Layout {
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.member(w, first)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.member(w, first)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_outer_two_levels_have_a_line_each() {
        let document =
            json!({"a": 1, "none": [], "list": [{"x": [1, 2]}, {}], "o": {"p": {"q": 1}}});
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Layout::default());
        document.serialize(&mut serializer).unwrap();
        let expected = "{\n \"a\":1,\n \"none\":[],\n \"list\":[\n  {\"x\":[1,2]},\n  {}\n ],\n \
                        \"o\":{\n  \"p\":{\"q\":1}\n }\n}";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
