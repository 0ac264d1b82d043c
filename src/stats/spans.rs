//! What the spans of all requests add up to: each node of a workflow with its durations.

use super::{Distribution, Statistics, in_thousandths};
use crate::clock::micros;
use crate::record::{Outcome, RequestRecord, SpanRecord};

/// The most spans that are told apart by their ids: more are a sign that the protocol's document
/// takes something for an id that is another in every request.
const MOST: usize = 256;

/// The spans of all requests.
#[derive(Debug, Default)]
pub(super) struct Spans {
    by_id: Vec<Span>,
    before_model: Distribution,
    left_out: u64,
}

/// All spans of one id.
#[derive(Debug, Default)]
struct Span {
    id: String,
    kind: String,
    title: String,
    count: u64,
    failed: u64,
    unfinished: u64,
    client: Distribution,
    server: Distribution,
}

/// The spans of a run in figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpansSummary {
    /// The spans by their ids, in the order in which they were first seen.
    pub spans: Vec<SpanSummary>,
    /// The share of TTFT, in percent, that had passed when the first span began in which a model
    /// generates text; over successful requests.
    pub before_model: Option<Statistics>,
    /// Spans of further ids, which were too many to be told apart.
    pub left_out: u64,
}

/// All spans of one id, of requests that were completed, well or badly.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanSummary {
    /// What it is: a node's id.
    pub id: String,
    /// Its kind: a node's type; empty where there is none.
    pub kind: String,
    /// Its title, for people; empty where there is none.
    pub title: String,
    /// How many ended, well or badly.
    pub count: u64,
    /// How many of these failed, as the service says.
    pub failed: u64,
    /// How many more began, and had not ended when their stream did.
    pub unfinished: u64,
    /// Their durations by the client's clock, in milliseconds, failed ones apart.
    pub client: Option<Statistics>,
    /// Their durations by the server's clock, in milliseconds, failed ones apart.
    pub server: Option<Statistics>,
}

impl Spans {
    /// Adds the spans of a request that is over.
    pub(super) fn record(&mut self, request: &RequestRecord) {
        if !request.outcome.is_completed() {
            return;
        }
        for span in &request.spans {
            self.add(span);
        }
        if let (Outcome::Ok, Some(share)) = (&request.outcome, request.before_model_share()) {
            self.before_model.record(in_thousandths(share * 100.0));
        }
    }

    fn add(&mut self, span: &SpanRecord) {
        let known = self.by_id.iter().position(|known| known.id == span.id);
        let place = match known {
            Some(place) => place,
            None if self.by_id.len() < MOST => {
                self.by_id.push(Span {
                    id: span.id.clone(),
                    ..Span::default()
                });
                self.by_id.len() - 1
            }
            None => {
                self.left_out += 1;
                return;
            }
        };
        self.by_id[place].add(span);
    }

    pub(super) fn summary(&self) -> SpansSummary {
        let of = |span: &Span| SpanSummary {
            id: span.id.clone(),
            kind: span.kind.clone(),
            title: span.title.clone(),
            count: span.count,
            failed: span.failed,
            unfinished: span.unfinished,
            client: span.client.snapshot(),
            server: span.server.snapshot(),
        };
        SpansSummary {
            spans: self.by_id.iter().map(of).collect(),
            before_model: self.before_model.snapshot(),
            left_out: self.left_out,
        }
    }
}

impl Span {
    fn add(&mut self, span: &SpanRecord) {
        for (kept, newer) in [(&mut self.kind, &span.kind), (&mut self.title, &span.title)] {
            if !newer.is_empty() && kept != newer {
                kept.clone_from(newer);
            }
        }
        if span.end.is_none() {
            self.unfinished += 1;
            return;
        }
        self.count += 1;
        if span.failed {
            self.failed += 1;
            return;
        }
        for (distribution, duration) in [
            (&mut self.client, span.duration()),
            (&mut self.server, span.elapsed),
        ] {
            if let Some(duration) = duration {
                distribution.record(micros(duration));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Stamp;
    use crate::record::FailureKind;
    use crate::stats::tests::{failed, ok_request};

    const fn ms(millis: u64) -> Stamp {
        Stamp::from_micros(millis * 1_000)
    }

    fn span(id: &str, start: u64, end: Option<u64>) -> SpanRecord {
        SpanRecord {
            id: id.to_owned(),
            kind: if id == "m" { "llm" } else { "code" }.to_owned(),
            title: id.to_uppercase(),
            start: Some(ms(start)),
            end: end.map(ms),
            elapsed: end.map(|end| Duration::from_millis(end - start - 1)),
            failed: false,
            model: id == "m",
        }
    }

    #[test]
    fn each_id_has_its_figures() {
        let mut spans = Spans::default();
        let mut first = ok_request(ms(0), ms(400), ms(900));
        first.spans = vec![span("c", 10, Some(110)), span("m", 100, Some(900))];
        let mut second = ok_request(ms(0), ms(200), ms(500));
        second.spans = vec![span("c", 10, Some(60)), span("m", 150, Some(450))];
        let mut broken = failed(ms(1_000), FailureKind::ErrorEvent);
        broken.spans = vec![span("c", 10, Some(1_000)), span("m", 20, None)];
        broken.spans[0].failed = true;
        let mut cut = ok_request(ms(0), ms(400), ms(900));
        cut.spans = vec![span("c", 10, None)];
        cut.outcome = Outcome::Cancelled;
        for request in [&first, &second, &broken, &cut] {
            spans.record(request);
        }
        let summary = spans.summary();
        let told: Vec<_> = summary
            .spans
            .iter()
            .map(|s| {
                let mean = |of: &Option<Statistics>| of.map(|of| of.mean.to_bits());
                let counts = (s.count, s.failed, s.unfinished);
                (s.title.as_str(), counts, mean(&s.client), mean(&s.server))
            })
            .collect();
        let bits = |mean: f64| Some(mean.to_bits());
        let expected = [
            ("C", (3, 1, 0), bits(75.0), bits(74.0)),
            ("M", (2, 0, 1), bits(550.0), bits(549.0)),
        ];
        assert_eq!(told, expected);
        let before = summary.before_model.unwrap();
        assert_eq!(
            (before.count, before.mean.to_bits()),
            (2, 50.0_f64.to_bits())
        );
    }

    #[test]
    fn ids_that_are_others_in_every_request_do_not_fill_the_memory() {
        let mut spans = Spans::default();
        for number in 0..300 {
            let mut request = ok_request(ms(0), ms(400), ms(900));
            request.spans = vec![span(&number.to_string(), 10, Some(110))];
            spans.record(&request);
        }
        let summary = spans.summary();
        assert_eq!((summary.spans.len(), summary.left_out), (MOST, 44));
    }
}
