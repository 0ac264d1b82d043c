//! Finds what is odd about an observed request, in words.

use std::time::Duration;

use super::compare;
use super::places::is_cumulative;
use super::propose::{self, Sketch};
use super::{Diagnosis, Observed, SeenEvent};
use crate::clock::Stamp;
use crate::metrics::{Metric, RESPONSE, TRAILING};
use crate::protocol::{Protocol, error_text};
use crate::record::{EventKind, FailureKind, Outcome, RequestRecord};
use crate::stats::long_trailing;
use crate::text::{Message, tenths_of_ms};

/// Fewer chunks say nothing about buffering.
const ENOUGH_CHUNKS: usize = 5;

/// The shortest gap between two pieces of text that is a stall.
const STALL: Duration = Duration::from_secs(1);

/// Headers of caches and proxies between client and service.
#[rustfmt::skip]
const BETWEEN: [&str; 6] = ["via", "x-cache", "cf-ray", "x-amz-cf-id", "x-served-by", "x-proxy-cache"];

/// Names of servers that usually pass requests on to others.
#[rustfmt::skip]
const PROXIES: [&str; 8] =
    ["nginx", "openresty", "cloudflare", "envoy", "apache", "caddy", "varnish", "haproxy"];

/// Looks for what is odd in a request that is over.
#[must_use]
pub fn diagnose(observed: &Observed, record: &RequestRecord, sketch: &Sketch<'_>) -> Diagnosis {
    let mut examination = Examination {
        observed,
        record,
        sketch,
        found: Diagnosis::default(),
    };
    examination.response();
    if !observed.events.is_empty() {
        examination.meaning();
        examination.arrivals();
        examination.stall();
        examination.beginning();
        let millis = |metric: Metric| Some((metric.of)(record)? as f64 / 1e3);
        let trailing = long_trailing([TRAILING, RESPONSE].map(millis));
        examination.found.findings.extend(trailing);
        examination.tokens();
    }
    examination.found
}

struct Examination<'a> {
    observed: &'a Observed,
    record: &'a RequestRecord,
    sketch: &'a Sketch<'a>,
    found: Diagnosis,
}

