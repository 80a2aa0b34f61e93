//! The one way out: every outbound connection of Uphold goes through [`Egress`].
//!
//! A host is resolved once, each address is judged, and the connection is made to the very address that was judged: a name
//! that changes its answer between the two (DNS rebinding) gains nothing. Protocols do not live here, and nothing here
//! retries.

mod cidr;
mod host;
pub(crate) mod query;
mod resolver;
mod special;

pub use cidr::{Cidr, CidrError};
pub use host::{Host, HostError, HostName};
pub use resolver::{LookupError, LookupProblem, Resolver};

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// The setting that permits an address, as error texts name it.
pub const ALLOW_SETTING: &str = "egress.allow";

/// Where connections may go: the public Internet, and the networks that the configuration names. A clone shares its resolver.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    allow: Arc<[Cidr]>,
    resolver: Arc<Resolver>,
}

/// Which addresses of a name may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Those of both.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    /// Whether the address is of the family.
    #[must_use]
    pub fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

impl Egress {
    /// A policy that permits, beyond the public Internet, the given networks. Addresses that hand out cloud credentials stay
    /// refused even if a network holds them.
    #[must_use]
    pub fn new(allow: Vec<Cidr>) -> Self {
        Self::with_resolver(allow, Resolver::default())
    }

    /// The same, with another way to resolve names than the system's.
    #[must_use]
    pub fn with_resolver(allow: Vec<Cidr>, resolver: Resolver) -> Self {
        Self { allow: allow.into(), resolver: Arc::new(resolver) }
    }

    /// What name servers are asked with.
    #[must_use]
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Whether a connection to the address may be made.
    ///
    /// # Errors
    /// The reason, if it may not.
    ///
    /// ```
    /// use uphold_probe::egress::{Cidr, Egress};
    /// let home = Egress::new(vec![Cidr::parse("10.0.0.0/8")?, Cidr::parse("169.254.0.0/16")?]);
    /// assert!(home.judge("10.1.2.3".parse().unwrap()).is_ok());
    /// assert!(home.judge("192.168.0.1".parse().unwrap()).is_err());
    /// assert!(home.judge("169.254.169.254".parse().unwrap()).is_err());
    /// # Ok::<(), uphold_probe::egress::CidrError>(())
    /// ```
    pub fn judge(&self, address: IpAddr) -> Result<(), Refusal> {
        if special::is_metadata(address) {
            return Err(Refusal::Metadata);
        }
        match special::special_use(address) {
            Some(_) if self.allow.iter().any(|net| net.contains(address)) => Ok(()),
            Some(name) => Err(Refusal::Special(name)),
            None => Ok(()),
        }
    }

    /// Resolves the host, once, to the addresses of it that may be reached. Those that may not are skipped.
    ///
    /// # Errors
    /// When the host has no address, or none that may be reached.
    pub async fn resolve(&self, host: &Host, port: u16, family: Family) -> Result<Resolved, EgressError> {
        match host {
            Host::Address(address) if family.has(*address) => self.select(host, [SocketAddr::new(*address, port)]),
            Host::Address(_) => Err(EgressError::NoAddress { host: host.clone() }),
            Host::Name(name) => {
                let found = self.resolver.find(name, family).await;
                let found = found.map_err(|source| EgressError::Resolve { host: host.clone(), source })?;
                self.select(host, found.into_iter().map(|address| SocketAddr::new(address, port)))
            }
        }
    }

    /// Connects to the addresses in turn until one answers. `patience` is shared out so that a silent address leaves time
    /// for the next; the last one is not bounded here, since the caller holds the deadline.
    ///
    /// # Errors
    /// What the last address met with.
    pub async fn connect(&self, to: &Resolved, patience: Duration) -> Result<TcpStream, EgressError> {
        let count = u32::try_from(to.others.len()).unwrap_or(u32::MAX).saturating_add(1);
        for address in to.addresses().take(to.others.len()) {
            if let Ok(Ok(stream)) = tokio::time::timeout(patience / count, TcpStream::connect(address)).await {
                return Ok(stream);
            }
        }
        let last = to.others.last().copied().unwrap_or(to.first);
        TcpStream::connect(last).await.map_err(|source| EgressError::Connect { address: last, source })
    }

    fn select(&self, host: &Host, found: impl IntoIterator<Item = SocketAddr>) -> Result<Resolved, EgressError> {
        let mut refused = None;
        let mut resolved: Option<Resolved> = None;
        for address in found {
            match (self.judge(address.ip()), &mut resolved) {
                (Err(refusal), _) => refused = refused.or(Some((address.ip(), refusal))),
                (Ok(()), None) => resolved = Some(Resolved { first: address, others: Vec::new() }),
                (Ok(()), Some(some)) if some.addresses().any(|known| known == address) => {}
                (Ok(()), Some(some)) => some.others.push(address),
            }
        }
        let host = || host.clone();
        resolved.ok_or_else(|| match refused {
            Some((address, refusal)) => EgressError::Refused { host: host(), address, refusal },
            None => EgressError::NoAddress { host: host() },
        })
    }
}

