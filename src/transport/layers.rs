//! The layers above the TCP leaf: TLS with one configuration for all users, and on top of
//! everything the stamps that must be taken above TLS.

use std::mem;
use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, RustlsConnector, Transport,
};

use super::exchange::{Exchange, Reached};
use crate::monitor::run_queue_wait;

/// ureq's TLS connector, shared by all agents so that certificates are parsed once, and timed.
#[derive(Clone, Debug)]
pub(super) struct SharedTls {
    pub(super) rustls: Arc<RustlsConnector>,
    pub(super) exchange: Arc<Exchange>,
}

impl SharedTls {
    /// Makes it a TLS connection. Boxed and not inlined: a connection without TLS would be moved
    /// about in the space of one with it, on ten thousand stacks.
    #[inline(never)]
    fn wrap<In: Transport>(
        &self,
        details: &ConnectionDetails,
        plain: In,
    ) -> Result<Option<Box<dyn Transport>>, Error> {
        self.exchange
            .note(|notes| notes.reached = Reached::Handshaking);
        let began = self.exchange.clock().now();
        let wrapped = self.rustls.connect(details, Some(plain))?;
        let took = self.exchange.clock().now().since(began);
        self.exchange.note(|notes| notes.tls = Some(took));
        Ok(wrapped.map(|connection| Box::new(connection) as Box<dyn Transport>))
    }
}

impl<In: Transport> Connector<In> for SharedTls {
    type Out = Either<In, Box<dyn Transport>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        match chained {
            Some(plain) if details.needs_tls() => Ok(self.wrap(details, plain)?.map(Either::B)),
            plain => Ok(plain.map(Either::A)),
        }
    }
}

/// The outermost layer: notes when the request has been written and when the first byte of the
/// response came. It sits above TLS, since session tickets reach the socket long before the
/// response does.
#[derive(Debug)]
pub(super) struct Outermost {
    pub(super) exchange: Arc<Exchange>,
    /// With a proxy the whole chain runs for the connection to the proxy first.
    pub(super) proxied: bool,
}

impl<In: Transport> Connector<In> for Outermost {
    type Out = Either<In, OutermostTransport<In>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let to_proxy = self.proxied && details.config.proxy().is_none();
        Ok(chained.map(|inner| {
            if to_proxy {
                Either::A(inner)
            } else {
                Either::B(OutermostTransport {
                    inner,
                    exchange: Arc::clone(&self.exchange),
                    sending: false,
                    is_first: true,
                })
            }
        }))
    }
}

/// A connection that carries requests, seen from above TLS.
#[derive(Debug)]
pub(super) struct OutermostTransport<T> {
    inner: T,
    exchange: Arc<Exchange>,
    /// Something has been written since input was last awaited.
    sending: bool,
    /// The response's first byte has not come.
    is_first: bool,
}

impl<T: Transport> Transport for OutermostTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        (self.sending, self.is_first) = (true, true);
        let began = self.exchange.clock().now();
        self.exchange.note(|notes| {
            notes.reached = Reached::Sending;
            notes.send_began.get_or_insert(began);
        });
        self.inner.transmit_output(amount, timeout)?;
        let now = self.exchange.clock().now();
        self.exchange.note(|notes| notes.sent = Some(now));
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if mem::take(&mut self.sending) {
            let waited = run_queue_wait();
            self.exchange.note(|notes| {
                notes.reached = Reached::Waiting;
                notes.waited = waited;
            });
        }
        let more = self.inner.await_input(timeout)?;
        if more && mem::take(&mut self.is_first) {
            // The stamp is that of the socket read that delivered the bytes.
            self.exchange.note(|notes| {
                notes.first_byte.get_or_insert(notes.last_read);
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
