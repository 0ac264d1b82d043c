//! The language to speak, found before the command line is parsed: its help and its errors need it.

use std::ffi::OsString;

use crate::text::{Language, Message};

/// The language that `--lang` asks for, wherever it stands, else the environment (the first of
/// `LC_ALL`, `LC_MESSAGES` and `LANG` that is set and not empty), else English.
///
/// # Errors
///
/// If `--lang` names neither `en` nor `zh`: the message, and the language of the environment to show
/// the message in.
pub fn language(
    args: &[OsString],
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Language, (Message, Language)> {
    let environment = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))
        .map_or(Language::English, |locale| Language::from_locale(&locale));
    let Some(code) = flag(args) else {
        return Ok(environment);
    };
    let language = Language::ALL.into_iter().find(|known| known.code() == code);
    let message = Message::new("usage.language").with("value", code);
    language.ok_or((message, environment))
}

/// The value of the last `--lang`. The parser refuses a `--lang` without a value.
fn flag(args: &[OsString]) -> Option<String> {
    let words = args.iter().skip(1).map(|word| word.to_string_lossy());
    let words: Vec<_> = words.take_while(|word| word != "--").collect();
    let next = words.iter().skip(1).map(Some).chain([None]);
    let values = words.iter().zip(next).filter_map(|(word, next)| {
        let next = next.filter(|value| word == "--lang" && !value.starts_with('-'));
        word.strip_prefix("--lang=").or(next.map(AsRef::as_ref))
    });
    values.last().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<&'static str, (Message, Language)> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let variable = |name: &str| {
            let found = environment.iter().find(|(given, _)| *given == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        language(&args, variable).map(Language::code)
    }

    #[test]
    fn the_flag_comes_first_and_then_the_environment() {
        let chinese = [("LANG", "zh_CN.UTF-8")];
        assert_eq!(chosen(&["p"], &[]), Ok("en"));
        assert_eq!(chosen(&["p"], &chinese), Ok("zh"));
        let variables = [("LC_ALL", "en_US.UTF-8"), ("LANG", "zh_CN")];
        assert_eq!(chosen(&["p"], &variables), Ok("en"));
        let variables = [("LC_ALL", ""), ("LC_MESSAGES", "zh_CN")];
        assert_eq!(chosen(&["p"], &variables), Ok("zh"));
        assert_eq!(chosen(&["p", "--help", "--lang", "zh"], &[]), Ok("zh"));
        assert_eq!(chosen(&["p", "--lang=en", "demo"], &chinese), Ok("en"));
        assert_eq!(chosen(&["p", "--", "--lang", "zh"], &[]), Ok("en"));
        assert_eq!(chosen(&["p", "--lang"], &[]), Ok("en"));
    }

    #[test]
    fn another_language_is_an_error_in_the_environment_s_language() {
        let error = chosen(&["p", "--lang", "fr"], &[("LANG", "zh_CN")]);
        let message = Message::new("usage.language").with("value", "fr");
        assert_eq!(error, Err((message, Language::Chinese)));
    }
}
