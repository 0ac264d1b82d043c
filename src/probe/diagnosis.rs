//! What is odd about a request that has been observed, in words.

use super::compare;
use super::places::is_cumulative;
use super::propose::{self, Sketch};
use super::{Observed, SeenEvent};
use crate::clock::{Stamp, micros};
use crate::record::{EventKind, FailureKind, Outcome, RequestRecord};
use crate::text::Message;

/// Fewer chunks than this tell nothing about how they were sent.
const ENOUGH_CHUNKS: usize = 5;

/// Headers by which something between client and service tells of itself.
const BETWEEN: [&str; 6] = [
    "via",
    "x-cache",
    "cf-ray",
    "x-amz-cf-id",
    "x-served-by",
    "x-proxy-cache",
];

/// Servers that mostly stand before others.
const PROXIES: [&str; 8] = [
    "nginx",
    "openresty",
    "cloudflare",
    "envoy",
    "apache",
    "caddy",
    "varnish",
    "haproxy",
];

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// What is odd, what matters most first.
    pub findings: Vec<Message>,
    /// A protocol's document for a service that no built-in protocol speaks.
    pub proposal: Option<String>,
}

/// Looks for what is odd in a request that is over.
#[must_use]
pub fn diagnose(observed: &Observed, record: &RequestRecord, sketch: &Sketch<'_>) -> Diagnosis {
    let mut found = Diagnosis::default();
    found.of_the_response(observed, record, sketch);
    if observed.events.is_empty() {
        return found;
    }
    found.of_the_meaning(observed, record, sketch);
    found.of_the_arrivals(observed, record);
    found.of_the_beginning(observed, record);
    found.of_the_tokens(observed, record);
    found
}

impl Diagnosis {
    fn add(&mut self, message: Message) {
        self.findings.push(message);
    }

    /// Status, headers, and a body that is no stream.
    fn of_the_response(
        &mut self,
        observed: &Observed,
        record: &RequestRecord,
        sketch: &Sketch<'_>,
    ) {
        let Some(status) = record.http_status else {
            return;
        };
        let own_query = sketch.protocol.path.split_once('?');
        let query_lacks = observed.events.is_empty()
            && own_query.is_some_and(|(_, query)| !sketch.path.contains(query));
        if let Some((_, query)) = own_query.filter(|_| query_lacks) {
            let message = Message::new("probe.query").with("query", query);
            self.add(message.with("protocol", &sketch.protocol.name));
        }
        if let Some(encoding) = observed.header("content-encoding")
            && !encoding.eq_ignore_ascii_case("identity")
        {
            self.add(Message::new("probe.compressed").with("encoding", encoding));
        }
        let is_success = (200..300).contains(&status);
        let media_type = observed.header("content-type").unwrap_or_default();
        let is = |name: &str| media_type.to_ascii_lowercase().starts_with(name);
        let message = if is("text/html") && is_success {
            Message::new("probe.html")
        } else if is("text/html") && status >= 400 {
            let server = observed.header("server").unwrap_or("-");
            Message::new("probe.error_page").with("server", server)
        } else if is_success && is("application/json") && observed.events.is_empty() {
            Message::new("probe.json")
        } else if is_success && !is("text/event-stream") && !observed.events.is_empty() {
            let media_type = if media_type.is_empty() {
                "-"
            } else {
                media_type
            };
            Message::new("probe.media_type").with("media_type", media_type)
        } else {
            return;
        };
        self.add(message);
    }

