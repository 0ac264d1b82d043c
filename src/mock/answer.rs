//! Answers one request: with an error, with a fault, or with a stream on its schedule.

use std::sync::atomic::Ordering;

use super::delivery::{After, Delivery, Gone};
use super::faults::{Fault, ON_PURPOSE};
use super::http::Request;
use super::rng::{Purpose, Rng};
use super::schedule::Schedule;
use super::script::Script;
use super::strike::strike;
use super::wire::{self, Moment, Reply, Wire};

/// The log has room for this many token times from the start.
const MAX_RESERVE: usize = 4096;

/// Share of the time to the first token that a service spends before its model starts.
const PREPARING: f64 = 0.6;

/// One answer.
pub(super) struct Answer<'a> {
    delivery: Delivery<'a>,
    /// Number of the request, from 1.
    number: u64,
}

impl<'a> Answer<'a> {
    /// The answer to the next request.
    pub(super) fn new(delivery: Delivery<'a>) -> Self {
        let number = delivery.service.requests.fetch_add(1, Ordering::Relaxed) + 1;
        Self { delivery, number }
    }

    /// Gives the answer, and sends its row to the log.
    pub(super) fn give(mut self, request: &Request<'_>) -> After {
        let after = self.respond(request).unwrap_or_else(|Gone(ended)| {
            self.delivery.entry.ended = ended;
            self.delivery.stamp_end();
            After::Close
        });
        if let Some(log) = &self.delivery.service.log {
            // Sending fails only after an error of the log, which `Server::shutdown` returns.
            let _ = log.send(Some(self.delivery.entry));
        }
        after
    }

