//! Files with one item per line: queries and API keys.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a file of lines is of no use.
#[derive(Debug)]
pub enum LinesError {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is not UTF-8.
    NotUtf8 {
        /// The first line that is not, from 1.
        line: usize,
    },
    /// It has only blank lines, or none.
    Empty,
}

impl fmt::Display for LinesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinesError::Unreadable(error) => error.fmt(f),
            LinesError::NotUtf8 { line } => write!(f, "line {line} is not UTF-8"),
            LinesError::Empty => f.write_str("it has no lines"),
        }
    }
}

impl std::error::Error for LinesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LinesError::Unreadable(error) => Some(error),
            LinesError::NotUtf8 { .. } | LinesError::Empty => None,
        }
    }
}

impl From<io::Error> for LinesError {
    fn from(error: io::Error) -> Self {
        LinesError::Unreadable(error)
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Its text without white space around it, never empty.
    pub text: String,
}

/// Reads a UTF-8 file, with or without byte-order mark, with any line ends; blank lines are skipped.
///
/// # Errors
///
/// If it cannot be read, is not UTF-8, or has no line that is not blank.
pub fn read_lines(path: &Path) -> Result<Vec<Line>, LinesError> {
    parse_lines(&std::fs::read(path)?)
}

fn parse_lines(bytes: &[u8]) -> Result<Vec<Line>, LinesError> {
    let lines: Vec<Line> = utf8(bytes)
        .map_err(|line| LinesError::NotUtf8 { line })?
        .lines()
        .zip(1..)
        .map(|(line, number)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| Line {
            number,
            text: line.to_owned(),
        })
        .collect();
    if lines.is_empty() {
        Err(LinesError::Empty)
    } else {
        Ok(lines)
    }
}

/// The text of a UTF-8 file, without the byte-order mark that Windows programs put in front.
///
/// # Errors
///
/// The number of the first line that is not UTF-8, from 1.
pub fn utf8(bytes: &[u8]) -> Result<&str, usize> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        1 + valid.matches('\n').count()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bom_crlf_and_blank_lines_do_not_matter() {
        let lines = parse_lines("\u{feff}你好\r\n\r\n  \n two words \n{x}".as_bytes()).unwrap();
        let lines: Vec<_> = lines.iter().map(|l| (l.number, l.text.as_str())).collect();
        assert_eq!(lines, [(1, "你好"), (4, "two words"), (5, "{x}")]);
    }

    #[test]
    fn what_is_no_text_is_told_with_its_line() {
        let gbk = b"first\nsecond\n\xc4\xe3\xba\xc3\n";
        assert!(matches!(
            parse_lines(gbk),
            Err(LinesError::NotUtf8 { line: 3 })
        ));
        assert!(matches!(
            parse_lines(b"\xff\xfea\0"),
            Err(LinesError::NotUtf8 { line: 1 })
        ));
    }

    #[test]
    fn nothing_but_blank_lines_is_empty() {
        for bytes in [&b""[..], b"\n \r\n", "\u{feff}\n".as_bytes()] {
            assert!(matches!(parse_lines(bytes), Err(LinesError::Empty)));
        }
    }

    #[test]
    fn a_missing_file_is_unreadable() {
        let error = read_lines(Path::new("/no/such/file")).unwrap_err();
        assert!(matches!(error, LinesError::Unreadable(_)), "{error}");
    }
}