impl Examination<'_> {
    fn add(&mut self, message: Message) {
        self.found.findings.push(message);
    }

    /// Adds a message that names the protocol.
    fn add_of_protocol(&mut self, message: Message) {
        self.add(message.with("protocol", &self.sketch.protocol.name));
    }

    /// Status, headers, and a body that is no stream.
    fn response(&mut self) {
        let Some(status) = self.record.http_status else {
            return;
        };
        self.path();
        let (observed, sketch) = (self.observed, self.sketch);
        let is_silent = observed.events.is_empty();
        if let Some((_, query)) = sketch.protocol.path.split_once('?')
            && is_silent
            && !sketch.path.contains(query)
        {
            self.add_of_protocol(Message::new("probe.query").with("query", query));
        }
        if let Some(encoding) = observed.header("content-encoding")
            && !encoding.eq_ignore_ascii_case("identity")
        {
            self.add(Message::new("probe.compressed").with("encoding", encoding));
        }
        let is_success = (200..300).contains(&status);
        let media_type = observed.header("content-type").filter(|it| !it.is_empty());
        let media_type = media_type.unwrap_or("-");
        let is = |name: &str| media_type.to_ascii_lowercase().starts_with(name);
        if is("text/html") && is_success {
            self.add(Message::new("probe.html"));
        } else if is("text/html") && status >= 400 {
            let server = observed.header("server").unwrap_or("-");
            self.add(Message::new("probe.error_page").with("server", server));
        } else if is("application/json") && is_success && is_silent {
            self.json(status);
        } else if !is("text/event-stream") && is_success && !is_silent {
            self.add(Message::new("probe.media_type").with("media_type", media_type));
        }
    }

    /// A path that does not fit the protocol. A protocol of the user's own may have any path.
    fn path(&mut self) {
        let protocol = self.sketch.protocol;
        let path = self.sketch.path.split('?').next().unwrap_or_default();
        let message = match Protocol::infer(path) {
            _ if Protocol::document(&protocol.name).is_none() => return,
            Some(other) if other != protocol.name => {
                Message::new("probe.path_of_other").with("other", other)
            }
            None if self.record.outcome != Outcome::Ok => {
                Message::new("probe.path").with("suffixes", protocol.suffixes.join(", "))
            }
            _ => return,
        };
        self.add_of_protocol(message.with("path", path));
    }

    /// A body of JSON in place of a stream.
    fn json(&mut self, status: u16) {
        let Sketch { body, protocol, .. } = self.sketch;
        let said = error_text(self.observed.body.as_bytes());
        // Without a message, the text is the JSON itself.
        if !said.is_empty() && !said.starts_with(['{', '[']) {
            let message = Message::new("probe.json_error").with("status", status);
            self.add(message.with("detail", said));
        } else if body["stream"] == true || **body == protocol.body {
            self.add(Message::new("probe.json_asked"));
        } else {
            self.add(Message::new("probe.json"));
        }
    }

    /// Errors, and whether the service speaks another protocol.
    fn meaning(&mut self) {
        let (observed, record) = (self.observed, self.record);
        let failure = record.outcome.failure();
        if let Some(failure) = failure.filter(|failure| failure.kind == FailureKind::ErrorEvent) {
            let status = record.http_status.unwrap_or_default();
            let message = Message::new("probe.error_event").with("status", status);
            self.add(message.with("detail", &failure.detail));
            if observed.stray.is_some() {
                self.add(Message::new("probe.stray"));
            }
            return;
        }
        let chunks = observed.chunks().map(|event| event.text.as_str());
        let pieces: Vec<(usize, &str)> = chunks.enumerate().collect();
        let events = observed.events.iter();
        let faults = events.clone().filter_map(|event| event.malformed.as_ref());
        if pieces.is_empty() {
            self.no_text();
        } else if let Some(first) = faults.clone().next() {
            let message = Message::new("probe.malformed").with("count", faults.count());
            self.add(message.with("detail", first));
        }
        let is_truncated = failure.is_some_and(|f| f.kind == FailureKind::Truncated);
        if is_truncated && !pieces.is_empty() {
            self.no_end();
        }
        let replaced = events.filter(|event| event.replaces).count();
        if replaced > 2 {
            self.add(Message::new("probe.replaced").with("count", replaced));
        }
        if is_cumulative(&pieces) {
            self.add(Message::new("probe.cumulative"));
        }
    }

    /// The stream lacks its end.
    fn no_end(&mut self) {
        let mut events = self.observed.events.iter().rev();
        let last = events.find(|event| event.data.is_some());
        let last = last.map_or_else(String::new, shortened);
        self.add_of_protocol(Message::new("probe.no_end").with("last", last));
    }

    /// The stream has no text by its protocol.
    fn no_text(&mut self) {
        let events = &self.observed.events;
        let count = events.iter().filter(|event| event.data.is_some()).count();
        if count == 0 {
            return self.add(Message::new("probe.only_keep_alives").with("count", events.len()));
        }
        let other = compare::best(events);
        let understood = events.iter().any(SeenEvent::is_understood);
        let proposal = propose::propose(events, self.sketch, understood);
        if understood && other.is_none() && proposal.is_none() {
            return self.empty_answer(count);
        }
        self.add_of_protocol(Message::new("probe.no_text").with("count", count));
        if let Some((name, fit)) = other {
            let message = if fit.ended {
                Message::new("probe.other")
            } else {
                Message::new("probe.other_without_end")
            };
            self.add(message.with("protocol", name).with("chunks", fit.chunks));
        } else if let Some(proposal) = proposal {
            self.found.findings.extend(proposal.findings);
            self.found.proposal = proposal.proposal;
        } else if let Some(event) = events.iter().find(|event| event.malformed.is_some()) {
            self.add(Message::new("probe.not_json").with("data", shortened(event)));
        }
    }

    /// The protocol is the right one, and the service sent no text in `count` events.
    fn empty_answer(&mut self, count: usize) {
        if !self.observed.events.iter().any(|event| event.end) {
            self.no_end();
        } else if self.sketch.protocol.expects_text {
            let reason = self.record.finish_reason.as_deref().unwrap_or_default();
            if reason.to_ascii_lowercase().contains("tool") {
                return self.add(Message::new("probe.tool_only").with("reason", reason));
            }
            self.add_of_protocol(Message::new("probe.empty_answer").with("count", count));
            if !reason.is_empty() {
                self.add(Message::new("probe.finish_reason").with("reason", reason));
            }
        }
    }

    /// Whether a proxy or the service holds events back.
    fn arrivals(&mut self) {
        let chunks: Vec<&SeenEvent> = self.observed.chunks().collect();
        let mut reads: Vec<u64> = chunks.iter().map(|event| event.row.read).collect();
        reads.dedup();
        let ([first, .., last], true) = (&chunks[..], reads.len() * 4 <= chunks.len()) else {
            return;
        };
        let silence = first.row.at.since(self.record.instants.start);
        let span = last.row.at.since(first.row.at);
        // A client that is late also reads several events at once.
        let lag = self.record.client_lag.filter(|lag| !lag.is_zero());
        let is_late = reads.len() > 1 && lag.is_some_and(|lag| lag * 2 > span);
        if chunks.len() < ENOUGH_CHUNKS || is_late {
            return;
        }
        let message = if silence > span * 2 {
            Message::new("probe.buffered")
        } else {
            Message::new("probe.bursts")
        };
        let message = message
            .with("chunks", chunks.len())
            .with("reads", reads.len());
        let message = message.with("span", tenths_of_ms(span));
        self.add(message.with("silence", tenths_of_ms(silence)));
        let is_proxy = |server: &str| {
            let server = server.to_ascii_lowercase();
            PROXIES.iter().any(|proxy| server.contains(proxy))
        };
        let headers = self.observed.headers.iter();
        let between = headers.filter(|(name, value)| {
            BETWEEN.contains(&name.as_str()) || name == "server" && is_proxy(value)
        });
        let names: Vec<_> = between
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        if !names.is_empty() {
            self.add(Message::new("probe.between").with("headers", names.join(", ")));
        }
    }

    /// A pause in the middle of the text.
    fn stall(&mut self) {
        let mut arrivals: Vec<Stamp> = self.observed.chunks().map(|event| event.row.at).collect();
        // Pieces of one read have one stamp.
        arrivals.dedup();
        let gaps = arrivals.windows(2);
        let mut gaps: Vec<_> = gaps.map(|pair| (pair[1].since(pair[0]), pair[0])).collect();
        gaps.sort_unstable();
        let Some(&(longest, from)) = gaps.last() else {
            return;
        };
        let (median, _) = gaps[(gaps.len() - 1) / 2];
        let is_late = self.record.client_lag.is_some_and(|lag| lag * 2 > longest);
        if longest >= STALL && longest > median * 10 && !is_late {
            let message = Message::new("probe.stall").with("gap", tenths_of_ms(longest));
            let message =
                message.with("from", tenths_of_ms(from.since(self.record.instants.start)));
            self.add(message.with("median", tenths_of_ms(median)));
        }
    }

    /// An event before the first token, which other tools take for the token.
    fn beginning(&mut self) {
        let (Some(first), Some(token)) =
            (self.observed.events.first(), self.observed.chunks().next())
        else {
            return;
        };
        // No tool can tell events apart that came together.
        if first.is_chunk() || first.row.at == token.row.at {
            return;
        }
        let message = match first.row.kind {
            EventKind::Ping => Message::new("probe.keep_alive_first"),
            _ => Message::new("probe.empty_first"),
        };
        let at = |event: &SeenEvent| tenths_of_ms(event.row.at.since(self.record.instants.start));
        let message = message
            .with("event", shortened(first))
            .with("at", at(first));
        self.add(message.with("token", at(token)));
    }

    /// Usage, and reasoning.
    fn tokens(&mut self) {
        let record = self.record;
        let (usage, has_chunks) = (&record.usage, record.chunks > 0);
        let is_ok = record.outcome == Outcome::Ok;
        if has_chunks && usage.completion == Some(0) {
            self.add(Message::new("probe.zero_usage"));
        } else if let Some(counted) = usage.completion
            && (record.chunks > counted || record.estimated_tokens > counted.saturating_mul(2))
        {
            let message = Message::new("probe.usage_contradicts").with("counted", counted);
            let message = message.with("chunks", record.chunks);
            self.add(message.with("estimate", record.estimated_tokens));
        } else if is_ok && has_chunks && usage.completion.or(usage.total).is_none() {
            self.add(Message::new("probe.no_usage"));
        }
        if is_ok && record.mixes_models() {
            self.add(Message::new("warning.models_mixed").with("count", 1));
        }
        if let (Some(ttft), Some(ttfa)) = (record.ttft(), record.ttfa())
            && ttfa > ttft
        {
            let message = Message::new("probe.reasoning").with("ttft", tenths_of_ms(ttft));
            self.add(message.with("ttfa", tenths_of_ms(ttfa)));
        }
        if is_ok && self.observed.chunks().next().is_none() {
            self.add(Message::new("probe.text_not_needed"));
        }
    }
}

/// The beginning of an event, for people.
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

#[cfg(test)]
mod tests;
