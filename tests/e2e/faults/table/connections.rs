//! The rows for the connection: its name, its port, its end, and TLS.

use super::{answer, begun, closing, fault, once, send, stream, token, with_length};
use crate::faults::Step::{Close, Reset, Silence, Taste};
use crate::faults::{Fault, Place, Step};
use crate::support::sse_response;

#[rustfmt::skip]
pub fn names_and_connections() -> Vec<Fault> {
    let to = |what, expected, detail, place| fault(what, expected, detail, []).at(place);
    vec![
        to("a name that does not exist",   "error_kind=dns connection=", "no-such-host.invalid", Place::Url("http://no-such-host.invalid/v1/chat/completions")),
        to("a port that nobody has",       "error_kind=connect connection=", "refused", Place::Refused),
        to("an IPv6 port that nobody has", "error_kind=connect", "refused", Place::Url("http://[::1]:1/v1/chat/completions")),
        to("a full backlog",               "error_kind=timeout_connect", "", Place::FullBacklog).with("--connect-timeout 300ms"),
        fault("a reset after a byte",          "error_kind=reset http_status= ttfb_ms=", "", [Taste, Reset]).at(Place::Deaf),
        fault("a close at once",          "error_kind=reset http_status= ttfb_ms=", "", [Close]).at(Place::Deaf),
        fault("a reset after the request", "error_kind=reset http_status=", "", [Reset]),
        fault("a close after the request", "error_kind=reset http_status=", "", [Close]),
        fault("a request reset halfway",   "error_kind=send http_status=", "", [Taste, Reset]).at(Place::Deaf).asking(8 << 20),
        fault("a request not taken",       "error_kind=timeout_send http_status= sent_s=", "", [Step::Pause(20_000)]).at(Place::Deaf).asking(16 << 20).with("--timeout 500ms").within(1.2),
        fault("a request taken slowly",    "error_kind=timeout_send http_status= sent_s=", "", [Step::Sip(5)]).at(Place::Deaf).asking(16 << 20).with("--timeout 500ms").within(1.2),
        fault("a request not taken in all its time", "error_kind=timeout_total http_status= sent_s=", "", [Step::Pause(20_000)]).at(Place::Deaf).asking(16 << 20).with("--timeout 20s --max-time 500ms").within(1.2),
        fault("an answer to a part of a large request", "error_kind=http_status http_status=413 sent_s=", "HTTP 413: big", [Taste, send(with_length("413 Too Large\r\nconnection: close", "big")), Reset]).at(Place::Deaf).asking(8 << 20),
        fault("an answer to half a request", "error_kind=http_status http_status=413", "HTTP 413: big", [Taste, send(with_length("413 Too Large\r\nconnection: close", "big")), Close]).at(Place::Deaf).asking(60_000),
    ]
}

#[rustfmt::skip]
pub fn encryption() -> Vec<Fault> {
    const TRUSTED: &str = "--ca-cert {tls}/ca.pem";
    let to = |what, expected, detail, file| fault(what, expected, detail, once(stream(answer()))).at(Place::Tls(file));
    let good = |what, expected, detail, steps: Vec<Step>| fault(what, expected, detail, steps).at(Place::Tls("good.pem")).with(TRUSTED);
    vec![
        to("an issuer that is not known",       "error_kind=tls http_status=", "UnknownIssuer", "good.pem"),
        to("an issuer that is trusted",         "outcome=ok chunks=1", "", "good.pem").with(TRUSTED),
        to("an issuer that does not matter",    "outcome=ok chunks=1", "", "good.pem").with("--insecure"),
        to("a certificate that has expired",    "error_kind=tls", "certificate expired", "expired.pem").with(TRUSTED),
        to("an expired one that does not matter", "outcome=ok", "", "expired.pem").with("--insecure"),
        to("a certificate of the future",       "error_kind=tls", "not valid yet", "future.pem").with(TRUSTED),
        to("a certificate of another host",     "error_kind=tls", "only valid for DnsName(\"elsewhere.example\")", "other-host.pem").with(TRUSTED),
        to("another host that does not matter", "outcome=ok", "", "other-host.pem").with("--insecure"),
        to("an authority's own certificate",    "error_kind=tls", "(CA:TRUE)", "../authority.pem"),
        to("an authority that is trusted",      "error_kind=tls", "(CA:TRUE)", "../authority.pem").with("--ca-cert {tls}/../authority.pem"),
        good("a stream that ends with TLS' goodbye",    "outcome=ok chunks=1", "", once(closing(answer()))),
        good("a stream that ends without it",           "outcome=ok chunks=1", "", vec![send(closing(answer()))]),
        good("a stream cut without it",                 "error_kind=truncated chunks=1", "", vec![send(closing(token()))]),
        good("a chunked stream that ends without it",   "outcome=ok chunks=1", "", vec![send(sse_response(&answer()))]),
        good("a chunked stream cut without it",         "error_kind=truncated chunks=1", "", vec![begun()]),
        good("a head cut without it",                   "error_kind=reset chunks=0", "", vec![send("HTTP/1.1 200 OK\r\n")]),
        fault("plain HTTP behind https",        "error_kind=tls", "", once(with_length("400 Bad Request", ""))).at(Place::DeafToTls),
        fault("noise behind https",             "error_kind=tls", "", once("SSH-2.0-OpenSSH_9.2\r\n")).at(Place::DeafToTls),
        fault("a TLS alert",                    "error_kind=tls", "HandshakeFailure", once(b"\x15\x03\x03\x00\x02\x02\x28")).at(Place::DeafToTls),
        fault("a close during the handshake",   "error_kind=tls", "", [Close]).at(Place::DeafToTls),
        fault("a reset during the handshake",   "error_kind=tls", "", [Taste, Reset]).at(Place::DeafToTls),
        fault("silence during the handshake",   "error_kind=timeout_connect", "", [Silence]).at(Place::DeafToTls).with("--connect-timeout 300ms"),
        fault("TLS behind http",                "error_kind=malformed", "", once(b"\x15\x03\x03\x00\x02\x02\x46")),
    ]
}
