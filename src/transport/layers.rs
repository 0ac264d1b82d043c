//! The layers above the TCP leaf: TLS with one configuration for all users, and on top of
//! everything the stamps that must be taken above TLS.

use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, RustlsConnector, Transport,
};

use super::probe::{Probe, Stage};
use crate::monitor::run_queue_wait;

/// ureq's TLS connector, shared by all agents so that certificates are parsed once, and timed.
#[derive(Clone, Debug)]
pub(super) struct SharedTls {
    pub(super) rustls: Arc<RustlsConnector>,
    pub(super) probe: Arc<Probe>,
}

impl<In: Transport> Connector<In> for SharedTls {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let began = self.probe.clock().now();
        let wrapped = self.rustls.connect(details, chained)?;
        if details.needs_tls() {
            let took = self.probe.clock().now().since(began);
            self.probe.note(|notes| notes.tls = Some(took));
        }
        Ok(wrapped)
    }
}

/// The outermost layer: notes when the request has been written and when the first byte of the
/// response came. It sits above TLS, since session tickets reach the socket long before the
/// response does.
#[derive(Debug)]
pub(super) struct Outermost {
    pub(super) probe: Arc<Probe>,
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
                    probe: Arc::clone(&self.probe),
                })
            }
        }))
    }
}

/// A connection that carries requests, seen from above TLS.
#[derive(Debug)]
pub(super) struct OutermostTransport<T> {
    inner: T,
    probe: Arc<Probe>,
}

impl<T: Transport> Transport for OutermostTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let began = self.probe.clock().now();
        self.probe.note(|notes| {
            notes.stage = Stage::Sending;
            notes.send_began.get_or_insert(began);
        });
        self.inner.transmit_output(amount, timeout)?;
        let now = self.probe.clock().now();
        self.probe.note(|notes| notes.sent = Some(now));
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.probe.note(|notes| {
            if notes.stage == Stage::Sending {
                notes.stage = Stage::Waiting;
                notes.waited = run_queue_wait();
            }
        });
        let more = self.inner.await_input(timeout)?;
        if more {
            // The stamp is that of the socket read that delivered the bytes.
            self.probe.note(|notes| {
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
