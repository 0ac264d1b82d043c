//! What a failure means to the user, in the user's language, and the remedy.

use std::sync::LazyLock;

use crate::record::FailureKind;
use crate::text::{Language, Message, Texts};

/// A kind of failure, a part of its detail, and the name of the hint for this detail.
const SPECIAL: [(FailureKind, &str, &str); 5] = [
    (FailureKind::Connect, "HTTP 407 to CONNECT", "proxy.407"),
    (FailureKind::Connect, "proxy ", "proxy"),
    (
        FailureKind::HttpStatus,
        "Conversation Not Exists",
        "conversation",
    ),
    (FailureKind::Malformed, "is not HTTP/1.1", "http"),
    (FailureKind::Tls, "(CA:TRUE)", "authority"),
];

/// A failure's detail in the language of these texts. The words of a service stay as they came, and
/// files have all details in English.
pub(super) fn detail(kind: FailureKind, detail: &str, texts: &Texts) -> String {
    static ENGLISH: LazyLock<Vec<(&str, &str)>> =
        LazyLock::new(|| Language::English.texts().below("detail.").collect());
    let is_own = !matches!(kind, FailureKind::HttpStatus | FailureKind::ErrorEvent);
    let own = ENGLISH
        .iter()
        .filter(|(_, words)| is_own && detail.contains(words));
    own.fold(detail.to_owned(), |detail, (id, words)| {
        detail.replace(words, texts.get(&format!("detail.{id}")))
    })
}

/// The hint for a failure: the best for its detail, or that of its kind.
pub(super) fn of(kind: FailureKind, detail: &str) -> Message {
    let general = format!("console.hint.{kind}");
    let special = special_hints(kind, detail).into_iter();
    let special = special.map(|name| format!("{general}.{name}"));
    let mut known = special.chain([general.clone()]);
    let known = known.find_map(|id| Message::known(&id));
    known.expect("every kind of failure has a hint")
}

/// The names of hints that tell more than the hint of the kind, the best first: by words in the
/// detail, then by its HTTP status.
fn special_hints(kind: FailureKind, detail: &str) -> Vec<String> {
    let meant = SPECIAL
        .iter()
        .filter(|(of, part, _)| *of == kind && detail.contains(part));
    let mut names: Vec<_> = meant.map(|(.., name)| (*name).to_owned()).collect();
    if let Some(status) = kind.status(detail) {
        // Servers refuse a body that they do not understand with either status.
        let status = if status == 422 { 400 } else { status };
        names.extend([status.to_string(), format!("{}xx", status / 100)]);
    }
    names
}
