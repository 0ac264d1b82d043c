//! The configuration as it may be shown: the command line that repeats the run, and JSON; secrets
//! are masked in both.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{Given, PROGRAM};
use crate::load::Seconds;
use crate::output::{Destination, FORMATS, OutputConfig};
use crate::plan::{Plan, TransportConfig};
use crate::values::{Dist, quote};
use crate::workload::{ApiKey, Workload, mask};

/// The command line of these flags, quoted for a shell, secrets masked.
pub(super) fn command_line(given: &[Given]) -> String {
    let mut line = PROGRAM.to_owned();
    for Given { flag, value } in given {
        let _ = write!(line, " {flag}");
        let Some(value) = value else { continue };
        let value = match flag.as_str() {
            "--api-key" => ApiKey::new(value).to_string(),
            "--header" => redact_pair(value, ':'),
            "--input" | "--body" => redact_pair(value, '='),
            "--url" | "--proxy" | "--api-path" => redact_url(value),
            _ => value.clone(),
        };
        // A value that begins with a dash would be read as a flag.
        let is_like_flag = value.starts_with('-') && value != "-";
        line.push(if is_like_flag { '=' } else { ' ' });
        line.push_str(&quote(&value));
    }
    line
}

/// Whether a name such as a header's is likely that of a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    const WORDS: &str = "auth cookie credential key passw secret sign token";
    let name = name.to_ascii_lowercase();
    // `max_tokens` and `max_completion_tokens` are counts.
    let is_count = name.starts_with("max") && name.ends_with("tokens");
    !is_count && (WORDS.split(' ').any(|word| name.contains(word)) || name == "sig")
}

/// The secret part of a header's value: `Bearer x` keeps its first word.
pub(super) fn secret_part(value: &str) -> &str {
    match value.trim().split_once(' ') {
        Some((scheme, secret)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => secret.trim(),
        _ => value.trim(),
    }
}

/// A header's value, masked if the header is a secret.
pub(super) fn redact_value(name: &str, value: &str) -> String {
    if !is_secret_name(name) {
        return value.to_owned();
    }
    let secret = secret_part(value);
    let before = &value[..value.trim_end().len() - secret.len()];
    before.to_owned() + &mask(secret)
}

fn redacted(pairs: &[(String, String)]) -> impl Iterator<Item = (String, String)> {
    let pairs = pairs.iter();
    pairs.map(|(name, value)| (name.clone(), redact_value(name, value)))
}

fn redact_pair(pair: &str, separator: char) -> String {
    match pair.split_once(separator) {
        Some((name, value)) => format!("{name}{separator}{}", redact_value(name, value)),
        None => pair.to_owned(),
    }
}

/// Masks the password before a host.
fn redact_password(authority: &str) -> String {
    let Some((credentials, host)) = authority.rsplit_once('@') else {
        return authority.to_owned();
    };
    let user = credentials.split(':').next().unwrap_or_default();
    format!("{user}:***@{host}")
}

/// Where a URL's host begins, or the user before it.
fn authority_start(url: &str) -> usize {
    url.find("://").map_or(0, |at| at + 3)
}

/// Text that is no URL, with everything masked that may be a password: a `/` or a `?` in a password
/// ends the authority too early.
pub(super) fn redact_broken_url(text: &str) -> String {
    let (scheme, rest) = text.split_at(authority_start(text));
    redact_url(&(scheme.to_owned() + &redact_password(rest)))
}

/// Parameters of a URL whose values are no secrets.
const HARMLESS: &str = "alt api-version beta deployment format lang model region stream v version";

/// A URL, or text that was meant as one, with its password masked, and its parameters but for
/// [`HARMLESS`] ones: any other may be a key, as Azure's `code` is.
pub(super) fn redact_url(url: &str) -> String {
    let split = url.split_once('?');
    let (before, parameters) = split.map_or((url, None), |(before, all)| (before, Some(all)));
    let (scheme, rest) = before.split_at(authority_start(before));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut text = format!("{scheme}{}{path}", redact_password(authority));
    let parameters = parameters.into_iter().flat_map(|all| all.split('&'));
    for (number, parameter) in parameters.enumerate() {
        text.push(if number == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, value)) if !HARMLESS.split(' ').any(|known| known == name) => {
                let _ = write!(text, "{name}={}", mask(value));
            }
            _ => text.push_str(parameter),
        }
    }
    text
}

/// The configuration as understood, for the run JSON; secrets are masked, times in seconds.
#[must_use]
pub fn plan_json(plan: &Plan) -> Value {
    json!({
        "target": plan.target.shown,
        "protocol": plan.protocol.name,
        "model": plan.model,
        "label": plan.label,
        "load": load_json(plan),
        "tokens": plan.tokens.name(),
        "tokenizer": plan.tokenizer.as_ref().map(|tokenizer| &tokenizer.path),
        "seed": plan.seed,
        "workload": workload_json(&plan.workload),
        "transport": transport_json(&plan.transport),
        "retries": plan.retries,
        "outputs": outputs_json(&plan.outputs),
        "console": {
            "language": plan.console.language.code(),
            "quiet": plan.console.quiet,
            "show_text": plan.console.show_text,
        },
    })
}

