//! The browser's only way out: a SOCKS5 proxy (RFC 1928) on the loopback that makes each connection through [`Egress`].
//!
//! SOCKS and not HTTP: every connection, of `http`, `https` and web sockets alike, names its target once and is a plain
//! tunnel after that, so there is no request to read, to rewrite or to be smuggled. The browser hands names over and
//! resolves none. One proxy serves one session and ends with it.

use super::{peer, pool};
use crate::egress::{Egress, Family, Host};
use crate::meter::Failure;
use crate::outcome::{Cause, Step, Took};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use uphold_core::run::Observed;

/// How much one session may send and receive, in bytes.
pub const BYTES_MAX: u64 = 64 << 20;

/// How many connections one session may have open.
const CONNECTIONS_MAX: usize = 128;

/// How long the browser may take to say where to.
const GREETING: Duration = Duration::from_secs(10);

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(15);

/// What Chromium asks for by itself, whatever it is told. A check that needs one of them names it as an origin.
const BY_ITSELF: [&str; 9] = [
    "accounts.google.com",
    "android.clients.google.com",
    "clients2.google.com",
    "clientservices.googleapis.com",
    "content-autofill.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "safebrowsing.googleapis.com",
    "start.duckduckgo.com",
    "update.googleapis.com",
];

/// How many failures are remembered.
const FAILURES_MAX: usize = 256;

/// What SOCKS5 says.
const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const DONE: u8 = 0;
const NOT_ALLOWED: u8 = 2;
const FAILED: u8 = 5;

/// A proxy for one session. It ends when it is dropped, with all of its connections.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

/// What went through the proxy, and what did not.
#[derive(Debug, Default)]
struct Seen {
    named: Vec<String>,
    bytes: AtomicU64,
    failures: Mutex<Vec<Failed>>,
}

/// A connection that was not made.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) state: Observed,
    pub(super) cause: Cause,
}

impl Proxy {
    /// `named` are the hosts that the check names.
    pub(super) async fn start(egress: &Egress, named: Vec<String>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let local = listener.local_addr()?;
        let (seen, egress) = (Arc::new(Seen { named, ..Seen::default() }), egress.clone());
        let task = tokio::spawn(accept(listener, local, egress, Arc::clone(&seen)));
        Ok(Self { port: local.port(), seen, task })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the session was cut off because it moved too much.
    pub(super) fn is_full(&self) -> bool {
        self.seen.bytes.load(Ordering::Relaxed) > BYTES_MAX
    }

    /// The last connection to the host that was not made.
    pub(super) fn failure(&self, host: &str, port: u16) -> Option<Failed> {
        let failures = self.seen.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.iter().rev().find(|failed| failed.host == host && failed.port == port).cloned()
    }

    /// The hosts that our own policy refused, each once.
    pub(super) fn refused(&self) -> Vec<String> {
        let failures = self.seen.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |cause: &Cause| matches!(cause, Cause::NotPermitted { .. } | Cause::Metadata { .. });
        let mut hosts: Vec<String> =
            failures.iter().filter(|failed| refused(&failed.cause)).map(|failed| failed.host.clone()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, local: SocketAddr, egress: Egress, seen: Arc<Seen>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, from)) => {
                    let (egress, seen) = (egress.clone(), Arc::clone(&seen));
                    open.spawn(async move {
                        // What a tunnel fails with is seen by both of its ends, and matters to nobody else.
                        if is_ours(from, local) {
                            let _ = serve(stream, &egress, &seen).await;
                        }
                    });
                }
                // Out of descriptors: the next one may do.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
}

/// Whether the other end is held by the user that we are: nobody else may use our way out.
fn is_ours(from: SocketAddr, local: SocketAddr) -> bool {
    !peer::KNOWN || peer::owner(from, local).is_some_and(|user| Some(user) == pool::own_user())
}

async fn serve(mut stream: TcpStream, egress: &Egress, seen: &Seen) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let (name, port) = tokio::time::timeout(GREETING, greet(&mut stream)).await??;
    if BY_ITSELF.contains(&name.as_str()) && !seen.named.contains(&name) {
        return answer(&mut stream, NOT_ALLOWED).await;
    }
    let target = match connect(&name, port, egress).await {
        Ok(target) => target,
        Err(Failure { state, cause }) => {
            let refused = matches!(cause, Cause::NotPermitted { .. } | Cause::Metadata { .. });
            let failed = Failed { host: name, port, state, cause };
            {
                let mut failures = seen.failures.lock().unwrap_or_else(PoisonError::into_inner);
                if failures.len() < FAILURES_MAX {
                    failures.push(failed);
                }
            }
            return answer(&mut stream, if refused { NOT_ALLOWED } else { FAILED }).await;
        }
    };
    let _ = target.set_nodelay(true);
    answer(&mut stream, DONE).await?;
    let (mut from_browser, mut to_browser) = stream.into_split();
    let (mut from_target, mut to_target) = target.into_split();
    let there = pump(&mut from_browser, &mut to_target, &seen.bytes);
    let back = pump(&mut from_target, &mut to_browser, &seen.bytes);
    tokio::try_join!(there, back).map(drop)
}

