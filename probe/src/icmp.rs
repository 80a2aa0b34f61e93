//! The ping: one ICMP echo request and its reply, over the kernel's unprivileged ping socket. No raw socket, no privilege.

use crate::assertion::{self, Assertion, Facts};
use crate::egress::{Egress, Family, Host};
use crate::meter::{Failure, Meter, outcome};
use crate::outcome::{Cause, Outcome, Step};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// What a request carries, as long as that of the usual `ping`.
const PAYLOAD: &[u8; 56] = b"uphold measures whether this host answers...............";

const ECHO_REQUEST_V4: u8 = 8;
const ECHO_REPLY_V4: u8 = 0;
const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;

/// A ping.
#[derive(Debug, Clone)]
pub struct IcmpCheck {
    /// The host.
    pub host: Host,
    /// Which addresses of the host to take.
    pub family: Family,
    /// What else must hold.
    pub assertions: Vec<Assertion>,
    /// How long the whole probe may take.
    pub timeout: Duration,
}

impl IcmpCheck {
    /// A ping that must come back within 10 s.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self { host, family: Family::Any, assertions: Vec::new(), timeout: Duration::from_secs(10) }
    }
}

/// Measures once, under the timeout of the check. Only the first address that may be reached is asked.
pub async fn probe(check: &IcmpCheck, egress: &Egress, at: Instant) -> Outcome {
    let mut meter = Meter::start();
    let end = timeout(check.timeout, ping(check, egress, &mut meter)).await;
    let (phases, end) = meter.finish(check.timeout, end);
    if let Err(failure) = end {
        return failure.outcome(phases);
    }
    let facts = Facts { http: None, phases, certificate_until: None, at };
    let (state, cause) = assertion::judge(&check.assertions, &facts).unwrap_or((Observed::Up, Cause::Replied));
    outcome(state, phases, cause, None)
}

async fn ping(check: &IcmpCheck, egress: &Egress, meter: &mut Meter) -> Result<(), Failure> {
    static SEQUENCE: AtomicU16 = AtomicU16::new(0);
    let to = egress.resolve(&check.host, 0, check.family).await?;
    meter.enter(Step::Connect);
    let Some(address) = to.addresses().next() else { return Ok(()) };
    let socket = open(address)?;
    meter.enter(Step::FirstByte);
    let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
    socket.send(&request(address, sequence)).await?;
    let mut buffer = [0; 512];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if is_reply(&buffer[..length], address, sequence) {
            return Ok(());
        }
    }
}

/// Whether the kernel permits pings to this process.
#[must_use]
pub fn is_permitted() -> bool {
    Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4)).is_ok()
}

/// A ping socket that speaks to one address alone: the kernel hands it no other packet.
fn open(address: SocketAddr) -> Result<UdpSocket, Failure> {
    let (domain, protocol) = match address {
        SocketAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        SocketAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol)).map_err(not_allowed)?;
    socket.set_nonblocking(true)?;
    socket.connect(&address.into())?;
    Ok(UdpSocket::from_std(socket.into())?)
}

/// The kernel permits ping sockets to the groups that a setting names, and by default to none.
fn not_allowed(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported => Failure::unknown(Cause::PingNotAllowed),
        _ if error.raw_os_error() == Some(EPROTONOSUPPORT) => Failure::unknown(Cause::PingNotAllowed),
        _ => Failure::of_io(&error),
    }
}

/// What a kernel without ping sockets says.
const EPROTONOSUPPORT: i32 = if cfg!(target_os = "linux") { 93 } else { 43 };

/// RFC 792 and RFC 4443. The kernel puts its own identifier in, and for IPv6 the checksum.
fn request(address: SocketAddr, sequence: u16) -> Vec<u8> {
    let kind = if address.is_ipv4() { ECHO_REQUEST_V4 } else { ECHO_REQUEST_V6 };
    let [high, low] = sequence.to_be_bytes();
    let mut packet = vec![kind, 0, 0, 0, 0, 0, high, low];
    packet.extend_from_slice(PAYLOAD);
    if address.is_ipv4() {
        let sum = checksum(&packet).to_be_bytes();
        packet[2..4].copy_from_slice(&sum);
    }
    packet
}

/// The checksum of RFC 1071.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

fn is_reply(packet: &[u8], address: SocketAddr, sequence: u16) -> bool {
    let kind = if address.is_ipv4() { ECHO_REPLY_V4 } else { ECHO_REPLY_V6 };
    // Some systems hand the IPv4 header on.
    let header = match packet.first() {
        Some(first) if address.is_ipv4() && first >> 4 == 4 => usize::from(first & 0x0f) * 4,
        _ => 0,
    };
    let Some(message) = packet.get(header..) else { return false };
    message.first() == Some(&kind)
        && message.get(6..8) == Some(&sequence.to_be_bytes()[..])
        && message.get(8..) == Some(&PAYLOAD[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_request_has_a_checksum_that_adds_up() {
        let packet = request(at("192.0.2.1:0"), 0x1234);
        assert_eq!((packet[0], packet.len()), (8, 64));
        assert_eq!(checksum(&packet), 0);
        assert_eq!(request(at("[2001:db8::1]:0"), 1)[0], 128);
    }

    #[test]
    fn only_the_reply_to_this_very_request_counts() {
        let address = at("192.0.2.1:0");
        let mut reply = request(address, 7);
        assert!(!is_reply(&reply, address, 7), "our own request");
        reply[0] = ECHO_REPLY_V4;
        assert!(is_reply(&reply, address, 7));
        let with_header = [vec![0x45; 20], reply.clone()].concat();
        assert!(is_reply(&with_header, address, 7));
        assert!(!is_reply(&reply, address, 8));
        assert!(!is_reply(&reply[..40], address, 7));
        assert!(!is_reply(&[], address, 7));
        assert!(!is_reply(&[0x4f], address, 7));
    }

    #[test]
    fn a_machine_that_permits_no_ping_says_which_setting_does() {
        let failure = not_allowed(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(failure.state, Observed::Unknown);
        assert!(failure.cause.help().unwrap().contains("net.ipv4.ping_group_range"));
    }
}