    /// Errors, and whether another protocol is spoken.
    fn of_the_meaning(&mut self, observed: &Observed, record: &RequestRecord, sketch: &Sketch<'_>) {
        let failure = record.outcome.failure();
        let kind = failure.map(|failure| failure.kind);
        if kind == Some(FailureKind::ErrorEvent) {
            let detail = failure.map_or("", |failure| failure.detail.as_str());
            let status = record.http_status.unwrap_or_default();
            let message = Message::new("probe.error_event").with("status", status);
            self.add(message.with("detail", detail));
            if observed.stray.is_some() {
                self.add(Message::new("probe.stray"));
            }
            return;
        }
        let malformed = observed
            .events
            .iter()
            .filter(|event| event.malformed.is_some());
        let malformed: Vec<&SeenEvent> = malformed.collect();
        if observed.chunks().next().is_none() {
            self.no_text(observed, record, sketch);
        } else if let Some(first) = malformed.first() {
            let message = Message::new("probe.malformed").with("count", malformed.len());
            self.add(message.with("detail", first.malformed.as_deref().unwrap_or_default()));
        }
        if kind == Some(FailureKind::Truncated) && observed.chunks().next().is_some() {
            self.no_end(observed, sketch);
        }
        let replaced = observed
            .events
            .iter()
            .filter(|event| event.replaces)
            .count();
        if replaced > 2 {
            self.add(Message::new("probe.replaced").with("count", replaced));
        }
        let pieces: Vec<(usize, &str)> = observed
            .chunks()
            .enumerate()
            .map(|(number, event)| (number, event.text.as_str()))
            .collect();
        if is_cumulative(&pieces) {
            self.add(Message::new("probe.cumulative"));
        }
    }

    /// That the stream lacks its end.
    fn no_end(&mut self, observed: &Observed, sketch: &Sketch<'_>) {
        let mut events = observed.events.iter().rev();
        let last = events.find(|event| event.data.is_some());
        let last = last.map_or_else(String::new, shortened);
        let message = Message::new("probe.no_end").with("last", last);
        self.add(message.with("protocol", &sketch.protocol.name));
    }

    /// What the stream is, that holds no text by its protocol.
    fn no_text(&mut self, observed: &Observed, record: &RequestRecord, sketch: &Sketch<'_>) {
        let dispatched = observed.events.iter().filter(|event| event.data.is_some());
        let events = dispatched.count();
        if events == 0 {
            return self
                .add(Message::new("probe.only_keep_alives").with("count", observed.events.len()));
        }
        let other = compare::best(&observed.events);
        let understood = observed.events.iter().any(SeenEvent::is_understood);
        let proposal = propose::propose(&observed.events, sketch, understood);
        if understood && other.is_none() && proposal.is_none() {
            return self.empty_answer(events, observed, record, sketch);
        }
        let no_text = Message::new("probe.no_text").with("count", events);
        self.add(no_text.with("protocol", &sketch.protocol.name));
        if let Some((name, fit)) = other {
            let id = if fit.ended {
                "probe.other"
            } else {
                "probe.other_without_end"
            };
            let message = Message::new(id).with("protocol", name);
            return self.add(message.with("chunks", fit.chunks));
        }
        if let Some((document, chunks)) = proposal {
            self.add(Message::new("probe.proposal").with("chunks", chunks));
            self.proposal = Some(document);
        } else if let Some(event) = observed
            .events
            .iter()
            .find(|event| event.malformed.is_some())
        {
            self.add(Message::new("probe.not_json").with("data", shortened(event)));
        }
    }

    /// That the protocol is the right one, and the service sent no text.
    fn empty_answer(
        &mut self,
        events: usize,
        observed: &Observed,
        record: &RequestRecord,
        sketch: &Sketch<'_>,
    ) {
        if !observed.events.iter().any(|event| event.end) {
            return self.no_end(observed, sketch);
        }
        if !sketch.protocol.expects_text {
            // That it needs none is said elsewhere.
            return;
        }
        let message = Message::new("probe.empty_answer").with("count", events);
        self.add(message.with("protocol", &sketch.protocol.name));
        if let Some(reason) = &record.finish_reason {
            self.add(Message::new("probe.finish_reason").with("reason", reason));
        }
    }

