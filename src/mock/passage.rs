//! The text of all answers, in tokens. A token is one English word or one Chinese character, so
//! that the server's usage and the client's estimate agree.

use std::sync::LazyLock;

/// The passage. Answers begin anywhere in it and repeat it. It has a space wherever a word meets a
/// Chinese character, and before its first word: clients that split at white space count right.
const PASSAGE: &str = " This answer comes from a simulated service 这段回答来自模拟的服务 One \
    token is one English word or one Chinese character 一个词元是一个英文单词或者一个汉字 so the \
    usage that the server reports 服务器报告的用量 and the estimate of the client 和客户端的估算 \
    agree to the last token 总是完全一致 Nothing here was thought by a model 这里没有任何模型思考过 \
    it is a passage that repeats 只是一段文字不断重复 at the pace that you asked for \
    按照你要求的速度到来";

/// The tokens of the passage, each with the space before it.
static TOKENS: LazyLock<Vec<&str>> = LazyLock::new(|| split(PASSAGE));

/// Splits before each word and each CJK character.
fn split(text: &str) -> Vec<&str> {
    let mut starts = Vec::new();
    let mut after_space = false;
    for (at, character) in text.char_indices() {
        if character == ' ' || (is_cjk(character) && !after_space) {
            starts.push(at);
        }
        after_space = character == ' ';
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let tokens = starts.iter().zip(ends);
    tokens.map(|(&start, end)| &text[start..end]).collect()
}

/// Whether a character is one token: the range that the manual's metrics name.
fn is_cjk(character: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&character)
}

/// Counts the tokens of a prompt: its words and CJK characters.
pub(super) fn count(text: &str) -> u64 {
    let cjk = text.chars().filter(|c| is_cjk(*c)).count();
    let is_word = |word: &&str| word.contains(|c: char| c.is_alphanumeric() && !is_cjk(c));
    let words = text.split_whitespace().filter(is_word).count();
    (cjk + words) as u64
}

/// Replaces `text` by `count` tokens from token `next` on, and moves `next` behind them. The last
/// token is followed by the first.
pub(super) fn read(next: &mut usize, count: u32, text: &mut String) {
    text.clear();
    for _ in 0..count {
        text.push_str(TOKENS[*next % TOKENS.len()]);
        *next = (*next + 1) % TOKENS.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_word_or_a_character() {
        let pieces = [" One", " two", " 三", "四", " five"];
        assert_eq!(split(&pieces.concat()), pieces);
        assert_eq!(TOKENS.concat(), PASSAGE, "nothing is lost");
        for token in TOKENS.iter() {
            assert_eq!(count(token), 1, "{token:?}");
        }
    }

    #[test]
    fn any_stretch_counts_as_many_tokens_as_it_has() {
        let mut text = String::new();
        for start in 0..200 {
            let mut next = start;
            for n in [1, 2, 3, 50, 300] {
                read(&mut next, n, &mut text);
                assert_eq!(count(&text), u64::from(n), "{text}");
            }
        }
    }

    #[test]
    fn prompts_are_counted() {
        assert_eq!(count("你是谁"), 3);
        assert_eq!(count("Who are you? 你"), 4);
        assert_eq!(count(""), 0);
    }
}
