//! Responses that are no stream: errors, and what is sent in place of one.

use std::io::Write;
use std::net::TcpStream;

use super::super::http::{Body, ResponseHead, reason};
use super::super::wire::Wire;
use super::{After, Answer, Gone};

impl Answer<'_> {
    /// An error of the API.
    pub(super) fn error(
        &mut self,
        wire: &dyn Wire,
        status: u16,
        message: &str,
    ) -> Result<After, Gone> {
        let extra = match status {
            405 => "Allow: POST\r\n".to_owned(),
            429 => format!("Retry-After: {}\r\n", self.shared.options.retry_after),
            _ => String::new(),
        };
        let body = wire.error_body(status, message);
        self.plain(status, "application/json", &extra, &body)
    }

    /// A response that is no stream.
    pub(super) fn plain(
        &mut self,
        status: u16,
        content_type: &str,
        extra: &str,
        body: &str,
    ) -> Result<After, Gone> {
        self.row.status = Some(status);
        self.stamp_end();
        self.write(&whole(status, content_type, extra, body, self.keep_alive))?;
        Ok(if self.keep_alive {
            After::Keep
        } else {
            After::Close
        })
    }
}

/// Refuses what is not even a request.
pub(in super::super) fn refuse(mut stream: &TcpStream, status: u16) {
    let response = whole(status, "text/plain", "", reason(status), false);
    // The connection is closed next, whether this arrives or not.
    let _ = stream.write_all(&response);
}

/// The bytes of a response that is no stream.
fn whole(status: u16, content_type: &str, extra: &str, body: &str, keep_alive: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256 + body.len());
    ResponseHead {
        status,
        content_type,
        body: Body::Length(body.len()),
        keep_alive,
        extra,
    }
    .put(&mut bytes);
    bytes.extend_from_slice(body.as_bytes());
    bytes
}
