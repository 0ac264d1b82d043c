//! The layers above the TCP leaf: TLS with one configuration for all users, and the stamps that
//! must be taken above TLS.

use std::mem;
use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, RustlsConnector, Transport,
};

use super::exchange::{Exchange, Reached};
use crate::monitor::run_queue_wait;

/// Puts TLS, where it is needed, and the stamps on a connection.
#[derive(Debug)]
pub(super) struct UpperLayers {
    /// Shared by all users, so that certificates are parsed once.
    pub(super) rustls: Arc<RustlsConnector>,
    pub(super) exchange: Arc<Exchange>,
    /// With a proxy the whole chain runs for the connection to the proxy first.
    pub(super) proxied: bool,
}

impl UpperLayers {
    /// Shakes hands and takes the time. Boxed and not inlined: otherwise connections without TLS
    /// need the stack space of a TLS connection, on ten thousand stacks.
    #[inline(never)]
    fn wrap<In: Transport>(
        &self,
        details: &ConnectionDetails,
        plain: In,
    ) -> Result<Option<Box<dyn Transport>>, Error> {
        let exchange = &self.exchange;
        let began = exchange.clock().now();
        exchange.note(|notes| notes.reached = Reached::Handshaking);
        let wrapped = self.rustls.connect(details, Some(plain))?;
        let took = exchange.clock().now().since(began);
        exchange.note(|notes| notes.attempt.connection.tls = Some(took));
        Ok(wrapped.map(|connection| Box::new(connection) as Box<dyn Transport>))
    }
}

impl<In: Transport> Connector<In> for UpperLayers {
    type Out = StampedTransport<Either<In, Box<dyn Transport>>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let inner = match chained {
            Some(plain) if details.needs_tls() => self.wrap(details, plain)?.map(Either::B),
            plain => plain.map(Either::A),
        };
        Ok(inner.map(|inner| StampedTransport {
            inner,
            exchange: Arc::clone(&self.exchange),
            is_tunnel: self.proxied && details.config.proxy().is_none(),
            sending: false,
            is_first: true,
        }))
    }
}

/// A connection seen from above TLS: notes when the request has been written and when the first byte
/// of the response came. TLS's session tickets reach the socket long before the response does.
#[derive(Debug)]
pub(super) struct StampedTransport<T> {
    inner: T,
    exchange: Arc<Exchange>,
    /// Connects to the proxy, and carries no request itself.
    is_tunnel: bool,
    /// Something has been written since input was last awaited.
    sending: bool,
    /// The response's first byte has not come.
    is_first: bool,
}

impl<T: Transport> Transport for StampedTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_tunnel {
            return self.inner.transmit_output(amount, timeout);
        }
        (self.sending, self.is_first) = (true, true);
        let began = self.exchange.clock().now();
        self.exchange.note(|notes| {
            notes.reached = Reached::Sending;
            notes.attempt.sent = None;
            notes.attempt.send_began.get_or_insert(began);
            let connection = &mut notes.attempt.connection;
            if connection.reused.is_none() {
                connection.reused = Some(true);
                connection.server_addr = notes.server_addr;
                connection.dns = None;
            }
        });
        self.inner.transmit_output(amount, timeout)?;
        let now = self.exchange.clock().now();
        self.exchange
            .note(|notes| notes.attempt.sent = (!notes.unsent).then_some(now));
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if mem::take(&mut self.sending) {
            let waited = run_queue_wait();
            self.exchange.note(|notes| {
                notes.reached = Reached::Waiting;
                notes.attempt.waited = waited;
            });
        }
        let more = self.inner.await_input(timeout)?;
        if more && !self.is_tunnel && mem::take(&mut self.is_first) {
            // The stamp is that of the socket read that delivered the bytes.
            self.exchange.note(|notes| {
                if notes.attempt.first_byte.is_none() {
                    notes.attempt.first_byte = Some(notes.last.at);
                    notes.attempt.first_read = notes.last.read;
                }
            });
        }
        Ok(more)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
