//! From the raw command line to a [`Plan`]: errors and warnings about flags beside others.

use super::outputs::check_inputs;
use super::show::{command_line, redact_broken_url, redact_url};
use super::url::Url;
use super::{files, headers};
use crate::cli::RunArgs;
use crate::load::{ClosedLoop, Load, Seconds};
use crate::output::console::Settings;
use crate::plan::{Plan, TransportConfig};
use crate::text::{Language, Message};
use crate::tokenizer::Tokenizer;
use crate::values::shown;

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
    let load = builder.load();
    let console = builder.console(&load)?;
    let (target, protocol) = builder.target()?;
    let transport = builder.transport()?;
    Ok(Plan {
        think_time: raw.load.think_time,
        leaving: builder.leaving()?,
        tokens: raw.output.tokens,
        tokenizer: builder.tokenizer()?,
        workload: builder.workload(&protocol, &transport.headers)?,
        seed: raw.load.seed,
        retries: raw.retries,
        grace: raw.load.grace.unwrap_or(transport.timeout),
        label: raw.output.label.clone(),
        require_valid: raw.console.require_valid,
        model: builder.model(),
        command_line: command_line(&raw.given),
        warnings: builder.warnings,
        target,
        protocol,
        load,
        transport,
        outputs,
        console,
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
    fn load(&mut self) -> Load {
        let raw = &self.raw.load;
        let (users, requests) = (raw.threads, raw.requests);
        if let Some(requests) = requests.filter(|requests| *requests < u64::from(users)) {
            let message = Message::new("warning.idle_users").with("requests", requests);
            self.warn(message.with("users", users));
        }
        Load::ClosedLoop(ClosedLoop {
            users,
            ramp_up: Seconds(raw.ramp_up),
            hold: (!raw.duration.is_zero()).then_some(Seconds(raw.duration)),
            requests,
        })
    }

    fn transport(&mut self) -> Result<TransportConfig, Message> {
        let (waits, connection) = (&self.raw.waits, &self.raw.connection);
        let ca_cert = connection.ca_cert.as_deref();
        if connection.insecure {
            self.warn(Message::new("warning.insecure"));
        }
        Ok(TransportConfig {
            connect_timeout: waits.connect_timeout.unwrap_or(waits.timeout),
            timeout: waits.timeout,
            max_time: waits.max_time,
            token_timeout: waits.token_timeout,
            keepalive: !connection.no_keepalive,
            proxy: connection.proxy.as_deref().map(proxy).transpose()?,
            ca_cert: ca_cert.map(files::certificates).transpose()?,
            insecure: connection.insecure,
            user_clock: connection.user_clock,
            headers: headers::headers(&self.raw.target.headers)?,
            max_event_bytes: connection.max_event_bytes,
        })
    }

    fn console(&self, load: &Load) -> Result<Settings, Message> {
        let raw = &self.raw.console;
        let is_single = load.is_single(self.raw.load.turns);
        if raw.show_text && !is_single {
            return Err(Message::new("usage.show_text"));
        }
        if raw.show_text && raw.quiet {
            return Err(Message::new("usage.show_text_quiet"));
        }
        Ok(Settings {
            language: self.language,
            quiet: raw.quiet,
            show_text: raw.show_text,
            watched: is_single && !raw.quiet,
            ..Settings::default()
        })
    }

    pub(super) fn model(&self) -> Option<String> {
        let model = self.raw.request.model_name.as_deref()?.trim();
        (!model.is_empty()).then(|| model.to_owned())
    }

    /// The value that was typed after a flag.
    pub(super) fn typed(&self, flag: &str) -> Option<&str> {
        let mut given = self.raw.given.iter();
        given.find(|given| given.flag == flag)?.value.as_deref()
    }

    fn tokenizer(&self) -> Result<Option<Tokenizer>, Message> {
        let Some(file) = &self.raw.output.tokenizer else {
            return Ok(None);
        };
        if let Some(tokens) = self.typed("--tokens") {
            let message = Message::about("usage.tokenizer_and_tokens", file);
            return Err(message.with("tokens", shown(tokens)));
        }
        files::tokenizer(file).map(Some)
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
