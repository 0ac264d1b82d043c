//! Name resolution: each name is looked up once a run, whoever asks first, and its addresses are
//! handed out in rotation. Waiting for it ends by the connect timeout, and at once when the run is
//! cut.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};

use super::exchange::{Exchange, TimeLimit};
use crate::clock::Clock;

/// A name's lookup.
#[derive(Clone, Debug)]
enum Lookup {
    /// A thread is at it.
    Running,
    /// Its addresses, at least one.
    Found(Arc<[SocketAddr]>),
    /// Why it failed; the next request tries again.
    Failed(io::ErrorKind, String),
}

/// The lookups of a run, shared by all users.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    by_name: Mutex<HashMap<String, Lookup>>,
    changed: Condvar,
    cut: AtomicBool,
    rotation: AtomicUsize,
}

impl Lookups {
    /// Wakes everybody who waits for a name.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        let _guard = self.lock();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Lookup>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses of `name` (`host:port`), rotated by one at each call, and whether they had
    /// to be waited for.
    fn addresses(
        self: &Arc<Self>,
        name: &str,
        wait: Duration,
        clock: Clock,
    ) -> io::Result<(Vec<SocketAddr>, bool)> {
        let (found, waited) = self.await_lookup(name, wait, clock)?;
        let first = self.rotation.fetch_add(1, Ordering::Relaxed) % found.len();
        Ok(([&found[first..], &found[..first]].concat(), waited))
    }

    fn await_lookup(
        self: &Arc<Self>,
        name: &str,
        wait: Duration,
        clock: Clock,
    ) -> io::Result<(Arc<[SocketAddr]>, bool)> {
        let deadline = clock.now() + wait;
        let mut lookups = self.lock();
        let mut waited = false;
        loop {
            match lookups.get(name) {
                Some(Lookup::Found(addresses)) => {
                    return Ok((Arc::clone(addresses), waited));
                }
                Some(Lookup::Running) => {}
                // Whoever waited for a lookup that failed shares its failure.
                Some(Lookup::Failed(kind, text)) if waited => {
                    return Err(io::Error::new(*kind, text.clone()));
                }
                None | Some(Lookup::Failed(..)) => {
                    lookups.insert(name.to_owned(), Lookup::Running);
                    self.start(name)?;
                }
            }
            waited = true;
            if self.cut.load(Ordering::Acquire) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let left = clock.until(deadline);
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            lookups = self
                .changed
                .wait_timeout(lookups, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Looks the name up in a thread of its own, since the system's resolver cannot be
    /// interrupted. If it never answers, the thread ends with the process.
    fn start(self: &Arc<Self>, name: &str) -> io::Result<()> {
        let (lookups, name) = (Arc::clone(self), name.to_owned());
        thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || {
                let found = name.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
                let lookup = match found {
                    Ok(addresses) if addresses.is_empty() => {
                        Lookup::Failed(io::ErrorKind::NotFound, "no address".to_owned())
                    }
                    Ok(addresses) => Lookup::Found(addresses.into()),
                    Err(error) => Lookup::Failed(error.kind(), error.to_string()),
                };
                lookups.lock().insert(name, lookup);
                lookups.changed.notify_all();
            })
            .map(drop)
    }
}

/// One user's view of the lookups: notes in the user's exchange how long it waited.
#[derive(Debug)]
pub(super) struct UserResolver {
    pub(super) lookups: Arc<Lookups>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) connect_timeout: Duration,
}

impl Resolver for UserResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let name = uri
            .scheme()
            .zip(uri.authority())
            .and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority))
            .ok_or(Error::HostNotFound)?;
        let mut resolved = self.empty();
        // An address needs no lookup, and no time.
        if let Ok(address) = name.parse() {
            resolved.push(address);
            return Ok(resolved);
        }
        let clock = *self.exchange.clock();
        let began = clock.now();
        let (deadline, cause) =
            self.exchange
                .deadlines()
                .earliest(began, self.connect_timeout, TimeLimit::Connect);
        let (found, waited) = self
            .lookups
            .addresses(&name, deadline.since(began), clock)
            .map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => {
                    self.exchange.note(|notes| notes.exceeded = Some(cause));
                    Error::Timeout(Timeout::Resolve)
                }
                _ => Error::Io(error),
            })?;
        if waited {
            let took = clock.now().since(began);
            self.exchange.note(|notes| notes.dns = Some(took));
        }
        // ureq takes at most 16.
        for address in found.into_iter().take(16) {
            resolved.push(address);
        }
        Ok(resolved)
    }
}
