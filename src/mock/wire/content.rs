//! What requests say, as far as it is counted: messages, texts, parts of texts.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::super::passage;

/// One message of the conversation so far.
#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) content: Tokens,
}

/// The number of tokens of a content: a text, parts with texts, or nothing.
#[derive(Default)]
pub(super) struct Tokens(pub(super) u64);

/// One part of a content.
#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Tokens,
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counter)
    }
}

/// Counts the tokens of whatever a content is.
struct Counter;

impl<'de> Visitor<'de> for Counter {
    type Value = Tokens;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of parts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Tokens, E> {
        Ok(Tokens(passage::count(text)))
    }

    fn visit_unit<E>(self) -> Result<Tokens, E> {
        Ok(Tokens(0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Tokens, A::Error> {
        let mut sum = 0;
        while let Some(part) = parts.next_element::<Part>()? {
            sum += part.text.0;
        }
        Ok(Tokens(sum))
    }
}
