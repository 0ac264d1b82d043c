//! One user's way to the service: sends a request, reads its response, and can be cut from another
//! thread.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ureq::http::{self, HeaderMap, HeaderName, HeaderValue, Uri};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _};
use ureq::{Agent, Body, BodyReader};

use super::exchange::{Arrival, Attempt, Exchange, Reached};
use super::layers::UpperLayers;
use super::leaf::TcpLeaf;
use super::resolver::UserResolver;
use super::{Transport, failure, wording};
use crate::clock::{Clock, Stamp};
use crate::record::{Outcome, StopResult};

/// One user's way to the service. Not shared: every call is made on the user's thread.
#[derive(Debug)]
pub struct Client {
    transport: Arc<Transport>,
    agent: Agent,
    exchange: Arc<Exchange>,
}

impl Client {
    /// A client for one user's thread; it is told when the run begins ([`Client::begin_run`]).
    #[must_use]
    pub fn new(transport: &Arc<Transport>) -> Self {
        let settings = &transport.settings;
        let exchange = Arc::<Exchange>::default();
        let connector = ()
            .chain(ConnectProxyConnector::default())
            .chain(TcpLeaf {
                exchange: Arc::clone(&exchange),
                timeout: settings.timeout,
                user_clock: settings.user_clock,
            })
            .chain(UpperLayers {
                rustls: Arc::clone(&transport.rustls),
                exchange: Arc::clone(&exchange),
                proxied: settings.proxy.is_some(),
            });
        let resolver = UserResolver {
            lookups: Arc::clone(&transport.lookups),
            exchange: Arc::clone(&exchange),
            connect_timeout: settings.connect_timeout,
        };
        Self {
            agent: Agent::with_parts(transport.agent_config.clone(), connector, resolver),
            transport: Arc::clone(transport),
            exchange,
        }
    }

    /// Sets the clock of a run that begins; to be called before anything is sent.
    pub fn begin_run(&self, clock: Clock) {
        let _ = self.exchange.run_clock.set(clock);
    }

    /// Sends a request and waits for the head of its response. `total`: when the whole request, all
    /// attempts together, must be over. `auth`: a header for this request alone.
    ///
    /// # Errors
    ///
    /// [`Outcome::Failed`], or [`Outcome::Cancelled`] where the engine cut the request.
    pub fn send(
        &mut self,
        auth: Option<&(String, String)>,
        body: &[u8],
        total: Option<Stamp>,
    ) -> Result<Response<'_>, Outcome> {
        let token = self.transport.settings.token_timeout;
        let token = token.map(|wait| self.exchange.clock().now() + wait);
        self.exchange.begin(total, token);
        let response = self.run(self.transport.uri.clone(), auth, body);
        let response = response.map_err(|error| {
            let refused = u64::from(failure::is_refused_socket(&error));
            let count = &self.transport.refused_sockets;
            count.fetch_add(refused, Ordering::Relaxed);
            self.outcome(&error)
        })?;
        let headers_at = self.exchange.note(|notes| {
            notes.reached = Reached::Streaming;
            notes.last.at
        });
        let (head, body) = response.into_parts();
        Ok(Response {
            status: head.status.as_u16(),
            headers: head.headers,
            headers_at,
            body: body.into_reader(),
            client: self,
        })
    }

    /// Sends a request to a path beside the target's. The service accepts it by a status of success.
    /// Its connection is not used again.
    pub fn tell(
        &mut self,
        path: &str,
        auth: Option<&(String, String)>,
        body: &[u8],
        within: Duration,
    ) -> StopResult {
        let deadline = self.exchange.clock().now() + within;
        self.exchange.begin(Some(deadline), None);
        let uri = beside(&self.transport.uri, path);
        match uri.and_then(|uri| self.run(uri, auth, body).ok()) {
            Some(response) if response.status().is_success() => StopResult::Accepted,
            _ => StopResult::Sent,
        }
    }

    fn run(
        &self,
        uri: Uri,
        auth: Option<&(String, String)>,
        body: &[u8],
    ) -> Result<http::Response<Body>, ureq::Error> {
        let mut request = http::Request::post(uri).body(body)?;
        *request.headers_mut() = self.transport.headers.clone();
        if let Some((name, value)) = auth {
            let name = HeaderName::try_from(name).map_err(http::Error::from)?;
            let mut value = HeaderValue::try_from(value).map_err(http::Error::from)?;
            value.set_sensitive(true);
            // A header that the user gave for all requests wins over the key.
            request.headers_mut().entry(name).or_insert(value);
        }
        self.agent.run(request)
    }

    fn outcome(&self, error: &ureq::Error) -> Outcome {
        if self.exchange.is_cut() {
            return Outcome::Cancelled;
        }
        let notes = self.exchange.note(|notes| {
            notes.attempt.proxy_status = wording::proxy_status(error);
            *notes
        });
        let peer = self.transport.peer();
        Outcome::Failed(failure::classify(error, &notes, &peer))
    }

    /// The last attempt.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        self.exchange.note(|notes| notes.attempt)
    }

    /// A handle by which another thread cuts this client's requests.
    #[must_use]
    pub fn cutter(&self) -> Cutter {
        Cutter {
            agent: self.agent.clone(),
            exchange: Arc::clone(&self.exchange),
        }
    }
}

