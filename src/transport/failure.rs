//! What an error of the HTTP client means: the kind of failure, from the error and from how far
//! the attempt had come.

use std::error::Error as _;
use std::io;

use ureq::Error;

use super::exchange::{Notes, Reached};
use super::wording;
use crate::record::{Failure, FailureKind as Kind};

/// What `openssl req -x509` makes by default, and rustls never takes for a server's.
const CA_AS_SERVER: &str = "the server shows a certificate authority's certificate (CA:TRUE), as \
    self-signed ones are by default; it cannot be checked, not with --ca-cert either";

/// The failure that ended an attempt; `peer` names whom the connection was to be made to.
pub(super) fn classify(error: &Error, notes: &Notes, peer: &str) -> Failure {
    let kind = kind(error, notes);
    Failure::new(kind, detail(error, kind, notes, peer))
}

fn kind(error: &Error, notes: &Notes) -> Kind {
    use Reached::{Connecting, Handshaking, Resolving, Sending, Streaming, Tunnelling, Waiting};
    match (error, notes.reached) {
        (Error::Timeout(_), reached) => match (notes.exceeded, reached) {
            (Some(Kind::TimeoutIdle) | None, Streaming) => Kind::TimeoutIdle,
            (Some(Kind::TimeoutIdle), _) | (None, Waiting) => Kind::TimeoutResponse,
            (None, Sending) => Kind::TimeoutSend,
            (None, _) => Kind::TimeoutConnect,
            (Some(exceeded), _) => exceeded,
        },
        (Error::HostNotFound, _) | (Error::Io(_), Resolving) => Kind::Dns,
        (Error::Rustls(_) | Error::Tls(_) | Error::Pem(_) | Error::TlsRequired, _) => Kind::Tls,
        (Error::Protocol(_) | Error::LargeResponseHeader(..) | Error::Http(_), _) => {
            Kind::Malformed
        }
        (Error::ConnectProxyFailed(_) | Error::ConnectionFailed, _)
        | (_, Resolving | Connecting | Tunnelling) => Kind::Connect,
        (_, Handshaking) => Kind::Tls,
        (_, Sending) => Kind::Send,
        (_, Streaming) if !notes.reset => Kind::Truncated,
        (_, Waiting | Streaming) => Kind::Reset,
    }
}

fn detail(error: &Error, kind: Kind, notes: &Notes, peer: &str) -> String {
    let text = match error {
        Error::Io(error) => io_detail(error),
        other => other.to_string(),
    };
    let detail = match (kind, error) {
        (Kind::TimeoutConnect, _) => "no connection within the connect timeout",
        (Kind::TimeoutSend, _) => "the request could not be written within the timeout",
        (Kind::TimeoutIdle, _) => "the stream was silent for longer than the timeout",
        (Kind::TimeoutResponse, _) => "no response head within the timeout",
        (Kind::TimeoutToken, _) => "no token within the token timeout",
        (Kind::TimeoutTotal, _) => "the request took longer than the max time",
        (Kind::Reset, _) if notes.reset && notes.reached == Reached::Streaming => {
            "the server reset the connection inside the response"
        }
        (Kind::Reset, _) if notes.reset => "the server reset the connection before it responded",
        (Kind::Reset, _) => "the server closed the connection before it responded",
        (Kind::Truncated, _) => "the connection was closed inside the response's body",
        (Kind::Tls, _) if wording::names_authority(&text) => CA_AS_SERVER,
        (Kind::Connect | Kind::Dns, _) => {
            return match wording::proxy_status(error) {
                Some(407) => format!("{peer}: HTTP 407 to CONNECT, Proxy Authentication Required"),
                Some(status) => format!("{peer}: HTTP {status} to CONNECT"),
                None => format!("{peer}: {text}"),
            };
        }
        (Kind::Malformed, Error::LargeResponseHeader(_, limit)) => {
            return format!("the response's head is larger than {limit} bytes");
        }
        (Kind::Malformed, _) => return wording::head_fault(&text),
        _ => return text,
    };
    detail.to_owned()
}

/// An I/O error's text with that of its cause: rustls hides there why a handshake failed.
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
            (io(), Reached::Resolving, false, Kind::Dns),
            (io(), Reached::Connecting, false, Kind::Connect),
            (io(), Reached::Tunnelling, false, Kind::Connect),
            (io(), Reached::Handshaking, false, Kind::Tls),
            (io(), Reached::Sending, false, Kind::Send),
            (io(), Reached::Waiting, false, Kind::Reset),
            (io(), Reached::Streaming, false, Kind::Truncated),
            (io(), Reached::Streaming, true, Kind::Reset),
            (Error::HostNotFound, Reached::Resolving, false, Kind::Dns),
            (
                Error::ConnectionFailed,
                Reached::Connecting,
                false,
                Kind::Connect,
            ),
            (
                Error::LargeResponseHeader(9, 9),
                Reached::Waiting,
                false,
                Kind::Malformed,
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
                Kind::TimeoutConnect,
                Reached::Handshaking,
                Kind::TimeoutConnect,
            ),
            (Kind::TimeoutSend, Reached::Sending, Kind::TimeoutSend),
            (Kind::TimeoutIdle, Reached::Waiting, Kind::TimeoutResponse),
            (Kind::TimeoutIdle, Reached::Streaming, Kind::TimeoutIdle),
            (Kind::TimeoutToken, Reached::Streaming, Kind::TimeoutToken),
            (Kind::TimeoutTotal, Reached::Connecting, Kind::TimeoutTotal),
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