/// Reads where the browser wants to go: the host as a URL writes it, and the port.
async fn greet(stream: &mut TcpStream) -> io::Result<(String, u16)> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    if head[0] != VERSION {
        return Err(bad());
    }
    let mut methods = vec![0; usize::from(head[1])];
    stream.read_exact(&mut methods).await?;
    stream.write_all(&[VERSION, 0]).await?;
    let mut request = [0; 4];
    stream.read_exact(&mut request).await?;
    if request[..2] != [VERSION, CONNECT] {
        return Err(bad());
    }
    let host = match request[3] {
        1 => {
            let mut octets = [0; 4];
            stream.read_exact(&mut octets).await?;
            Host::Address(IpAddr::from(octets)).to_string()
        }
        4 => {
            let mut octets = [0; 16];
            stream.read_exact(&mut octets).await?;
            Host::Address(IpAddr::V6(Ipv6Addr::from(octets))).to_string()
        }
        3 => {
            let mut name = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(|_| bad())?
        }
        _ => return Err(bad()),
    };
    Ok((host, stream.read_u16().await?))
}

async fn connect(name: &str, port: u16, egress: &Egress) -> Result<TcpStream, Failure> {
    let host = Host::parse(name).map_err(|_| Failure::down(Cause::NoSuchName(name.to_owned())))?;
    let late = |step| Failure::down(Cause::TimedOut { after: Took(CONNECTING), step });
    let found = tokio::time::timeout(CONNECTING, egress.resolve(&host, port, Family::Any)).await;
    let to = found.map_err(|_| Failure { state: Observed::Unknown, ..late(Step::Resolve) })??;
    let made = tokio::time::timeout(CONNECTING, egress.connect(&to, CONNECTING)).await;
    Ok(made.map_err(|_| late(Step::Connect))??)
}

async fn answer(stream: &mut TcpStream, code: u8) -> io::Result<()> {
    // The address that we are bound to is nobody's business: zero.
    stream.write_all(&[VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]).await
}

/// Copies until the end, or until the session has moved too much.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    moved: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        if moved.fetch_add(read as u64, Ordering::Relaxed) + read as u64 > BYTES_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        to.write_all(&buffer[..read]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::Cidr;

    fn loopback() -> Egress {
        Egress::new(vec![Cidr::parse("127.0.0.0/8").unwrap()])
    }

    async fn ask(proxy: &Proxy, request: &[u8]) -> (TcpStream, u8) {
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        stream.write_all(&[5, 1, 0]).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut said = [0; 12];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(said[..3], [5, 0, 5]);
        (stream, said[3])
    }

    fn named(host: &str, port: u16) -> Vec<u8> {
        let length = u8::try_from(host.len()).unwrap();
        [&[5, 1, 0, 3, length], host.as_bytes(), &port.to_be_bytes()].concat()
    }

    #[tokio::test]
    async fn what_is_permitted_is_a_tunnel_and_what_is_not_is_refused_and_remembered() {
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = target.local_addr().unwrap().port();
        let open = Proxy::start(&loopback(), Vec::new()).await.unwrap();
        let (mut stream, code) = ask(&open, &named("localhost", port)).await;
        assert_eq!(code, DONE);
        let (mut other, _) = target.accept().await.unwrap();
        stream.write_all(b"ping").await.unwrap();
        let mut heard = [0; 4];
        other.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"ping");

        let (_, code) = ask(&open, &named("169.254.169.254", 80)).await;
        assert_eq!(code, NOT_ALLOWED);
        let failed = open.failure("169.254.169.254", 80).unwrap();
        assert!(failed.state == Observed::Unknown && matches!(failed.cause, Cause::Metadata { .. }));

        let closed = Proxy::start(&Egress::default(), Vec::new()).await.unwrap();
        for request in [named("localhost", port), [&[5, 1, 0, 1, 127, 0, 0, 1][..], &port.to_be_bytes()].concat()] {
            assert_eq!(ask(&closed, &request).await.1, NOT_ALLOWED);
        }
        assert_eq!(closed.refused(), ["127.0.0.1", "localhost"]);
        for odd in ["2130706433", "0x7f.1", "a b", ""] {
            assert_eq!(ask(&open, &named(odd, port)).await.1, FAILED, "{odd}");
        }
    }

    #[tokio::test]
    async fn another_user_of_this_machine_gets_nothing() {
        use std::os::unix::process::CommandExt as _;
        // Only root can become somebody else.
        if pool::own_user() != Some(0) || !peer::KNOWN {
            return;
        }
        let proxy = Proxy::start(&loopback(), Vec::new()).await.unwrap();
        let ask = |user: u32| {
            let port = proxy.port();
            let says = "printf '\\005\\001\\000' >&3; head -c2 <&3 2>/dev/null | wc -c";
            let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; {says}");
            tokio::task::spawn_blocking(move || {
                let output = std::process::Command::new("bash").args(["-c", &script]).uid(user).output().unwrap();
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            })
        };
        assert_eq!(ask(0).await.unwrap(), "2");
        assert_eq!(ask(65_534).await.unwrap(), "0");
    }

    #[tokio::test]
    async fn a_session_that_moves_too_much_is_cut_off() {
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(&loopback(), Vec::new()).await.unwrap();
        let (mut stream, _) = ask(&proxy, &named("127.0.0.1", target.local_addr().unwrap().port())).await;
        let (mut other, _) = target.accept().await.unwrap();
        assert!(!proxy.is_full());
        tokio::spawn(async move {
            let block = vec![0; 1 << 20];
            while other.write_all(&block).await.is_ok() {}
        });
        let (mut sink, mut read) = (vec![0; 1 << 16], 0u64);
        while let Ok(more @ 1..) = stream.read(&mut sink).await {
            read += more as u64;
        }
        assert!(proxy.is_full() && read <= BYTES_MAX, "{read}");
    }
}
