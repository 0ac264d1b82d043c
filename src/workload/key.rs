//! API keys, which nothing shows whole: their `Debug` and `Display` are masked.

use std::fmt;
use std::sync::Arc;

/// Shorter keys are placeholders for servers that check no key (`x`, `-`): to mask them in texts would
/// spoil the texts and protect nothing.
const SHORTEST_SECRET: usize = 4;

/// A secret that goes out in a request header.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    exposed: Arc<str>,
    masked: Arc<str>,
}

impl ApiKey {
    /// The key as the user wrote it, `app-…` or `Bearer app-…`, without white space around it.
    /// An empty one means that no key is sent.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let raw = raw.trim();
        let bearer = raw.split_at_checked(6);
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let key = match bearer {
            Some((_, key)) if key.is_empty() || key.starts_with([' ', '\t']) => key.trim_start(),
            _ => raw,
        };
        let (exposed, masked) = (key.into(), mask(key).into());
        Self { exposed, masked }
    }

    /// The key itself, for the request's header and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.exposed
    }

    /// The key as it may be shown: see [`mask`]; empty if there is none.
    #[must_use]
    pub fn masked(&self) -> Arc<str> {
        Arc::clone(&self.masked)
    }

    /// Whether no key is sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exposed.is_empty()
    }

    /// Whether a header may carry all its characters: visible ASCII.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.exposed.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// The text with every occurrence of the key masked: servers like to repeat the key in their error
    /// messages. A key of fewer than four characters is no secret and stays.
    #[must_use]
    pub fn mask_in(&self, text: &str) -> String {
        if self.exposed.len() < SHORTEST_SECRET {
            text.to_owned()
        } else {
            text.replace(&*self.exposed, &self.masked)
        }
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.masked)
    }
}

/// The text with these secrets masked, as [`ApiKey::mask_in`] does with one.
#[must_use]
pub fn mask_all<'a>(secrets: impl IntoIterator<Item = &'a ApiKey>, text: &str) -> String {
    let secrets = secrets.into_iter();
    secrets.fold(text.to_owned(), |text, secret| secret.mask_in(&text))
}

/// A secret as it may be shown: its first 4 and last 4 characters with `***` between. A secret shorter
/// than 16 characters shows at most half of its characters, one shorter than 4 none; an empty secret
/// stays empty.
///
/// ```
/// use sse_perf::workload::mask;
///
/// assert_eq!(mask("app-0123456789abcdef"), "app-***cdef");
/// assert_eq!(mask("12345678"), "12***78");
/// assert_eq!(mask("abc"), "***");
/// ```
#[must_use]
pub fn mask(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    if characters.is_empty() {
        return String::new();
    }
    let shown = match characters.len() {
        length if length < SHORTEST_SECRET => 0,
        length => (length / 2).min(8),
    };
    let (head, _) = characters.split_at(shown.div_ceil(2));
    let (_, tail) = characters.split_at(characters.len() - shown / 2);
    head.iter().chain(&['*'; 3]).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_loses_its_scheme_and_the_space_around_it() {
        #[rustfmt::skip]
        let cases = [
            "app-x", "Bearer app-x", " bearer  app-x\r", "BEARER\tapp-x ", " app-x ",
        ];
        for raw in cases {
            assert_eq!(ApiKey::new(raw).expose(), "app-x", "{raw:?}");
        }
        assert_eq!(ApiKey::new("bearer-token").expose(), "bearer-token");
        assert!(ApiKey::new("Bearer ").is_empty());
        assert!(ApiKey::new("钥匙").expose().contains("钥匙"));
    }

    #[test]
    fn at_most_half_of_a_key_is_shown() {
        let table = [
            ("", ""),
            ("a", "***"),
            ("abc", "***"),
            ("abcd", "a***d"),
            ("abcde", "a***e"),
            ("abcdef", "ab***f"),
            ("abcdefgh", "ab***gh"),
            ("abcdefghijklmno", "abcd***mno"),
            ("abcdefghijklmnop", "abcd***mnop"),
            ("abcdefghijklmnopqrstuvwxyz", "abcd***wxyz"),
            ("秘密钥匙秘密钥匙", "秘密***钥匙"),
        ];
        for (key, masked) in table {
            assert_eq!(mask(key), masked, "{key}");
            let shown = masked.replace("***", "").chars().count();
            assert!(shown * 2 <= key.chars().count().max(1), "{key}");
        }
    }

    #[test]
    fn a_key_is_masked_wherever_it_is_shown() {
        let key = ApiKey::new("app-0123456789abcdef");
        assert_eq!(key.to_string(), "app-***cdef");
        assert_eq!(format!("{key:?}"), "ApiKey(app-***cdef)");
        let masked = key.mask_in("bad key app-0123456789abcdef (app-0123456789abcdef)");
        assert_eq!(masked, "bad key app-***cdef (app-***cdef)");
        assert_eq!(ApiKey::new("").mask_in("text"), "text");
        assert_eq!(ApiKey::new("x").mask_in("exceeded"), "exceeded");
    }
}
