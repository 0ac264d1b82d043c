//! The fault matrix: a row for each fault between the program and a service, with the results that
//! the program has to tell.

mod table;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::sockets::FullBacklog;
use crate::support::{Directory, PATH, Peer, Row, Scripted, number, run_against};

/// The key of [`run_against`].
const KEY: &str = "app-test-0123456789";

/// What a server does next on a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a few bytes.
    Taste,
    /// Reads 16 KiB every so many milliseconds, until the client leaves.
    Sip(u64),
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends bytes in pieces of that size, each after a pause in milliseconds.
    Trickle(Vec<u8>, usize, u64),
    /// Sends bytes every 20 ms until the client leaves.
    Repeat(Vec<u8>),
    /// Waits until the client has read everything.
    Settle,
    /// Closes the connection in order.
    Close,
    /// Closes the connection with a reset.
    Reset,
    /// Sends nothing until the client leaves.
    Silence,
    /// Neither reads nor sends, for so many milliseconds.
    Pause(u64),
}

/// Where requests go.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// A server that reads a request before each script.
    Server,
    /// A server that follows its script without reading anything.
    Deaf,
    /// As [`Place::Deaf`], while the client expects TLS.
    DeafToTls,
    /// A server with TLS and this file of `tests/fixtures/tls/`.
    Tls(&'static str),
    /// A port that nobody listens on.
    Refused,
    /// A listener whose backlog is full.
    FullBacklog,
    /// A URL.
    Url(&'static str),
}

/// A row of the matrix.
pub struct Fault {
    /// What goes wrong; names the row where it fails.
    pub what: &'static str,
    /// Cells of both requests' rows, such as `error_kind=reset chunks=1`; `*` is any value but none.
    pub expected: &'static str,
    /// A part of the failure's detail; the whole detail if it begins with `=`.
    pub detail: &'static str,
    /// What the server does.
    pub steps: Vec<Step>,
    /// Where requests go.
    pub place: Place,
    /// Flags, separated by spaces; `{tls}` is the directory of certificates.
    pub flags: &'static str,
    /// The longest that a request may take, in seconds.
    pub longest: f64,
    /// The length of the query, in bytes.
    pub query: usize,
}

impl Fault {
    /// The row at another place.
    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The row with these flags.
    fn with(self, flags: &'static str) -> Self {
        Self { flags, ..self }
    }

    /// The row whose requests take so many seconds at most.
    fn within(self, longest: f64) -> Self {
        Self { longest, ..self }
    }

    /// The row with a query of this many bytes.
    fn asking(self, query: usize) -> Self {
        Self { query, ..self }
    }

    /// Runs two requests, one after the other, and compares their rows.
    fn check(&self) -> Result<(), String> {
        let directory = Directory::new();
        let server = self.server();
        let refused = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let backlog = matches!(self.place, Place::FullBacklog).then(FullBacklog::new);
        let url = match self.place {
            Place::Server | Place::Deaf => server.url(PATH),
            Place::DeafToTls | Place::Tls(_) => format!("https://{}{PATH}", server.addr),
            Place::Refused => format!("http://{}{PATH}", refused.expect("a free port")),
            Place::FullBacklog => format!("http://{}{PATH}", backlog.as_ref().expect("full").addr),
            Place::Url(url) => url.to_owned(),
        };
        let query = directory.write("query.txt", "x".repeat(self.query));
        let flags = self.flags.replace("{tls}", &tls("").to_string_lossy());
        let mut args = vec!["--requests", "2", "--param-file", &query];
        args.extend(flags.split_whitespace());
        if !flags.contains("--retries") {
            args.extend(["--retries", "0"]);
        }
        let (ran, rows) = run_against(&directory, &url, &args);
        let json = fs::read_to_string(directory.file("run.json")).unwrap_or_default();
        let shown = [&*ran.stdout, &ran.stderr, &json].concat();
        let mut wrong = vec![
            (rows.len() != 2, "there are not two rows"),
            (
                ran.code != Some(i32::from(!self.succeeds())),
                "the exit code is another",
            ),
            (shown.contains("panicked"), "a thread panicked"),
            (shown.contains(KEY), "the key is shown"),
        ];
        for row in &rows {
            wrong.extend(self.wrong_in(row));
        }
        match wrong.iter().find(|(is_wrong, _)| *is_wrong) {
            Some((_, what)) => Err(format!("{}: {what}\n{rows:#?}\n{shown}", self.what)),
            None => Ok(()),
        }
    }

    fn succeeds(&self) -> bool {
        self.expected.contains("outcome=ok")
    }

    /// The possible errors of a request's row, each with whether the row has it.
    fn wrong_in(&self, row: &Row) -> Vec<(bool, &'static str)> {
        let detail = &row["error_detail"];
        let cells = self.expected.split_whitespace().map(|cell| {
            let (column, value) = cell.split_once('=').expect("a cell");
            // The first request has no connection to reuse.
            let first = value == "reused" && row["request"] == "1";
            let value = if first { "new" } else { value };
            (
                row[column] != value && (value != "*" || row[column].is_empty()),
                cell,
            )
        });
        let told = match self.detail.strip_prefix('=') {
            Some(whole) => detail == whole,
            None => detail.contains(self.detail),
        };
        let took = number(row, "end_s") - number(row, "start_s");
        let others = [
            (!told, self.detail),
            (detail.contains(KEY), "the key is told"),
            (
                row["response_ms"].is_empty() == self.succeeds(),
                "response_ms",
            ),
            (took > self.longest, "the request took too long"),
        ];
        cells.chain(others).collect()
    }

    /// The server of the row; of no use where requests go elsewhere.
    fn server(&self) -> Scripted {
        let (steps, place) = (self.steps.clone(), self.place);
        let config = match place {
            Place::Tls(file) => Some(certified(file)),
            _ => None,
        };
        Scripted::start(move |peer| match (place, &config) {
            (_, Some(config)) => encrypted(peer, config, &steps),
            (Place::Deaf | Place::DeafToTls, _) => {
                run(peer, &steps);
            }
            _ => while peer.request().is_some() && run(peer, &steps) {},
        })
    }
}

/// Runs a script; returns whether the connection stays open.
fn run(peer: &mut Peer, steps: &[Step]) -> bool {
    let _ = peer.stream.set_nodelay(true);
    for step in steps {
        match step {
            Step::Taste => drop(peer.stream.read(&mut [0; 16])),
            Step::Sip(pause) => {
                while matches!(peer.stream.read(&mut [0; 1 << 14]), Ok(read) if read > 0) {
                    thread::sleep(Duration::from_millis(*pause));
                }
            }
            Step::Send(bytes) => peer.send(bytes),
            Step::Trickle(bytes, size, pause) => {
                for piece in bytes.chunks(*size) {
                    thread::sleep(Duration::from_millis(*pause));
                    peer.send(piece);
                }
            }
            Step::Repeat(bytes) => {
                while peer.stream.write_all(bytes).is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
                return false;
            }
            Step::Pause(time) => thread::sleep(Duration::from_millis(*time)),
            Step::Settle => peer.wait_until_read(),
            Step::Close => {
                peer.close();
                return false;
            }
            Step::Reset => {
                peer.reset();
                return false;
            }
            Step::Silence => {
                peer.stay_silent();
                return false;
            }
        }
    }
    true
}

/// Answers a request over TLS with the bytes of a script. [`Step::Close`] sends TLS' closing alert;
/// a script without this step ends without the alert.
fn encrypted(peer: &mut Peer, config: &Arc<ServerConfig>, steps: &[Step]) {
    let tls = ServerConnection::new(Arc::clone(config)).expect("a configuration");
    let stream = peer.stream.try_clone().expect("a socket");
    let mut tls = StreamOwned::new(tls, stream);
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut buffer = [0; 4096];
        match tls.read(&mut buffer) {
            Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    for step in steps {
        match step {
            Step::Send(bytes) => drop(tls.write_all(bytes)),
            Step::Close => {
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
            step => unreachable!("no {step:?} over TLS"),
        }
    }
    let _ = tls.flush();
    peer.close();
}

fn tls(file: &str) -> PathBuf {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
    PathBuf::from(fixtures).join(file)
}

/// A server's side of TLS with the certificate and the key of a file.
fn certified(file: &str) -> Arc<ServerConfig> {
    let pem = fs::read(tls(file)).expect("a fixture");
    let certificate = CertificateDer::from_pem_slice(&pem).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&pem).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key);
    Arc::new(config.expect("a key that fits"))
}

/// Most rows wait for a time to pass, so several run side by side.
#[test]
fn every_fault_has_its_kind_its_exit_code_and_its_rows() {
    let faults = table::faults();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(told) = fault.check() {
                        wrong.lock().expect("no panic").push(told);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        faults.len(),
        wrong.join("\n")
    );
    assert!(faults.len() >= 150, "{}", faults.len());
}
