//! Where requests go, and in which protocol.

use std::sync::Arc;

use super::build::Builder;
use super::files;
use super::show::redact_url;
use super::url::{Url, check_host, encode, port_number};
use crate::plan::Target;
use crate::protocol::Protocol;
use crate::text::Message;
use crate::values::shown;

/// The protocol where nothing says which.
const DEFAULT_PROTOCOL: &str = "dify-chat";

impl Builder<'_> {
    /// The target and its protocol: the one that `--api` names, else the one that the path tells,
    /// else the default.
    pub(super) fn target(&mut self) -> Result<(Target, Arc<Protocol>), Message> {
        let mut url = self.address()?;
        let protocol = self.protocol(&url.path)?;
        if url.path.is_empty() {
            self.complete(&mut url, &protocol)?;
        }
        if url.scheme == "http" && url.port == Some(443) {
            self.warn(Message::new("warning.http_443"));
        }
        let url = url.text();
        let shown = redact_url(&url);
        Ok((Target { url, shown }, protocol))
    }

    /// Gives a URL the protocol's path, and the query that belongs to it.
    fn complete(&self, url: &mut Url, protocol: &Protocol) -> Result<(), Message> {
        let model = self.model();
        let whole = protocol
            .path_for(model.as_deref(), |model| {
                encode(model).replace('?', "%3F").replace('#', "%23")
            })
            .ok_or_else(|| Message::new("usage.no_model").with("protocol", protocol.name()))?;
        let (path, query) = match whole.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (whole.as_str(), None),
        };
        url.path = encode(path);
        if url.query.is_none() {
            url.query = query.map(encode);
        }
        Ok(())
    }

    /// The URL, its path empty where none was given.
    fn address(&self) -> Result<Url, Message> {
        let raw = &self.raw.target;
        let Some(text) = &raw.url else {
            return self.address_of_parts();
        };
        let parts = [
            ("--host", &raw.host),
            ("--port", &raw.port),
            ("--api-path", &raw.api_path),
        ];
        if let Some((flag, Some(value))) = parts.iter().find(|(_, value)| value.is_some()) {
            return Err(Message::new("usage.url_and_part")
                .with("flag", flag)
                .with("value", shown(value))
                .with("url", shown(&redact_url(text))));
        }
        let url = Url::parse("--url", text)?;
        if url.credentials.is_some() {
            return Err(
                Message::new("usage.url_credentials").with("value", shown(&redact_url(text)))
            );
        }
        Ok(url)
    }

    fn address_of_parts(&self) -> Result<Url, Message> {
        let raw = &self.raw.target;
        let host = raw.host.as_deref().unwrap_or("localhost").trim();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let ipv6 = bare.matches(':').count() > 1 || bare.len() < host.len();
        let host = check_host(bare, ipv6)
            .map_err(|_| Message::new("usage.host").with("value", shown(&redact_url(host))))?;
        let port = match &raw.port {
            None => None,
            Some(text) => Some(
                port_number(text.trim())
                    .ok_or_else(|| Message::new("usage.port").with("value", shown(text)))?,
            ),
        };
        let (path, query) = match &raw.api_path {
            None => (String::new(), None),
            Some(text) => api_path(text)?,
        };
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
        if let Some(name) = &self.raw.target.api {
            return files::protocol(name, self.language);
        }
        let name = Protocol::infer(path).unwrap_or_else(|| {
            if !path.is_empty() {
                let names: Vec<&str> = Protocol::builtin_names().collect();
                self.warn(
                    Message::new("warning.api_unknown_path")
                        .with("path", path)
                        .with("protocol", DEFAULT_PROTOCOL)
                        .with("names", names.join(", ")),
                );
            }
            DEFAULT_PROTOCOL
        });
        files::protocol(name, self.language)
    }
}

/// Path and query of `--api-path`.
fn api_path(raw: &str) -> Result<(String, Option<String>), Message> {
    let text = raw.trim();
    if text.is_empty() || text.contains("://") {
        return Err(Message::new("usage.api_path").with("value", shown(&redact_url(text))));
    }
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(encode(query))),
        None => (text, None),
    };
    let path = encode(path);
    let path = if path.starts_with('/') {
        path
    } else {
        format!("/{path}")
    };
    Ok((path, query))
}