    /// Whether something holds the events back.
    fn of_the_arrivals(&mut self, observed: &Observed, record: &RequestRecord) {
        let chunks = observed.chunks().count();
        let mut reads: Vec<u64> = observed.chunks().map(|event| event.row.read).collect();
        reads.dedup();
        let (Some(first), Some(last)) = (observed.chunks().next(), observed.chunks().next_back())
        else {
            return;
        };
        if chunks < ENOUGH_CHUNKS || reads.len() * 4 > chunks {
            return;
        }
        let start = record.instants.start;
        let (silence, span) = (first.row.at.since(start), last.row.at.since(first.row.at));
        // A client that was late reads several events at once, too.
        if record
            .client_lag
            .is_some_and(|lag| lag * 2 > span && !lag.is_zero() && reads.len() > 1)
        {
            return;
        }
        let id = if silence > span * 2 {
            "probe.buffered"
        } else {
            "probe.bursts"
        };
        let message = Message::new(id)
            .with("chunks", chunks)
            .with("reads", reads.len())
            .with("span", millis(span))
            .with("silence", millis(silence));
        self.add(message);
        let is_proxy = |value: &&str| {
            let value = value.to_ascii_lowercase();
            PROXIES.iter().any(|proxy| value.contains(proxy))
        };
        let server = observed.header("server").filter(is_proxy);
        let others = BETWEEN.iter().map(|name| (*name, observed.header(name)));
        let names: Vec<String> = others
            .chain([("server", server)])
            .filter_map(|(name, value)| Some(format!("{name}: {}", value?)))
            .collect();
        if !names.is_empty() {
            self.add(Message::new("probe.between").with("headers", names.join(", ")));
        }
    }

    /// What came before the first token, that other tools take for it.
    fn of_the_beginning(&mut self, observed: &Observed, record: &RequestRecord) {
        let Some(token) = observed.chunks().next() else {
            return;
        };
        let start = record.instants.start;
        let since = |at: Stamp| millis(at.since(start));
        let mut before = observed.events.iter().take_while(|event| !event.is_chunk());
        let Some(first) = before.next() else {
            return;
        };
        if first.row.at == token.row.at {
            // They came together: no tool can tell them apart.
            return;
        }
        let id = match first.row.kind {
            EventKind::Ping => "probe.keep_alive_first",
            _ => "probe.empty_first",
        };
        let message = Message::new(id)
            .with("event", shortened(first))
            .with("at", since(first.row.at))
            .with("token", since(token.row.at));
        self.add(message);
    }

    /// Usage, and reasoning.
    fn of_the_tokens(&mut self, observed: &Observed, record: &RequestRecord) {
        let usage = &record.usage;
        if record.chunks > 0 && usage.completion == Some(0) {
            self.add(Message::new("probe.zero_usage"));
        } else if record.outcome == Outcome::Ok
            && record.chunks > 0
            && usage.completion.or(usage.total).is_none()
        {
            self.add(Message::new("probe.no_usage"));
        }
        if let (Some(ttft), Some(ttfa)) = (record.ttft(), record.ttfa())
            && ttfa > ttft
        {
            let message = Message::new("probe.reasoning").with("ttft", millis(ttft));
            self.add(message.with("ttfa", millis(ttfa)));
        }
        let ended_well = record.outcome == Outcome::Ok;
        if ended_well && observed.chunks().next().is_none() {
            self.add(Message::new("probe.text_not_needed"));
        }
    }
}

/// How an event begins, for people.
fn shortened(event: &SeenEvent) -> String {
    const LONGEST: usize = 60;
    let text = match (&event.data, event.event.as_str()) {
        (Some(data), _) => data.clone(),
        (None, "") => ":".to_owned(),
        (None, name) => format!("event: {name}"),
    };
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn millis(duration: std::time::Duration) -> String {
    format!("{:.1}", micros(duration) as f64 / 1_000.0)
}

#[cfg(test)]
mod tests;
