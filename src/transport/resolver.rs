//! Name resolution: the first user that needs a name looks it up for the whole run, and users take
//! its addresses in rotation. A wait ends with the connect timeout, or at once when the run is cut.

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

use super::exchange::Exchange;
use crate::clock::{Clock, Stamp};
use crate::record::FailureKind;

/// A name's addresses, at least one, or why there are none: then the next request tries again.
type Found = Result<Arc<[SocketAddr]>, String>;

/// The lookups of a run, shared by all users.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    /// `None` while a thread looks the name up.
    by_name: Mutex<HashMap<String, Option<Found>>>,
    changed: Condvar,
    cut: AtomicBool,
    rotation: AtomicUsize,
}

impl Lookups {
    /// Ends all waits for names.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        let _guard = self.lock();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Option<Found>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses of `name` (`host:port`), and whether the caller had to wait for them. `start`
    /// starts a lookup.
    fn addresses(
        &self,
        name: &str,
        deadline: Stamp,
        clock: &Clock,
        start: impl Fn() -> io::Result<()>,
    ) -> io::Result<(Arc<[SocketAddr]>, bool)> {
        let mut lookups = self.lock();
        let mut waited = false;
        loop {
            match lookups.get(name) {
                Some(Some(Ok(addresses))) => return Ok((Arc::clone(addresses), waited)),
                Some(None) => {}
                // All users that waited for a lookup share its failure.
                Some(Some(Err(text))) if waited => return Err(io::Error::other(text.clone())),
                _ => {
                    start().map_err(|error| {
                        io::Error::other(format!("no thread to look the name up: {error}"))
                    })?;
                    lookups.insert(name.to_owned(), None);
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
            let woken = self.changed.wait_timeout(lookups, left);
            lookups = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Looks the name up in a thread of its own, since the system's resolver cannot be
    /// interrupted. If it never answers, the thread ends with the process.
    fn start(self: &Arc<Self>, name: &str) -> io::Result<()> {
        let (lookups, name) = (Arc::clone(self), name.to_owned());
        let thread = thread::Builder::new().name("resolver".to_owned());
        thread
            .spawn(move || {
                let found = match name.to_socket_addrs().map(Iterator::collect::<Arc<[_]>>) {
                    Ok(addresses) if addresses.is_empty() => Err("no address".to_owned()),
                    found => found.map_err(|error| error.to_string()),
                };
                lookups.lock().insert(name, Some(found));
                lookups.changed.notify_all();
            })
            .map(drop)
    }
}

/// The host of a URI and its port, or the scheme's port: `host:port`.
pub(super) fn host_and_port(uri: &Uri) -> Option<String> {
    DefaultResolver::host_and_port(uri.scheme()?, uri.authority()?)
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
        let name = host_and_port(uri).ok_or(Error::HostNotFound)?;
        let mut resolved = self.empty();
        // An address needs no lookup, and no time.
        if let Ok(address) = name.parse() {
            resolved.push(address);
            return Ok(resolved);
        }
        let (exchange, limit) = (&self.exchange, FailureKind::TimeoutConnect);
        let clock = exchange.clock();
        let began = clock.now();
        let (deadline, kind) = exchange.deadline(began, self.connect_timeout, limit);
        let start = || self.lookups.start(&name);
        let found = self.lookups.addresses(&name, deadline, clock, start);
        let (found, waited) = found.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => {
                exchange.note(|notes| notes.exceeded = Some(kind));
                Error::Timeout(Timeout::Resolve)
            }
            _ => Error::Io(error),
        })?;
        if waited {
            let took = clock.now().since(began);
            exchange.note(|notes| notes.attempt.connection.dns = Some(took));
        }
        let first = self.lookups.rotation.fetch_add(1, Ordering::Relaxed) % found.len();
        let (before, rest) = found.split_at(first);
        // ureq takes at most 16.
        for address in rest.iter().chain(before).take(16) {
            resolved.push(*address);
        }
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_that_cannot_start_is_a_failure_at_once_and_tried_again() {
        let lookups = Arc::new(Lookups::default());
        let clock = Clock::start();
        let deadline = clock.now() + Duration::from_secs(3600);
        for _ in 0..2 {
            let refused = || Err(io::Error::other("refused"));
            let found = lookups.addresses("localhost:80", deadline, &clock, refused);
            let text = found.expect_err("no lookup has begun").to_string();
            assert_eq!(text, "no thread to look the name up: refused");
        }
        let start = || lookups.start("localhost:80");
        let found = lookups.addresses("localhost:80", deadline, &clock, start);
        assert!(found.is_ok_and(|(addresses, waited)| !addresses.is_empty() && waited));
    }
}
