//! Where requests go, and in which protocol.

use std::sync::Arc;

use super::build::Builder;
use super::files;
use super::show::redact_url;
use super::url::{Url, check_host, encode, port_number, split_query};
use crate::plan::Target;
use crate::protocol::Protocol;
use crate::text::Message;
use crate::values::shown;

/// The protocol if neither `--api` nor the path names one.
const DEFAULT_PROTOCOL: &str = "dify-chat";

impl Builder<'_> {
    /// The target and its protocol: `--api` names the protocol, else the path tells it, else it is
    /// the default.
    pub(super) fn target(&mut self) -> Result<(Target, Arc<Protocol>), Message> {
        let mut url = self.address()?;
        let protocol = self.protocol(&url.path)?;
        if self.raw.target.api_path.is_none() {
            self.complete(&mut url, &protocol)?;
        }
        if url.scheme == "http" && url.port == Some(443) {
            self.warn(Message::new("warning.http_443"));
        }
        let url = url.text();
        let shown = redact_url(&url);
        Ok((Target { url, shown }, protocol))
    }

    /// Gives a URL without a path, or with the path of a base URL, as SDKs take it, the rest of the
    /// protocol's path, and its query unless the URL has one.
    fn complete(&self, url: &mut Url, protocol: &Protocol) -> Result<(), Message> {
        let base = url.path.trim_end_matches('/');
        let mut suffixes = protocol.suffixes.iter();
        if suffixes.any(|suffix| base.ends_with(suffix.as_str())) {
            return Ok(());
        }
        let model = self.model();
        let in_path = |model: &str| encode(model).replace('?', "%3F").replace('#', "%23");
        let whole = match protocol.path_for(model.as_deref(), in_path) {
            Some(whole) => whole,
            None if base.is_empty() => {
                return Err(Message::new("usage.no_model").with("protocol", &protocol.name));
            }
            None => return Ok(()),
        };
        let (path, query) = split_query(&whole);
        if let Some(rest) = rest_of(path, base) {
            url.path = base.to_owned() + &encode(rest);
            url.query = url.query.take().or(query);
        }
        Ok(())
    }

    /// The URL; its path is empty where none was given.
    fn address(&self) -> Result<Url, Message> {
        let raw = &self.raw.target;
        let Some(text) = &raw.url else {
            return self.address_of_parts();
        };
        let flags = ["--host", "--port", "--api-path"];
        let mut parts = flags.iter().zip([&raw.host, &raw.port, &raw.api_path]);
        if let Some((flag, Some(value))) = parts.find(|(_, value)| value.is_some()) {
            let message = Message::about("usage.url_and_part", value).with("flag", flag);
            return Err(message.with("url", shown(&redact_url(text))));
        }
        let url = Url::parse("--url", text)?;
        if url.credentials.is_some() {
            return Err(Message::about("usage.url_credentials", &redact_url(text)));
        }
        Ok(url)
    }

    fn address_of_parts(&self) -> Result<Url, Message> {
        let raw = &self.raw.target;
        let host = raw.host.as_deref().unwrap_or("localhost").trim();
        let inner = host.strip_prefix('[');
        let inner = inner.and_then(|host| host.strip_suffix(']'));
        let ipv6 = inner.is_some() || host.matches(':').count() > 1;
        let wrong = |_| Message::about("usage.host", &redact_url(host));
        let host = check_host(inner.unwrap_or(host), ipv6).map_err(wrong)?;
        let port =
            |text: &str| port_number(text.trim()).ok_or_else(|| Message::about("usage.port", text));
        let port = raw.port.as_deref().map(port).transpose()?;
        let path = raw.api_path.as_deref().map(api_path).transpose()?;
        let (path, query) = path.unwrap_or_default();
        Ok(Url {
            scheme: "http",
            credentials: None,
            host,
            port,
            path,
            query,
        })
    }

    fn protocol(&mut self, path: &str) -> Result<Arc<Protocol>, Message> {
        let inferred = Protocol::infer(path);
        let name = self.raw.target.api.as_deref().or(inferred);
        if name.is_none() && (!path.is_empty() || self.raw.target.url.is_some()) {
            let names: Vec<&str> = Protocol::builtin_names().collect();
            let path = if path.is_empty() { "/" } else { path };
            let message = Message::new("warning.api_unknown_path").with("path", path);
            let message = message.with("protocol", DEFAULT_PROTOCOL);
            self.warn(message.with("names", names.join(", ")));
        }
        let name = name.unwrap_or(DEFAULT_PROTOCOL);
        let (mut protocol, _) = files::protocol(name, self.language)?;
        if self.raw.target.think_tags {
            Arc::make_mut(&mut protocol).think_tags = true;
        }
        Ok(protocol)
    }
}

/// The part of a whole path that a base URL's path lacks: `/chat/completions` of
/// `/v1/chat/completions` for `/openai/v1`. `None` if the base does not end as the whole begins.
fn rest_of<'a>(whole: &'a str, base: &str) -> Option<&'a str> {
    let slashes = whole.match_indices('/').skip(1);
    let mut parts = slashes.map(|(at, _)| whole.split_at(at));
    let rest = parts.find(|(begun, _)| base.ends_with(begun));
    rest.map(|(_, rest)| rest)
        .or(base.is_empty().then_some(whole))
}

/// Path and query of `--api-path`.
fn api_path(raw: &str) -> Result<(String, Option<String>), Message> {
    let text = raw.trim();
    if text.is_empty() || text.contains("://") {
        return Err(Message::about("usage.api_path", &redact_url(text)));
    }
    let (path, query) = split_query(text);
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok((slash.to_owned() + &encode(path), query))
}