/// The URI of a path that is relative to another's.
fn beside(uri: &Uri, path: &str) -> Option<Uri> {
    let directory = uri.path().rsplit_once('/').map_or("", |(before, _)| before);
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = format!("{directory}/{path}").parse().ok();
    Uri::from_parts(parts).ok()
}

/// Cuts a client's requests from another thread, for good.
#[derive(Debug)]
pub struct Cutter {
    agent: Agent,
    exchange: Arc<Exchange>,
}

impl Cutter {
    /// Ends every read and write of the client at once. A connect in progress is not interrupted.
    pub fn cut(&self) {
        self.exchange.cut.store(true, Ordering::Release);
        self.agent.clone().shutdown();
    }

    /// Whether the client is where a cut does not reach it: in the system's connect.
    #[must_use]
    pub fn is_connecting(&self) -> bool {
        self.exchange.connects.load(Ordering::Acquire)
    }
}

/// A response whose head has come.
pub struct Response<'c> {
    /// HTTP status.
    pub status: u16,
    headers: HeaderMap,
    /// When the head was complete.
    pub headers_at: Stamp,
    body: BodyReader<'static>,
    /// The client that the response came to.
    pub client: &'c Client,
}

impl Response<'_> {
    /// A header's value, where there is one that is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The headers whose values are text, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The next bytes of the body, transfer coding removed; `None` if `heeds_silence` and nothing has
    /// come for half a second.
    ///
    /// # Errors
    ///
    /// [`Outcome::Failed`], or [`Outcome::Cancelled`] where the engine cut the request. ureq takes a
    /// reset and a cut for the end of a body that ends with its connection; here they are errors.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        heeds_silence: bool,
    ) -> Result<Option<Arrival>, Outcome> {
        let (exchange, client) = (&self.client.exchange, self.client);
        exchange.note(|notes| notes.heeds_silence = heeds_silence);
        let bytes = match self.body.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            read => read.map_err(|error| client.outcome(&ureq::Error::from(error)))?,
        };
        let (last, reset) = exchange.note(|notes| (notes.last, notes.reset));
        if bytes == 0 && (reset || exchange.is_cut()) {
            let error = ureq::Error::Io(io::ErrorKind::ConnectionReset.into());
            return Err(client.outcome(&error));
        }
        Ok(Some(Arrival { bytes, ..last }))
    }

    /// Lets reads of the body wait for one another before they are told, within a second of the run
    /// and for less than half a second of silence: a user costs less that way.
    pub fn let_reads_wait(&mut self) {
        self.client.exchange.note(|notes| notes.is_patient = true);
    }

    /// The next token must have come by then; `None` while none is awaited.
    pub fn set_token_deadline(&mut self, at: Option<Stamp>) {
        self.client.exchange.note(|notes| notes.token_deadline = at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_beside_the_target_replaces_its_last_segment() {
        #[rustfmt::skip]
        let table = [
            ("http://h:1/v1/chat?x=1", "chat/t/stop", "http://h:1/v1/chat/t/stop"),
            ("https://h/run", "tasks/t/stop", "https://h/tasks/t/stop"),
        ];
        for (uri, path, expected) in table {
            let beside = beside(&uri.parse().unwrap(), path).unwrap();
            assert_eq!(beside.to_string(), expected);
        }
    }
}
