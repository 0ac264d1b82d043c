//! From the raw command line to a [`Plan`]: all usage errors and warnings are found here.

use super::outputs::check_inputs;
use super::show::{command_line, redact_broken_url, redact_url};
use super::url::Url;
use super::{files, headers, parse};
use crate::cli::RunArgs;
use crate::load::{ClosedLoop, Load, Seconds};
use crate::plan::{ConsoleConfig, Plan, TransportConfig};
use crate::record::TokenCount;
use crate::text::{Language, Message};
use crate::tokenizer::Tokenizer;
use crate::values::shown;

/// Most virtual users of a run. The system's limits are checked when the run starts.
const MOST_USERS: u32 = 1_000_000;

/// Validates a command line. `environment_key` is the value of [`super::API_KEY_VARIABLE`].
///
/// # Errors
///
/// On the first usage error found: a message with the flag, its value and a remedy.
pub fn plan(
    raw: &RunArgs,
    language: Language,
    environment_key: Option<&str>,
) -> Result<Plan, Message> {
    let mut builder = Builder {
        raw,
        language,
        environment_key,
        warnings: Vec::new(),
    };
    let outputs = super::outputs::outputs(&raw.output, language)?;
    check_inputs(&outputs, inputs(raw))?;
    let load = builder.load()?;
    let console = builder.console(&load)?;
    let (target, protocol) = builder.target()?;
    let transport = builder.transport()?;
    let retries = parse::whole("--retries", &raw.patience.retries, 0..=100)?;
    let grace = match &raw.load.grace {
        Some(grace) => parse::duration("--grace", grace)?,
        None => transport.timeout,
    };
    let label = builder.label()?;
    let seed = parse::whole("--seed", &raw.load.seed, 0..=u64::MAX)?;
    Ok(Plan {
        think_time: builder.think_time()?,
        leaving: builder.leaving()?,
        tokens: builder.tokens()?,
        tokenizer: builder.tokenizer()?,
        workload: builder.workload(&protocol, &transport.headers, seed)?,
        require_valid: raw.console.require_valid,
        model: builder.model(),
        command_line: command_line(&raw.given),
        warnings: builder.warnings,
        target,
        protocol,
        load,
        seed,
        retries,
        grace,
        transport,
        outputs,
        console,
        label,
    })
}

/// The files that a run reads.
fn inputs(raw: &RunArgs) -> impl Iterator<Item = &String> {
    let (target, request) = (&raw.target, &raw.request);
    let files = [
        &target.api,
        &target.api_key_file,
        &request.param_file,
        &request.request_body_file,
        &raw.connection.ca_cert,
        &raw.output.tokenizer,
    ];
    files.into_iter().flatten()
}

/// The raw command line, and the warnings found so far.
pub(super) struct Builder<'a> {
    pub(super) raw: &'a RunArgs,
    pub(super) language: Language,
    /// The key of the environment.
    pub(super) environment_key: Option<&'a str>,
    warnings: Vec<Message>,
}

