//! Facts that libraries tell in the text of an error alone: `ConnectProxyFailed` holds a text, and
//! ureq re-exports neither the type in `Protocol` nor the type of a certificate's fault. `tests/e2e`
//! provokes each text.

use ureq::Error;

/// The status by which a proxy refused to connect; `None` for any other error.
pub(super) fn proxy_status(error: &Error) -> Option<u16> {
    let Error::ConnectProxyFailed(text) = error else {
        return None;
    };
    // The text ends with the status, twice: `407/407`.
    text.rsplit([' ', '/']).next()?.parse().ok()
}

/// Whether a TLS error says that the server's certificate is a certificate authority's.
pub(super) fn names_authority(text: &str) -> bool {
    text.contains("CaUsedAsEndEntity")
}

/// The fault of a response's framing, without the library's words for the place of the fault.
pub(super) fn head_fault(text: &str) -> String {
    let text = text.strip_prefix("protocol: ").unwrap_or(text);
    match text.strip_prefix("http parse fail: ") {
        Some(fault) => format!("the response's head is not HTTP/1.1: {fault}"),
        None => text.replace("http parse resulted in", "the response has"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_s_status_is_that_of_its_refusal() {
        let proxy = |text: &str| Error::ConnectProxyFailed(text.to_owned());
        for (error, expected) in [
            (proxy("proxy server responded 407/407"), Some(407)),
            (proxy("proxy server did not respond"), None),
            (Error::ConnectionFailed, None),
        ] {
            assert_eq!(proxy_status(&error), expected, "{error}");
        }
    }

    #[test]
    fn a_head_s_fault_is_told_without_the_library_s_words() {
        #[rustfmt::skip]
        let table = [
            ("protocol: http parse fail: invalid HTTP version", "the response's head is not HTTP/1.1: invalid HTTP version"),
            ("protocol: http parse resulted in too many headers", "the response has too many headers"),
            ("protocol: chunk length is not ascii", "chunk length is not ascii"),
        ];
        for (text, expected) in table {
            assert_eq!(head_fault(text), expected);
        }
    }
}
