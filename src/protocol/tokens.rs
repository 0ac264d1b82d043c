//! The estimate of tokens, for servers that do not count tokens.

/// Estimates the tokens of a chunk's text: each character of U+4E00 to U+9FFF is one, and so is
/// each run without white space that has another alphabetic character in it; at least 1, unless
/// the text is empty.
///
/// ```
/// use sse_perf::protocol::estimate_tokens;
///
/// assert_eq!(estimate_tokens("你好, hello world"), 4);
/// assert_eq!(estimate_tokens("42"), 1);
/// assert_eq!(estimate_tokens(""), 0);
/// ```
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    let (mut tokens, mut in_word) = (0, false);
    for c in text.chars() {
        if ('\u{4E00}'..='\u{9FFF}').contains(&c) {
            tokens += 1;
        } else if c.is_whitespace() {
            in_word = false;
        } else if !in_word && c.is_alphabetic() {
            in_word = true;
            tokens += 1;
        }
    }
    tokens.max(u64::from(!text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_words() {
        for (text, expected) in [
            ("", 0),
            (" ", 1),
            ("\n\n", 1),
            ("。", 1),
            ("豆腐", 2),
            ("豆腐。", 2),
            ("\u{4E00}\u{9FFF}", 2),
            ("one", 1),
            (" one", 1),
            ("one, two\tthree\u{3000}four", 4),
            ("don't re-do", 2),
            ("用API调model", 3),
            ("3.14", 1),
            ("3 4 5", 1),
            ("a1 2", 1),
            ("привет мир", 2),
        ] {
            assert_eq!(estimate_tokens(text), expected, "{text:?}");
        }
    }
}
