//! Resolves the escapes of a JSON string into memory that is used again. `serde_json` would allocate
//! a buffer for each event with escapes.

/// Appends a string without its escapes; `raw` is the well-formed text between the quotes.
///
/// U+FFFD takes the place of a surrogate without its other half, as in a browser.
pub(super) fn push_unescaped(text: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, length) = resolve(escape);
        text.push(character);
        rest = &escape[length..];
    }
    text.push_str(rest);
}

/// The character of an escape, and its length in bytes; both without the backslash.
fn resolve(escape: &str) -> (char, usize) {
    let character = match escape.chars().next() {
        Some('u') => return resolve_unicode(escape),
        Some('b') => '\u{8}',
        Some('f') => '\u{C}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some(itself) => itself,
        None => return (char::REPLACEMENT_CHARACTER, 0),
    };
    (character, 1)
}

/// The character of `uXXXX`, or of `uXXXX\uXXXX` outside of the Basic Multilingual Plane, and the
/// escape's length in bytes.
fn resolve_unicode(escape: &str) -> (char, usize) {
    let unit = |from: usize| u16::from_str_radix(escape.get(from..from + 4)?, 16).ok();
    let Some(first) = unit(1) else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    let second = unit(7).filter(|_| escape.get(5..7) == Some("\\u"));
    let mut characters = char::decode_utf16([first].into_iter().chain(second));
    match characters.next() {
        Some(Ok(character)) => (character, if character > '\u{FFFF}' { 11 } else { 5 }),
        _ => (char::REPLACEMENT_CHARACTER, 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(raw: &str) -> String {
        let mut text = String::new();
        push_unescaped(&mut text, raw);
        text
    }

    #[test]
    fn escapes_are_resolved_as_serde_json_does() {
        for raw in [
            "",
            "plain 你好",
            r#"a \"quoted\" word, a \\ and a \/"#,
            r"\b\f\n\r\t",
            r"\u4f60\u597D \ud83d\ude00\u0041",
            r"\\u4f60 \\\\ \\n",
            r"\u0000",
        ] {
            let expected: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
            assert_eq!(unescaped(raw), expected, "{raw}");
        }
    }

    #[test]
    fn half_a_character_is_replaced() {
        for (raw, expected) in [
            (r"a\ud83d", "a\u{FFFD}"),
            (r"\ud83dx", "\u{FFFD}x"),
            (r"\ude00\ud83d\ude00", "\u{FFFD}\u{1F600}"),
            (r"\ud83d\ud83d\ude00", "\u{FFFD}\u{1F600}"),
            (r"\ud83d\u0041", "\u{FFFD}A"),
            (r"\ud83d\n", "\u{FFFD}\n"),
        ] {
            assert_eq!(unescaped(raw), expected, "{raw}");
        }
    }
}