    fn respond(&mut self, request: &Request<'_>) -> Result<After, Gone> {
        let service = self.delivery.service;
        // Dify's requests that stop an answer: the user who left has already ended this service's.
        if request.method == "POST" && request.path.ends_with("/stop") {
            let body = r#"{"result": "success"}"#;
            return self.delivery.respond(200, "application/json", "", body);
        }
        let Some(wire) = wire::at(&request.path) else {
            let known: Vec<_> = wire::paths().collect();
            let message = format!("nothing here; try {}", known.join(", "));
            let body = format!(r#"{{"code": "not_found", "message": "{message}", "status": 404}}"#);
            return self.delivery.respond(404, "application/json", "", &body);
        };
        if request.method != "POST" {
            return self.error(wire, 405, "this path takes POST");
        }
        let key = service.options.require_key.as_ref();
        if key.is_some_and(|key| !wire.has_key(request, key)) {
            return self.error(wire, 401, "Access token is invalid");
        }
        let mut reply = match wire.accept(request.body, &mut self.rng(Purpose::Ids)) {
            Ok(reply) => reply,
            Err(message) => return self.error(wire, 400, &message),
        };
        let begun = service.clock.wall(self.delivery.read).unix_timestamp();
        reply.created = begun.unsigned_abs();
        reply.usage &= service.options.usage;
        let entry = &mut self.delivery.entry;
        let id = reply.value("id").unwrap_or_default();
        id.clone_into(&mut entry.id);
        let conversation = reply.value("conversation_id").unwrap_or_default();
        conversation.clone_into(&mut entry.conversation_id);
        let active = service.active.fetch_add(1, Ordering::Relaxed);
        let most = service.options.max_concurrent;
        let is_free = most.is_none_or(|most| active < most);
        let after = is_free.then(|| self.answer(wire, reply));
        service.active.fetch_sub(1, Ordering::Relaxed);
        let too_many = "Too many requests. Please try again later.";
        after.unwrap_or_else(|| self.error(wire, 429, too_many))
    }

    /// Answers a request that the service takes.
    fn answer(&mut self, wire: &'static Wire, mut reply: Reply) -> Result<After, Gone> {
        let mut plan = self.rng(Purpose::Plan);
        let drawn = plan.unit();
        let faults = self.delivery.service.options.faults.as_ref();
        let fault = faults.and_then(|faults| faults.at(drawn));
        self.delivery.entry.fault = fault;
        if let Some(instead) = fault.and_then(|fault| self.instead(wire, fault)) {
            return instead;
        }
        let schedule = self.schedule(wire.has(Moment::Reasoning));
        reply.reasoning = schedule.is_reasoning();
        let script = Script::new(wire, reply, plan.below(u32::MAX));
        self.stream(script, schedule, &mut plan)
    }

    /// Carries out a fault that sends no stream. `None` if the fault is another one.
    fn instead(&mut self, wire: &Wire, fault: Fault) -> Option<Result<After, Gone>> {
        Some(match fault {
            Fault::Close => {
                self.delivery.stamp_end();
                Ok(After::Close)
            }
            Fault::NoResponse => Err(self.delivery.silence()),
            Fault::Status(status) => self.error(wire, status, ON_PURPOSE),
            Fault::Html => {
                let page = "<!DOCTYPE html><title>Simulated</title><p>this failure is simulated";
                self.delivery
                    .respond(200, "text/html; charset=utf-8", "", page)
            }
            Fault::ErrorJson => {
                let body = wire.error_body(500, ON_PURPOSE);
                self.delivery.respond(200, "application/json", "", &body)
            }
            _ => return None,
        })
    }

    /// Sends an error of the API.
    fn error(&mut self, wire: &Wire, status: u16, message: &str) -> Result<After, Gone> {
        let seconds = self.delivery.service.options.retry_after;
        let extra = match status {
            405 => "Allow: POST\r\n".to_owned(),
            429 => format!("Retry-After: {seconds}\r\n"),
            _ => String::new(),
        };
        let body = wire.error_body(status, message);
        self.delivery
            .respond(status, "application/json", &extra, &body)
    }

    /// Streams an answer.
    fn stream(
        &mut self,
        mut script: Script,
        mut schedule: Schedule,
        plan: &mut Rng,
    ) -> Result<After, Gone> {
        let delivery = &mut self.delivery;
        let fault = delivery.entry.fault.filter(|fault| fault.is_mid_stream());
        // The fault comes after the first event and, of several events, before the last one.
        let strikes = fault.map(|_| 1 + plan.below(schedule.events().saturating_sub(1)));

        if delivery.service.log.is_some() {
            let events = schedule.events() as usize;
            delivery.entry.token_times.reserve(events.min(MAX_RESERVE));
        }
        open(delivery, &mut script, &schedule)?;
        for written in 0.. {
            if let Some(fault) = fault.filter(|_| strikes == Some(written)) {
                delivery.wait(&script, delivery.read + schedule.next_token())?;
                if let Some(after) = strike(fault, delivery, &mut script)? {
                    return Ok(after);
                }
            }
            let Some(due) = schedule.next() else { break };
            let at = delivery.read + due.at;
            delivery.keep_alive_until(&script, at)?;
            // The event is ready before the wait, so that only the write comes after the wait.
            delivery.frames.clear();
            script.say(due, delivery.frames);
            delivery.sleep(at)?;
            delivery.write_tokens(due)?;
            if due.reasoning && !schedule.is_reasoning() {
                delivery.send(&script, Moment::Reasoned)?;
            }
        }
        if delivery.entry.fault == Some(Fault::Empty) {
            delivery.wait(&script, delivery.read + schedule.next_token())?;
        }
        script.reply.elapsed = delivery.since_read();
        script.reply.terminal = delivery.entry.fault != Some(Fault::NoEnd);
        delivery.send(&script, Moment::End)?;
        delivery.finish()
    }

    /// Draws when the events are due. `reasons`: the format has a place for reasoning.
    fn schedule(&self, reasons: bool) -> Schedule {
        let options = &self.delivery.service.options;
        let mut rng = self.rng(Purpose::Schedule);
        let ttft = options.ttft.draw(|| rng.unit());
        let tokens = options.tokens.draw(|| rng.unit()).max(1);
        let reasoning = options.reasoning_tokens.draw(|| rng.unit());
        let tokens = match self.delivery.entry.fault {
            Some(Fault::Empty) => (0, 0),
            _ if reasons => (reasoning, tokens),
            _ => (0, tokens),
        };
        Schedule::new(options, ttft, tokens, rng)
    }

    fn rng(&self, purpose: Purpose) -> Rng {
        Rng::new(self.delivery.service.options.seed, self.number, purpose)
    }
}

/// Sends the head of a stream and all events before the first token.
fn open(delivery: &mut Delivery<'_>, script: &mut Script, schedule: &Schedule) -> Result<(), Gone> {
    delivery.begin()?;
    if !delivery.service.options.opening {
        return Ok(());
    }
    delivery.send(script, Moment::Open)?;
    if script.wire.has(Moment::Prepared) {
        script.reply.preparation = schedule.next_token().mul_f64(PREPARING);
        delivery.wait(script, delivery.read + script.reply.preparation)?;
        delivery.send(script, Moment::Prepared)?;
    }
    Ok(())
}
