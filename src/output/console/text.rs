//! Text for a terminal: aligned, and harmless even if a stranger wrote it.

pub(super) use crate::text::columns::{hanging, left, right, shorten, width, wrap};

/// The substitute for a character that could move the cursor, change colours, retitle the window or
/// reverse the text after it; `None` for a harmless character.
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

/// Text from a server, made safe for the terminal: control characters (and so escape sequences)
/// become visible, line feeds and tabs stay, carriage returns go.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .filter(|c| *c != '\r')
        .map(|c| match c {
            '\n' | '\t' => c,
            _ => substitute(c).unwrap_or(c),
        })
        .collect()
}

/// Cells, each right-aligned in its column.
pub(super) fn align<T: AsRef<str>>(cells: &[T], widths: &[usize]) -> Vec<String> {
    let cells = cells.iter().zip(widths);
    let align = |(cell, columns): (&T, &usize)| right(cell.as_ref(), *columns);
    cells.map(align).collect()
}

/// Harmless text on one line: white space of any length is one space.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let hostile = "a\x1b[31mred\x1b]0;title\x07\r\nb\tc\x08\x7f\u{9b}2J\u{202e}cba";
        let shown = "a␛[31mred␛]0;title␇\nb\tc␈␡\u{fffd}2J\u{fffd}cba";
        assert_eq!(harmless(hostile), shown);
        assert_eq!(one_line(hostile), shown.replace(['\n', '\t'], " "));
        let is_harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!harmless(hostile).contains(is_harmful));
    }

    #[test]
    fn text_that_people_write_is_left_alone() {
        let text = "你是谁？ \"quoted\" {braces} é 👩\u{200d}🔬 ≈";
        assert_eq!(harmless(text), text);
        assert_eq!(one_line(text), text);
    }
}
