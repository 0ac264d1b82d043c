//! Widths, padding and wrapping of text in a terminal's columns. A Chinese character takes two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The least columns of indented text, however narrow the terminal is.
const LEAST_ROOM: usize = 20;

/// Columns of the text.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text at the right end of `columns` columns. Longer text stays whole.
#[must_use]
pub fn right(text: &str, columns: usize) -> String {
    let pad = columns.saturating_sub(width(text));
    format!("{:pad$}{text}", "")
}

/// The text at the left end of `columns` columns. Longer text stays whole.
#[must_use]
pub fn left(text: &str, columns: usize) -> String {
    let pad = columns.saturating_sub(width(text));
    format!("{text}{:pad$}", "")
}

/// The text in at most `columns` columns. Three dots stand for the missing end.
#[must_use]
pub fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let begun = prefix(text, columns.saturating_sub(3));
    begun.trim_end().to_owned() + "..."
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

/// The text in lines of at most `columns` columns, broken at spaces and between Chinese characters.
/// No line begins with a closing mark. A note in brackets, such as `[default: 60]`, is broken only
/// if it is longer than a line. Words that are longer than a line are broken anywhere.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut atom in atoms(text) {
        if !line.is_empty() && width(&line) + width(atom.trim_end()) > columns {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        while width(atom.trim_end()) > columns {
            let fits = prefix(atom, columns);
            let (head, tail) = atom.split_at(fits.rfind(' ').map_or(fits.len(), |at| at + 1));
            lines.push(head.trim_end().to_owned());
            atom = tail;
        }
        line.push_str(atom);
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// A text in wrapped lines. All lines but the first are indented: the caller has already indented
/// the first. Line breaks of the text stay.
#[must_use]
pub fn hanging(text: &str, columns: usize, indent: usize) -> String {
    let room = columns.saturating_sub(indent).max(LEAST_ROOM);
    let lines = text.split('\n').flat_map(|line| wrap(line, room));
    let separator = "\n".to_owned() + &" ".repeat(indent);
    lines.collect::<Vec<_>>().join(&separator)
}

/// The pieces between which a line may be broken.
fn atoms(text: &str) -> Vec<&str> {
    let mut atoms = Vec::new();
    let (mut start, mut before, mut in_note) = (0, None, false);
    for (at, c) in text.char_indices() {
        // A character without width belongs to the character before it.
        if c.width() == Some(0) {
            continue;
        }
        if !in_note && before.is_some_and(|before| may_break(before, c)) {
            atoms.push(&text[start..at]);
            start = at;
        }
        in_note = c == '[' || (in_note && c != ']');
        before = Some(c);
    }
    atoms.push(&text[start..]);
    atoms
}

fn may_break(before: char, after: char) -> bool {
    let wide = |c: char| c.width() == Some(2);
    let closing = |c| ",.;:!?)]}%，。；：！？）、》”’』」】…".contains(c);
    let opening = |c| "([{（《“‘『「【".contains(c);
    if before == ' ' || after == ' ' {
        return before == ' ' && after != ' ';
    }
    (wide(before) || wide(after)) && !closing(after) && !opening(before)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn breaks_of_the_text_stay_and_further_lines_are_indented() {
        assert_eq!(hanging("a\nb", 80, 2), "a\n  b");
        let text = hanging("one two three four five six seven", 25, 5);
        assert_eq!(text, "one two three four\n     five six seven");
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
            (
                "一二三四五六七八九十，甲乙丙丁",
                20,
                vec!["一二三四五六七八九", "十，甲乙丙丁"],
            ),
            (
                "一二三四五六七 --threads 八九十",
                20,
                vec!["一二三四五六七", "--threads 八九十"],
            ),
            (
                "one two [default: 60] [also: --x]",
                20,
                vec!["one two", "[default: 60]", "[also: --x]"],
            ),
            ("[one two three]", 9, vec!["[one two", "three]"]),
        ] {
            assert_eq!(wrap(text, columns), expected, "{text} in {columns}");
        }
    }
}
