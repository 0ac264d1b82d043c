//! The spans of a request: pairs the events that begin one with those that end it.

use crate::clock::Stamp;
use crate::protocol::SpanMark;
use crate::record::SpanRecord;

/// The spans of one request that have begun and not ended: each span's place among the request's
/// spans, and its instance.
#[derive(Debug, Default)]
pub(super) struct OpenSpans(Vec<(usize, String)>);

impl OpenSpans {
    /// Takes a mark that came at that moment into the request's spans.
    ///
    /// A beginning that comes again (a node that is tried again) does not begin anew: the time
    /// that its user waits goes on.
    pub(super) fn mark(&mut self, mark: &SpanMark<'_>, at: Stamp, spans: &mut Vec<SpanRecord>) {
        let open = self.0.iter().position(|(place, instance)| {
            instance == mark.instance && spans.get(*place).is_some_and(|span| span.id == mark.id)
        });
        if let Some(open) = open.filter(|_| mark.retries) {
            spans[self.0[open].0].retries += 1;
        }
        if mark.retries || mark.starts && open.is_some() {
            return;
        }
        let place = if let Some(open) = open {
            self.0.swap_remove(open).0
        } else {
            spans.push(SpanRecord {
                id: mark.id.to_owned(),
                ..SpanRecord::default()
            });
            spans.len() - 1
        };
        let span = &mut spans[place];
        for (kept, newer) in [(&mut span.kind, mark.kind), (&mut span.title, mark.title)] {
            if !newer.is_empty() && kept != newer {
                newer.clone_into(kept);
            }
        }
        span.model |= mark.model;
        if mark.starts {
            span.start = Some(at);
            self.0.push((place, mark.instance.to_owned()));
        } else {
            span.end = Some(at);
            span.elapsed = mark.elapsed;
            span.tokens = mark.tokens;
            span.failed = mark.failed;
        }
    }
}

/// Notes the arrival of text from the newest span with this id.
pub(super) fn note_text(id: &str, at: Stamp, spans: &mut [SpanRecord]) {
    if let Some(span) = spans.iter_mut().rfind(|span| span.id == id) {
        span.text = Some((span.text.map_or(at, |(first, _)| first), at));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn mark<'a>(starts: bool, id: &'a str, instance: &'a str) -> SpanMark<'a> {
        SpanMark {
            starts,
            retries: false,
            tokens: None,
            id,
            instance,
            kind: "llm",
            title: id,
            elapsed: (!starts).then_some(Duration::from_millis(7)),
            failed: instance == "bad",
            model: true,
        }
    }

    #[test]
    fn beginnings_and_ends_are_paired_by_id_and_instance() {
        let (mut open, mut spans) = (OpenSpans::default(), Vec::new());
        for (at, mark) in [
            (10, mark(true, "a", "1")),
            (20, mark(true, "a", "2")),
            (25, mark(true, "b", "")),
            (30, mark(true, "a", "1")),
            (40, mark(false, "a", "2")),
            (60, mark(false, "a", "1")),
            (70, mark(true, "a", "1")),
            (75, mark(false, "a", "1")),
            (80, mark(false, "c", "bad")),
        ] {
            open.mark(&mark, Stamp::from_micros(at), &mut spans);
        }
        let told: Vec<_> = spans
            .iter()
            .map(|span| {
                let micros = span.duration().map(|time| time.as_micros());
                (span.id.as_str(), micros, span.failed)
            })
            .collect();
        let expected = [
            ("a", Some(50), false),
            ("a", Some(20), false),
            ("b", None, false),
            ("a", Some(5), false),
            ("c", None, true),
        ];
        assert_eq!(told, expected);
        assert_eq!(spans[0].elapsed, Some(Duration::from_millis(7)));
        assert_eq!((spans[2].end, spans[2].elapsed), (None, None));
        assert_eq!(spans[4].start, None);
    }
}
