//! Texts for people, in English and Chinese, by id from `templates/texts/*.json`. A warning or an
//! error stays a [`Message`], a text's id with its arguments, until it is shown in a language.
//!
//! Names of fields in CSV and JSON are not here: they are always English.

pub mod columns;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::micros;
use crate::values::shown;

/// A language of the console, the help and the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The language that a POSIX locale asks for: `zh_CN.UTF-8` is Chinese, anything else English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") {
            Language::Chinese
        } else {
            Language::English
        }
    }

    /// The language's code: `en` or `zh`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// The texts of this language, read at their first use.
    #[must_use]
    pub fn texts(self) -> &'static Texts {
        static ENGLISH: LazyLock<Texts> =
            LazyLock::new(|| Texts::parse(include_str!("../templates/texts/en.json")));
        static CHINESE: LazyLock<Texts> =
            LazyLock::new(|| Texts::parse(include_str!("../templates/texts/zh.json")));
        match self {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

/// The texts of one language, by id.
#[derive(Debug)]
pub struct Texts(HashMap<String, String>);

impl Texts {
    /// Reads a language's file: an object of id to text.
    ///
    /// # Panics
    ///
    /// If the file is no such object. The files are part of the program, and a test reads both.
    fn parse(json: &str) -> Self {
        Self(serde_json::from_str(json).expect("a text file is a JSON object of strings"))
    }

    /// The text with this id, or else the id itself. A test checks that every id in the program has
    /// a text.
    #[must_use]
    pub fn get<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }

    /// The text with this id, if there is one.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// The texts whose ids begin with a prefix, sorted by the rest of the id.
    pub fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.0.iter();
        let below = texts.filter_map(|(id, text)| Some((id.strip_prefix(prefix)?, text.as_str())));
        let mut below: Vec<_> = below.collect();
        below.sort_unstable();
        below.into_iter()
    }

    /// The exit codes with their meanings.
    pub fn exits(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut exits: Vec<_> = self.below("exit.").collect();
        exits.sort_by_key(|(code, _)| code.len());
        exits.into_iter()
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A message in this language: its text with every `{name}` replaced by the argument of that
    /// name.
    #[must_use]
    pub fn render(&self, message: &Message) -> String {
        let mut rest = self.get(message.id);
        let mut text = String::with_capacity(rest.len());
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let name = after.split_once('}');
            let found = name.and_then(|(name, tail)| Some((message.arguments.get(name)?, tail)));
            let (value, tail) = found.map_or(("{", after), |(value, tail)| (value.as_str(), tail));
            text.push_str(value);
            rest = tail;
        }
        text + rest
    }
}

/// A duration in seconds, without trailing zeros.
#[must_use]
pub fn plain_seconds(duration: Duration) -> String {
    let text = format!("{:.3}", micros(duration) as f64 / 1_000_000.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} s")
}

/// A duration in milliseconds, to a tenth.
#[must_use]
pub fn tenths_of_ms(duration: Duration) -> String {
    format!("{:.1}", micros(duration) as f64 / 1_000.0)
}

/// A text's id with its arguments: a warning or an error that knows no language yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "SavedMessage", from = "SavedMessage")]
pub struct Message {
    id: Id,
    arguments: Arguments,
}

/// An id of our own. The alias hides the reference from serde, which would borrow it from the file.
type Id = &'static str;

/// Values by the names of their placeholders.
type Arguments = BTreeMap<Cow<'static, str>, String>;

/// A message in files: people read it in all languages, and the program reads it again.
#[derive(Serialize, Deserialize)]
struct SavedMessage {
    id: Cow<'static, str>,
    arguments: Arguments,
    en: String,
    zh: String,
}

impl From<Message> for SavedMessage {
    fn from(message: Message) -> Self {
        Self {
            en: Language::English.texts().render(&message),
            zh: Language::Chinese.texts().render(&message),
            id: message.id.into(),
            arguments: message.arguments,
        }
    }
}

impl From<SavedMessage> for Message {
    /// A text that this version does not have is shown in English.
    fn from(saved: SavedMessage) -> Self {
        let Some(Message { id, .. }) = Message::known(&saved.id) else {
            return Message::new("output.verbatim").with("text", saved.en);
        };
        let arguments = saved.arguments;
        Self { id, arguments }
    }
}

impl Message {
    /// A message without arguments.
    #[must_use]
    pub fn new(id: &'static str) -> Self {
        let arguments = BTreeMap::new();
        Self { id, arguments }
    }

    /// A message without arguments; `None` if no text has this id.
    #[must_use]
    pub fn known(id: &str) -> Option<Self> {
        let (id, _) = Language::English.texts().0.get_key_value(id)?;
        Some(Self::new(id))
    }

    /// A message about a value from the user: the text's `{value}`, quoted and shortened.
    #[must_use]
    pub fn about(id: &'static str, value: &str) -> Self {
        Self::new(id).with("value", shown(value))
    }

    /// The same message with one argument more: the text's `{name}`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.arguments.insert(name.into(), value.to_string());
        self
    }

    /// The text's id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }
}

impl fmt::Display for Message {
    /// In English, for logs and files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Language::English.texts().render(self))
    }
}

impl std::error::Error for Message {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_inserted_once_and_never_read_again() {
        let texts = Texts::parse(r#"{"greet": "{a} and {b}, {unknown} {"}"#);
        let message = Message::new("greet").with("a", "{b}").with("b", 2);
        assert_eq!(texts.render(&message), "{b} and 2, {unknown} {");
    }

    #[test]
    fn a_saved_message_is_read_in_any_language() {
        let message = Message::new("usage.file_missing")
            .with("flag", "{value}")
            .with("value", "x");
        let saved = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&saved).unwrap(), message);
        let unknown = r#"{"id": "of.the.future", "arguments": {}, "en": "New.", "zh": "新。"}"#;
        let message: Message = serde_json::from_str(unknown).unwrap();
        assert_eq!(message.to_string(), "New.");
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_arguments() {
        let placeholders = |text: &str| {
            let mut names: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
                .collect();
            names.sort();
            names
        };
        let (english, chinese) = (Language::English.texts(), Language::Chinese.texts());
        for id in english.ids() {
            let translated = chinese
                .find(id)
                .unwrap_or_else(|| panic!("{id} lacks in zh.json"));
            let expected = placeholders(english.get(id));
            assert_eq!(expected, placeholders(translated), "{id}");
        }
        for id in chinese.ids() {
            assert!(english.find(id).is_some(), "{id} lacks in en.json");
        }
    }

    #[test]
    fn the_locale_chooses_the_language() {
        for (locale, expected) in [
            ("zh_CN.UTF-8", Language::Chinese),
            ("zh", Language::Chinese),
            ("en_US.UTF-8", Language::English),
            ("C", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::from_locale(locale), expected, "{locale}");
        }
    }

    #[test]
    fn configured_durations_are_short() {
        for (millis, expected) in [
            (0, "0 s"),
            (500, "0.5 s"),
            (60_000, "60 s"),
            (1_230, "1.23 s"),
        ] {
            assert_eq!(plain_seconds(Duration::from_millis(millis)), expected);
        }
    }
}
