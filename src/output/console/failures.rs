//! Why requests failed, and what can be done about it.

use super::page::Page;
use super::text::{one_line, right, shorten};
use crate::clock::Stamp;
use crate::record::FailureKind;
use crate::stats::FailureSummary;
use crate::text::{Message, plain_seconds};

/// Columns of a failure's detail that are shown; the CSV has it whole.
const DETAIL: usize = 240;
/// Columns of the longest kind's name.
const NAMES: usize = 16;

/// The failures by kind: how many, the first one's detail, and a hint; empty without failures.
pub(super) fn render(page: &Page, failures: &[FailureSummary]) -> String {
    if failures.is_empty() {
        return String::new();
    }
    let mut text = page.heading(page.text("console.failures.title"));
    let counts = failures.iter().map(|f| f.count.to_string().len());
    let columns = counts.max().unwrap_or(0);
    for failure in failures {
        let name = failure.kind.name();
        let count = right(&failure.count.to_string(), columns + NAMES - name.len());
        let first = Message::new("console.failures.first")
            .with("at", plain_seconds(failure.first_seen.since(Stamp::ZERO)))
            .with("detail", shortened(&failure.detail));
        let first = page.indented(4, &page.message(&first));
        let hint = hint(page, failure.kind, &failure.detail, Advice::Probe);
        let hint = page.indented(4, &hint);
        text = text + "  " + &page.bad(name) + &count + "\n" + &first + &hint;
    }
    text
}

/// Why a single request failed, and a hint.
pub(super) fn reason(page: &Page, kind: FailureKind, detail: &str, advice: Advice) -> String {
    let detail = shortened(detail);
    let hint = page.indented(2, &hint(page, kind, &detail, advice));
    if detail.is_empty() {
        return hint;
    }
    page.indented(2, &detail) + &hint
}

fn shortened(detail: &str) -> String {
    shorten(&one_line(detail), DETAIL)
}

/// Whether hints go on to what would tell more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// They name `sse-perf probe`.
    Probe,
    /// They do not: this is a probe.
    None,
}

/// What a failure of that kind means to the user and what to do about it, as its detail tells it
/// more closely.
fn hint(page: &Page, kind: FailureKind, detail: &str, advice: Advice) -> String {
    let general = format!("console.hint.{kind}");
    let special = closer(kind, detail)
        .into_iter()
        .find_map(|name| page.texts.find(&format!("{general}.{name}")));
    let hint = special.unwrap_or_else(|| page.texts.find(&general).unwrap_or_default());
    let mut text = format!("{}{hint}", page.text("console.failures.hint"));
    if advice == Advice::Probe && special.is_none() && is_of_the_content(kind) {
        text.push_str(page.text("console.hint.probe"));
    }
    text
}

/// Whether a look at what the service sends would tell more.
fn is_of_the_content(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Empty | FailureKind::Malformed | FailureKind::NotSse | FailureKind::Truncated
    )
}

/// The names of the hints that say more than that of the kind, the best first: by the HTTP status
/// that begins the detail, or by what the transport says.
fn closer(kind: FailureKind, detail: &str) -> Vec<String> {
    let (is_meant, name) = match kind {
        FailureKind::HttpStatus => {
            return status(detail).map_or_else(Vec::new, |status| {
                vec![status.to_string(), format!("{}xx", status / 100)]
            });
        }
        FailureKind::Connect if detail.contains("HTTP 407 to CONNECT") => (true, "proxy.407"),
        FailureKind::Connect | FailureKind::Dns => (detail.starts_with("proxy "), "proxy"),
        FailureKind::Malformed => (detail.contains("is not HTTP/1.1"), "http"),
        FailureKind::Tls => (detail.contains("(CA:TRUE)"), "authority"),
        _ => (false, ""),
    };
    is_meant.then(|| name.to_owned()).into_iter().collect()
}

/// The first number of three digits.
fn status(detail: &str) -> Option<u16> {
    detail
        .split(|c: char| !c.is_ascii_digit())
        .find(|digits| digits.len() == 3)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    fn page(language: Language) -> Page {
        Page {
            texts: language.texts(),
            colour: false,
            width: 80,
        }
    }

    #[test]
    fn every_kind_has_a_hint_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            let prefix = language.texts().get("console.failures.hint").len();
            for kind in FailureKind::ALL {
                let hint = hint(&page(language), kind, "", Advice::None);
                assert!(hint.len() > prefix + 10, "{kind}: {hint}");
            }
        }
    }

    #[test]
    fn the_status_decides_the_hint() {
        let page = page(Language::English);
        let hint = |detail| hint(&page, FailureKind::HttpStatus, detail, Advice::None);
        assert_ne!(hint("HTTP 401 Unauthorized"), hint("418 I'm a teapot"));
        assert_eq!(hint("502 Bad Gateway: 401"), hint("HTTP 503"));
        assert_ne!(hint("HTTP 429"), hint("HTTP 422"));
        assert_eq!(hint("HTTP 1.1"), hint(""));
    }

    #[test]
    fn what_the_transport_says_decides_the_hint() {
        for language in [Language::English, Language::Chinese] {
            for (kind, detail) in [
                (FailureKind::Connect, "proxy localhost:3128: HTTP 403"),
                (
                    FailureKind::Connect,
                    "proxy localhost:3128: HTTP 407 to CONNECT, Proxy Authentication Required",
                ),
                (
                    FailureKind::Malformed,
                    "the response's head is not HTTP/1.1: x",
                ),
                (FailureKind::Tls, "an authority's certificate (CA:TRUE)"),
            ] {
                let page = page(language);
                let hint = |detail| hint(&page, kind, detail, Advice::None);
                assert_ne!(hint(detail), hint(""), "{kind}");
            }
        }
    }

    #[test]
    fn a_probe_is_advised_where_the_content_is_in_question_and_not_by_a_probe() {
        for language in [Language::English, Language::Chinese] {
            let page = page(language);
            let names_probe =
                |kind, advice| hint(&page, kind, "", advice).contains("sse-perf probe");
            for kind in FailureKind::ALL {
                assert_eq!(names_probe(kind, Advice::Probe), is_of_the_content(kind));
                assert!(!names_probe(kind, Advice::None), "{kind}");
            }
        }
    }
}
