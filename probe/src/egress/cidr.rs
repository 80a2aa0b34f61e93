//! A network as configuration writes it: `10.0.0.0/8`, `fd00::/8`, or one address. No set arithmetic lives here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: an address and how many of its leading bits count. The other bits are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: IpAddr,
    length: u8,
}

impl Cidr {
    /// Reads `address/length`; an address alone is the network of that one address.
    ///
    /// # Errors
    /// When either half does not parse, when the length is too large for the family, or when a bit after the length is set:
    /// `10.1.0.0/8` may be meant as either of two networks, so it is refused.
    ///
    /// ```
    /// use uphold_probe::egress::Cidr;
    /// assert!(Cidr::parse("10.0.0.0/8")?.contains("10.200.0.1".parse().unwrap()));
    /// assert!(Cidr::parse("10.1.0.0/8").is_err());
    /// # Ok::<(), uphold_probe::egress::CidrError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, CidrError> {
        let fail = |problem| CidrError { text: text.to_owned(), problem };
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().map_err(|_| fail(CidrProblem::Address))?;
        let full = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => full,
            Some(digits) => parse_length(digits, full).ok_or_else(|| fail(CidrProblem::Length(full)))?,
        };
        let cidr = Self::covering(address, length);
        if cidr.address == address { Ok(cidr) } else { Err(fail(CidrProblem::HostBits(cidr))) }
    }

    /// The network of this one address.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        Self { address, length: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether the address lies in the network. Families never mix: `::ffff:10.0.0.1` is not in `10.0.0.0/8`.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(one)) => (net.to_bits() ^ one.to_bits()) & mask_v4(self.length) == 0,
            (IpAddr::V6(net), IpAddr::V6(one)) => (net.to_bits() ^ one.to_bits()) & mask_v6(self.length) == 0,
            _ => false,
        }
    }

    /// A network of the tables in this module's neighbours; bits after the length must be zero.
    pub(super) const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length }
    }

    /// As [`Self::v4`]; `high` are the leading four groups, the others are zero.
    pub(super) const fn v6(high: [u16; 4], length: u8) -> Self {
        let [a, b, c, d] = high;
        Self::of_v6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length)
    }

    /// As [`Self::v6`], for a network that needs more than four groups.
    pub(super) const fn of_v6(address: Ipv6Addr, length: u8) -> Self {
        Self { address: IpAddr::V6(address), length }
    }

    fn covering(address: IpAddr, length: u8) -> Self {
        let address = match address {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & mask_v4(length)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & mask_v6(length)).into(),
        };
        Self { address, length }
    }
}

fn parse_length(digits: &str, full: u8) -> Option<u8> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|length| plain && *length <= full)
}

const fn mask_v4(length: u8) -> u32 {
    if length == 0 { 0 } else { u32::MAX << (32 - length) }
}

const fn mask_v6(length: u8) -> u128 {
    if length == 0 { 0 } else { u128::MAX << (128 - length) }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// Why a text is not a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CidrError {
    text: String,
    problem: CidrProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum CidrProblem {
    Address,
    Length(u8),
    HostBits(Cidr),
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not read network `{}`: ", self.text.escape_default())?;
        match &self.problem {
            CidrProblem::Address => write!(f, "the address is neither a dotted quad nor IPv6"),
            CidrProblem::Length(full) => write!(f, "the length is not a number from 0 to {full}"),
            CidrProblem::HostBits(net) => write!(f, "bits are set after the length, the network is `{net}`"),
        }
    }
}

impl std::error::Error for CidrError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_edges_of_a_network_are_inside_and_their_neighbours_outside() {
        for (net, first, last, before, after) in [
            ("172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.0.2.7/32", "192.0.2.7", "192.0.2.7", "192.0.2.6", "192.0.2.8"),
            ("fc00::/7", "fc00::", "fdff::ffff", "fbff::", "fe00::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::1", "2001:db8::", "2001:db8::2"),
        ] {
            let net = Cidr::parse(net).unwrap();
            assert!(net.contains(ip(first)) && net.contains(ip(last)), "{net}");
            assert!(!net.contains(ip(before)) && !net.contains(ip(after)), "{net}");
        }
    }

    #[test]
    fn a_length_of_zero_is_the_whole_family_and_no_other() {
        let all = Cidr::parse("0.0.0.0/0").unwrap();
        assert!(all.contains(ip("255.1.2.3")));
        assert!(!all.contains(ip("::1")) && !all.contains(ip("::ffff:10.0.0.1")));
        assert!(Cidr::parse("::/0").unwrap().contains(ip("ffff::1")));
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00:ec2::254/128", "127.0.0.1/32"] {
            assert_eq!(Cidr::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_text_that_two_readers_could_read_differently_is_refused() {
        for text in
            ["", "/8", "10/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0/8", "010.0.0.0/8"]
        {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
        for text in ["::/129", "::/-1", "fe80::1%lo", "[::1]/128", "10.0.0.0/8 ", "10.0.0.0/8/8", "0x0a.0.0.0/8"] {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bits_after_the_length_name_the_network_that_was_meant() {
        let error = Cidr::parse("10.1.0.0/8").unwrap_err().to_string();
        assert_eq!(
            error,
            "could not read network `10.1.0.0/8`: bits are set after the length, the network is `10.0.0.0/8`"
        );
    }
}