fn outputs_json(outputs: &OutputConfig) -> Value {
    let place = |kind| match outputs.destination(kind) {
        Destination::None => Value::Null,
        Destination::Default(directory) => format!("{}/", directory.display()).into(),
        Destination::File(file) => json!(file),
        Destination::Stdout => "-".into(),
    };
    let places = FORMATS.iter().map(|kind| (kind.member(), place(kind)));
    let mut json: Value = places.collect();
    json["csv_bom"] = outputs.csv_bom.into();
    json["brand"] = json!(outputs.brand);
    json
}

fn load_json(plan: &Plan) -> Value {
    let mut load = json!(plan.load);
    load["grace_s"] = json!(Seconds(plan.grace));
    load["turns"] = json!(plan.workload.turns);
    load["think_time"] = json!(plan.think_time.map(think_time));
    load["abandon_rate"] = json!(plan.leaving.map(|leaving| leaving.rate));
    load["abandon_after_s"] = json!(plan.leaving.map(|leaving| Seconds(leaving.after)));
    load
}

/// How long users think, in seconds.
fn think_time(time: Dist<Duration>) -> Value {
    match time {
        Dist::Fixed(time) => json!({"fixed_s": Seconds(time)}),
        Dist::Uniform(low, high) => json!({"uniform_s": [Seconds(low), Seconds(high)]}),
        Dist::Exponential(mean) | Dist::Normal(mean, _) | Dist::LogNormal(mean, _) => {
            json!({"exponential_mean_s": Seconds(mean)})
        }
    }
}

fn workload_json(workload: &Workload) -> Value {
    let keys = workload.keys.items.iter().map(ToString::to_string);
    let constants = &workload.constants;
    let shown = |pairs| redacted(pairs).collect::<Value>();
    json!({
        "queries": workload.queries.items.len(),
        "data_order": workload.order.name(),
        "unique": workload.unique.is_some(),
        "query_file": workload.queries.file,
        "api_keys": keys.collect::<Vec<_>>(),
        "api_key_file": workload.keys.file,
        "user": constants.user,
        "conversation_id": constants.conversation_id,
        "inputs": shown(&constants.inputs),
        "body": shown(&constants.body),
        "request_body_file": workload.body_file,
    })
}

/// The headers of `--header`, secrets masked.
pub fn shown_headers(transport: &TransportConfig) -> impl Iterator<Item = (String, String)> {
    redacted(&transport.headers)
}

fn transport_json(transport: &TransportConfig) -> Value {
    json!({
        "connect_timeout_s": Seconds(transport.connect_timeout),
        "timeout_s": Seconds(transport.timeout),
        "max_time_s": transport.max_time.map(Seconds),
        "token_timeout_s": transport.token_timeout.map(Seconds),
        "keepalive": transport.keepalive,
        "proxy": transport.proxy.as_deref().map(redact_url),
        "own_ca_cert": transport.ca_cert.is_some(),
        "insecure": transport.insecure,
        "user_clock": transport.user_clock,
        "headers": shown_headers(transport).collect::<Vec<_>>(),
        "max_event_bytes": transport.max_event_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_secrets() {
        for (url, text) in [
            ("http://h/p", "http://h/p"),
            ("http://me:pass@h/p", "http://me:***@h/p"),
            ("me:pass@h:80", "me:***@h:80"),
            (
                "https://h/p?alt=sse&key=0123456789abcdef01",
                "https://h/p?alt=sse&key=0123***ef01",
            ),
            ("https://h/p?code=hunter22&x", "https://h/p?code=hu***22&x"),
            (
                "https://h/p?api-version=2024-10-21",
                "https://h/p?api-version=2024-10-21",
            ),
            ("http://h/p@q", "http://h/p@q"),
        ] {
            assert_eq!(redact_url(url), text, "{url}");
        }
    }

    #[test]
    fn the_command_line_repeats_the_run_without_secrets() {
        let given = |flag: &str, value: Option<&str>| Given {
            flag: flag.to_owned(),
            value: value.map(str::to_owned),
        };
        let line = command_line(&[
            given("--url", Some("http://h/p?token=abcdefgh12345678")),
            given("--api-key", Some("Bearer app-0123456789abcdef")),
            given(
                "--header",
                Some("Authorization: Bearer sk-0123456789abcdef"),
            ),
            given("--header", Some("X-Tenant: blue")),
            given("--header", Some("x-api-key:0123456789abcdef")),
            given("--input", Some("password=hunter22")),
            given("--proxy", Some("http://u:hunter22@proxy:1")),
            given("--query", Some("it's")),
            given("--label", Some("-x")),
            given("--csv", Some("-")),
            given("--quiet", None),
        ]);
        assert_eq!(
            line,
            "sse-perf --url 'http://h/p?token=abcd***5678' --api-key 'app-***cdef' \
             --header 'Authorization: Bearer sk-0***cdef' --header 'X-Tenant: blue' \
             --header 'x-api-key:0123***cdef' --input 'password=hu***22' \
             --proxy 'http://u:***@proxy:1' --query 'it'\\''s' --label=-x --csv - --quiet"
        );
    }
}
