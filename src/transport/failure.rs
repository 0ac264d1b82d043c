//! What an error of the HTTP client means: the kind of failure, from the error and from how far
//! the attempt had come.

use std::error::Error as _;
use std::io;

use ureq::Error;

use super::exchange::{Notes, Reached, TimeLimit};
use super::wording;
use crate::record::{Failure, FailureKind};

/// The failure that ended an attempt; `peer` names whom the connection was to be made to.
pub(super) fn classify(error: &Error, notes: &Notes, peer: &str) -> Failure {
    if let (Error::Timeout(_), Some(limit)) = (error, notes.exceeded) {
        return timeout(limit, notes);
    }
    let kind = match (error, notes.reached) {
        (Error::HostNotFound, _) | (Error::Io(_), Reached::Resolving) => FailureKind::Dns,
        (Error::Rustls(_) | Error::Tls(_) | Error::Pem(_) | Error::TlsRequired, _) => {
            FailureKind::Tls
        }
        (Error::Protocol(_) | Error::LargeResponseHeader(..) | Error::Http(_), _) => {
            FailureKind::Malformed
        }
        (Error::Timeout(_), reached) => return timeout(limit_of(reached), notes),
        (Error::ConnectProxyFailed(_) | Error::ConnectionFailed, _)
        | (_, Reached::Resolving | Reached::Connecting | Reached::Tunnelling) => {
            FailureKind::Connect
        }
        (_, Reached::Handshaking) => FailureKind::Tls,
        (_, Reached::Sending) => FailureKind::Send,
        (_, Reached::Waiting) => FailureKind::Reset,
        (_, Reached::Streaming) if notes.reset => FailureKind::Reset,
        (_, Reached::Streaming) => FailureKind::Truncated,
    };
    Failure::new(kind, detail(error, kind, notes, peer))
}

/// The limit of a wait at that point.
fn limit_of(reached: Reached) -> TimeLimit {
    match reached {
        Reached::Resolving | Reached::Connecting | Reached::Tunnelling | Reached::Handshaking => {
            TimeLimit::Connect
        }
        Reached::Sending => TimeLimit::Send,
        Reached::Waiting | Reached::Streaming => TimeLimit::Idle,
    }
}

fn timeout(limit: TimeLimit, notes: &Notes) -> Failure {
    let (kind, what) = match limit {
        TimeLimit::Connect => (
            FailureKind::TimeoutConnect,
            "no connection within the connect timeout",
        ),
        TimeLimit::Send => (
            FailureKind::TimeoutSend,
            "the request could not be written within the timeout",
        ),
        TimeLimit::Idle if notes.reached == Reached::Streaming => (
            FailureKind::TimeoutIdle,
            "the stream was silent for longer than the timeout",
        ),
        TimeLimit::Idle => (
            FailureKind::TimeoutResponse,
            "no response head within the timeout",
        ),
        TimeLimit::Token => (
            FailureKind::TimeoutToken,
            "no token within the token timeout",
        ),
        TimeLimit::Total => (
            FailureKind::TimeoutTotal,
            "the request took longer than the max time",
        ),
    };
    Failure::new(kind, what)
}

fn detail(error: &Error, kind: FailureKind, notes: &Notes, peer: &str) -> String {
    let text = match error {
        Error::Io(error) => io_detail(error),
        other => other.to_string(),
    };
    let inside = notes.reached == Reached::Streaming;
    match kind {
        FailureKind::Reset if notes.reset && inside => {
            "the server reset the connection inside the response".to_owned()
        }
        FailureKind::Reset if notes.reset => {
            "the server reset the connection before it responded".to_owned()
        }
        FailureKind::Reset => "the server closed the connection before it responded".to_owned(),
        FailureKind::Truncated => "the connection was closed inside the response's body".to_owned(),
        FailureKind::Connect | FailureKind::Dns => match wording::proxy_status(error) {
            Some(407) => format!("{peer}: HTTP 407 to CONNECT, Proxy Authentication Required"),
            Some(status) => format!("{peer}: HTTP {status} to CONNECT"),
            None => format!("{peer}: {text}"),
        },
        FailureKind::Tls if wording::names_authority(&text) => CA_AS_SERVER.to_owned(),
        FailureKind::Malformed => match error {
            Error::LargeResponseHeader(_, limit) => {
                format!("the response's head is larger than {limit} bytes")
            }
            _ => wording::head_fault(&text),
        },
        _ => text,
    }
}

