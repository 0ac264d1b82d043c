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
        // rustls hides in the cause why a handshake failed.
        Error::Io(io) => match io.source() {
            Some(cause) if cause.to_string() != io.to_string() => format!("{io}: {cause}"),
            _ => io.to_string(),
        },
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
    use Reached::{Connecting, Handshaking, Resolving, Sending, Streaming, Tunnelling, Waiting};
    use ureq::Timeout;

    use super::*;

    fn failure(error: &Error, notes: &Notes) -> Failure {
        classify(error, notes, "host:80")
    }

    fn reached(reached: Reached) -> Notes {
        Notes {
            reached,
            ..Notes::default()
        }
    }

    #[test]
    fn the_stage_decides_what_an_error_means() {
        let io = || Error::Io(io::ErrorKind::UnexpectedEof.into());
        #[rustfmt::skip]
        let table = [
            (io(), Resolving,   false, Kind::Dns),
            (io(), Connecting,  false, Kind::Connect),
            (io(), Tunnelling,  false, Kind::Connect),
            (io(), Handshaking, false, Kind::Tls),
            (io(), Sending,     false, Kind::Send),
            (io(), Waiting,     false, Kind::Reset),
            (io(), Streaming,   false, Kind::Truncated),
            (io(), Streaming,   true,  Kind::Reset),
            (Error::HostNotFound,              Resolving,  false, Kind::Dns),
            (Error::ConnectionFailed,          Connecting, false, Kind::Connect),
            (Error::LargeResponseHeader(9, 9), Waiting,    false, Kind::Malformed),
        ];
        for (error, stage, reset, expected) in table {
            let notes = Notes {
                reset,
                ..reached(stage)
            };
            let kind = failure(&error, &notes).kind;
            assert_eq!(kind, expected, "{error} at {stage:?}");
        }
    }

    #[test]
    fn a_timeout_is_named_by_the_limit_that_was_exceeded() {
        for (limit, stage, expected) in [
            (Kind::TimeoutConnect, Handshaking, Kind::TimeoutConnect),
            (Kind::TimeoutSend, Sending, Kind::TimeoutSend),
            (Kind::TimeoutIdle, Waiting, Kind::TimeoutResponse),
            (Kind::TimeoutIdle, Streaming, Kind::TimeoutIdle),
            (Kind::TimeoutToken, Streaming, Kind::TimeoutToken),
            (Kind::TimeoutTotal, Connecting, Kind::TimeoutTotal),
        ] {
            let notes = Notes {
                exceeded: Some(limit),
                ..reached(stage)
            };
            let failure = failure(&Error::Timeout(Timeout::Global), &notes);
            assert_eq!(failure.kind, expected, "{limit:?} at {stage:?}");
        }
    }

    #[test]
    fn details_name_the_peer_and_the_remedy() {
        let io = |kind: io::ErrorKind| Error::Io(kind.into());
        let refused = io(io::ErrorKind::ConnectionRefused);
        let proxy = |status| Error::ConnectProxyFailed(format!("it responded {status}/{status}"));
        let authority = io::Error::other("invalid peer certificate: CaUsedAsEndEntity");
        let large = Error::LargeResponseHeader(16_385, 16_384);
        for (error, stage, expected) in [
            (refused, Connecting, "host:80: connection refused"),
            (io(io::ErrorKind::NotFound), Resolving, "host:80: "),
            (
                proxy(407),
                Tunnelling,
                "host:80: HTTP 407 to CONNECT, Proxy",
            ),
            (proxy(403), Tunnelling, "host:80: HTTP 403 to CONNECT"),
            (Error::Io(authority), Handshaking, "(CA:TRUE)"),
            (large, Waiting, "larger than 16384 bytes"),
        ] {
            let detail = failure(&error, &reached(stage)).detail;
            assert!(detail.contains(expected), "{detail}");
        }
    }
}