/// Addresses that were judged and may be reached; at least one. Only [`Egress::resolve`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    first: SocketAddr,
    others: Vec<SocketAddr>,
}

impl Resolved {
    /// The addresses, in the resolver's order.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// Why an address may not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Credentials of the machine are handed out there; no setting permits it.
    Metadata,
    /// It is not the public Internet, but this.
    Special(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata => f.write_str("a cloud metadata address"),
            Self::Special(name) => f.write_str(name),
        }
    }
}

/// Why no connection was made.
#[derive(Debug)]
pub enum EgressError {
    /// Our own policy does not permit any address of the host; the first one is given.
    Refused {
        /// The host that was asked for.
        host: Host,
        /// The first of its addresses.
        address: IpAddr,
        /// Why that one may not be reached.
        refusal: Refusal,
    },
    /// The resolver answered without any address.
    NoAddress {
        /// The host that was asked for.
        host: Host,
    },
    /// The resolver failed, or said that there is no such name.
    Resolve {
        /// The host that was asked for.
        host: Host,
        /// What it said.
        source: LookupError,
    },
    /// The connection failed.
    Connect {
        /// Where it went.
        address: SocketAddr,
        /// What happened.
        source: io::Error,
    },
}

impl EgressError {
    /// Whether the failure says something about the target. Our own policy, our own lack of sockets and a resolver that
    /// cannot answer at the moment do not.
    #[must_use]
    pub fn blames_target(&self) -> bool {
        match self {
            Self::Refused { .. } => false,
            Self::NoAddress { .. } => true,
            Self::Resolve { source, .. } => !matches!(source.problem, LookupProblem::Unanswered(_)),
            Self::Connect { source, .. } => !is_local(source),
        }
    }

    /// What would mend it, if a setting would.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Refused { address, refusal: Refusal::Special(_), .. } => {
                Some(format!("To permit it, add \"{}\" to `{ALLOW_SETTING}`.", Cidr::single(*address)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for EgressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { host, address, refusal: Refusal::Metadata } => {
                write!(
                    f,
                    "refused to connect to `{host}`: {address} is {}, which is never permitted",
                    Refusal::Metadata
                )
            }
            Self::Refused { host, address, refusal } => {
                write!(f, "refused to connect to `{host}`: {address} is {refusal} and not in `{ALLOW_SETTING}`")
            }
            Self::NoAddress { host } => write!(f, "could not resolve `{host}`: it has no address"),
            Self::Resolve { host, .. } => write!(f, "could not resolve `{host}`"),
            Self::Connect { address, .. } => write!(f, "could not connect to {address}"),
        }
    }
}

impl std::error::Error for EgressError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Resolve { source, .. } => Some(source),
            Self::Connect { source, .. } => Some(source),
            Self::Refused { .. } | Self::NoAddress { .. } => None,
        }
    }
}

