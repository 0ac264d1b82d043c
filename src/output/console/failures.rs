//! Why requests failed, and what can be done about it.

use super::page::Page;
use super::text::{one_line, right, shorten};
use crate::clock::Stamp;
use crate::record::{Failure, FailureKind};
use crate::stats::FailureSummary;
use crate::text::{Message, plain_seconds};

/// Columns of a failure's detail that are shown; the CSV has it whole.
const DETAIL: usize = 240;
/// Columns of the longest kind's name.
const NAMES: usize = 16;

/// The failures by kind: how many, the first one's detail, and a hint; empty without failures.
pub(super) fn render(page: &Page, failures: &[FailureSummary]) -> String {
    let mut text = String::new();
    let counts = failures.iter().map(|f| f.count.to_string().len());
    let columns = counts.max().unwrap_or(0);
    for FailureSummary {
        kind,
        count,
        first_seen,
        detail,
    } in failures
    {
        let name = kind.name();
        let count = right(&count.to_string(), columns + NAMES - name.len());
        let first = Message::new("console.failures.first")
            .with("at", plain_seconds(first_seen.since(Stamp::ZERO)))
            .with("detail", shortened(detail));
        let first = page.message(&first);
        // Without a detail, nothing follows the colon.
        let first = page.indented(4, first.trim_end_matches([':', '：']));
        let hint = page.indented(4, &hint(page, *kind, detail, true));
        text = text + "  " + &page.bad(name) + &count + "\n" + &first + &hint;
    }
    page.section("console.failures.title", &text)
}

/// Why a single request failed, and a hint.
pub(super) fn reason(page: &Page, failure: &Failure, names_probe: bool) -> String {
    let detail = shortened(&failure.detail);
    let hint = page.indented(2, &hint(page, failure.kind, &detail, names_probe));
    if detail.is_empty() {
        return hint;
    }
    page.indented(2, &detail) + &hint
}

fn shortened(detail: &str) -> String {
    shorten(&one_line(detail), DETAIL)
}

/// What a failure means to the user and what to do about it. The hint of the kind may go on to
/// `sse-perf probe`.
fn hint(page: &Page, kind: FailureKind, detail: &str, names_probe: bool) -> String {
    let general = format!("console.hint.{kind}");
    let special = special_hints(kind, detail)
        .into_iter()
        .find_map(|name| page.texts.find(&format!("{general}.{name}")));
    let hint = special.unwrap_or_else(|| page.texts.find(&general).unwrap_or_default());
    let mut text = format!("{}{hint}", page.text("console.failures.hint"));
    if names_probe && special.is_none() && is_of_the_content(kind) {
        text.push_str(page.text("console.hint.probe"));
    }
    text
}

/// Whether a look at what the service sends would tell more.
fn is_of_the_content(kind: FailureKind) -> bool {
    use FailureKind::{Empty, Malformed, NotSse, Truncated};
    matches!(kind, Empty | Malformed | NotSse | Truncated)
}

/// A kind of failure, a part of its detail, and the name of the hint that holds there.
const SPECIAL: [(FailureKind, &str, &str); 5] = [
    (FailureKind::Connect, "HTTP 407 to CONNECT", "proxy.407"),
    (FailureKind::Connect, "proxy ", "proxy"),
    (FailureKind::Dns, "proxy ", "proxy"),
    (FailureKind::Malformed, "is not HTTP/1.1", "http"),
    (FailureKind::Tls, "(CA:TRUE)", "authority"),
];

/// The names of the hints that may say more than the hint of the kind, the best first: by the HTTP
/// status that begins the detail, or by what the transport says.
fn special_hints(kind: FailureKind, detail: &str) -> Vec<String> {
    if kind == FailureKind::HttpStatus {
        let status = detail.split(|c: char| !c.is_ascii_digit());
        let status = status.into_iter().find(|digits| digits.len() == 3);
        // To both, a body that is not understood is the cause.
        let status = status.map(|status| if status == "422" { "400" } else { status });
        let class = status.map(|status| format!("{}xx", &status[..1]));
        return status.map(str::to_owned).into_iter().chain(class).collect();
    }
    let meant = SPECIAL
        .iter()
        .filter(|(of, part, _)| *of == kind && detail.contains(part));
    meant.map(|(.., name)| (*name).to_owned()).collect()
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
                let hint = hint(&page(language), kind, "", false);
                assert!(hint.len() > prefix + 10, "{kind}: {hint}");
            }
        }
    }

    #[test]
    fn the_status_decides_the_hint() {
        let page = page(Language::English);
        let hint = |detail| hint(&page, FailureKind::HttpStatus, detail, false);
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
                let hint = |detail| hint(&page, kind, detail, false);
                assert_ne!(hint(detail), hint(""), "{kind}");
            }
        }
    }

    #[test]
    fn a_probe_is_advised_where_the_content_is_in_question_and_not_by_a_probe() {
        for language in [Language::English, Language::Chinese] {
            let page = page(language);
            let advises =
                |kind, names_probe| hint(&page, kind, "", names_probe).contains("sse-perf probe");
            for kind in FailureKind::ALL {
                assert_eq!(advises(kind, true), is_of_the_content(kind));
                assert!(!advises(kind, false), "{kind}");
            }
        }
    }
}
