//! How requests travel: the only place that names ureq.
//!
//! A [`Transport`] is made once a run and holds what all users share: the TLS configuration, the
//! resolved names, the settings. Each user's thread has a [`Client`] of its own, with an agent of
//! its own, since one agent shared by N users costs O(N) per request. Every instant is stamped in
//! the layers below ureq (`leaf.rs`, `layers.rs`), on the user's thread, before anything is parsed.

mod buffers;
mod client;
mod exchange;
mod failure;
mod layers;
mod leaf;
mod resolver;
mod timed;
mod waiting;
mod wording;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ureq::http::{self, HeaderMap, HeaderName, HeaderValue, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::RustlsConnector;
use ureq::{Agent, Proxy};

pub use self::client::{Client, Cutter, Response};
pub use self::exchange::{Arrival, Attempt};

use self::buffers::{MOST_INPUT, OUTPUT};
use self::resolver::{Lookups, host_and_port};
use crate::arrival::Stamping;
use crate::plan::{Target, TransportConfig};
use crate::text::Message;

/// The name of the program to servers.
const USER_AGENT: &str = concat!("sse-perf/", env!("CARGO_PKG_VERSION"));

/// Connections between requests are kept for as long as the server keeps them.
const MAX_IDLE: Duration = Duration::from_secs(24 * 3600);

/// What all users of a run share.
#[derive(Debug)]
pub struct Transport {
    settings: TransportConfig,
    agent_config: ureq::config::Config,
    uri: Uri,
    headers: HeaderMap,
    rustls: Arc<RustlsConnector>,
    lookups: Arc<Lookups>,
    _stamping: Stamping,
    refused_sockets: AtomicU64,
}

impl Transport {
    /// Prepares requests to `target` with the protocol's headers. The configuration's headers are
    /// added and win.
    ///
    /// # Errors
    ///
    /// If the URL, a header, the proxy or a certificate cannot be used.
    pub fn new(
        settings: TransportConfig,
        target: &Target,
        protocol_headers: &[(String, String)],
    ) -> Result<Self, Message> {
        let uri = target.url.parse::<Uri>().map_err(|error| {
            let message = Message::new("transport.url").with("url", &target.url);
            message.with("error", error)
        })?;
        let mut headers = HeaderMap::new();
        let standard = [
            ("content-type", "application/json"),
            ("accept", "text/event-stream"),
            ("user-agent", USER_AGENT),
        ];
        let given = protocol_headers.iter().chain(&settings.headers);
        let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in standard.into_iter().chain(given) {
            let invalid = || Message::new("transport.header").with("name", name);
            let key = HeaderName::try_from(name).map_err(|_| invalid())?;
            headers.insert(key, HeaderValue::try_from(value).map_err(|_| invalid())?);
        }
        if !settings.keepalive {
            headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(Self {
            agent_config: agent_config(&settings)?,
            settings,
            uri,
            headers,
            rustls: Arc::default(),
            lookups: Arc::default(),
            _stamping: Stamping::start(),
            refused_sockets: AtomicU64::new(0),
        })
    }

    /// The address that connections are made to: the proxy's, or the service's.
    fn peer(&self) -> String {
        if let Some(proxy) = self.agent_config.proxy() {
            return format!("proxy {}:{}", proxy.host(), proxy.port());
        }
        host_and_port(&self.uri).unwrap_or_default()
    }

    /// How often the system has refused a socket: no file descriptor, no local port.
    #[must_use]
    pub fn refused_sockets(&self) -> u64 {
        self.refused_sockets.load(Ordering::Relaxed)
    }

    /// Ends every wait for a name. Clients are cut one by one, with their [`Cutter`]s.
    pub fn cut_lookups(&self) {
        self.lookups.cut();
    }
}

fn agent_config(settings: &TransportConfig) -> Result<ureq::config::Config, Message> {
    let mut tls = TlsConfig::builder().disable_verification(settings.insecure);
    if let Some(pem) = &settings.ca_cert {
        let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
    }
    let proxy = settings.proxy.as_deref().map(Proxy::new).transpose();
    let proxy = proxy.map_err(|error| Message::new("transport.proxy").with("error", error))?;
    // The leaf keeps all limits but that of the connect phase, which spans several layers.
    Ok(Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(proxy)
        .tls_config(tls.build())
        .timeout_connect(Some(settings.connect_timeout))
        .accept_encoding("")
        // Only TLS connections have buffers of ureq's own.
        .input_buffer_size(MOST_INPUT)
        .output_buffer_size(OUTPUT)
        .max_idle_connections(usize::from(settings.keepalive))
        .max_idle_connections_per_host(usize::from(settings.keepalive))
        .max_idle_age(MAX_IDLE)
        .build())
}
