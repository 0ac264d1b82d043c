//! Wrapping of text to a width in terminal columns: English between words, Chinese between
//! characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What must not begin a line.
const CLOSING: &str = "，。；：、！？）》”’…";

/// What must not end a line.
const OPENING: &str = "（《“‘";

/// Wraps a text to lines of at most `width` columns; all lines but the first are indented, the first
/// is meant to stand at that indent already. Line breaks of the text stay.
pub(super) fn wrap(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    let lines = text.split('\n').flat_map(|line| wrap_line(line, room));
    let lines: Vec<String> = lines.collect();
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

fn wrap_line(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for unit in units(text) {
        let fits = line.width() + unit.trim_end().width() <= room;
        if !fits && !line.is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        line.push_str(unit);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// The pieces between which a line may break; blanks stay at the end of theirs. A note in brackets,
/// such as `[default: 60]`, is one piece.
fn units(text: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut start = 0;
    let mut in_note = false;
    let mut characters = text.char_indices().peekable();
    while let Some((_, character)) = characters.next() {
        let Some(&(next_at, next)) = characters.peek() else {
            break;
        };
        in_note = character == '[' || (in_note && character != ']');
        let after_blank = character == ' ' && next != ' ';
        let chinese = (wide(character) || wide(next)) && next != ' ' && character != ' ';
        let allowed = !CLOSING.contains(next) && !OPENING.contains(character);
        if !in_note && (after_blank || (chinese && allowed)) {
            units.push(&text[start..next_at]);
            start = next_at;
        }
    }
    units.push(&text[start..]);
    units
}

fn wide(character: char) -> bool {
    character.width().unwrap_or_default() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_breaks_between_words() {
        let text = wrap("one two three four five six seven", 25, 5);
        assert_eq!(text, "one two three four\n     five six seven");
    }

    #[test]
    fn chinese_breaks_between_characters_but_not_before_a_stop() {
        let text = wrap("一二三四五六七八九十，甲乙丙丁", 20, 0);
        assert_eq!(text, "一二三四五六七八九\n十，甲乙丙丁");
        let text = wrap("一二三四五六七 --threads 八九十", 20, 0);
        assert_eq!(text, "一二三四五六七\n--threads 八九十");
    }

    #[test]
    fn notes_stay_whole() {
        let text = wrap("one two [default: 60] [also: --x]", 20, 0);
        assert_eq!(text, "one two\n[default: 60]\n[also: --x]");
    }

    #[test]
    fn breaks_of_the_text_stay_and_long_words_are_whole() {
        assert_eq!(wrap("a\nb", 80, 2), "a\n  b");
        let word = "x".repeat(30);
        assert_eq!(wrap(&format!("a {word} b"), 20, 0), format!("a\n{word}\nb"));
    }
}