/// Whether the failure is a lack of this machine: of file descriptors, memory, ports, or a network at all.
#[must_use]
pub fn is_local(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = if cfg!(target_os = "linux") { 105 } else { 55 };
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE | ENOBUFS))
        || matches!(
            error.kind(),
            io::ErrorKind::AddrNotAvailable
                | io::ErrorKind::OutOfMemory
                | io::ErrorKind::NetworkDown
                // Without a route the kernel refuses at once; a remote router's complaint ends as a timeout instead.
                | io::ErrorKind::NetworkUnreachable
                // A local packet filter.
                | io::ErrorKind::PermissionDenied
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn allow(nets: &[&str]) -> Egress {
        Egress::new(nets.iter().map(|net| Cidr::parse(net).unwrap()).collect())
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap()
    }

    #[test]
    fn by_default_only_the_public_internet_may_be_reached() {
        let egress = Egress::default();
        for ok in ["1.1.1.1", "2606:4700::1111"] {
            assert_eq!(egress.judge(ok.parse().unwrap()), Ok(()));
        }
        for refused in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1"] {
            assert!(matches!(egress.judge(refused.parse().unwrap()), Err(Refusal::Special(_))), "{refused}");
        }
    }

    #[test]
    fn an_allowed_network_lifts_the_default_for_itself_alone() {
        let egress = allow(&["10.0.0.0/8", "fd00::/8"]);
        assert!(egress.judge("10.9.9.9".parse().unwrap()).is_ok());
        assert!(egress.judge("fd12::1".parse().unwrap()).is_ok());
        for refused in ["127.0.0.1", "192.168.0.1", "::ffff:10.9.9.9", "2002:a09:909::1", "fe80::1"] {
            assert!(egress.judge(refused.parse().unwrap()).is_err(), "{refused}");
        }
    }

    #[test]
    fn no_configuration_permits_a_metadata_address() {
        let egress = allow(&["0.0.0.0/0", "::/0", "169.254.169.254/32", "fd00:ec2::254/128"]);
        for refused in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "2002:a9fe:a9fe::1"] {
            assert_eq!(egress.judge(refused.parse().unwrap()), Err(Refusal::Metadata), "{refused}");
        }
        assert!(egress.judge("127.0.0.1".parse().unwrap()).is_ok());
    }

    #[test]
    fn forbidden_addresses_of_a_name_are_skipped_and_doubles_dropped() {
        let found = ["127.0.0.1:80", "1.1.1.1:80", "[::1]:80", "1.1.1.1:80", "8.8.8.8:80"].map(at);
        let resolved = Egress::default().select(&host("mixed.example"), found).unwrap();
        assert_eq!(resolved.addresses().collect::<Vec<_>>(), ["1.1.1.1:80", "8.8.8.8:80"].map(at));
    }

    #[test]
    fn when_no_address_is_left_the_error_names_the_first_and_the_setting() {
        let error = Egress::default().select(&host("in.example"), ["10.0.0.5:80", "127.0.0.1:80"].map(at)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "refused to connect to `in.example`: 10.0.0.5 is private (RFC 1918) and not in `egress.allow`"
        );
        assert_eq!(error.help().unwrap(), "To permit it, add \"10.0.0.5/32\" to `egress.allow`.");
        assert!(!error.blames_target());
    }

    #[test]
    fn a_refused_metadata_address_has_no_setting_to_name() {
        let error = Egress::default().select(&host("m.example"), [at("169.254.169.254:80")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "refused to connect to `m.example`: 169.254.169.254 is a cloud metadata address, which is never permitted"
        );
        assert_eq!(error.help(), None);
    }

    #[test]
    fn a_name_without_addresses_is_the_fault_of_the_target() {
        let error = Egress::default().select(&host("none.example"), []).unwrap_err();
        assert_eq!(error.to_string(), "could not resolve `none.example`: it has no address");
        assert!(error.blames_target());
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_refused_unless_loopback_is_allowed() {
        let refused = Egress::default().resolve(&host("localhost"), 80, Family::Any).await;
        assert!(matches!(refused, Err(EgressError::Refused { refusal: Refusal::Special("loopback"), .. })));
        let open = allow(&["127.0.0.0/8", "::1/128"]).resolve(&host("localhost"), 80, Family::Any).await.unwrap();
        assert!(open.addresses().all(|address| address.ip().is_loopback()));
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_refuses_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let live = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.2:0").await.unwrap().local_addr().unwrap();
        let egress = allow(&["127.0.0.0/8"]);
        let resolved = egress.select(&host("two.example"), [closed, live]).unwrap();
        let stream = egress.connect(&resolved, Duration::from_secs(5)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), live);
    }

    #[tokio::test]
    async fn a_refused_connection_is_the_fault_of_the_target() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let egress = allow(&["127.0.0.0/8"]);
        let resolved = egress.resolve(&host("127.0.0.1"), closed.port(), Family::Any).await.unwrap();
        let error = egress.connect(&resolved, Duration::from_secs(5)).await.unwrap_err();
        assert!(error.blames_target());
        assert_eq!(error.to_string(), format!("could not connect to {closed}"));
    }

    #[test]
    fn a_lack_of_this_machine_is_not_the_fault_of_the_target() {
        let connect = |source| EgressError::Connect { address: at("1.1.1.1:80"), source };
        for errno in if cfg!(target_os = "linux") { vec![12, 23, 24, 99, 100, 101, 105, 1] } else { vec![23, 24] } {
            assert!(!connect(io::Error::from_raw_os_error(errno)).blames_target(), "{errno}");
        }
        for kind in [io::ErrorKind::ConnectionRefused, io::ErrorKind::ConnectionReset, io::ErrorKind::HostUnreachable] {
            assert!(connect(io::Error::from(kind)).blames_target(), "{kind}");
        }
    }

    #[test]
    fn a_resolver_that_cannot_answer_now_says_nothing_about_the_name() {
        let lookup = |problem| EgressError::Resolve { host: host("a.example"), source: LookupError { problem } };
        assert!(!lookup(LookupProblem::Unanswered("the name server answered: SERVFAIL".to_owned())).blames_target());
        assert!(lookup(LookupProblem::NoSuchName).blames_target());
        assert!(lookup(LookupProblem::NoAddress).blames_target());
    }
}