impl Builder<'_> {
    pub(super) fn warn(&mut self, message: Message) {
        self.warnings.push(message);
    }

    /// The load shape that the flags choose.
    fn load(&mut self) -> Result<Load, Message> {
        let raw = &self.raw.load;
        let users = parse::whole("--threads", &raw.threads, 1..=MOST_USERS)?;
        let ramp_up = parse::duration("--ramp-up", &raw.ramp_up)?;
        let hold = parse::duration("--duration", &raw.duration)?;
        let requests = raw.requests.as_ref();
        let requests = requests
            .map(|text| parse::whole("--requests", text, 1..=1_000_000_000_000))
            .transpose()?;
        if let Some(requests) = requests.filter(|requests| *requests < u64::from(users)) {
            let message = Message::new("warning.idle_users").with("requests", requests);
            self.warn(message.with("users", users));
        }
        Ok(Load::ClosedLoop(ClosedLoop {
            users,
            ramp_up: Seconds(ramp_up),
            hold: (!hold.is_zero()).then_some(Seconds(hold)),
            requests,
        }))
    }

    fn transport(&mut self) -> Result<TransportConfig, Message> {
        let (waits, connection) = (&self.raw.patience.waits, &self.raw.connection);
        let positive = |flag, raw: &Option<String>| {
            let raw = raw.as_ref();
            raw.map(|raw| parse::positive_duration(flag, raw, "usage.limit_zero"))
                .transpose()
        };
        let timeout = parse::positive_duration("--timeout", &waits.timeout, "usage.timeout_zero")?;
        let connect_timeout = positive("--connect-timeout", &waits.connect_timeout)?;
        let ca_cert = connection.ca_cert.as_deref();
        if connection.insecure {
            self.warn(Message::new("warning.insecure"));
        }
        Ok(TransportConfig {
            connect_timeout: connect_timeout.unwrap_or(timeout),
            timeout,
            max_time: positive("--max-time", &waits.max_time)?,
            token_timeout: positive("--token-timeout", &waits.token_timeout)?,
            keepalive: !connection.no_keepalive,
            proxy: connection.proxy.as_deref().map(proxy).transpose()?,
            ca_cert: ca_cert.map(files::certificates).transpose()?,
            insecure: connection.insecure,
            user_clock: connection.user_clock,
            headers: headers::headers(&self.raw.target.headers)?,
            max_event_bytes: parse::size("--max-event-bytes", &connection.max_event_bytes)?,
        })
    }

    fn console(&self, load: &Load) -> Result<ConsoleConfig, Message> {
        let raw = &self.raw.console;
        if raw.show_text && !load.is_single(self.turns()?) {
            return Err(Message::new("usage.show_text"));
        }
        if raw.show_text && raw.quiet {
            return Err(Message::new("usage.show_text_quiet"));
        }
        Ok(ConsoleConfig {
            language: self.language,
            quiet: raw.quiet,
            show_text: raw.show_text,
        })
    }

    pub(super) fn model(&self) -> Option<String> {
        let model = self.raw.request.model_name.as_deref()?.trim();
        (!model.is_empty()).then(|| model.to_owned())
    }

    fn tokens(&self) -> Result<TokenCount, Message> {
        let raw = self.raw.output.tokens.trim();
        let mut known = TokenCount::ALL.into_iter();
        known.find(|count| count.name() == raw).ok_or_else(|| {
            let known = TokenCount::ALL.map(TokenCount::name).join(", ");
            Message::about("usage.tokens", raw).with("known", known)
        })
    }

    fn tokenizer(&self) -> Result<Option<Tokenizer>, Message> {
        let Some(file) = &self.raw.output.tokenizer else {
            return Ok(None);
        };
        if self.raw.given.iter().any(|given| given.flag == "--tokens") {
            let message = Message::about("usage.tokenizer_and_tokens", file);
            return Err(message.with("tokens", shown(&self.raw.output.tokens)));
        }
        files::tokenizer(file).map(Some)
    }

    fn label(&self) -> Result<Option<String>, Message> {
        let label = self.raw.output.label.as_deref().map(str::trim);
        let wrong = |label: &&str| label.is_empty() || label.chars().any(char::is_control);
        match label {
            Some(label) if wrong(&label) => Err(Message::about("usage.label", label)),
            label => Ok(label.map(str::to_owned)),
        }
    }
}

fn proxy(raw: &str) -> Result<String, Message> {
    if !raw.contains("://") {
        return Err(Message::about("usage.proxy", &redact_broken_url(raw)));
    }
    let url = Url::parse("--proxy", raw)?;
    if url.scheme != "http" || !url.path.is_empty() || url.query.is_some() {
        return Err(Message::about("usage.proxy", &redact_url(raw)));
    }
    Ok(url.text())
}