/// What `openssl req -x509` makes unless told otherwise, and rustls never takes for a server's.
const CA_AS_SERVER: &str = "the server shows a certificate authority's certificate (CA:TRUE), as \
    self-signed ones are by default; it cannot be checked, not with --ca-cert either";

/// An I/O error's text with that of its cause, since rustls hides there why a handshake failed.
fn io_detail(error: &io::Error) -> String {
    match error.source() {
        Some(cause) if cause.to_string() != error.to_string() => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}

/// Whether the system refused a socket, for want of a file descriptor or of a local port.
pub(super) fn is_refused_socket(error: &Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error, Error::Io(error)
        if matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
            || error.kind() == io::ErrorKind::AddrNotAvailable)
}

#[cfg(test)]
mod tests {
    use ureq::Timeout;

    use super::*;

    #[test]
    fn the_stage_decides_what_an_error_means() {
        let io = || Error::Io(io::ErrorKind::UnexpectedEof.into());
        let table = [
            (io(), Reached::Resolving, false, FailureKind::Dns),
            (io(), Reached::Connecting, false, FailureKind::Connect),
            (io(), Reached::Tunnelling, false, FailureKind::Connect),
            (io(), Reached::Handshaking, false, FailureKind::Tls),
            (io(), Reached::Sending, false, FailureKind::Send),
            (io(), Reached::Waiting, false, FailureKind::Reset),
            (io(), Reached::Streaming, false, FailureKind::Truncated),
            (io(), Reached::Streaming, true, FailureKind::Reset),
            (
                Error::HostNotFound,
                Reached::Resolving,
                false,
                FailureKind::Dns,
            ),
            (
                Error::ConnectionFailed,
                Reached::Connecting,
                false,
                FailureKind::Connect,
            ),
            (
                Error::LargeResponseHeader(9, 9),
                Reached::Waiting,
                false,
                FailureKind::Malformed,
            ),
        ];
        for (error, reached, reset, expected) in table {
            let notes = Notes {
                reached,
                reset,
                ..Notes::default()
            };
            assert_eq!(
                classify(&error, &notes, "host:80").kind,
                expected,
                "{error} at {reached:?}"
            );
        }
    }

    #[test]
    fn a_timeout_is_named_by_the_limit_that_was_exceeded() {
        let table = [
            (
                TimeLimit::Connect,
                Reached::Handshaking,
                FailureKind::TimeoutConnect,
            ),
            (TimeLimit::Send, Reached::Sending, FailureKind::TimeoutSend),
            (
                TimeLimit::Idle,
                Reached::Waiting,
                FailureKind::TimeoutResponse,
            ),
            (
                TimeLimit::Idle,
                Reached::Streaming,
                FailureKind::TimeoutIdle,
            ),
            (
                TimeLimit::Token,
                Reached::Streaming,
                FailureKind::TimeoutToken,
            ),
            (
                TimeLimit::Total,
                Reached::Connecting,
                FailureKind::TimeoutTotal,
            ),
        ];
        for (limit, reached, expected) in table {
            let notes = Notes {
                reached,
                exceeded: Some(limit),
                ..Notes::default()
            };
            let failure = classify(&Error::Timeout(Timeout::Global), &notes, "host:80");
            assert_eq!(failure.kind, expected, "{limit:?} at {reached:?}");
        }
    }

    #[test]
    fn details_name_the_peer_and_the_remedy() {
        let io = |kind: io::ErrorKind| Error::Io(kind.into());
        let proxy =
            |status| Error::ConnectProxyFailed(format!("proxy server responded {status}/{status}"));
        let authority = io::Error::other("invalid peer certificate: CaUsedAsEndEntity");
        let table = [
            (
                io(io::ErrorKind::ConnectionRefused),
                Reached::Connecting,
                "host:80: connection refused",
            ),
            (io(io::ErrorKind::NotFound), Reached::Resolving, "host:80: "),
            (
                proxy(407),
                Reached::Tunnelling,
                "host:80: HTTP 407 to CONNECT, Proxy",
            ),
            (
                proxy(403),
                Reached::Tunnelling,
                "host:80: HTTP 403 to CONNECT",
            ),
            (Error::Io(authority), Reached::Handshaking, "(CA:TRUE)"),
            (
                Error::LargeResponseHeader(16_385, 16_384),
                Reached::Waiting,
                "larger than 16384 bytes",
            ),
        ];
        for (error, reached, expected) in table {
            let notes = Notes {
                reached,
                ..Notes::default()
            };
            let detail = classify(&error, &notes, "host:80").detail;
            assert!(detail.contains(expected), "{detail}");
        }
    }
}
