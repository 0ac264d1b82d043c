//! Text for a terminal: its width in columns, and what strangers' text must not do to it.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that the text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text at the right end of that many columns; longer text as it is.
pub(super) fn right(text: &str, columns: usize) -> String {
    let pad = columns.saturating_sub(width(text));
    format!("{:pad$}{text}", "")
}

/// The text at the left end of that many columns; longer text as it is.
pub(super) fn left(text: &str, columns: usize) -> String {
    let pad = columns.saturating_sub(width(text));
    format!("{text}{:pad$}", "")
}

/// What stands for a character that could move the cursor, change colours, retitle the window or
/// reverse the order of what follows; `None` where it is harmless.
fn substitute(c: char) -> Option<char> {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)),
        '\x7f' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => Some(char::REPLACEMENT_CHARACTER),
        _ => None,
    }
}

/// Text from a server as it may be shown: control characters (and with them escape sequences) are
/// made visible, line feeds and tabs kept, carriage returns dropped.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .filter(|c| *c != '\r')
        .map(|c| match c {
            '\n' | '\t' => c,
            _ => substitute(c).unwrap_or(c),
        })
        .collect()
}

/// The same on one line: white space of any length is one space.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| substitute(c).unwrap_or(c)));
    }
    line
}

/// The text in at most that many columns, with three dots where something was left out.
pub(super) fn shorten(text: &str, columns: usize) -> String {
    const DOTS: &str = "...";
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = prefix(text, columns.saturating_sub(DOTS.len()))
        .trim_end()
        .to_owned();
    short.push_str(DOTS);
    short
}

/// As much of the text as fits, but at least one character.
fn prefix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        taken += c.width().unwrap_or(0);
        if taken > columns && at > 0 {
            return &text[..at];
        }
    }
    text
}

/// The text in lines of at most that many columns, broken at spaces and between Chinese
/// characters, but not so that a line begins with a closing mark; what has no such place is broken
/// anywhere.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut atom in atoms(text) {
        if !line.is_empty() && width(&line) + width(atom.trim_end()) > columns {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        while width(atom.trim_end()) > columns {
            let (head, tail) = atom.split_at(prefix(atom, columns).len());
            lines.push(head.to_owned());
            atom = tail;
        }
        line.push_str(atom);
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// The pieces between which a line may be broken.
fn atoms(text: &str) -> Vec<&str> {
    let mut atoms = Vec::new();
    let (mut start, mut before) = (0, None);
    for (at, c) in text.char_indices() {
        if before.is_some_and(|before| may_break(before, c)) {
            atoms.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    atoms.push(&text[start..]);
    atoms
}

fn may_break(before: char, after: char) -> bool {
    let wide = |c: char| c.width() == Some(2);
    let closing = |c| ",.;:!?)]}%，。；：！？）、”』」】".contains(c);
    let opening = |c| "([{（“『「【".contains(c);
    if before == ' ' || after == ' ' {
        return before == ' ' && after != ' ';
    }
    (wide(before) || wide(after)) && !closing(after) && !opening(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let hostile = "a\x1b[31mred\x1b]0;title\x07\r\nb\tc\x08\x7f\u{9b}2J\u{202e}cba";
        let shown = "a␛[31mred␛]0;title␇\nb\tc␈␡\u{fffd}2J\u{fffd}cba";
        assert_eq!(harmless(hostile), shown);
        assert_eq!(one_line(hostile), shown.replace(['\n', '\t'], " "));
        assert!(
            !harmless(hostile)
                .chars()
                .any(|c| c.is_control() && c != '\n' && c != '\t')
        );
    }

    #[test]
    fn text_that_people_write_is_left_alone() {
        let text = "你是谁？ \"quoted\" {braces} é 👩\u{200d}🔬 ≈";
        assert_eq!(harmless(text), text);
        assert_eq!(one_line(text), text);
    }

    #[test]
    fn padding_counts_columns() {
        assert_eq!(right("用户", 6), "  用户");
        assert_eq!(left("用户", 6), "用户  ");
        assert_eq!(left("users", 3), "users");
    }

    #[test]
    fn shortening_says_that_it_did() {
        for (text, columns, expected) in [
            ("hello", 5, "hello"),
            ("hello there", 9, "hello..."),
            ("你好世界你好", 9, "你好世..."),
            ("你好", 1, "你..."),
        ] {
            assert_eq!(shorten(text, columns), expected);
        }
    }

    #[test]
    fn lines_are_broken_where_readers_expect_it() {
        for (text, columns, expected) in [
            ("", 5, vec![""]),
            ("one two three", 7, vec!["one two", "three"]),
            ("one two", 3, vec!["one", "two"]),
            ("abcdefgh ij", 3, vec!["abc", "def", "gh", "ij"]),
            ("降低用户数，再试", 10, vec!["降低用户", "数，再试"]),
            ("检查 --api-key", 10, vec!["检查", "--api-key"]),
        ] {
            assert_eq!(wrap(text, columns), expected, "{text} in {columns}");
        }
    }
}
