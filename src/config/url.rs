//! URLs of the service and of the proxy: taken apart, checked and put together again.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use super::show::redact_broken_url;
use crate::text::Message;
use crate::values::digits;

/// An `http` or `https` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// User and password, as written in the URL.
    pub(super) credentials: Option<String>,
    /// Name or address; an IPv6 address in its brackets.
    pub(super) host: String,
    /// The port, where it is given.
    pub(super) port: Option<u16>,
    /// The path from its `/`; empty if it is missing, or only `/`.
    pub(super) path: String,
    /// The query after its `?`.
    pub(super) query: Option<String>,
}

impl Url {
    /// Takes a URL apart; drops the fragment, which HTTP never sends.
    pub(super) fn parse(flag: &'static str, raw: &str) -> Result<Self, Message> {
        let wrong = |id| Message::about(id, &redact_broken_url(raw)).with("flag", flag);
        let text = raw.trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong("usage.url_scheme").with("remedy", redact_broken_url(text)));
        };
        let mut known = ["http", "https"].into_iter();
        let scheme = known.find(|known| scheme.eq_ignore_ascii_case(known));
        let scheme = scheme.ok_or_else(|| wrong("usage.url_other_scheme"))?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (credentials, address) = authority.rsplit_once('@').unzip();
        let address = address.unwrap_or(authority);
        let (host, port) = split_address(address).map_err(wrong)?;
        let (path, query) = split_query(tail);
        Ok(Self {
            scheme,
            credentials: credentials.map(str::to_owned),
            host,
            port,
            path: encode(if path == "/" { "" } else { path }),
            query,
        })
    }

    /// The URL as text, with its credentials.
    pub(super) fn text(&self) -> String {
        // A password is given as it is, as far as it has no `/`, `?` or `#`.
        let user = |text| {
            let text = encode(text).replace('@', "%40");
            text.replace('[', "%5B").replace(']', "%5D") + "@"
        };
        let user = self.credentials.as_deref().map(user).unwrap_or_default();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let query = self.query.as_ref().map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        let (scheme, host, path) = (self.scheme, &self.host, &self.path);
        format!("{scheme}://{user}{host}{port}{path}{query}")
    }
}

/// The path, and the query after its `?` encoded.
pub(super) fn split_query(text: &str) -> (&str, Option<String>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(encode(query))),
        None => (text, None),
    }
}

/// Host and port of `host`, `host:port`, `[v6]` or `[v6]:port`; else the id of the text that says
/// what is wrong.
fn split_address(address: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = if let Some(inner) = address.strip_prefix('[') {
        let (inner, after) = inner.split_once(']').ok_or("usage.url_ipv6")?;
        (check_host(inner, true)?, after)
    } else if address.matches(':').count() > 1 {
        return Err("usage.url_ipv6");
    } else {
        let (host, port) = address.split_at(address.find(':').unwrap_or(address.len()));
        (check_host(host, false)?, port)
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let port = port.strip_prefix(':').and_then(port_number);
    Ok((host, Some(port.ok_or("usage.url_port")?)))
}

/// The host as it stands in a URL: IPv6 addresses in brackets, names of ASCII letters, digits, `-`,
/// `_` and `.`.
pub(super) fn check_host(host: &str, ipv6: bool) -> Result<String, &'static str> {
    if ipv6 {
        let address: Ipv6Addr = host.parse().map_err(|_| "usage.url_ipv6")?;
        return Ok(format!("[{address}]"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if host.is_empty() || host.starts_with('.') || !host.chars().all(legal) {
        return Err("usage.url_host");
    }
    Ok(host.to_owned())
}

/// A TCP port other than 0.
pub(super) fn port_number(text: &str) -> Option<u16> {
    let port = u16::try_from(digits(text)?).ok()?;
    (port > 0).then_some(port)
}

/// Percent-encodes bytes that may not stand in a URL, such as blanks, Chinese and quotes. Encoded
/// text stays as it is.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_put_together() {
        #[rustfmt::skip]
        let table = [
            ("http://localhost", "http://localhost", ""),
            ("HTTP://localhost/", "http://localhost", ""),
            ("https://api.example.com/v1/chat/completions",
             "https://api.example.com/v1/chat/completions", "/v1/chat/completions"),
            ("http://127.0.0.1:8080/x?a=b#f", "http://127.0.0.1:8080/x?a=b", "/x"),
            ("http://[::1]:8080/x", "http://[::1]:8080/x", "/x"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]", ""),
            ("http://host?a=1", "http://host?a=1", ""),
            ("http://host/应用 1?q=\"是\"", "http://host/%E5%BA%94%E7%94%A8%201?q=%22%E6%98%AF%22",
             "/%E5%BA%94%E7%94%A8%201"),
            ("http://user:p%40ss@proxy:3128", "http://user:p%40ss@proxy:3128", ""),
            ("http://me:p@s s密[x]@proxy:3128", "http://me:p%40s%20s%E5%AF%86%5Bx%5D@proxy:3128", ""),
            ("http://a_b.c-d:65535", "http://a_b.c-d:65535", ""),
        ];
        for (raw, text, path) in table {
            let url = Url::parse("--url", raw).unwrap_or_else(|e| panic!("{raw}: {e}"));
            assert_eq!(url.text(), text, "{raw}");
            assert_eq!(url.path, path, "{raw}");
        }
    }

    #[test]
    fn what_is_no_url_is_named_with_a_remedy() {
        let table = [
            ("localhost:8080/v1", "http://localhost:8080/v1"),
            ("", "http://"),
            ("ftp://host", "https"),
            ("wss://host", "https"),
            ("http://", "host"),
            ("http://:80", "host"),
            ("http:///path", "host"),
            ("http://ho st", "host"),
            ("http://主机", "xn--"),
            ("http://host:0", "65535"),
            ("http://host:65536", "65535"),
            ("http://host:", "65535"),
            ("http://host:8o", "65535"),
            ("http://::1:80", "[::1]"),
            ("http://[::1", "[::1]"),
            ("http://[fe80::1%eth0]", "[::1]"),
            ("http://[::1]x", "65535"),
        ];
        for (raw, remedy) in table {
            let text = Url::parse("--url", raw).unwrap_err().to_string();
            for part in ["--url", raw, remedy] {
                assert!(text.contains(part), "{raw}: {text}");
            }
        }
    }

    #[test]
    fn errors_do_not_show_passwords() {
        for raw in [
            "http://me:hunter22@ho st",
            "http://me:hunter22/x@host",
            "http://me:hunter22?x=hunter22@host",
            "me:hunter22/hunter22@host",
        ] {
            let text = Url::parse("--proxy", raw).unwrap_err().to_string();
            assert!(!text.contains("hunter22"), "{text}");
            assert!(text.contains("host") || text.contains("ho st"), "{text}");
        }
    }
}
