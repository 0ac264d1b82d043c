//! Why requests failed, and what the user can do about it.

use super::page::Page;
use super::text::{one_line, right, shorten};
use crate::clock::Stamp;
use crate::output::hint;
use crate::record::{Failure, FailureKind};
use crate::stats::FailureSummary;
use crate::text::{Message, plain_seconds};

/// Columns of a failure's detail on the terminal; the CSV has the whole detail.
const DETAIL: usize = 240;
/// Columns of the longest name of a kind, and of the gap behind the name.
const NAMES: usize = 18;

/// The failures in groups: how many, the first one's detail, and a hint; empty without failures.
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
            .with("detail", shown(page, *kind, detail));
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
    let detail = shown(page, failure.kind, &failure.detail);
    let hint = page.indented(2, &hint(page, failure.kind, &failure.detail, names_probe));
    if detail.is_empty() {
        return hint;
    }
    page.indented(2, &detail) + &hint
}

fn shown(page: &Page, kind: FailureKind, detail: &str) -> String {
    shorten(&one_line(&hint::detail(kind, detail, page.texts)), DETAIL)
}

/// The hint for a failure. If `names_probe`, the hint of a kind may advise `sse-perf probe`.
fn hint(page: &Page, kind: FailureKind, detail: &str, names_probe: bool) -> String {
    let hint = hint::of(kind, detail);
    let is_general = hint.id() == format!("console.hint.{kind}");
    let mut text = page.text("console.failures.hint").to_owned() + &page.message(&hint);
    if names_probe && is_general && is_of_the_content(kind) {
        text.push_str(page.text("console.hint.probe"));
    }
    text
}

/// Whether a look at the service's events would tell more.
fn is_of_the_content(kind: FailureKind) -> bool {
    use FailureKind::{Empty, Malformed, NotSse, Truncated};
    matches!(kind, Empty | Malformed | NotSse | Truncated)
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
    fn a_gap_divides_each_kind_from_its_count() {
        for kind in FailureKind::ALL {
            let failure = FailureSummary {
                kind,
                count: 1,
                first_seen: Stamp::ZERO,
                detail: String::new(),
            };
            let text = render(&page(Language::English), &[failure]);
            let line = text.lines().nth(1).expect("a line below the title");
            assert!(line.starts_with(&format!("  {kind}  ")), "{line}");
            assert!(line.ends_with(" 1"), "{line}");
        }
    }

    #[test]
    fn the_detail_decides_the_hint() {
        use FailureKind::{Connect, HttpStatus, Malformed, Tls};
        let proxy = "proxy localhost:3128: HTTP 403";
        let refused = "proxy localhost:3128: HTTP 407 to CONNECT, Proxy Authentication Required";
        for (kind, detail, other, is_equal) in [
            (
                HttpStatus,
                "HTTP 401 Unauthorized",
                "418 I'm a teapot",
                false,
            ),
            (HttpStatus, "502 Bad Gateway: 401", "HTTP 503", true),
            (HttpStatus, "HTTP 429", "HTTP 422", false),
            (HttpStatus, "HTTP 400", "HTTP 422", true),
            (HttpStatus, "HTTP 422", "", false),
            (HttpStatus, "HTTP 1.1", "", true),
            (
                HttpStatus,
                "HTTP 404: not_found: Conversation Not Exists.",
                "HTTP 404",
                false,
            ),
            (Connect, proxy, "", false),
            (Connect, refused, proxy, false),
            (
                Malformed,
                "the response's head is not HTTP/1.1: x",
                "",
                false,
            ),
            (Tls, "an authority's certificate (CA:TRUE)", "", false),
        ] {
            for language in [Language::English, Language::Chinese] {
                let page = page(language);
                let [hint, other] = [detail, other].map(|detail| hint(&page, kind, detail, false));
                assert_eq!(hint == other, is_equal, "{kind}: {detail}");
            }
        }
    }

    #[test]
    fn every_kind_has_a_hint_which_names_a_probe_where_the_content_is_in_question() {
        for language in [Language::English, Language::Chinese] {
            let page = page(language);
            let prefix = page.text("console.failures.hint").len();
            for kind in FailureKind::ALL {
                let [alone, advising] = [false, true].map(|probe| hint(&page, kind, "", probe));
                assert!(alone.len() > prefix + 10, "{kind}: {alone}");
                assert!(!alone.contains("sse-perf probe"), "{kind}");
                let advises = advising.contains("sse-perf probe");
                assert_eq!(advises, is_of_the_content(kind), "{kind}");
            }
        }
    }
}
